"""One run of the chat: carries out each line, from the first to the last, with one avatar after another."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager, suppress
from dataclasses import dataclass
from typing import NoReturn, Protocol

from ravatard.cancellation import pass_on_cancellation
from ravatard.cli.chat import parser as given
from ravatard.cli.chat.recording import read_recording
from ravatard.cli.chat.screen import ChatScreen
from ravatard.cli.chat.session import ChatSession
from ravatard.cli.directory import listed_avatars, listed_languages
from ravatard.cli.history import newest, table
from ravatard.core.backoff import Backoff
from ravatard.errors import AuthError, DeniedError, RavatardError
from ravatard.ports.cloud import ServiceCloud

#: Messages of the history that are shown before the first line.
SHOWN_FIRST = 10
#: Messages that ``/history`` shows.
SHOWN_ON_REQUEST = 100
#: Lines that may be typed ahead of the one that is being answered.
TYPED_AHEAD = 100


class LineSource(Protocol):
    """Source of the lines."""

    async def next(self) -> str | None:
        """Return the next line; None after the last. Cancelling loses none."""
        ...


@dataclass(frozen=True, slots=True)
class ChatSettings:
    """Settings of one run.

    Attributes:
        avatar: the first avatar; None: the service's choice.
        language: the first language.
        live: use live sessions, which are paid for.
        person: a user sits at the terminal: errors are shown and the chat goes on; leaving awaits no answer.
        simulated: the service is a simulated one, as the greeting says.
        key_hint: sentence for a user whose key is refused; "" for none.
        past: the service keeps a history, of which the newest is shown first.
        idle_s: a live session ends when nothing was said for this long.
        answer_s, closing_silence_s: see :class:`ravatard.cli.chat.session.ChatSession`.
    """

    avatar: str | None
    language: str
    live: bool
    person: bool
    simulated: bool = False
    key_hint: str = ""
    past: bool = True
    idle_s: float = 120.0
    answer_s: float | None = None
    closing_silence_s: float = 5.0


class _Over(Exception):
    """Not an error: ends a group of eternal tasks."""


@dataclass(frozen=True, slots=True)
class _Switch:
    """Go on with another avatar, or in another language."""

    avatar: str | None
    language: str


class Visit:
    """Lines in, one after the other; answers on the screen."""

    def __init__(
        self,
        cloud_of: Callable[[str | None, str], ServiceCloud],
        screen: ChatScreen,
        lines: LineSource,
        backoff: Backoff,
        settings: ChatSettings,
    ) -> None:
        """``cloud_of`` returns the service for an avatar and a language; each is opened and closed here."""
        self._cloud_of = cloud_of
        self._screen = screen
        self._lines = lines
        self._backoff = backoff
        self._settings = settings
        self._current = _Switch(settings.avatar, settings.language)
        #: One line is enough for a pipe: its writer waits. A user may type ahead.
        self._waiting: asyncio.Queue[str | None] = asyncio.Queue(TYPED_AHEAD if settings.person else 1)
        self._leaving = asyncio.Event()
        self._unanswered = 0
        self._refused: DeniedError | None = None

    def leave(self) -> None:
        """End the run, whatever is under way."""
        self._leaving.set()

    async def run(self) -> int:
        """Run until the last line; return how many lines failed. The live session is ended then.

        Raises:
            DeniedError: the service refuses us, and no user is there to try again.
            ExceptionGroup: a bug of ours, or the reader of our output went away.
        """
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._read(), name="read")
                group.create_task(self._left(), name="leave")
                await self._visits()
        except* _Over:
            pass
        pass_on_cancellation()
        if self._refused is not None:
            raise self._refused
        return self._unanswered

    async def _left(self) -> NoReturn:
        await self._leaving.wait()
        raise _Over

    async def _read(self) -> None:
        """Queue lines as they come; a user who leaves does not wait for an answer."""
        while (line := await self._lines.next()) is not None:
            if self._settings.person:
                if line.split() in (["/quit"], ["/exit"]):
                    raise _Over
                if self._waiting.full():
                    self._screen.complain("too much was typed ahead; this line is left out")
                    continue
            await self._waiting.put(line)
        if self._settings.person:
            raise _Over
        await self._waiting.put(None)

    async def _visits(self) -> NoReturn:
        """Talk to one avatar after the other, until the last line."""
        first = True
        while True:
            cloud = self._cloud_of(self._current.avatar, self._current.language)
            session = ChatSession(
                cloud,
                self._screen,
                self._backoff,
                answer_s=self._settings.answer_s,
                closing_silence_s=self._settings.closing_silence_s,
            )
            opened: AbstractAsyncContextManager[None] = cloud.opened()
            async with opened:
                try:
                    outcome = await self._visit(session, cloud, greet=first and self._settings.person)
                finally:
                    self._screen.state("ending the live session" if session.holding else "")
            first = False
            if outcome is None:
                raise _Over
            self._current = outcome

    async def _visit(self, session: ChatSession, cloud: ServiceCloud, *, greet: bool) -> _Switch | None:
        async with asyncio.TaskGroup() as group:
            helpers: list[asyncio.Task[None]] = [group.create_task(session.keep_connected(), name="link")]
            if greet:
                if self._settings.past:
                    await self._show_history(cloud, SHOWN_FIRST, empty="")
                helpers.append(group.create_task(self._greet(session, cloud), name="greeting"))
            outcome = await self._carry_out(session, cloud)
            for helper in helpers:
                helper.cancel()
            return outcome

    async def _greet(self, session: ChatSession, cloud: ServiceCloud) -> None:
        """Say which avatar answers, once connected; without a connection the state says why."""
        with suppress(RavatardError):
            capabilities = (await session.online()).capabilities
            language = ""
            if capabilities.language:
                known = {one.code: one.name for one in (await cloud.about()).languages}
                language = f" in {known.get(capabilities.language) or capabilities.language}"
            simulated = " (simulated)" if self._settings.simulated else ""
            self._screen.note(
                f"Talking to {capabilities.avatar}{language}{simulated}. /help lists the commands, "
                "Ctrl-D leaves."
            )

    async def _carry_out(self, session: ChatSession, cloud: ServiceCloud) -> _Switch | None:
        """Carry out one line after the other, until the last or until another avatar is to be used."""
        while (line := await self._next(session)) is not None:
            try:
                switch = await self._do(given.parsed(line), session, cloud)
            except RavatardError as error:
                self._unanswered += 1
                if isinstance(error, DeniedError) and not self._settings.person:
                    self._refused = type(error)(self._told(error))
                    return None
                self._screen.complain(self._told(error))
            else:
                if switch is not None:
                    return switch
        return None

    def _told(self, error: RavatardError) -> str:
        hint = self._settings.key_hint if isinstance(error, AuthError) else ""
        return f"{error}; {hint}" if hint else str(error)

    async def _next(self, session: ChatSession) -> str | None:
        """Return the next line; end an idle live session meanwhile."""
        if session.holding:
            try:
                async with asyncio.timeout(self._settings.idle_s):
                    return await self._waiting.get()
            except TimeoutError:
                await session.rest()
                self._screen.note(
                    f"the live session was ended: nothing was said for {self._settings.idle_s:g} s; "
                    "the next words start a new one"
                )
        return await self._waiting.get()

    async def _do(
        self, command: given.Command | None, session: ChatSession, cloud: ServiceCloud
    ) -> _Switch | None:
        match command:
            case given.SayText(text):
                self._screen.asked(text)
                await session.say(text)
            case given.SayRecording(path):
                pcm = read_recording(path)
                self._screen.asked(f"(the recording {path.name})")
                await session.say_sound(pcm)
            case given.UseAvatar(name):
                return await self._use_avatar(name, session, cloud)
            case given.UseLanguage(code):
                return await self._use_language(code, session, cloud)
            case given.ShowHistory():
                await self._show_history(cloud, SHOWN_ON_REQUEST, empty="nothing was said yet")
            case given.ShowHelp():
                self._screen.note(given.HELP)
            case given.Quit():
                raise _Over
            case None:
                pass
        return None

    async def _use_avatar(self, name: str, session: ChatSession, cloud: ServiceCloud) -> _Switch | None:
        connection = await cloud.about()
        if not name:
            self._screen.note("\n".join(listed_avatars(connection, self._current.avatar or session.avatar)))
            return None
        usable = [
            one for one in connection.avatars if one.id and (one.has_live_mode or not self._settings.live)
        ]
        for avatar in usable:
            if name.casefold() in (avatar.id.casefold(), avatar.name.casefold()):
                self._screen.note(f"now with {avatar.name or avatar.id}")
                return _Switch(avatar.id, self._current.language)
        known = ", ".join(one.name or one.id for one in usable) or "none"
        mode = " with a live mode" if self._settings.live else ""
        raise given.WrongLine(f"there is no avatar {name!r}{mode}; there are: {known}")

    async def _use_language(self, code: str, session: ChatSession, cloud: ServiceCloud) -> _Switch | None:
        connection = await cloud.about()
        if not code:
            self._screen.note("\n".join(listed_languages(connection, self._current.language)))
            return None
        for language in connection.languages:
            if code.casefold() in (language.code.casefold(), language.name.casefold()):
                self._screen.note(f"now in {language.name or language.code}")
                # The same avatar goes on, also when it was the service's choice.
                return _Switch(self._current.avatar or session.avatar, language.code)
        known = ", ".join(one.code for one in connection.languages) or "none"
        raise given.WrongLine(f"there is no language {code!r}; there are: {known}")

    async def _show_history(self, cloud: ServiceCloud, limit: int, *, empty: str) -> None:
        try:
            messages = await newest(cloud, limit)
        except RavatardError as error:
            self._screen.complain(f"the history cannot be shown: {error}")
            return
        if messages or empty:
            self._screen.note("\n".join(table(messages)) if messages else empty)

"""One visit to the chat, from the first line to the last: what each line leads to, and with whom."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import NoReturn, Protocol

from ravatard.cancellation import pass_on_cancellation
from ravatard.cli import avatars, languages
from ravatard.cli.chat import commands as given
from ravatard.cli.chat.screen import ChatScreen
from ravatard.cli.chat.session import ChatSession
from ravatard.cli.history import newest, table
from ravatard.cli.voice_file import spoken
from ravatard.cloud.ravatar.history import HistoryMessage
from ravatard.cloud.ravatar.rest import ConnectionReply
from ravatard.core.backoff import Backoff
from ravatard.errors import DeniedError, RavatardError
from ravatard.ports.cloud import Cloud

#: Messages of the history that are shown before the first line.
SHOWN_FIRST = 10
#: What ``/history`` shows.
SHOWN_IF_ASKED = 100


class ChatCloud(Cloud, Protocol):
    """A cloud that also tells what it offers, and what was said before."""

    async def about(self) -> ConnectionReply:
        """Avatars and languages. Raises as :meth:`ravatard.ports.cloud.Cloud.connect` does."""
        ...

    def history(self, since: datetime | None = None, per_page: int = 100) -> AsyncIterator[HistoryMessage]:
        """What was said before, the newest first. Raises as :meth:`about` does."""
        ...


class LineSource(Protocol):
    """Where lines come from."""

    async def next(self) -> str | None:
        """The next one; None after the last. Cancelling loses none."""
        ...


@dataclass(frozen=True, slots=True)
class ChatSettings:
    """How a visit is.

    Attributes:
        avatar: whom to talk to first; None: as the service says.
        language: in which language.
        live: in live sessions.
        person: somebody sits there: what fails is shown, and leaving needs no answer to be waited for.
        idle_s: a live session ends when nothing was said for this long.
        answer_s, closing_silence_s: see :class:`ravatard.cli.chat.session.ChatSession`.
    """

    avatar: str | None
    language: str
    live: bool
    person: bool
    idle_s: float = 120.0
    answer_s: float | None = None
    closing_silence_s: float = 5.0


class _Over(Exception):
    """No error: the way out of a group of eternal tasks."""


@dataclass(frozen=True, slots=True)
class _Switch:
    """Go on with somebody else, or in another language."""

    avatar: str | None
    language: str


class Visit:
    """Lines in, one after the other; answers on the screen."""

    def __init__(
        self,
        cloud_of: Callable[[str | None, str], ChatCloud],
        screen: ChatScreen,
        lines: LineSource,
        backoff: Backoff,
        settings: ChatSettings,
    ) -> None:
        """``cloud_of`` gives the service for an avatar and a language; each is opened and closed here."""
        self._cloud_of = cloud_of
        self._screen = screen
        self._lines = lines
        self._backoff = backoff
        self._settings = settings
        self._now = _Switch(settings.avatar, settings.language)
        #: One line is enough for a pipe: its writer waits. A person may type ahead.
        self._todo: asyncio.Queue[str | None] = asyncio.Queue(0 if settings.person else 1)
        self._leaving = asyncio.Event()
        self._unanswered = 0
        self._refused: DeniedError | None = None

    def leave(self) -> None:
        """End the visit, whatever is under way."""
        self._leaving.set()

    async def run(self) -> int:
        """Until the last line; returns how many things stayed undone. The live session is ended then.

        Raises:
            DeniedError: the service refuses us, and no person is there to ask again.
            ExceptionGroup: a bug of ours, or nobody reads what we write.
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
        """Take lines as they come; somebody who leaves does not wait for an answer."""
        while (line := await self._lines.next()) is not None:
            if self._settings.person and line.split() in (["/quit"], ["/exit"]):
                raise _Over
            await self._todo.put(line)
        if self._settings.person:
            raise _Over
        await self._todo.put(None)

    async def _visits(self) -> NoReturn:
        """One avatar after the other, until the last line."""
        first = True
        while True:
            cloud = self._cloud_of(self._now.avatar, self._now.language)
            talk = ChatSession(
                cloud,
                self._screen,
                self._backoff,
                answer_s=self._settings.answer_s,
                closing_silence_s=self._settings.closing_silence_s,
            )
            opened: AbstractAsyncContextManager[None] = cloud.opened()
            async with opened:
                try:
                    outcome = await self._visit(talk, cloud, greet=first and self._settings.person)
                finally:
                    self._screen.state("ending the live session" if talk.holding else "")
            first = False
            if outcome is None:
                raise _Over
            self._now = outcome

    async def _visit(self, talk: ChatSession, cloud: ChatCloud, *, greet: bool) -> _Switch | None:
        async with asyncio.TaskGroup() as group:
            link = group.create_task(talk.keep_link(), name="link")
            if greet:
                await self._show_history(cloud, SHOWN_FIRST, empty="")
            outcome = await self._talk(talk, cloud)
            link.cancel()
            return outcome

    async def _talk(self, talk: ChatSession, cloud: ChatCloud) -> _Switch | None:
        """Line after line, until the last or until somebody else is to be talked to."""
        while (line := await self._next(talk)) is not None:
            try:
                switch = await self._do(given.understood(line), talk, cloud)
            except RavatardError as error:
                self._unanswered += 1
                if isinstance(error, DeniedError) and not self._settings.person:
                    self._refused = error
                    return None
                self._screen.complain(str(error))
            else:
                if switch is not None:
                    return switch
        return None

    async def _next(self, talk: ChatSession) -> str | None:
        """The next line; a live session nobody uses is ended meanwhile."""
        if talk.holding:
            try:
                async with asyncio.timeout(self._settings.idle_s):
                    return await self._todo.get()
            except TimeoutError:
                await talk.rest()
                self._screen.note(
                    f"the live session was ended, for nothing was said for {self._settings.idle_s:g} s; "
                    "the next words start a new one"
                )
        return await self._todo.get()

    async def _do(self, command: given.Command | None, talk: ChatSession, cloud: ChatCloud) -> _Switch | None:
        match command:
            case given.SayText(text):
                self._screen.asked(text)
                await talk.say(text)
            case given.SayRecording(path):
                pcm = spoken(path)
                self._screen.asked(f"(the recording {path.name})")
                await talk.say_sound(pcm)
            case given.UseAvatar(name):
                return await self._use_avatar(name, talk, cloud)
            case given.UseLanguage(code):
                return await self._use_language(code, talk, cloud)
            case given.ShowHistory():
                await self._show_history(cloud, SHOWN_IF_ASKED, empty="nothing was said yet")
            case given.ShowHelp():
                self._screen.note(given.HELP)
            case given.Quit():
                raise _Over
            case None:
                pass
        return None

    async def _use_avatar(self, name: str, talk: ChatSession, cloud: ChatCloud) -> _Switch | None:
        connection = await cloud.about()
        if not name:
            self._screen.note("\n".join(avatars.listed(connection, self._now.avatar or talk.avatar)))
            return None
        usable = [
            one for one in connection.avatars if one.id and (one.has_live_mode or not self._settings.live)
        ]
        for avatar in usable:
            if name.casefold() in (avatar.id.casefold(), avatar.name.casefold()):
                self._screen.note(f"now with {avatar.name or avatar.id}")
                return _Switch(avatar.id, self._now.language)
        known = ", ".join(one.name or one.id for one in usable) or "none"
        mode = " with a live mode" if self._settings.live else ""
        raise given.WrongLine(f"there is no avatar {name!r}{mode}; there are: {known}")

    async def _use_language(self, code: str, talk: ChatSession, cloud: ChatCloud) -> _Switch | None:
        connection = await cloud.about()
        if not code:
            self._screen.note("\n".join(languages.listed(connection, self._now.language)))
            return None
        for language in connection.languages:
            if code.casefold() in (language.code.casefold(), language.name.casefold()):
                self._screen.note(f"now in {language.name or language.code}")
                # The same avatar goes on, also when it was the service's choice.
                return _Switch(self._now.avatar or talk.avatar, language.code)
        known = ", ".join(one.code for one in connection.languages) or "none"
        raise given.WrongLine(f"there is no language {code!r}; there are: {known}")

    async def _show_history(self, cloud: ChatCloud, limit: int, *, empty: str) -> None:
        try:
            messages = await newest(cloud, limit)
        except RavatardError as error:
            self._screen.complain(f"what was said before cannot be shown: {error}")
            return
        if messages or empty:
            self._screen.note("\n".join(table(messages)) if messages else empty)


def _avatar_of(talk: ChatSession) -> str | None:
    return talk.avatar or None

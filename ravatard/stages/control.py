"""Control stage: requests over the control socket become events of the hub, replies report the outcome."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

from ravatard.core.audio.gate_commands import Mute
from ravatard.core.control import protocol
from ravatard.core.control.status import Reporter
from ravatard.core.conversation.conversation import Conversation
from ravatard.core.events import (
    ButtonPressed,
    ButtonReleased,
    Event,
    MuteAsked,
    RestartSessionAsked,
    TextGiven,
    VolumeAsked,
)
from ravatard.core.states import GateMode, LinkState, MicrophoneStatus, SessionState
from ravatard.errors import ConfigError, InternalError
from ravatard.ports.host import ControlServer
from ravatard.stages.mailbox import Inbox
from ravatard.stages.playing.requests import AnnouncementRequests
from ravatard.stages.reload import NewOptions, ReadAgain

#: How long an answer to mute may wait for the stream's true state.
MUTE_S = 2.0
#: How long an answer to volume may wait for the hub.
VOLUME_S = 2.0
#: Reading the configuration takes some ten milliseconds on the slowest machine.
RELOAD_S = 5.0


async def started_by_hand() -> str:
    """Return why a daemon that no service manager started is not restarted."""
    return protocol.STARTED_BY_HAND


async def control(server: ControlServer, handler: HubControlHandler) -> None:
    """Run for ever.

    Raises:
        InternalError: the socket stopped being served.
    """
    await server.serve(handler)
    raise InternalError("a server of control requests ended by itself")


@dataclass(frozen=True, slots=True)
class ControlSurroundings:
    """Functions that requests need beside the hub.

    Attributes:
        taken: returns True when a press that begins now is meant for the owner's page.
        restart_refusal: returns why nothing would start the daemon again, "" if something would.
        stop: ends the daemon.
    """

    taken: Callable[[], bool] = lambda: False
    restart_refusal: Callable[[], Awaitable[str]] = started_by_hand
    stop: Callable[[], None] = lambda: None


class HubControlHandler:
    """Implements the control protocol's ``ControlHandler``; an observer of the hub."""

    def __init__(
        self,
        inbox: Inbox,
        conversation: Conversation,
        reporter: Reporter,
        reload: asyncio.Event,
        announcements: AnnouncementRequests,
        around: ControlSurroundings = ControlSurroundings(),
    ) -> None:
        """``reload`` is set to have the configuration read, which must happen by way of :meth:`reading`."""
        self._announcements = announcements
        self._around = around
        self._inbox = inbox
        self._conversation = conversation
        self._reporter = reporter
        self._reload = reload
        self._changed = asyncio.Event()
        self._unhandled: list[MuteAsked | VolumeAsked] = []
        self._readings = 0
        self._reading_error = self._read = ""
        self._down = False
        #: Wishes to mute or unmute so far, by a request or the button, whatever they changed.
        self.mute_wishes = 0
        self._on_request = False

    # -------------------------------------------------------------- observing the hub

    def on_event(self, event: Event, now: float) -> None:
        """The hub is about to handle ``event``."""
        before = self._reporter.changes
        self._on_request = isinstance(event, MuteAsked)
        self.mute_wishes += self._on_request
        self._reporter.on_event(event, now)
        # The very request, not one that looks like it.
        self._unhandled = [asked for asked in self._unhandled if asked is not event]
        self._wake(changed=self._reporter.changes != before or isinstance(event, VolumeAsked))

    def on_action(self, action: object, now: float) -> None:
        """The hub has asked for ``action``."""
        before = self._reporter.changes
        self.mute_wishes += isinstance(action, Mute) and not self._on_request
        self._reporter.on_action(action, now)
        self._wake(changed=self._reporter.changes != before)

    def reading(self, read: ReadAgain) -> ReadAgain:
        """Return ``read`` as a function that also notes its outcome, for the reply to a reload."""

        async def observed() -> NewOptions:
            self._reading_error = ""
            try:
                new = await read()
            except ConfigError as error:
                self._reading_error = str(error)
                raise
            else:
                self._read = new.sentence
                return new
            finally:
                self._readings += 1
                self._wake(changed=True)

        return observed

    def _wake(self, *, changed: bool) -> None:
        """Wake all waiters; they run when the hub is done with the event."""
        if changed:
            self._changed.set()
            self._changed = asyncio.Event()

    async def _until(self, settled: Callable[[], bool], limit_s: float) -> None:
        """Wait for something the hub does, at most ``limit_s``; the caller checks what is true then."""
        try:
            async with asyncio.timeout(limit_s):
                while not settled():
                    await self._changed.wait()
        except TimeoutError:
            return

    # -------------------------------------------------------------- answering

    async def answers(self, line: bytes) -> AsyncGenerator[bytes, None]:
        """Yield the replies to one request: one line each, only one unless it asks to watch.

        Cancelling is safe at any time; a button that was pressed is released then.

        Raises:
            InternalError: the hub is stuck.
        """
        try:
            request = protocol.decode(line)
        except protocol.BadRequest as error:
            yield protocol.refused(str(error))
            return
        if isinstance(request, protocol.WatchRequest):
            async for reply in self._watch():
                yield reply
        elif isinstance(request, protocol.RestartRequest):
            if refusal := await self._around.restart_refusal():
                yield protocol.refused(refusal)
                return
            try:
                yield protocol.agreed("restarting: the appliance is back in some seconds")
            finally:
                # Not before the reply is on its way.
                self._around.stop()
        else:
            yield await self._answer(request)

    async def _answer(self, request: protocol.Request) -> bytes:  # noqa: PLR0911 - a table of requests
        """Return the one reply to a request."""
        match request:
            case protocol.PressRequest(ms):
                return await self._press(ms)
            case protocol.ReloadRequest():
                return await self._read_again()
            case protocol.UploadRequest():
                return self._announcements.upload(request)
            case protocol.PlayRequest():
                return await self._announcements.play(request)
            case MuteAsked():
                return await self._mute(request)
            case VolumeAsked():
                return await self._volume(request)
            case TextGiven():
                return await self._say(request)
            case RestartSessionAsked():
                return await self._restart(request)
            case protocol.StatusRequest() | protocol.WatchRequest() | protocol.RestartRequest():
                return self._status()

    def _status(self) -> bytes:
        report = self._reporter.snapshot(asyncio.get_running_loop().time())
        return protocol.agreed(report["status"], status=report)

    async def _watch(self) -> AsyncIterator[bytes]:
        while True:
            face = self._reporter.face()
            yield self._status()
            while face == self._reporter.face():
                await self._changed.wait()

    async def _mute(self, asked: MuteAsked) -> bytes:
        def settled() -> bool:
            return self._handled(asked) and self._reporter.muted is self._closed

        async with self._request(asked):
            await self._until(settled, MUTE_S)
            return self._muting(asked, handled=self._handled(asked))

    @asynccontextmanager
    async def _request(self, asked: MuteAsked | VolumeAsked) -> AsyncIterator[None]:
        """Put a request to the hub; inside, `_handled` knows whether it was handled."""
        self._unhandled.append(asked)
        try:
            await self._inbox.put_when_room(asked)
            yield
        finally:
            self._unhandled = [one for one in self._unhandled if one is not asked]

    def _handled(self, asked: MuteAsked | VolumeAsked) -> bool:
        return not any(one is asked for one in self._unhandled)

    @property
    def _closed(self) -> bool:
        return self._conversation.microphone is MicrophoneStatus.MUTED

    def _muting(self, asked: MuteAsked, *, handled: bool) -> bytes:
        """Return the reply with the state that is true now, whatever was requested."""
        wanted = self._reporter.muted
        state = {"muted": wanted, "microphone": self._conversation.microphone.value}
        if not handled:
            return protocol.refused(f"the appliance did not react within {MUTE_S:g} s", **state)
        if asked.muted is not None and asked.muted is not wanted:
            return protocol.refused(f"another request {'' if wanted else 'un'}muted it meanwhile", **state)
        if wanted is not self._closed:
            doing = "closed" if wanted else "open"
            return protocol.refused(
                f"the microphone is not {doing} after {MUTE_S:g} s; it is still being tried", **state
            )
        if wanted:
            return protocol.agreed("muted: the microphone is closed", **state)
        if self._conversation.microphone is MicrophoneStatus.ABSENT:
            why = self._reporter.microphone_trouble or "it was not opened yet"
            return protocol.refused(f"not muted, but there is no microphone: {why}", **state)
        return protocol.agreed("not muted: the microphone is open", **state)

    async def _volume(self, asked: VolumeAsked) -> bytes:
        async with self._request(asked):
            await self._until(lambda: self._handled(asked), VOLUME_S)
            if not self._handled(asked):
                return protocol.refused(f"the appliance did not react within {VOLUME_S:g} s")
        percent = self._reporter.snapshot(asyncio.get_running_loop().time())["volume"]
        return protocol.agreed(f"volume {percent} %", volume=percent)

    async def _say(self, given: TextGiven) -> bytes:
        await self._inbox.put_when_room(given)
        if in_vain := self._conversation.state.service.deafness.sentence:
            return protocol.refused(f"tried, but it may be in vain: {in_vain}")
        if self._reporter.link is LinkState.ONLINE:
            return protocol.agreed("said")
        return protocol.agreed(
            f"kept for as long as an answer may take: {self._conversation.indication.status}"
        )

    async def _press(self, ms: float) -> bytes:
        if self._down:
            return protocol.refused("the button is being pressed already")
        if self._around.taken():
            return protocol.agreed("the press was for the owner's page: the appliance says six digits")
        clock, heard = asyncio.get_running_loop().time, self._conversation.state.playback.since is not None
        self._down, muted = True, self._reporter.muted
        try:
            await self._inbox.put_when_room(ButtonPressed(clock()))
            if ms:
                await asyncio.sleep(ms / 1000)
        finally:
            self._down = False
            self._inbox.put(ButtonReleased(clock()))
        return _pressed(ms, self._conversation.gate, heeded=heard or self._reporter.muted is not muted)

    async def _restart(self, asked: RestartSessionAsked) -> bytes:
        held = self._conversation.session is not SessionState.NONE
        await self._inbox.put_when_room(asked)
        return protocol.agreed(
            "the live session is being ended; the next words start a new one"
            if held
            else "no live session is held; the next words start one"
        )

    async def _read_again(self) -> bytes:
        before = self._readings
        self._reload.set()
        await self._until(lambda: self._readings != before, RELOAD_S)
        if self._readings == before:
            return protocol.refused(f"the configuration was not read within {RELOAD_S:g} s")
        if self._reading_error:
            return protocol.refused(
                f"the configuration is not reloaded; the old one stays in force: {self._reading_error}"
            )
        return protocol.agreed(self._read)


def _pressed(ms: float, gate: GateMode, *, heeded: bool) -> bytes:
    """Return the reply to a press; ``heeded``: it has stopped what was heard, or muted, whatever the gate."""
    done = f"pressed for {ms:g} ms" if ms else "pressed and released"
    if gate.takes_button or heeded:
        return protocol.agreed(done)
    opener, both = ("the wake word", "wakeword-or-button") if gate.takes_word else ("speech", "both")
    why = f"{opener} opens the gate; gate.mode {both} takes presses, too, and needs button.pin"
    return (protocol.refused if ms else protocol.agreed)(f"{done}, but a press is not listened to: {why}")

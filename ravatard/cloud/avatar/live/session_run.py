"""Run of one session that is held: its socket, its clock, its orders and its questions, until it is over."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, NoReturn

from ravatard.cancellation import pass_on_cancellation
from ravatard.cloud.avatar import commands
from ravatard.cloud.avatar.events import FrameSeen, frame_in, meaning_of, objects_in
from ravatard.cloud.avatar.frames import FrameMeter
from ravatard.cloud.avatar.live.calls import ServiceCalls
from ravatard.cloud.avatar.live.held import HeldSession
from ravatard.cloud.avatar.live.learned import SocketOrder, SpeakOrder
from ravatard.cloud.avatar.live.questions import Questions
from ravatard.cloud.avatar.live.turn_keeper import TurnKeeper
from ravatard.cloud.avatar.refusals import CallMissing, SessionVanished
from ravatard.cloud.avatar.turns.microphone_path import MicrophonePath
from ravatard.cloud.avatar.turns.sound_side import SoundFrom
from ravatard.core.pace import MessagePace
from ravatard.errors import DeniedError, InternalError, LinkError, PeerError, RavatardError, TurnError

if TYPE_CHECKING:
    from ravatard.cloud.avatar.live.track import TrackMedia

log = logging.getLogger(__name__)

#: Period at which the service is asked whether it still lists the session: it may end any at any time.
_LISTED_EVERY_S = 60.0
#: Orders that follow from events and wait to be sent; more are a service that repeats itself.
_MOST_ORDERS = 8
#: Messages of a service at once, frames apart, and a second: two minutes of sound in pieces of 20 ms may come
#: at once, and are played for longer than they take.
_BURST = 1_000
_PER_S = 200.0
#: Sentence for a network that is too slow for the picture.
_TOO_SLOW = (
    "the picture comes seconds late, and the avatar's voice behind it: the network cannot carry both; use "
    "avatar.quality: low, or a service that sends no picture"
)


class _Over(Exception):
    """Not an error: ends the group of a session that is over."""


class TrackSink:
    """Sink of the avatar's track; implements :class:`ravatard.ports.voice.VoiceSink`."""

    def __init__(self, keeper: TurnKeeper, changed: Callable[[], None]) -> None:
        """Hand sound to ``keeper``; ``changed`` looks at the clock anew."""
        self._keeper = keeper
        self._changed = changed

    def online(self) -> None:
        """Note nothing: the track sends in silence, too."""

    def feed(self, pcm: bytes) -> None:
        """Take the next 20 ms."""
        was_open = self._keeper.answers.voice.open
        self._keeper.track_sound(pcm, _now())
        if self._keeper.answers.voice.open is not was_open:
            self._changed()

    def offline(self, reason: str, *, hopeless: bool = False) -> None:
        """Note nothing: answers end by themselves."""

    def begin_answer(self) -> None:
        """Note nothing: where an answer begins is heard."""

    def end_answer(self) -> None:
        """Note nothing: where an answer ends is heard."""


class SessionRun:
    """One session after the other; what holds over sessions is in the keeper and the meter.

    Attributes:
        held: the session that is held; None between two.
        frames: meter of the picture.
        media: its WebRTC connection; None while there is none.
    """

    def __init__(self, calls: ServiceCalls, chance: Callable[[], float]) -> None:
        """Hold nothing yet; ``chance`` gives numbers in [0, 1)."""
        self.held: HeldSession | None = None
        self.frames = FrameMeter()
        self._pace = MessagePace(_PER_S, _BURST)
        self.media: TrackMedia | None = None
        self._media_wanted = asyncio.Event()
        self._media_there = asyncio.Event()
        self._connecting: asyncio.Task[None] | None = None
        self._calls = calls
        self._chance = chance
        self._orders: asyncio.Queue[SocketOrder | SpeakOrder] = asyncio.Queue(_MOST_ORDERS)
        self._events = asyncio.Event()
        self._keeper: TurnKeeper | None = None

    def order(self, order: SocketOrder | SpeakOrder) -> None:
        """Have a message sent that follows from an event. Never waits."""
        if self._orders.full():
            log.debug("an order to the service was left out: %s", type(order).__name__)
            return
        self._orders.put_nowait(order)

    def changed(self) -> None:
        """Look at the clock anew: what is due next may be another time."""
        self._events.set()

    async def media_for_microphone(self) -> TrackMedia:
        """Have the WebRTC connection of the session set up, and return it; it may not be up yet.

        One that was set up for the avatar's voice alone is set up anew.
        """
        self._media_wanted.set()
        if self.media is not None and not self.media.sends and self._connecting is not None:
            self._connecting.cancel()
        while self.media is None or not self.media.sends:
            self._media_there.clear()
            await self._media_there.wait()
        return self.media

    async def hold(
        self,
        held: HeldSession,
        keeper: TurnKeeper,
        questions: Questions,
        over: Callable[[], Awaitable[object]],
    ) -> RavatardError | None:
        """Hold a session until ``over`` returns, or it fails; return the error that ended it.

        Cancelled, it leaves the socket closed.
        """
        self.held, self._keeper = held, keeper
        while not self._orders.empty():
            self._orders.get_nowait()
        trouble: RavatardError | None = None
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(held.run(self._message, self._opened), name="session socket")
                group.create_task(self._keep_time(keeper), name="session clock")
                group.create_task(self._send_orders(held, questions), name="session orders")
                group.create_task(questions.run(held), name="session questions")
                group.create_task(self._watch_list(held), name="session list")
                group.create_task(self._keep_media(held, keeper), name="session media")
                await self._until(over)
        except* _Over:
            pass
        except* RavatardError as errors:
            trouble = worst_of(errors)
        finally:
            self.held = self.media = self._keeper = None
            keeper.session_over(_now(), ours=trouble is None)
        pass_on_cancellation()
        return trouble

    # ------------------------------------------------------------------ tasks of a session

    @staticmethod
    async def _until(over: Callable[[], Awaitable[object]]) -> NoReturn:
        await over()
        raise _Over

    async def _message(self, message: str | bytes) -> None:
        """Take one message of the service; most frames are told by their ends, and all are dropped."""
        if (frame := frame_in(message)) is not None:
            self._count(frame)
            return
        if self._keeper is None:
            raise InternalError("a message came without a session")
        for said in objects_in(message):
            if (wait_s := self._pace.wait_s(_now())) > 0.0:
                # Whatever waits, waits in the socket: a flood must not hold the event loop.
                await asyncio.sleep(wait_s)
            meaning = meaning_of(said, len(message))
            if isinstance(meaning, FrameSeen):
                self._count(meaning)
            await self._keeper.take(meaning, _now())
        self._events.set()

    def _count(self, frame: FrameSeen) -> None:
        if self.frames.take(frame.size_bytes, frame.timestamp_s, _now()):
            log.warning("%s", _TOO_SLOW)

    async def _opened(self, held: HeldSession) -> None:
        """Begin with a new socket: what the one before had begun is not continued."""
        self.frames.begin(_now())
        if held.generation > 1 and self._keeper is not None:
            listening = self._keeper.is_listening
            self._keeper.socket_lost()
            if listening:
                try:
                    await held.send(commands.STOP_LISTENING, urgent=True)
                except TurnError as error:
                    log.debug("after a new socket: %s", error)

    async def _keep_time(self, keeper: TurnKeeper) -> NoReturn:
        while True:
            self._events.clear()
            try:
                async with asyncio.timeout_at(keeper.due()):
                    await self._events.wait()
            except TimeoutError:
                keeper.on_time(_now())

    async def _send_orders(self, held: HeldSession, questions: Questions) -> NoReturn:
        while True:
            order = await self._orders.get()
            try:
                if isinstance(order, SpeakOrder):
                    questions.put(order)
                    continue
                await held.send(commands.INTERRUPT, urgent=True)
                if order is SocketOrder.LISTEN_AGAIN:
                    await held.send(commands.START_LISTENING, urgent=True)
            except TurnError as error:
                log.debug("an order to the service was not sent: %s", error)

    async def _keep_media(self, held: HeldSession, keeper: TurnKeeper) -> None:
        """Keep the WebRTC connection up, once it is wanted; without it the socket carries everything.

        One that failed is tried again for the next utterance that is to go by it: whatever was wrong may have
        passed. How often that is, is decided where words are let through to a service that does not hear.
        """
        self._media_wanted.clear()
        by_track = keeper.learned.trial.path is MicrophonePath.TRACK
        if keeper.answers.sound.side is not SoundFrom.TRACK and not by_track:
            await self._media_wanted.wait()
        while True:
            async with asyncio.TaskGroup() as one:
                self._connecting = one.create_task(self._connect_media(held, keeper), name="media connection")
            if self.media is None:
                # The utterance that waited has failed with it, and is no wish for another attempt.
                self._media_wanted.clear()
                await self._media_wanted.wait()

    async def _connect_media(self, held: HeldSession, keeper: TurnKeeper) -> None:
        """Keep one WebRTC connection up, until it fails; there is none then. Cancelled, another is wanted.

        Raises:
            SessionVanished: the session is gone.
        """
        # What is off is not loaded.
        from ravatard.cloud.avatar.live.track import TrackMedia

        sends = keeper.learned.trial.path is MicrophonePath.TRACK
        self.media = TrackMedia(self._calls, held, TrackSink(keeper, self.changed), self._chance, sends=sends)
        self._media_there.set()
        try:
            await self.media.run()
        except SessionVanished:
            raise
        except (LinkError, DeniedError) as error:
            self.media = None
            keeper.answers.sound.without_track()
            log.warning("without WebRTC: %s", error)
            if sends:
                keeper.path_failed(f"the microphone's track cannot be used ({error})")

    async def _watch_list(self, held: HeldSession) -> None:
        """Ask now and then whether the session is still listed; only one that was can be missing."""
        seen = False
        while True:
            await asyncio.sleep(_LISTED_EVERY_S * (0.8 + 0.4 * self._chance()))
            try:
                entries, is_whole = await self._calls.listed()
            except CallMissing:
                return
            except (LinkError, PeerError, DeniedError) as error:
                # The socket will tell whether the session lives.
                log.debug("the list of sessions: %s", error)
                continue
            if held.id in {entry.session_id for entry in entries}:
                seen = True
            elif seen and is_whole:
                raise SessionVanished("the service does not list the session any more")


def worst_of(errors: BaseExceptionGroup[BaseException]) -> RavatardError:
    """Return the error of a group to act on: a session that is gone first, then what a person must mend."""
    leaves: list[RavatardError] = []

    def gather(group: BaseExceptionGroup[BaseException]) -> None:
        for one in group.exceptions:
            if isinstance(one, BaseExceptionGroup):
                gather(one)
            elif isinstance(one, RavatardError):
                leaves.append(one)

    gather(errors)
    for kind in (InternalError, SessionVanished, DeniedError):
        if found := [one for one in leaves if isinstance(one, kind)]:
            if kind is InternalError:
                raise found[0]
            return found[0]
    return leaves[0]


def _now() -> float:
    return asyncio.get_running_loop().time()

"""Sound of voices on its way to the speaker's process, through its opening, its sleep and its loss."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable

from ravatard.core.audio.playout import LONGEST_SAMPLES
from ravatard.core.audio_format import SAMPLE_BYTES, VOICE_RATE_HZ
from ravatard.core.states import Earcon
from ravatard.devices.speaker.buffer_level import BufferLevel, HandedSound
from ravatard.devices.speaker.preopen_buffer import FULL, PreopenBuffer
from ravatard.devices.speaker.protocol import (
    LONGEST_FEED,
    Begin,
    Feed,
    Finish,
    Heartbeat,
    PlayRecord,
    SoundEarcon,
)
from ravatard.devices.speaker.unplayed import UnplayedVoices
from ravatard.ports.speaker import UnplayedVoice

#: With more sound than this in the buffer, :meth:`OutgoingSound.room` waits.
_ENOUGH_S = 2.0


class OutgoingSound:
    """Gives sound to the process whose device is open, and keeps it until it is played.

    Attributes:
        is_open: there is a process, and its device is open.
    """

    def __init__(self, send: Callable[[PlayRecord], None]) -> None:
        """``send`` gives a record to the process, if there is one."""
        self.is_open = False
        self._send = send
        self._waiting = PreopenBuffer()
        self._level = BufferLevel()
        self._handed = HandedSound()
        self._unplayed = UnplayedVoices()
        self._room_changed = asyncio.Event()
        self._begun: Begin | None = None
        #: The process was not told of it: before it comes the sound of older voices, which it would end.
        self._is_begin_due = False
        self._trouble = ""

    # -------------------------------------------------------------- from the caller

    def begin(self, voice: int, *, live: bool) -> None:
        """A voice follows."""
        self._begun = Begin(voice, live)
        self._waiting.begin(voice, live=live)
        self._is_begin_due = not self.is_open
        if self.is_open:
            self._send(self._begun)

    def feed(self, voice: int, pcm: bytes) -> int:
        """Take the next piece of a voice; return the samples of it that are lost."""
        if not self.is_open:
            lost = self._waiting.put(Feed(voice, bytes(pcm)), _now())
            self._unplayed.look_again()
            return lost
        room = LONGEST_SAMPLES - self._level.samples(_now())
        whole = min(len(pcm), max(0, int(room)) * SAMPLE_BYTES)
        if whole < len(pcm) and not self._is_live(voice):
            self._unplayed.add(voice, FULL)
        for at in range(0, whole, LONGEST_FEED):
            self._hand(Feed(voice, bytes(pcm[at : min(at + LONGEST_FEED, whole)])))
        self._level.fed(whole, _now())
        return (len(pcm) - whole) // SAMPLE_BYTES

    def finish(self, voice: int) -> None:
        """The voice is complete."""
        if not self.is_open:
            self._waiting.put(Finish(voice), _now())
        else:
            self._hand(Finish(voice))

    def cue(self, earcon: Earcon) -> None:
        """Sound an earcon, if the device is open or opens in time."""
        if self.is_open:
            self._send(SoundEarcon(earcon))
        else:
            self._waiting.cue(earcon, _now())

    def clear(self) -> None:
        """Discard what waits for a device."""
        self._waiting.clear()
        self._room_changed.set()

    def stopped(self, unsent: int) -> None:
        """The process discards what it has; ``unsent`` bytes never reached it."""
        self._level.stopped(unsent)
        self._handed.stopped(unsent)

    async def unplayed(self) -> UnplayedVoice:
        """Wait for the next finite voice that is not played, or not to its end. Cancelling is safe."""
        while True:
            self._waiting.expire(_now())
            for voice, reason in self._waiting.take_lost().items():
                self._unplayed.add(voice, f"{reason}: {self._trouble}" if self._trouble else reason)
            if (unplayed := self._unplayed.take()) is not None:
                return unplayed
            left_s = self._waiting.left_s(_now())
            await self._unplayed.wait(left_s + 0.005 if left_s else None)

    async def room(self) -> None:
        """Wait until less than two seconds of sound are buffered. Cancelling is safe."""
        while (wait_s := self._room_in_s()) >= 0:
            self._room_changed.clear()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(wait_s + 0.005):
                    await self._room_changed.wait()

    def _room_in_s(self) -> float:
        """Return the seconds until there is room; negative if there is."""
        if left_s := self._waiting.left_s(_now()):
            return left_s
        return self._level.samples(_now()) / VOICE_RATE_HZ - _ENOUGH_S

    # -------------------------------------------------------------- from the process

    def be_patient(self) -> None:
        """The device, which was open before, is being opened again: wait longer for it."""
        self._waiting.be_patient(_now())

    def started(self) -> None:
        """There is a new process, which knows nothing yet."""
        self._level = BufferLevel()
        self._handed = HandedSound()
        self._is_begin_due = self._begun is not None

    def opened(self) -> int:
        """The device is open: hand on what waits; return the samples of it that are lost."""
        self.is_open = True
        self._trouble = ""
        lost = 0
        for record in self._waiting.take(_now()):
            if isinstance(record, SoundEarcon):
                self._send(record)
                continue
            self._send_begin(record.voice)
            if isinstance(record, Feed):
                lost += self.feed(record.voice, record.pcm)
            else:
                self._hand(record)
        if self._begun is not None:
            self._send_begin(self._begun.voice)
        self._unplayed.look_again()
        self._room_changed.set()
        return lost

    def heartbeat(self, heartbeat: Heartbeat) -> float:
        """Take the figures of the process; return the samples that are buffered."""
        now = _now()
        self._level.update(heartbeat, now)
        self._handed.update(heartbeat)
        if self.is_open:
            self._waiting.played()
        return self._level.samples(now)

    def closed(self) -> None:
        """The device is closed, or the process is gone: forget it, and end the waits for room."""
        self.is_open = False
        self._level = BufferLevel()
        self._room_changed.set()

    def lost(self, reason: str, *, is_missing: bool, is_playing: bool) -> None:
        """The process is lost: keep what it has not played, unless the device ``is_missing``."""
        self._trouble = reason
        if is_missing:
            self._waiting.give_up(_now())
        handed, self._handed = self._handed, HandedSound()
        if is_playing and handed.rest and not self._is_live(handed.heard):
            self._unplayed.add(handed.heard, f"the speaker was lost before its end: {reason}")
        for record in handed.unplayed():
            self._waiting.put(record, _now())
        self._unplayed.look_again()

    # -------------------------------------------------------------- inside

    def _hand(self, record: Feed | Finish) -> None:
        """Send sound to the process, and keep it until the process has begun to play it."""
        self._handed.add(record)
        self._send(record)

    def _send_begin(self, voice: int) -> None:
        """Tell the process of the newest voice, if that is ``voice`` and it was not told yet."""
        if self._is_begin_due and self._begun is not None and self._begun.voice == voice:
            self._is_begin_due = False
            self._send(self._begun)

    def _is_live(self, voice: int) -> bool:
        return self._begun == Begin(voice, live=True)


def _now() -> float:
    return asyncio.get_running_loop().time()

"""Speaker port: a loudspeaker."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Protocol

from ravatard.core.events import SpeakerEvent
from ravatard.core.states import Earcon


@dataclass(frozen=True, slots=True)
class UnplayedVoice:
    """A finite voice of which sound was given and is not played.

    Attributes:
        voice: its number.
        reason: one sentence.
    """

    voice: int
    reason: str


class Speaker(Protocol):
    """A loudspeaker: its device is open while it is needed, and sleeps after a long silence.

    It wakes by itself: for a voice that begins, a piece, an earcon, and for :meth:`keep_awake`, which comes
    long before the sound is due. A live voice that is not fed lets it sleep, too. Waking loses nothing of a
    voice, and plays nothing before the device takes sound; a device that is busy or gone is told then,
    by :class:`ravatard.core.events.SpeakerLost`, and tried again.

    Sound is given as *pieces* of a *voice*: s16le mono 48 kHz, any length. A voice is one answer, or the live
    stream of one session; its number is given by the caller, growing. Pieces of an older voice than
    the newest one are ignored. A voice is finite, nothing of it is cut, unless it was begun as a live one.
    """

    def events(self) -> AsyncIterator[SpeakerEvent]:
        """Yield what becomes of the sound, for ever. Device trouble is an event, never an exception.

        Cancelling the iteration leaves the speaker as it is; :meth:`close` ends it.
        """
        ...

    def begin(self, voice: int, *, live: bool) -> None:
        """Begin a voice. A live one is kept on time: it waits for its jitter and is cut in its pauses."""
        ...

    def feed(self, voice: int, pcm: bytes) -> None:
        """Add the next piece of a voice. Never waits; beyond 120 s that wait the rest is dropped.

        Of a finite voice nothing is lost while the device is being opened, if that takes no more than 2 s, or
        8 s after it slept; of a live one nothing in the 2 s after the speaker was woken. What a device took,
        and was lost before it played anything of the voice, waits on within these times.
        """
        ...

    def finish(self, voice: int) -> None:
        """Mark a voice as complete: play what waits, without waiting for more."""
        ...

    async def unplayed(self) -> UnplayedVoice:
        """Wait for the next finite voice that is not played, or not to its end; each is told once.

        One that was stopped is none of them. Cancelling is safe.
        """
        ...

    async def room(self) -> None:
        """Return when less than two seconds of sound wait. Cancelling is safe."""
        ...

    def stop(self) -> None:
        """Discard what waits and fall silent, within 30 ms. Later pieces of the newest voice play."""
        ...

    def pause(self, paused: bool) -> None:
        """Fall silent at once and keep what is buffered and comes (True), or go on with it (False)."""
        ...

    def keep_awake(self, needed: bool) -> None:
        """Open the device now and keep it open (True), or let it sleep after its silence. Never waits."""
        ...

    def cue(self, earcon: Earcon) -> None:
        """Sound a short signal, mixed with other sound. It is no answer: no event reports it."""
        ...

    def set_volume(self, percent: int) -> None:
        """Set the loudness, in percent of full, 0 to 100."""
        ...

    async def close(self) -> None:
        """Close the device. Idempotent; returns within two seconds."""
        ...

"""Playback inside the speaker's process: from the daemon's commands to the converter, and the reports."""

from __future__ import annotations

import _thread
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from ravatard.core.audio.audibility import Audibility, is_audible
from ravatard.core.audio.playout import Playout
from ravatard.core.audio.speaker_events import SpeakerReady
from ravatard.core.audio_format import VOICE_RATE_HZ
from ravatard.core.states import Earcon
from ravatard.devices.process.pipes import PipeWriter
from ravatard.devices.speaker.mixer import Mixer, gain
from ravatard.devices.speaker.protocol import (
    Begin,
    FallAsleep,
    Feed,
    FellAsleep,
    Finish,
    Heartbeat,
    Pause,
    PlayFailed,
    PlayRecord,
    SetEarcon,
    SoundEarcon,
    Stop,
    Volume,
    WakeUp,
    encode,
)
from ravatard.errors import InternalError

if TYPE_CHECKING:
    from ravatard.devices.echo.ring import EchoWriter

#: A heartbeat twice a second of sound: each one wakes the daemon.
HEARTBEAT_SAMPLES = VOICE_RATE_HZ // 2
#: Most silence that is played without a call of pull: a tenth of a second.
_MOST_SKIPPED_SAMPLES = VOICE_RATE_HZ // 10
#: Silence before the first sound of a device that was just opened again: 20 ms, two blocks. A stream's first
#: block may be late or cut; more would make a signal too late that answers a press.
_PADDING_SAMPLES = 20 * VOICE_RATE_HZ // 1000


class SoundPlayer:
    """Source of sound for every output: s16le mono 48 kHz.

    Commands come in one thread, the output takes sound in another, hence the lock.

    Attributes:
        rests: the output is to be closed; changes with commands of the daemon.
    """

    def __init__(
        self,
        volume: int,
        outbox: PipeWriter,
        *,
        ring: EchoWriter | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Begin silent.

        Args:
            volume: percent.
            outbox: records to the daemon.
            ring: takes the sound as it is played, for the echo reference.
            clock: seconds on the monotonic clock.
        """
        self._outbox = outbox
        self._ring = ring
        self._clock = clock
        self._lock = _thread.allocate_lock()
        self._playout = Playout()
        self._audibility = Audibility()
        self._mixer = Mixer(gain(volume))
        self._volume = volume
        self._set_volume: Callable[[int], None] | None = None
        self._earcons: dict[Earcon, bytes] = {}
        self._ready: SpeakerReady | None = None
        self._opened: SpeakerReady | None = None
        self._was_open = False
        self._padding = 0
        self.rests = False
        #: Released by every change of ``rests``; only the output's thread waits for it.
        self._rests_changed = _thread.allocate_lock()
        self._rests_changed.acquire()
        self._busy = True
        self._skipped = 0
        self._until_heartbeat = HEARTBEAT_SAMPLES
        self._received = 0

    def opened(self, device: str, latency_s: float, set_volume: Callable[[int], None] | None = None) -> None:
        """The output is open; it is ready with the first sound that it takes.

        Args:
            device: its name, for messages.
            latency_s: from taking sound to the converter, as far as is known.
            set_volume: the card's own control, in percent.
        """
        with self._lock:
            self._ready = self._opened = SpeakerReady(device, latency_s * 1000)
            self._set_volume = set_volume
            if set_volume is not None:
                set_volume(self._volume)
                self._mixer.set_gain(1.0)

    def skip_silence(self, samples: int) -> bool:
        """Return True if the next ``samples`` are silence and need no :meth:`pull`; they are then counted.

        Takes no lock and reads no clock: this is what an idle appliance does all day.
        """
        if self._busy or self._skipped >= _MOST_SKIPPED_SAMPLES:
            return False
        self._skipped += samples
        return True

    def pull(self, samples: int, latency_s: float) -> bytes | None:
        """Return the next ``samples`` for the converter; None is silence.

        Args:
            samples: how many.
            latency_s: until the first of them leaves the converter.

        Raises:
            DaemonGone: the daemon closed its end.
        """
        with self._lock:
            now = self._clock()
            leaves_at = now + latency_s
            out = b""
            if self._ready is not None:
                out = encode(self._ready)
                self._ready = None
                if self._padding and self._ring is not None:
                    self._ring.resume(leaves_at)
                self._was_open = True
            block = mixed = None
            if self._padding > 0:
                self._padding = max(0, self._padding - samples)
            else:
                block = self._playout.take(samples, now)
                mixed = self._mixer.mix(block, samples)
            out += self._audible_changes(block, samples, leaves_at, now)
            if self._ring is not None:
                self._ring.skip(self._skipped)
                self._ring.write(mixed, samples, now, latency_s)
            self._until_heartbeat -= samples + self._skipped
            self._skipped = 0
            self._busy = not (self._playout.is_idle and self._mixer.is_idle and not self._audibility.sounds)
            if self._until_heartbeat <= 0:
                self._until_heartbeat = HEARTBEAT_SAMPLES
                out += self._heartbeat()
            if out or self._outbox.pending:
                self._outbox.put(out)
            return mixed

    # -------------------------------------------------------------- sleep, in the output's thread

    def wait_for_rest(self) -> None:
        """Wait until the output is to be closed."""
        self._wait_while(False)

    def wait_for_waking(self) -> None:
        """Wait until the output is to be opened again."""
        self._wait_while(True)

    def closed(self) -> None:
        """The output is closed, because the player rests.

        Raises:
            DaemonGone: the daemon closed its end.
        """
        with self._lock:
            self._ready = self._opened = None
            self._skipped = 0
            self._padding = _PADDING_SAMPLES
            # The first heartbeat shows that the device has taken sound for as long as the ones after it.
            self._until_heartbeat = HEARTBEAT_SAMPLES
            self._outbox.put(encode(FellAsleep()))

    def _wait_while(self, rests: bool) -> None:
        while self.rests is rests:
            self._rests_changed.acquire()

    def _rest(self, rests: bool) -> None:
        self.rests = rests
        if not rests:
            # Woken before the output was closed: it is as ready as it was.
            self._ready = self._opened
        if self._rests_changed.locked():
            self._rests_changed.release()

    def _audible_changes(self, block: bytes | None, samples: int, leaves_at: float, now: float) -> bytes:
        """Return a record if audible sound begins or ends with ``block``."""
        if block is not None and is_audible(block):
            started = self._audibility.block(leaves_at, samples / VOICE_RATE_HZ)
            return encode(started) if started else b""
        playout = self._playout
        ended = self._audibility.pause(leaves_at, now, over=playout.is_over, more=playout.is_audible_waiting)
        return encode(ended) if ended else b""

    def _heartbeat(self) -> bytes:
        playout = self._playout
        return encode(
            Heartbeat(
                self._busy,
                playout.underruns,
                playout.waiting,
                playout.dropped,
                self._received,
                playout.slips,
            )
        )

    def handle(self, records: list[PlayRecord]) -> None:
        """Carry out commands of the daemon.

        Raises:
            InternalError: these are no commands.
        """
        with self._lock:
            now = self._clock()
            for record in records:
                self._handle(record, now)
            self._busy = True

    def _handle(self, record: PlayRecord, now: float) -> None:  # noqa: C901 - a table of commands
        match record:
            case Begin(voice, live):
                self._playout.begin(voice, live=live)
            case Feed(voice, pcm):
                self._received += len(pcm)
                self._playout.put(voice, pcm, now)
            case Finish(voice):
                self._playout.finish(voice)
            case Stop():
                self._playout.stop()
            case Pause(paused):
                self._playout.pause(paused)
            case SoundEarcon(earcon):
                self._mixer.add_earcon(self._earcons.get(earcon, b""))
            case SetEarcon(earcon, pcm):
                self._earcons[earcon] = pcm
            case Volume(percent):
                self._volume = percent
                if self._set_volume is None:
                    self._mixer.set_gain(gain(percent))
                else:
                    self._set_volume(percent)
            case FallAsleep() | WakeUp():
                self._rest(isinstance(record, FallAsleep))
            case _:
                raise InternalError(f"the daemon sent {type(record).__name__}, which is no command")

    def fail(self, reason: str) -> None:
        """Report the failure of the output: the last record of this process.

        Raises:
            DaemonGone: the daemon closed its end.
        """
        with self._lock:
            self._outbox.put(encode(PlayFailed(not self._was_open, reason)))
            self._outbox.drain()

"""In the speaker's process: what the daemon sent, on its way to the converter, and what is told of it."""

from __future__ import annotations

import _thread
import time
from collections.abc import Callable

from ravatard.core.audio.audibility import Audibility, is_audible
from ravatard.core.audio.playout import Playout
from ravatard.core.audio_format import VOICE_RATE_HZ
from ravatard.core.events import SpeakerReady
from ravatard.core.states import Earcon
from ravatard.devices.echo.ring import EchoWriter
from ravatard.devices.process.pipes import PipeWriter
from ravatard.devices.speaker.mixer import Mixer, gain
from ravatard.devices.speaker.protocol import (
    Beat,
    Begin,
    Feed,
    Finish,
    PlayCue,
    PlayFailed,
    PlayRecord,
    SetCue,
    Stop,
    Volume,
    encode,
)
from ravatard.errors import InternalError

#: A sign of life twice a second of sound: each one wakes the daemon.
BEAT_SAMPLES = VOICE_RATE_HZ // 2
#: Silence that may go out without anybody looking: a tenth of a second.
_UNSEEN_SAMPLES = VOICE_RATE_HZ // 10


class SoundPlayer:
    """What every output takes its sound from: s16le mono 48 kHz.

    Commands come in one thread, the output takes sound in another, hence the lock.
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
            outbox: what is told to the daemon.
            ring: takes what is really played.
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
        self._cues: dict[Earcon, bytes] = {}
        self._ready: SpeakerReady | None = None
        self._is_open = False
        self._busy = True
        self._unseen = 0
        self._until_beat = BEAT_SAMPLES
        self._received = 0

    def opened(self, device: str, latency_s: float, set_volume: Callable[[int], None] | None = None) -> None:
        """The output is open; it is ready with the first sound that it takes.

        Args:
            device: its name, for people.
            latency_s: from taking to the converter, as far as is known.
            set_volume: the card's own control, in percent.
        """
        with self._lock:
            self._ready = SpeakerReady(device, latency_s * 1000)
            self._set_volume = set_volume
            if set_volume is not None:
                set_volume(self._volume)
                self._mixer.set_gain(1.0)

    def rests(self, samples: int) -> bool:
        """Whether the next ``samples`` are silence, nothing has to be done for them, and nothing was.

        Takes no lock and looks at no clock: this is what an appliance does all day.
        """
        if self._busy or self._unseen >= _UNSEEN_SAMPLES:
            return False
        self._unseen += samples
        return True

    def pull(self, samples: int, latency_s: float) -> bytes | None:
        """The next ``samples`` for the converter; None is silence.

        Args:
            samples: how many.
            latency_s: until the first of them leaves the converter.

        Raises:
            DaemonGone: nobody wants it any more.
        """
        with self._lock:
            now = self._clock()
            leaves_at = now + latency_s
            out = b""
            if self._ready is not None:
                out = encode(self._ready)
                self._ready = None
                self._is_open = True
            block = self._playout.take(samples, now)
            out += self._heard(block, samples, leaves_at, now)
            mixed = self._mixer.mix(block, samples)
            if self._ring is not None:
                self._ring.skip(self._unseen)
                self._ring.write(mixed, samples, now, latency_s)
            self._until_beat -= samples + self._unseen
            self._unseen = 0
            self._busy = not (self._playout.is_idle and self._mixer.is_idle and not self._audibility.sounds)
            if self._until_beat <= 0:
                self._until_beat = BEAT_SAMPLES
                out += self._beat()
            if out or self._outbox.pending:
                self._outbox.put(out)
            return mixed

    def _heard(self, block: bytes | None, samples: int, leaves_at: float, now: float) -> bytes:
        if block is not None and is_audible(block):
            started = self._audibility.block(leaves_at, samples / VOICE_RATE_HZ)
            return encode(started) if started else b""
        playout = self._playout
        ended = self._audibility.pause(leaves_at, now, over=playout.is_over, more=playout.is_audible_waiting)
        return encode(ended) if ended else b""

    def _beat(self) -> bytes:
        playout = self._playout
        return encode(
            Beat(
                self._busy,
                playout.underruns,
                playout.waiting,
                playout.dropped,
                self._received,
                playout.slips,
            )
        )

    def obey(self, records: list[PlayRecord]) -> None:
        """Do what the daemon says.

        Raises:
            InternalError: these are no commands.
        """
        with self._lock:
            now = self._clock()
            for record in records:
                self._do(record, now)
            self._busy = True

    def _do(self, record: PlayRecord, now: float) -> None:
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
            case PlayCue(earcon):
                self._mixer.cue(self._cues.get(earcon, b""))
            case SetCue(earcon, pcm):
                self._cues[earcon] = pcm
            case Volume(percent):
                self._volume = percent
                if self._set_volume is None:
                    self._mixer.set_gain(gain(percent))
                else:
                    self._set_volume(percent)
            case _:
                raise InternalError(f"the daemon sent {type(record).__name__}, which is no command")

    def fail(self, reason: str) -> None:
        """Say one last sentence.

        Raises:
            DaemonGone: nobody wants to know.
        """
        with self._lock:
            self._outbox.put(encode(PlayFailed(not self._is_open, reason)))
            self._outbox.drain()

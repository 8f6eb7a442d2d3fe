"""Playout buffer: decides when playback may start, counts missing sound, and keeps a live voice on time.

It has no clock of its own.

Two kinds of voices come in. A **live** one, begun as such, comes as fast as it is spoken, late and in bursts:
it begins when enough waits to ride out its jitter, what a stall left too much of is cut from its pauses, and
the drift between its sender's clock and the converter's is taken up by single samples. A **finite** one is
fetched as fast as it can be: it begins at once when it is finished or enough waits, and nothing of it is cut.

Sound is s16le mono of :data:`ravatard.core.audio_format.VOICE`; ``now`` is seconds on any steady clock.
"""

from __future__ import annotations

from collections import deque

from ravatard.core.audio.audibility import is_audible
from ravatard.core.audio.splice import faded, slipped
from ravatard.core.audio_format import SAMPLE_BYTES, VOICE_RATE_HZ

LONGEST_SAMPLES = 120 * VOICE_RATE_HZ
LEAST_PRE_FILL = 60 * VOICE_RATE_HZ // 1000
MOST_PRE_FILL = 100 * VOICE_RATE_HZ // 1000
#: What an underrun adds to the pre-fill, and what a second without any sound takes from it.
_GROWTH = 20 * VOICE_RATE_HZ // 1000
_SHRINKAGE = 5 / 1000
#: Half a piece of a live voice (:data:`ravatard.core.voice.live_pieces.PIECE_MS`), by which what waits goes
#: below its mean, and :data:`_BAND`: both must wait beside what jitter may hold back.
_BESIDE_JITTER = 30 * VOICE_RATE_HZ // 1000
#: Between two pieces of a live voice this long is no jitter: its sender paused.
_PAUSE_S = 0.3
#: So much more than the pre-fill may wait before a pause is shortened: a burst that jitter explains.
_SURPLUS = 40 * VOICE_RATE_HZ // 1000
#: After silence this long, sound that runs out is not missed.
_EXPECTED = VOICE_RATE_HZ // 10
#: The mean of what waits, over so long, may lie this far from the pre-fill. In a pause that lasts it is put
#: right at once, inaudibly.
_MEAN_S = 2.0
_BAND = 10 * VOICE_RATE_HZ // 1000
#: A pause this long lies between answers, or between sentences. The mean is over less there: what a stall
#: just left is put right before the next word.
_LULL = VOICE_RATE_HZ // 2
_LULL_MEAN_S = 0.2
#: In the sound itself the mean may drift further, and then one sample in this many at most is dropped or
#: doubled: 250 ppm, twice what two bad crystals are apart.
_DRIFT = 20 * VOICE_RATE_HZ // 1000
_SLIP_EVERY = 4_000
#: 5 ms: long enough that an end makes no click, short enough not to be heard as going on.
FADE_SAMPLES = 5 * VOICE_RATE_HZ // 1000


class Playout:
    """Sound that waits to be played.

    Attributes:
        waiting: samples that wait.
        pre_fill: samples a live voice must have waiting before it begins.
        underruns: times that sound of a voice was wanted, in the middle of audible sound, and had not come.
        dropped: samples thrown away because too much waited.
        cut: samples of pauses thrown away to be on time again.
        slips: samples dropped (negative) or doubled because two clocks differ.
    """

    def __init__(self) -> None:
        self.waiting = 0
        self.pre_fill: float = LEAST_PRE_FILL
        self.underruns = self.dropped = self.cut = self.slips = 0
        self._pieces: deque[tuple[bytes, bool]] = deque()
        self._at = 0
        self._loud_pieces = 0
        self._newest = self._finished = -1
        self._odd = b""
        self._fed = 0
        self._earliest = self._last_at = self._waits_since = 0.0
        self._live = self._flowing = self._mends = self._stopped = self._paused = False
        self._tail = self._last = b""
        self._quiet = _EXPECTED
        self._mean = self._aim = 0.0
        self._since_slip = 0

    @property
    def is_idle(self) -> bool:
        """True while there is nothing to take."""
        return (self._paused or not self._pieces) and not self._tail

    @property
    def is_over(self) -> bool:
        """True when everything of a finished voice was taken, or after :meth:`stop`."""
        if self._paused:
            return not self._tail
        return self.is_idle and (self._stopped or self._finished >= self._newest)

    @property
    def is_audible_waiting(self) -> bool:
        """True while something that can be heard waits."""
        return self._loud_pieces > 0 and not self._paused

    # -------------------------------------------------------------- in

    def begin(self, voice: int, *, live: bool) -> None:
        """Begin a voice. One that was not begun is finite."""
        if voice > self._newest:
            self._newest = voice
            self._odd = b""
            self._fed = 0
            self._live = live

    def put(self, voice: int, pcm: bytes, now: float) -> None:
        """Add the next piece of a voice, cut anywhere. Pieces of older voices than the newest are ignored."""
        if voice < self._newest:
            return
        self.begin(voice, live=False)
        self._stopped = False
        pcm = self._odd + pcm if self._odd else pcm
        whole = len(pcm) & ~1
        self._odd = pcm[whole:]
        room = (LONGEST_SAMPLES - self.waiting) * SAMPLE_BYTES
        if whole > room:
            self.dropped += (whole - room) // SAMPLE_BYTES
            whole = room
        if not whole:
            return
        if whole < len(pcm):
            pcm = pcm[:whole]
        self._judge(whole // SAMPLE_BYTES, now)
        if not self._pieces:
            self._waits_since = now
        loud = is_audible(pcm)
        self._pieces.append((pcm, loud))
        self._loud_pieces += loud
        self.waiting += whole // SAMPLE_BYTES

    def finish(self, voice: int) -> None:
        """Mark a voice as complete: play what waits without waiting for more."""
        self._finished = max(self._finished, voice)

    def stop(self) -> None:
        """Throw away what waits, but for a few milliseconds to fade out in."""
        if self._flowing and self._pieces:
            self._tail = faded(self._pop(min(self.waiting, FADE_SAMPLES)), out=True)
        self._pieces.clear()
        self._at = self._loud_pieces = self.waiting = 0
        self._flowing = self._mends = self._paused = False
        self._stopped = True

    def pause(self, paused: bool) -> None:
        """Fall silent within a few milliseconds and keep what waits and comes (True), or go on with it."""
        if paused is self._paused:
            return
        if paused and self._flowing and self._pieces:
            self._tail = faded(self._peek(FADE_SAMPLES), out=True)
        self._mends = not paused and bool(self._pieces)
        self._paused = paused
        self._flowing = False

    def _peek(self, samples: int) -> bytes:
        """Return the next ``samples``, or as many as the first piece has, and leave them there."""
        pcm, _ = self._pieces[0]
        return pcm[self._at : self._at + samples * SAMPLE_BYTES]

    def _judge(self, samples: int, now: float) -> None:
        """Learn from when a piece of a live voice came how late its pieces can be."""
        if not self._live:
            return
        if not self._fed or now - self._last_at > _PAUSE_S:
            self._earliest = now - self._fed / VOICE_RATE_HZ
        self._last_at = now
        self._fed += samples
        # When the voice would have begun, had this piece not been late.
        begun = now - (self._fed - samples) / VOICE_RATE_HZ
        self._earliest = min(self._earliest, begun)
        jitter = (begun - self._earliest) * VOICE_RATE_HZ
        # A sender that is late for good is on time after a second.
        self._earliest += (begun - self._earliest) * min(1.0, samples / VOICE_RATE_HZ)
        self.pre_fill = max(self.pre_fill, min(jitter + _BESIDE_JITTER, MOST_PRE_FILL))

    # -------------------------------------------------------------- out

    def take(self, samples: int, now: float) -> bytes | None:
        """Return the next ``samples``, padded with silence; None when all of it would be silence."""
        if self._tail:
            size = samples * SAMPLE_BYTES
            tail, self._tail = self._tail[:size], self._tail[size:]
            return tail.ljust(samples * SAMPLE_BYTES, b"\0")
        if self._paused:
            return None
        if not self._pieces:
            return self._let_down(samples)
        is_finished = self._finished >= self._newest
        is_live = self._live and not is_finished
        if not self._flowing:
            if not is_finished and not self._is_full(now):
                return None
            self._flowing = True
            self._mean = self.waiting
            self._aim = self.pre_fill
        return self._next(samples, is_live)

    def _let_down(self, samples: int) -> bytes | None:
        """Fade the last sample of a block that turned out to be the last one."""
        unexpected = self._flowing and self._finished < self._newest
        self._ran_dry()
        if not unexpected:
            return None
        fade = faded(self._last * min(FADE_SAMPLES, samples), out=True)
        return fade.ljust(samples * SAMPLE_BYTES, b"\0")

    def _is_full(self, now: float) -> bool:
        """Return True if enough waits, or the little that does has waited long enough."""
        return self.waiting >= self.pre_fill or now - self._waits_since >= self.pre_fill / VOICE_RATE_HZ

    def _next(self, samples: int, is_live: bool) -> bytes:
        if is_live:
            over_s = _LULL_MEAN_S if self._lulls else _MEAN_S
            # Jitter that is seen in a word is the next pause's business: the word is not stretched for it.
            self._aim = self.pre_fill if self._lulls else self._aim
            self._mean += (self.waiting - self._mean) * samples / (over_s * VOICE_RATE_HZ)
        if is_live and self._lulls and self._mean - self.pre_fill < -_BAND:
            # A pause is made longer: what follows it is safer from the jitter that was seen.
            self._mean += samples
            self.pre_fill = max(LEAST_PRE_FILL, self.pre_fill - samples * _SHRINKAGE)
            return bytes(samples * SAMPLE_BYTES)
        slip = self._slip(samples) if is_live else 0
        pcm = self._pop(samples + slip)
        while is_live and self._is_surplus and not is_audible(pcm):
            self.cut += len(pcm) // SAMPLE_BYTES
            self._mean -= len(pcm) // SAMPLE_BYTES
            pcm = self._pop(samples + slip)
        if self._mends:
            self._mends = False
            pcm = faded(pcm[: FADE_SAMPLES * SAMPLE_BYTES], out=False) + pcm[FADE_SAMPLES * SAMPLE_BYTES :]
        if slip:
            pcm = slipped(pcm, slip)
            self.slips -= slip
        self._count_quiet(pcm, samples)
        if len(pcm) < samples * SAMPLE_BYTES:
            return self._cut_short(pcm, samples)
        self._last = pcm[-SAMPLE_BYTES:]
        return pcm

    @property
    def _lulls(self) -> bool:
        """True when nothing was heard for a while."""
        return self._quiet >= _LULL

    @property
    def _is_surplus(self) -> bool:
        """True while a quiet block may be left out: too much waits at the moment, or has for a while."""
        if self.waiting <= self.pre_fill:
            return False
        return self.waiting - self.pre_fill > _SURPLUS or (self._lulls and self._mean - self.pre_fill > _BAND)

    def _slip(self, samples: int) -> int:
        """Return how many samples more to take than are wanted: 1, 0 or -1."""
        self._since_slip += samples
        if self._since_slip < _SLIP_EVERY or not FADE_SAMPLES <= samples < self.waiting:
            return 0
        off = self._mean - self._aim
        if abs(off) <= _DRIFT:
            return 0
        self._since_slip = 0
        return 1 if off > 0 else -1

    def _count_quiet(self, pcm: bytes, samples: int) -> None:
        if is_audible(pcm):
            self._quiet = 0
            return
        self._quiet += samples
        self.pre_fill = max(LEAST_PRE_FILL, self.pre_fill - samples * _SHRINKAGE)

    def _cut_short(self, pcm: bytes, samples: int) -> bytes:
        """Return the last of what waits, with silence after it; faded when more should have come."""
        if self._finished < self._newest:
            fade = FADE_SAMPLES * SAMPLE_BYTES
            pcm = pcm[:-fade] + faded(pcm[-fade:], out=True)
            self._ran_dry()
        return pcm.ljust(samples * SAMPLE_BYTES, b"\0")

    def _ran_dry(self) -> None:
        """Note that sound was wanted and there is none."""
        if not self._flowing:
            return
        self._flowing = False
        if self._stopped or self._finished >= self._newest:
            return
        self._mends = True
        if self._quiet < _EXPECTED:
            self.underruns += 1
            self.pre_fill = min(MOST_PRE_FILL, self.pre_fill + _GROWTH)

    def _pop(self, samples: int) -> bytes:
        """Return the next ``samples``, or as many as wait."""
        wanted = samples * SAMPLE_BYTES
        parts = []
        while wanted and self._pieces:
            pcm, loud = self._pieces[0]
            part = pcm[self._at : self._at + wanted]
            self._at += len(part)
            wanted -= len(part)
            parts.append(part)
            if self._at == len(pcm):
                self._pieces.popleft()
                self._loud_pieces -= loud
                self._at = 0
        popped = parts[0] if len(parts) == 1 else b"".join(parts)
        self.waiting -= len(popped) // SAMPLE_BYTES
        return popped

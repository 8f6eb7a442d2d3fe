"""Jitter buffer: Opus packets in any order and with gaps, to the steps of a decoder, in order. Pure.

A missing packet is waited for until three newer ones are there. Then it counts as lost, and the gap is
filled: by the copy of it the next packet may carry (in-band FEC, RFC 6716 section 2.1.7), and by the
decoder's concealment. Delay is added only where a packet is missing; the playout buffer evens out their
arrival.
"""

from __future__ import annotations

from dataclasses import dataclass, field

#: Newer packets that must be there before an older one counts as lost.
REORDER_PACKETS = 3
#: RTP's clock for Opus, whatever the encoder's bandwidth (RFC 7587 section 4.1).
CLOCK_HZ = 48_000
#: Longest Opus packet (RFC 6716 section 3.2.5) and longest gap that is filled whole: 120 ms.
LONGEST_SAMPLES = 5_760
#: A sequence number further away belongs to another stream: two seconds of sound.
RESTART_PACKETS = 100
#: After so many late packets in a row, each newer than the last, the sender has restarted its count.
LATE_PACKETS = 25
#: Concealment comes in steps of 2.5 ms.
_STEP_SAMPLES = 120

_SILK_SAMPLES = (480, 960, 1_920, 2_880)
_HYBRID_SAMPLES = (480, 960)
_CELT_SAMPLES = (120, 240, 480, 960)


@dataclass(frozen=True, slots=True)
class Decode:
    """Decode a packet.

    Attributes:
        payload: one Opus packet.
        samples: its length at 48 kHz.
    """

    payload: bytes = field(repr=False)
    samples: int


@dataclass(frozen=True, slots=True)
class Fill:
    """Conceal ``samples`` that are missing; ``following`` is the packet after the gap."""

    samples: int
    following: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Restart:
    """Reset the decoder: another stream begins."""


Step = Decode | Fill | Restart


@dataclass(slots=True)
class Counts:
    """Counts of a stream's packets by outcome."""

    received: int = 0
    lost: int = 0
    late: int = 0
    duplicate: int = 0
    malformed: int = 0
    restarts: int = 0
    filled_samples: int = 0
    skipped_samples: int = 0


def opus_samples(payload: bytes) -> int:
    """Return the samples at 48 kHz in an Opus packet (RFC 6716 section 3.1); 0 for a malformed one."""
    if not payload:
        return 0
    config, code = payload[0] >> 3, payload[0] & 3
    if config < 12:
        frame = _SILK_SAMPLES[config & 3]
    elif config < 16:
        frame = _HYBRID_SAMPLES[config & 1]
    else:
        frame = _CELT_SAMPLES[config & 3]
    if code == 3:
        frames = payload[1] & 0x3F if len(payload) > 1 else 0
    else:
        frames = 1 if code == 0 else 2
    samples = frame * frames
    return samples if samples <= LONGEST_SAMPLES else 0


class JitterBuffer:
    """Buffer of one stream: feed it every packet with :meth:`add`, and take the steps at once and in order.

    Attributes:
        counts: counts so far.
    """

    def __init__(self) -> None:
        self.counts = Counts()
        self._ssrc: int | None = None
        #: Sequence number to play next.
        self._next = 0
        #: Waiting packets: sequence number -> (timestamp, payload). At most REORDER_PACKETS - 1 stay.
        self._held: dict[int, tuple[int, bytes]] = {}
        #: RTP time at which the sound played so far ends; None before the first.
        self._end: int | None = None
        self._lost = 0
        self._late_run = 0
        self._latest_late = 0

    def add(self, ssrc: int, sequence: int, timestamp: int, payload: bytes) -> list[Step]:
        """Take one packet, in the order of arrival.

        Args:
            ssrc: the sender's number of the stream.
            sequence: 16 bit, wraps.
            timestamp: 32 bit at 48 kHz, wraps.
            payload: one Opus packet; empty: padding, without sound.
        """
        self.counts.received += 1
        ahead = _signed(sequence - self._next, 16)
        if ssrc != self._ssrc or abs(ahead) >= RESTART_PACKETS or self._count_restarted(ahead, sequence):
            steps = self._restart(ssrc, sequence)
        elif ahead < 0:
            self.counts.late += 1
            return []
        elif sequence in self._held:
            self.counts.duplicate += 1
            return []
        else:
            steps = []
        self._late_run = 0
        self._held[sequence] = (timestamp, payload)
        while self._held:
            if self._next not in self._held:
                if len(self._held) < REORDER_PACKETS:
                    break
                self._lost += 1
                self.counts.lost += 1
            else:
                self._play(*self._held.pop(self._next), steps)
            self._next = (self._next + 1) & 0xFFFF
        return steps

    def _count_restarted(self, ahead: int, sequence: int) -> bool:
        """Return True if the sender went back a little and goes on from there."""
        if ahead >= 0:
            return False
        grows = _signed(sequence - self._latest_late, 16) > 0
        self._late_run = self._late_run + 1 if grows else 1
        self._latest_late = sequence
        return self._late_run >= LATE_PACKETS

    def _restart(self, ssrc: int, sequence: int) -> list[Step]:
        steps: list[Step] = []
        for held in sorted(self._held, key=lambda number: _signed(number - self._next, 16)):
            self._play(*self._held[held], steps)
        if self._ssrc is not None:
            self.counts.restarts += 1
            steps.append(Restart())
        self._held.clear()
        self._ssrc, self._next, self._end, self._lost = ssrc, sequence, None, 0
        return steps

    def _play(self, timestamp: int, payload: bytes, steps: list[Step]) -> None:
        if not payload:
            return
        samples = opus_samples(payload)
        if not samples:
            self.counts.malformed += 1
            self._lost += 1
            return
        # A time difference without a missing packet is a pause of the sender (DTX), and needs no sound: the
        # playout ran dry in it, and concealment would only come late.
        missing = _signed(timestamp - self._end, 32) if self._end is not None and self._lost else 0
        if missing > 0:
            self._fill(missing, samples, payload, steps)
        steps.append(Decode(payload, samples))
        self._end = (timestamp + samples) & 0xFFFFFFFF
        self._lost = 0

    def _fill(self, missing: int, samples: int, payload: bytes, steps: list[Step]) -> None:
        """Fill a short gap whole. Of a long one, heard as silence by now, fill only its last packet."""
        filled = missing if missing <= LONGEST_SAMPLES else samples
        filled -= filled % _STEP_SAMPLES
        if filled:
            steps.append(Fill(filled, payload))
        self.counts.filled_samples += filled
        self.counts.skipped_samples += missing - filled


def _signed(difference: int, bits: int) -> int:
    """Return the difference of two numbers that wrap, the shorter way round."""
    half = 1 << (bits - 1)
    return ((difference + half) & ((1 << bits) - 1)) - half

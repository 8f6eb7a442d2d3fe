from __future__ import annotations

import ctypes
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ravatard.cloud.webrtc.jitter import Decode, Fill, JitterBuffer, opus_samples
from ravatard.cloud.webrtc.opus import OpusDecoder, load
from ravatard.cloud.webrtc.reception import Reception

av = pytest.importorskip("av")

FRAME = 960
Sound = np.ndarray[Any, np.dtype[np.float64]]


def babble(seconds: float) -> Sound:
    """Something like a voice: a buzz whose pitch and loudness wander."""
    t = np.arange(int(seconds * 48_000)) / 48_000
    pitch = 140 + 40 * np.sin(2 * np.pi * 0.7 * t)
    phase = 2 * np.pi * np.cumsum(pitch) / 48_000
    buzz = sum(np.sin(n * phase) / n for n in range(1, 12))
    return np.asarray(8_000 * buzz * (0.6 + 0.4 * np.sin(2 * np.pi * 2.3 * t)))


def encoded(sound: Sound, *, layout: str = "mono", bit_rate: int = 96_000, **options: str) -> list[bytes]:
    """Opus packets of 20 ms, by the encoder of PyAV."""
    codec = av.CodecContext.create("libopus", "w")
    codec.bit_rate = bit_rate
    codec.format, codec.layout, codec.sample_rate = "s16", layout, 48_000
    codec.time_base = Fraction(1, 48_000)
    codec.options = {"application": "voip" if options else "audio", **options}
    channels = 1 if layout == "mono" else 2
    packets = []
    for at in range(0, len(sound) - FRAME + 1, FRAME):
        samples = np.repeat(sound[at : at + FRAME].astype(np.int16), channels)[None]
        frame = av.AudioFrame.from_ndarray(samples, format="s16", layout=layout)
        frame.sample_rate, frame.pts, frame.time_base = 48_000, at, Fraction(1, 48_000)
        packets += [bytes(one) for one in codec.encode(frame)]
    return packets


def decoder() -> OpusDecoder:
    return OpusDecoder(load())


@dataclass
class Rtp:
    sequence_number: int
    payload: bytes
    ssrc: int = 1

    @property
    def timestamp(self) -> int:
        return self.sequence_number * FRAME


@dataclass
class Heard:
    """A sink of a live voice."""

    pieces: list[bytes] = field(default_factory=list)

    def online(self) -> None:
        self.pieces.clear()

    def feed(self, pcm: bytes) -> None:
        self.pieces.append(pcm)

    def begin_answer(self) -> None:
        raise AssertionError("a stream has no answers in pieces")

    def end_answer(self) -> None:
        raise AssertionError("a stream has no answers in pieces")

    def offline(self, reason: str, *, hopeless: bool = False) -> None:
        raise AssertionError("that is the caller's to tell")


class Counting(OpusDecoder):
    """A decoder that counts its packets."""

    def __init__(self) -> None:
        super().__init__(load())
        self.decoded = 0

    def decode(self, payload: bytes, samples: int) -> bytes:
        self.decoded += 1
        return super().decode(payload, samples)


def likeness(one: Sound, other: Sound) -> float:
    """Highest correlation when shifted by up to 20 ms, the encoder's look-ahead."""
    length = min(len(one), len(other)) - FRAME
    return max(
        float(np.corrcoef(one[:length], other[shift : shift + length])[0, 1]) for shift in range(0, FRAME, 8)
    )


def samples(pcm: bytes) -> Sound:
    return np.frombuffer(pcm, "<i2").astype(float)


@pytest.mark.parametrize("layout", ["mono", "stereo"])
def test_what_was_encoded_is_heard_in_mono(layout: str) -> None:
    sound, one = babble(1.0), decoder()

    heard = b"".join(one.decode(packet, FRAME) for packet in encoded(sound, layout=layout))

    assert likeness(sound, samples(heard)) > 0.95


def test_the_length_of_a_packet_is_what_the_library_says() -> None:
    library = load()
    for code in range(256):
        payload = bytes([code, 3])

        said = library.opus_packet_get_nb_samples(payload, ctypes.c_int32(len(payload)), 48_000)

        assert opus_samples(payload) == max(said, 0)


def played(packets: list[bytes], lost: set[int]) -> Sound:
    """Through the jitter buffer, some packets lost on the way."""
    buffer, one, heard = JitterBuffer(), decoder(), b""
    for number, packet in enumerate(packets):
        if number in lost:
            continue
        for step in buffer.add(1, number, number * FRAME, packet):
            if isinstance(step, Decode):
                heard += one.decode(step.payload, step.samples)
            elif isinstance(step, Fill):
                heard += one.fill(step.samples, step.following)
    return samples(heard)


def test_the_copy_in_the_next_packet_mends_a_loss_better_than_concealment() -> None:
    sound, lost = babble(4.0), set(range(5, 190, 7))
    with_copies = encoded(sound, bit_rate=24_000, fec="1", packet_loss="20")
    without = encoded(sound, bit_rate=24_000, fec="0")

    mended, concealed = played(with_copies, lost), played(without, lost)

    assert len(mended) == len(concealed) == len(with_copies) * FRAME
    good, poor = likeness(played(with_copies, set()), mended), likeness(played(without, set()), concealed)
    assert good > 0.95
    assert good > poor


def test_a_hole_of_several_packets_is_filled_to_the_sample() -> None:
    packets, one = encoded(babble(0.5)), decoder()
    for packet in packets[:10]:
        one.decode(packet, FRAME)

    assert len(one.fill(3 * FRAME, packets[13])) == 3 * FRAME * 2
    assert len(one.fill(120, b"")) == 120 * 2


def test_what_cannot_be_decoded_is_concealed_for_as_long() -> None:
    assert len(decoder().decode(b"\xff\xff\xff", FRAME)) == FRAME * 2


def test_after_a_reset_the_old_sound_is_forgotten() -> None:
    one = decoder()
    for packet in encoded(babble(0.2)):
        one.decode(packet, FRAME)

    one.reset()

    assert one.fill(FRAME, b"") == bytes(FRAME * 2)


@given(st.lists(st.binary(min_size=1, max_size=80), max_size=20))
def test_any_bytes_make_sound_or_none_but_never_a_crash(payloads: list[bytes]) -> None:
    one = decoder()
    for payload in payloads:
        if length := opus_samples(payload):
            assert len(one.decode(payload, length)) == length * 2
            assert len(one.fill(length, payload)) == length * 2


def test_a_silence_of_which_the_rest_is_not_decoded_changes_nothing_of_what_follows() -> None:
    silence = np.zeros(2 * 48_000)
    packets = encoded(np.concatenate([babble(1), silence, babble(1)]))
    whole = decoder()
    expected = [whole.decode(packet, FRAME) for packet in packets]
    codec, heard = Counting(), Heard()
    reception = Reception(codec, heard, lambda: 0.0)

    for number, packet in enumerate(packets):
        reception.add(Rtp(number, packet))

    assert heard.pieces == expected
    assert codec.decoded < len(packets) - 50

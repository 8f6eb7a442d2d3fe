from __future__ import annotations

from dataclasses import dataclass, field

from ravatard.cloud.webrtc.reception import Reception


@dataclass
class Rtp:
    sequence_number: int
    ssrc: int = 1
    payload: bytes = b"\xf8..."

    @property
    def timestamp(self) -> int:
        return self.sequence_number * 960


class Letters:
    """A codec whose sound can be read, and that cannot be heard unless it is to be."""

    def __init__(self, sound: bytes = b"d\0") -> None:
        self.sound = sound
        self.decoded = 0

    def decode(self, payload: bytes, samples: int) -> bytes:
        self.decoded += 1
        return self.sound

    def fill(self, samples: int, following: bytes) -> bytes:
        return b"f\0"

    def reset(self) -> None:
        self.decoded = 0


@dataclass
class Ear:
    told: list[str] = field(default_factory=list)

    def online(self) -> None:
        self.told.append("online")

    def feed(self, pcm: bytes) -> None:
        self.told.append(pcm.decode().rstrip("\0"))

    def begin_answer(self) -> None:
        raise AssertionError("a stream has no answers in pieces")

    def end_answer(self) -> None:
        raise AssertionError("a stream has no answers in pieces")

    def offline(self, reason: str, *, hopeless: bool = False) -> None:
        raise AssertionError("that is the caller's to tell")


class Deaf(Ear):
    """It does not read what it gets."""

    def feed(self, pcm: bytes) -> None:
        del pcm


def reception(ear: Ear, times: list[float], codec: Letters | None = None) -> Reception:
    return Reception(codec or Letters(), ear, lambda: times.pop(0))


def test_the_first_packet_says_that_the_stream_is_there() -> None:
    ear = Ear()
    one = reception(ear, [5.0, 5.02])

    assert one.last_at is None
    one.add(Rtp(0))
    one.add(Rtp(1))

    assert ear.told == ["online", "d", "d"]
    assert one.last_at == 5.02


def test_a_hole_is_filled_and_aiortc_gets_nothing_to_decode() -> None:
    ear = Ear()
    one = reception(ear, [0.0] * 4)

    returned = [one.add(Rtp(number)) for number in (0, 2, 3, 4)]

    assert ear.told == ["online", "d", "f", "d", "d", "d"]
    assert returned == [(False, None)] * 4


def test_packets_of_another_stream_are_played_on() -> None:
    ear = Ear()
    one = reception(ear, [0.0] * 2)

    one.add(Rtp(0))
    one.add(Rtp(7, ssrc=2))

    assert ear.told == ["online", "d", "d"]


def test_a_silence_that_goes_on_is_decoded_for_half_a_second_and_heard_whole() -> None:
    ear, codec = Ear(), Letters()
    one = reception(ear, [0.0] * 201, codec)

    for number in range(200):
        one.add(Rtp(number))
    in_silence = codec.decoded
    one.add(Rtp(200, payload=b"\xf8another"))

    assert in_silence == 26
    assert codec.decoded == 27
    assert ear.told == ["online", *["d"] * 201]


def test_the_same_packets_are_all_decoded_when_they_can_be_heard() -> None:
    codec = Letters(b"\xff\x7f")
    one = reception(Deaf(), [0.0] * 200, codec)

    for number in range(200):
        one.add(Rtp(number))

    assert codec.decoded == 200


def test_after_a_gap_a_silence_is_decoded_again() -> None:
    codec = Letters()
    one = reception(Ear(), [0.0] * 200, codec)

    for number in (*range(100), *range(103, 203)):
        one.add(Rtp(number))

    assert codec.decoded == 2 * 26

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
    """A codec whose sound can be read."""

    def decode(self, payload: bytes, samples: int) -> bytes:
        return b"d"

    def fill(self, samples: int, following: bytes) -> bytes:
        return b"f"

    def reset(self) -> None:
        pass


@dataclass
class Ear:
    told: list[str] = field(default_factory=list)

    def online(self) -> None:
        self.told.append("online")

    def feed(self, pcm: bytes) -> None:
        self.told.append(pcm.decode())

    def offline(self, reason: str, *, hopeless: bool = False) -> None:
        raise AssertionError("that is the caller's to tell")


def reception(ear: Ear, times: list[float]) -> Reception:
    return Reception(Letters(), ear, lambda: times.pop(0))


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

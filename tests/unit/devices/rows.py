"""A row of pixels that is not there: the SPI it hangs on, and what its pixels understand."""

from __future__ import annotations

import errno


class FakeSpi:
    """spidev's SpiDev, as far as it is used; can break.

    Attributes:
        written: what was clocked out, a write each.
        opened: bus and device.
        closed: how often it was given back.
        broken: writing fails from now on.
        refusal: opening fails with this.
    """

    def __init__(self, refusal: OSError | None = None) -> None:
        self.max_speed_hz = 0
        self.mode = 3
        self.written: list[bytes] = []
        self.opened: tuple[int, int] | None = None
        self.closed = 0
        self.broken = False
        self.refusal = refusal

    def open(self, bus: int, device: int) -> None:
        if self.refusal is not None:
            raise self.refusal
        self.opened = (bus, device)

    def writebytes2(self, values: bytes) -> None:
        if self.broken:
            raise OSError(errno.EIO, "the bus is gone")
        self.written.append(bytes(values))

    def close(self) -> None:
        self.closed += 1


def understood(bits: str) -> list[tuple[int, int, int, int]]:
    """What APA102 pixels make of clocked bits: level, blue, green and red of each, up to the tail.

    Written from the data sheet: 32 zeros begin; a frame of 32 bits begins with three ones; the first that
    does not is the tail.
    """
    assert bits.startswith("0" * 32)
    pixels = []
    for at in range(32, len(bits), 32):
        frame = bits[at : at + 32]
        if not frame.startswith("111"):
            break
        level, *parts = int(frame[3:8], 2), *(int(frame[i : i + 8], 2) for i in (8, 16, 24))
        pixels.append((level, *parts))
    return pixels  # type: ignore[return-value]  # four numbers each


def as_bits(content: bytes) -> str:
    return "".join(f"{byte:08b}" for byte in content)

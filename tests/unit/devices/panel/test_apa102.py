"""Bytes for a row of pixels, read back as the data sheet says a pixel reads them."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ravatard.devices.panel.apa102 import encode
from tests.unit.devices.rows import as_bits, understood

PART = st.floats(0, 1)


@pytest.mark.parametrize(("count", "size"), [(1, 13), (3, 21), (12, 57), (16, 73), (17, 78), (64, 268)])
def test_a_row_has_its_start_its_pixels_and_a_tail_long_enough(count: int, size: int) -> None:
    row = encode([(1.0, 1.0, 1.0)] * count)

    assert len(row) == size
    assert row[:4] == bytes(4)
    tail = row[4 + 4 * count :]
    assert set(tail) == {0}
    # 32 bits that latch an SK9822, and half a clock for every pixel.
    assert 8 * (len(tail) - 4) >= count / 2


@pytest.mark.parametrize(
    ("colour", "pixel"),
    [
        ((0.0, 0.0, 0.0), "e0000000"),
        ((1.0, 1.0, 1.0), "ffffffff"),
        ((1.0, 0.0, 0.0), "ff0000ff"),
        ((0.0, 1.0, 0.0), "ff00ff00"),
        ((0.0, 0.0, 1.0), "ffff0000"),
        ((0.2, 0.0, 0.0), "e70000e2"),
    ],
)
def test_a_pixel_takes_blue_green_and_red_behind_its_level(
    colour: tuple[float, float, float], pixel: str
) -> None:
    assert encode([colour])[4:8].hex() == pixel


@pytest.mark.parametrize(
    ("order", "pixel"), [("rgb", "ffff8033"), ("rbg", "ffff3380"), ("grb", "ff80ff33"), ("bgr", "ff3380ff")]
)
def test_other_makes_take_their_colours_in_another_order(order: str, pixel: str) -> None:
    assert encode([(1.0, 0.5, 0.2)], order)[4:8].hex() == pixel


@settings(deadline=None)
@given(colours=st.lists(st.tuples(PART, PART, PART), min_size=1, max_size=64))
def test_every_colour_arrives_as_near_as_eight_bits_at_the_lowest_level_can_be(
    colours: list[tuple[float, float, float]],
) -> None:
    pixels = understood(as_bits(encode(colours)))

    assert len(pixels) == len(colours)
    for (red, green, blue), (level, *parts) in zip(colours, pixels, strict=True):
        assert level <= max(red, green, blue) * 31 + 1
        for wanted, part in zip((blue, green, red), parts, strict=True):
            assert part / 255 * level / 31 == pytest.approx(wanted, abs=0.5 / 255 * level / 31 + 1e-9)


def test_a_glow_at_a_fifth_keeps_its_colour() -> None:
    (pixel,) = understood(as_bits(encode([(0.002, 0.012, 0.0054)])))

    assert pixel == (1, 43, 95, 16)

"""Encoding of colours for APA102 pixels (DotStar, SK9822)."""

from __future__ import annotations

import math
from collections.abc import Sequence

from ravatard.devices.panel.patterns import Colour

#: A pixel's first byte: three ones and a brightness of five bits (APA102 data sheet, "LED frame").
_MARK = 0xE0
_BRIGHTEST = 31
#: 32 zero bits begin a row; at its end they latch the SK9822, a copy of the APA102 that shows its new colours
#: only then (https://cpldcpu.com/2016/12/13/sk9822-a-clone-of-the-apa102/).
_RESET = bytes(4)
#: Every pixel passes the clock on half a period late, so n pixels need n/2 clocks more than they have bits.
#: Zeros, not the data sheet's ones: those are a white pixel in a row that is longer than configured.
#: (https://cpldcpu.com/2014/11/30/understanding-the-apa102-superled/)
_PIXELS_PER_TAIL_BYTE = 16


def encode(colours: Sequence[Colour], order: str = "bgr") -> bytes:
    """Return the bytes that light a row.

    Args:
        colours: red, green and blue of each pixel, 0 to 1, the one beside the connector first.
        order: order in which a pixel takes its colours; ``bgr`` by the data sheet.

    Returns:
        4 zero bytes, 4 bytes a pixel, 4 zero bytes, one zero byte for every 16 pixels or part of them.
    """
    tail = bytes(math.ceil(len(colours) / _PIXELS_PER_TAIL_BYTE))
    return _RESET + b"".join(_pixel(colour, order) for colour in colours) + _RESET + tail


def _pixel(colour: Colour, order: str) -> bytes:
    """Return four bytes: the lowest sufficient brightness, for the most steps in the three colour bytes.

    A glow of 1 % at a fifth of full brightness would otherwise be 0 or 1 of 255, and lose its colour.
    """
    level = math.ceil(_BRIGHTEST * max(colour))
    if level == 0:
        return bytes((_MARK, 0, 0, 0))
    red, green, blue = (round(255 * part * _BRIGHTEST / level) for part in colour)
    parts = {"r": red, "g": green, "b": blue}
    return bytes((_MARK | level, *(parts[letter] for letter in order)))

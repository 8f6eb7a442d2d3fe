"""Numbers of a command line, within the range of their setting."""

from __future__ import annotations

import argparse
import math
from collections.abc import Callable

from ravatard.setting import Setting


def number(kind: type[int] | type[float], about: Setting) -> Callable[[str], float]:
    """Return a converter for argparse that refuses numbers outside the setting's range."""
    low = -math.inf if about.low is None else about.low
    high = math.inf if about.high is None else about.high

    def convert(text: str) -> float:
        try:
            found = kind(text)
        except ValueError:
            found = None
        if found is None or not low <= found <= high:
            raise argparse.ArgumentTypeError(f"{text!r} is not a number from {low:g} to {high:g}")
        return found

    return convert


#: Converter for argparse of a port, 0 for any free one.
TO_PORT = number(int, Setting("", low=0, high=65_535))

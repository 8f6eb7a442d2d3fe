"""Volume control of a sound card, where it has one and ``ravatard[mixer]`` is installed."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import Any

from ravatard.devices.cards.identity import Card

#: Names of playback controls, the one that acts on all sound first.
_CONTROLS = ("Master", "PCM", "Speaker", "Headphone", "Digital", "Playback", "Line Out", "Lineout")


def card_control(card: Card | None) -> Callable[[int], None] | None:
    """Return a function that sets the volume of ``card`` in percent; None if the card has no control."""
    if card is None:
        return None
    try:
        alsaaudio = importlib.import_module("alsaaudio")
    except ImportError:
        return None
    try:
        names = alsaaudio.mixers(cardindex=card.number)
        for name in _CONTROLS:
            if name in names:
                control = alsaaudio.Mixer(control=name, cardindex=card.number)
                if "Playback Volume" in control.volumecap():
                    return _Control(alsaaudio, control)
    except alsaaudio.ALSAAudioError:
        # HDMI and many USB sticks have none that works.
        return None
    return None


class _Control:
    def __init__(self, alsaaudio: Any, control: Any) -> None:
        self._alsaaudio = alsaaudio
        self._control = control

    def __call__(self, percent: int) -> None:
        try:
            self._control.setvolume(percent)
        except self._alsaaudio.ALSAAudioError:
            # The card is gone: the supervisor notices that its callback is no longer called.
            return

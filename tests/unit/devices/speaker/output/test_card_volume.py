from __future__ import annotations

import sys
from types import ModuleType

import pytest

from ravatard.devices.cards.identity import Card
from ravatard.devices.speaker.output.card_volume import card_control

CARD = Card(1, "Device")


class ALSAAudioError(Exception):
    pass


class FakeMixer:
    """A control of a card."""

    broken = False

    def __init__(self, control: str, cardindex: int) -> None:
        self.control, self.cardindex = control, cardindex
        self.set_to: list[int] = []

    def volumecap(self) -> list[str]:
        return ["Playback Volume"] if self.control != "Master" else []

    def setvolume(self, percent: int) -> None:
        if percent == 13:
            raise ALSAAudioError("gone")
        found.append((self.control, percent))


found: list[tuple[str, int]] = []


def alsa(names: list[str] | None) -> ModuleType:
    module = ModuleType("alsaaudio")

    def mixers(cardindex: int) -> list[str]:
        if names is None:
            raise ALSAAudioError("no such card")
        return names

    module.__dict__.update(ALSAAudioError=ALSAAudioError, Mixer=FakeMixer, mixers=mixers)
    return module


def test_the_first_control_that_has_a_volume_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "alsaaudio", alsa(["Mic", "PCM", "Master"]))
    found.clear()

    control = card_control(CARD)
    assert control is not None
    control(40)
    control(13)

    assert found == [("PCM", 40)]


@pytest.mark.parametrize("names", [[], ["Mic"], ["Master"], None])
def test_a_card_without_one_has_none(monkeypatch: pytest.MonkeyPatch, names: list[str] | None) -> None:
    monkeypatch.setitem(sys.modules, "alsaaudio", alsa(names))

    assert card_control(CARD) is None


def test_without_a_card_or_the_extra_there_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "alsaaudio", None)

    assert card_control(CARD) is None
    assert card_control(None) is None

"""Which of a press and a wake word the setting ``gate.mode`` asks for by itself."""

from __future__ import annotations

from typing import Literal

import pytest

from ravatard.core.options.gate import GateOptions

Mode = Literal["auto", "vad", "button", "both", "wakeword", "wakeword-or-button"]


@pytest.mark.parametrize(
    ("mode", "button", "word"),
    [
        ("auto", False, False),
        ("vad", False, False),
        ("button", True, False),
        ("both", True, False),
        ("wakeword", False, True),
        ("wakeword-or-button", True, True),
    ],
)
def test_a_mode_says_itself_whether_it_takes_a_press_or_a_word(
    mode: Mode, *, button: bool, word: bool
) -> None:
    options = GateOptions(mode=mode)
    assert (options.takes_button, options.takes_word) == (button, word)

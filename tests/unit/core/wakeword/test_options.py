"""Sensitivity in words and in numbers."""

from __future__ import annotations

import pytest

from ravatard.core.wakeword.options import threshold_for


@pytest.mark.parametrize("cutoff", [0.5, 0.85, 0.97])
def test_a_higher_sensitivity_needs_a_lower_score_and_normal_is_the_cut_off(cutoff: float) -> None:
    low, normal, high = (threshold_for(word, cutoff) for word in ("low", "normal", "high"))

    assert 0.5 <= high <= normal == cutoff < low <= 0.99


@pytest.mark.parametrize(("written", "score"), [("0.5", 0.5), ("0.99", 0.99), ("0.7", 0.7)])
def test_a_score_is_taken_as_it_is(written: str, score: float) -> None:
    assert threshold_for(written, 0.85) == score


@pytest.mark.parametrize("written", ["", "loud", "0.49", "1", "nan", "85"])
def test_anything_else_is_refused(written: str) -> None:
    with pytest.raises(ValueError, match=r"is not from|could not convert"):
        threshold_for(written, 0.85)

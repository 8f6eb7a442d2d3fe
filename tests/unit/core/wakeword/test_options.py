"""Sensitivity in words and in numbers."""

from __future__ import annotations

import pytest

from ravatard.core.wakeword.options import BUILT_IN_WORDS, MEASURED_CUTOFFS, Cutoffs, threshold_for


@pytest.mark.parametrize("cutoff", [0.5, 0.85, 0.97])
def test_a_higher_sensitivity_needs_a_lower_score_and_normal_is_the_cut_off(cutoff: float) -> None:
    cutoffs = Cutoffs.around(cutoff)
    low, normal, high = (threshold_for(word, cutoffs) for word in ("low", "normal", "high"))

    assert 0.5 <= high <= normal == cutoff < low <= 0.99


@pytest.mark.parametrize("word", BUILT_IN_WORDS)
def test_the_measured_cut_offs_are_in_order_and_may_all_be_written_as_a_score(word: str) -> None:
    cutoffs = MEASURED_CUTOFFS[word]

    assert 0.5 <= cutoffs.high < cutoffs.normal < cutoffs.low <= 0.99


@pytest.mark.parametrize(("written", "score"), [("0.5", 0.5), ("0.99", 0.99), ("0.7", 0.7), (".85", 0.85)])
def test_a_score_is_taken_as_it_is(written: str, score: float) -> None:
    assert threshold_for(written, Cutoffs.around(0.85)) == score


@pytest.mark.parametrize(
    "written", ["", "loud", "0.49", "1", "nan", "85", "0,9", "+0.9", "0.6_5", "\u0660.\u0669", " 0.9", "9e-1"]
)
def test_anything_else_is_refused(written: str) -> None:
    with pytest.raises(
        ValueError, match=r"^found '.*'; write low, normal, high, or a score from 0\.5 to 0\.99"
    ):
        threshold_for(written, Cutoffs.around(0.85))

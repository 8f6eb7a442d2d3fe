from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ravatard.web.kiosk.page_state import REPORT_LIMIT_BYTES, SCREEN_WORDS, PageReport, PageState, read_report
from tests.assertions import assert_no_complaint


def test_every_screen_has_its_words() -> None:
    assert SCREEN_WORDS.keys() == set(PageState)


def test_a_report_tells_what_became_of_which_frame() -> None:
    assert read_report('{"picture":"playing","frame":"ab-1"}') == PageReport(PageState.PLAYING, "ab-1")
    assert read_report(b'{"picture":"empty"}') == PageReport(PageState.EMPTY, "")


@pytest.mark.parametrize(
    "message",
    [
        "",
        "{",
        "[]",
        "null",
        "{}",
        '{"picture":"away"}',
        '{"picture":"dancing"}',
        '{"picture":"playing","frame":7}',
        '{"x":' + "[" * (REPORT_LIMIT_BYTES - 5),
    ],
    ids=range(9),
)
def test_anything_else_is_no_report(message: str) -> None:
    assert read_report(message) is None


@given(st.binary() | st.text())
def test_no_message_is_too_odd_to_be_read(message: str | bytes) -> None:
    with assert_no_complaint():
        read_report(message)

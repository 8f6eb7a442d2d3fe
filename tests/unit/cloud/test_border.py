"""Whatever a parser raises becomes our error, and foreign names stay short."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from ravatard.cloud.border import foreign, listed, plain, shown_word
from ravatard.errors import InternalError, LinkError, PeerError, RavatardError
from ravatard.secret import Secret


@pytest.mark.parametrize(
    "error",
    [
        ValueError(),
        UnicodeDecodeError("utf-8", b"", 0, 1, ""),
        OverflowError(),
        ZeroDivisionError(),
        KeyError("x"),
        IndexError(),
        TypeError(),
        AttributeError(),
        RecursionError(),
        MemoryError(),
        EOFError(),
    ],
    ids=lambda error: type(error).__name__,
)
def test_every_fault_of_content_is_the_peers(error: Exception) -> None:
    with pytest.raises(PeerError, match="the reply cannot be read"), foreign("the reply"):
        raise error


@pytest.mark.parametrize("error", [LinkError("x"), InternalError("a bug")])
def test_our_own_errors_pass(error: RavatardError) -> None:
    with pytest.raises(type(error)), foreign("the reply"):
        raise error


def test_names_in_a_message_are_ten_at_most_and_short() -> None:
    shown = listed([f"{number}{'x' * 10_000}\x1b[2J" for number in range(5_000)])

    assert len(shown) < 11 * 45
    assert shown.endswith(" and 4990 more")
    assert listed([]) == "none"


def test_a_line_has_no_control_characters() -> None:
    assert plain(" a\x1b[1mb\nc\ud83d\x9b ", 40) == "a [1mb c"


def test_foreign_text_is_cut_before_a_secret_that_it_repeats() -> None:
    secret = Secret("quagga-that-is-repeated")

    assert plain(f"bad key {secret.reveal()}", 20) == "bad key"


@pytest.mark.parametrize(
    "word",
    ["AUDIO_PROCESSING_ERROR", "SESSION_NOT_FOUND", "AudioFailed", "idle", "HTTP50", "gpu.oom", "E42"],
)
def test_a_code_or_state_is_shown_as_it_came(word: str) -> None:
    assert shown_word(word) == word


HELD = [
    Secret("sk-Zebra77QuokkaSecret"),
    Secret("tokOkapiwithletters"),
    Secret("sess-001-dde02112-819d-4420-8845-44beee6b921a"),
    Secret("Capybara"),
]


@pytest.mark.parametrize("secret", HELD)
@pytest.mark.parametrize("form", ["{}", "CODE_{}", "{}_FAILED", "a {} b", "AUDIO.{}.LOST"])
@pytest.mark.parametrize("change", [str, str.upper, str.lower, str.casefold])
def test_a_word_that_repeats_a_secret_is_not_shown(
    secret: Secret, form: str, change: Callable[[str], str]
) -> None:
    assert shown_word(form.format(change(secret.reveal()))) == ""


def test_a_word_that_repeats_a_part_of_a_secret_is_not_shown() -> None:
    assert HELD[1].reveal()[3:] == "Okapiwithletters"
    assert shown_word("CODE_Okapiwithletters") == ""


@pytest.mark.parametrize(
    "word",
    ["sess-417", "dde02112-819d-4420", "eyJhbGciOi", "", "a b", "x" * 65, "ABC=", "\x1b[2J", "é"],
)
def test_what_has_the_look_of_an_id_a_token_or_of_text_is_not_shown(word: str) -> None:
    assert shown_word(word) == ""

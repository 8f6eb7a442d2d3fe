"""What a Secret shows, and what it does not."""

from __future__ import annotations

import copy
import gc
import pickle

import pytest

from ravatard.secret import MASK, Secret, cut, living_secrets


@pytest.mark.parametrize("show", [str, repr, "{}".format, "{:>40}".format, "%s".__mod__, "{!r}".format])
def test_no_way_of_writing_it_shows_it(show: object) -> None:
    assert callable(show)

    written = show(Secret("open sesame"))

    assert MASK in written
    assert "sesame" not in written


def test_it_is_read_on_purpose_only() -> None:
    assert Secret("open sesame").reveal() == "open sesame"


def test_pickling_is_refused() -> None:
    with pytest.raises(TypeError, match="not pickled"):
        pickle.dumps(Secret("open sesame"))


def test_copying_is_refused_like_pickling() -> None:
    with pytest.raises(TypeError, match="not pickled"):
        copy.copy(Secret("open sesame"))


def test_secrets_are_compared_by_value() -> None:
    assert Secret("a") == Secret("a")
    assert Secret("a") != Secret("b")
    assert hash(Secret("a")) == hash(Secret("a"))


def test_a_secret_is_not_equal_to_its_text() -> None:
    assert Secret("a") != "a"


def test_only_an_empty_secret_is_false() -> None:
    assert Secret("a")
    assert not Secret("")


def test_it_has_no_attributes_a_debugger_would_list() -> None:
    assert not hasattr(Secret("a"), "__dict__")


def test_secrets_are_known_for_as_long_as_they_exist() -> None:
    one, other = Secret("quagga-1"), Secret("quagga-1")

    with_both = [secret for secret in living_secrets() if secret == one]
    del other
    gc.collect()

    assert len(with_both) == 2
    del with_both
    assert [secret for secret in living_secrets() if secret == one] == [one]


@pytest.mark.parametrize("longest", range(12, 40))
def test_no_part_of_a_secret_is_left_where_a_text_is_cut(longest: int) -> None:
    secret = Secret("quagga-of-the-cut")

    kept = cut(f"it begins {secret.reveal()} and goes on for a while", longest)

    assert kept.startswith("it begins ")
    assert kept.removeprefix("it begins ").partition(" ")[0] in ("", secret.reveal())
    assert longest - len(secret.reveal()) < len(kept) <= longest


def test_a_cut_before_one_secret_does_not_halve_another() -> None:
    secrets = Secret("okapi-one-two"), Secret("two-three-four")

    assert cut("say okapi-one-two-three-four", 24) == "say "
    del secrets


def test_a_text_is_cut_at_its_length_where_no_secret_is() -> None:
    assert cut("nothing is told here", 7) == "nothing"
    assert cut("short", 7) == "short"

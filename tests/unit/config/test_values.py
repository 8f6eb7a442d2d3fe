"""Written texts become values of the setting's type, or a sentence."""

from __future__ import annotations

from typing import Any, Literal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ravatard.config import Key, Schema
from ravatard.config.document import Mapping, Node, Scalar, Sequence
from ravatard.config.values import InvalidValue, allowed, convert
from ravatard.secret import Secret
from ravatard.setting import Setting
from tests.assertions import assert_raises_only
from tests.examples import examples


def _key(form: Any, **description: Any) -> Key:
    return Key("part", "item", form, None, Setting("It does this.", **description))


def _plain(text: str) -> Scalar:
    return Scalar(text, plain=True, line=1)


def _quoted(text: str) -> Scalar:
    return Scalar(text, plain=False, line=1)


def _list(*items: Node) -> Sequence:
    return Sequence(items, line=1)


@pytest.mark.parametrize(
    ("text", "form", "value"),
    [
        ("true", bool, True),
        ("True", bool, True),
        ("yes", bool, True),
        ("ON", bool, True),
        ("false", bool, False),
        ("no", bool, False),
        ("off", bool, False),
        ("0", int, 0),
        ("-5", int, -5),
        ("+5", int, 5),
        ("5", float, 5.0),
        ("5.", float, 5.0),
        (".5", float, 0.5),
        ("0.5", float, 0.5),
        ("1e3", float, 1000.0),
        ("no", str, "no"),
        ("007", str, "007"),
        ("1.10", str, "1.10"),
        ("true", str, "true"),
        ("12:30", str, "12:30"),
        ("on", Literal["on", "off"], "on"),
        ("20", Literal[10, 20], 20),
        ("null", int | None, None),
        ("~", str | None, None),
        ("", str | None, None),
        ("", Secret | None, None),
        ("no", str | None, "no"),
        ("hush", Secret, Secret("hush")),
        ("0123", Secret | None, Secret("0123")),
    ],
)
def test_a_plain_text_is_read_as_the_settings_type(text: str, form: Any, value: object) -> None:
    converted = convert(_plain(text), _key(form))

    assert converted == value
    assert type(converted) is type(value)


@pytest.mark.parametrize(
    ("text", "form"),
    [
        ("1", bool),
        ("maybe", bool),
        ("y", bool),
        ("true", int),
        ("5.0", int),
        ("5.5", int),
        ("1e3", int),
        ("0o7", int),
        ("017", int),
        ("0x1F", int),
        ("1_000", int),
        ("1:30", int),
        ("\u0665", int),
        ("9" * 5_000, int),
        ("900 ms", int),
        ("", int),
        ("null", str),
        ("~", Secret),
        (".nan", float),
        (".inf", float),
        ("-.inf", float),
        ("nan", float),
        ("inf", float),
        ("1e999", float),
        ("01.5", float),
        ("1,5", float),
        ("true", float),
        ("30", Literal[10, 20]),
        ("20.0", Literal[10, 20]),
        ("onn", Literal["on", "off"]),
        ("On", Literal["on", "off"]),
        ("a\x00b", str),
        ("a\udcffb", str),
    ],
)
def test_a_plain_text_of_another_type_is_refused(text: str, form: Any) -> None:
    with pytest.raises(InvalidValue):
        convert(_plain(text), _key(form))


@pytest.mark.parametrize("form", [bool, int, float, Literal[10, 20]])
def test_a_quoted_number_is_text_and_refused_with_the_remedy(form: Any) -> None:
    with pytest.raises(InvalidValue, match=r"found the text '10'; write it without quotes"):
        convert(_quoted("10"), _key(form))


def test_a_quoted_null_is_text() -> None:
    assert convert(_quoted("null"), _key(str | None)) == "null"


@pytest.mark.parametrize("blank", ["", " ", "\t"])
@pytest.mark.parametrize("form", [str, str | None, Secret, Secret | None])
def test_a_blank_text_is_refused(form: Any, blank: str) -> None:
    with pytest.raises(InvalidValue, match="found an empty text"):
        convert(_quoted(blank), _key(form))


@pytest.mark.parametrize("form", [bool, int, float, str, str | None, Secret, Literal["a"]])
def test_a_list_or_mapping_is_refused_where_one_value_belongs(form: Any) -> None:
    with pytest.raises(InvalidValue, match="found a list of 2"):
        convert(_list(_plain("a"), _plain("b")), _key(form))
    with pytest.raises(InvalidValue, match="found a mapping"):
        convert(Mapping(((_plain("a"), _plain("b")),), line=1), _key(form))


def test_a_list_becomes_a_tuple() -> None:
    assert convert(_list(_plain("no"), _quoted("5")), _key(tuple[str, ...])) == ("no", "5")
    assert convert(_list(), _key(tuple[int, ...])) == ()
    assert convert(_list(_plain("1"), _plain("a")), _key(tuple[int, str])) == (1, "a")
    assert convert(_plain("null"), _key(tuple[int, ...] | None)) is None


@pytest.mark.parametrize(
    "node",
    [
        _plain("1"),
        _list(_plain("x")),
        _list(_plain("1"), _list(_plain("2"))),
        _list(_plain("1"), Mapping((), line=1)),
        _list(_plain("99")),
    ],
)
def test_a_list_with_a_wrong_item_is_refused(node: Node) -> None:
    with pytest.raises(InvalidValue, match="allowed: a list, each a whole number from 0 to 9"):
        convert(node, _key(tuple[int, ...], low=0, high=9))


def test_a_list_of_the_wrong_length_is_refused() -> None:
    with pytest.raises(InvalidValue, match="found a list of 3"):
        convert(_list(_plain("1"), _plain("2"), _plain("3")), _key(tuple[int, int]))


@pytest.mark.parametrize("value", ["200", "5000"])
def test_the_ends_of_the_range_belong_to_it(value: str) -> None:
    assert convert(_plain(value), _key(int, low=200, high=5_000)) == int(value)


@pytest.mark.parametrize("value", ["199", "5001", "-900"])
def test_a_value_out_of_range_is_refused_with_the_range_and_its_unit(value: str) -> None:
    with pytest.raises(InvalidValue) as caught:
        convert(_plain(value), _key(int, low=200, high=5_000, unit="ms"))

    assert str(caught.value) == f"found '{value}'; allowed: a whole number from 200 to 5000 ms"


def test_the_pattern_holds_for_the_whole_text() -> None:
    key = _key(str, pattern="[a-z]+")

    assert convert(_plain("abc"), key) == "abc"
    with pytest.raises(InvalidValue, match=r"allowed: text of the form \[a-z\]\+"):
        convert(_plain("abc1"), key)


def test_the_pattern_holds_for_a_secret_too() -> None:
    with pytest.raises(InvalidValue):
        convert(_plain("hush!"), _key(Secret, pattern="[a-z]+"))


@pytest.mark.parametrize("form", [Secret, Secret | None, str, str | None])
@pytest.mark.parametrize("node", [_plain("hush hush"), _quoted("hush hush"), _list(_plain("hush"))])
def test_a_refused_secret_is_not_shown(form: Any, node: Node) -> None:
    with pytest.raises(InvalidValue) as caught:
        convert(node, _key(form, pattern="[a-z]+", secret=True))

    assert "hush" not in str(caught.value)
    assert caught.value.__cause__ is None


def test_a_token_in_a_value_that_is_no_secret_is_not_shown_either() -> None:
    with pytest.raises(InvalidValue) as caught:
        convert(_plain("ftp://host/?token=hush"), _key(str, pattern="https?://.*"))

    assert "hush" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (
            "“abc”",
            'a value that is not shown with the typographic quotes “ ” in it, where straight ones (") or',
        ),
        ("my id", "found a value that is not shown with a blank in it; allowed: letters, digits and hyphens"),
        (
            "a_b",
            "found a value that is not shown; allowed: letters, digits and hyphens, at most 64, or unset",
        ),
    ],
)
def test_the_likely_slip_in_a_project_id_is_named(text: str, says: str) -> None:
    with pytest.raises(InvalidValue) as caught:
        convert(_plain(text), Schema().keys["service.project_id"])

    assert says in str(caught.value)
    assert "abc" not in str(caught.value)


def test_a_wrong_address_is_told_in_words() -> None:
    with pytest.raises(InvalidValue) as caught:
        convert(_plain("chat.example"), Schema().keys["service.base_url"])

    assert str(caught.value) == (
        "found 'chat.example'; allowed: an address that begins with https:// or http://, without blanks, ? "
        "and #"
    )


@pytest.mark.parametrize("key", [key for key in Schema().keys.values() if key.setting.pattern], ids=str)
def test_every_pattern_has_words_for_a_person(key: Key) -> None:
    words = allowed(key)

    assert key.setting.words
    assert str(key.setting.pattern) not in words
    assert not set("[]{}^$\\+") & set(words)


def test_a_long_value_is_shown_short() -> None:
    with pytest.raises(InvalidValue) as caught:
        convert(_plain("x" * 100_000), _key(int))

    assert len(str(caught.value)) < 120


@pytest.mark.parametrize(
    ("form", "description", "words"),
    [
        (bool, {}, "true or false"),
        (int, {}, "a whole number"),
        (int, {"low": 1}, "a whole number from 1"),
        (int, {"high": 192_000, "unit": "Hz"}, "a whole number up to 192000 Hz"),
        (float, {"low": 0.1, "high": 6, "unit": "s"}, "a number from 0.1 to 6 s"),
        (int | None, {"low": 0, "high": 53}, "a whole number from 0 to 53, or unset"),
        (str, {}, "text"),
        (Secret | None, {"pattern": "[a-z]"}, "text of the form [a-z], or unset"),
        (Literal["a", "b"], {}, "one of a, b"),
        (Literal["a"], {}, "only a"),
        (Literal[10, 20], {"unit": "ms"}, "one of 10, 20 ms"),
        (tuple[str, ...], {}, "a list, each text"),
    ],
)
def test_what_is_allowed_is_said_in_words(form: Any, description: dict[str, Any], words: str) -> None:
    assert allowed(_key(form, **description)) == words


@given(
    st.text(max_size=40),
    st.booleans(),
    st.sampled_from([bool, int, float, str, int | None, str | None, Secret, Literal["a"], tuple[str, ...]]),
)
@settings(deadline=None, max_examples=examples(500))
def test_any_text_is_converted_or_refused(text: str, plain: bool, form: Any) -> None:
    with assert_raises_only(InvalidValue):
        convert(Scalar(text, plain=plain, line=1), _key(form, low=0, high=10))


@given(st.integers(min_value=-(10**17), max_value=10**17))
@settings(deadline=None)
def test_every_whole_number_is_read_back(number: int) -> None:
    assert convert(_plain(str(number)), _key(int)) == number


@given(st.floats(allow_nan=False, allow_infinity=False))
@settings(deadline=None)
def test_every_number_is_read_back(number: float) -> None:
    assert convert(_plain(repr(number)), _key(float)) == number

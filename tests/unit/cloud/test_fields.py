"""What is unusable counts as missing."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ravatard.cloud.fields import Fields, fields_of
from tests.assertions import assert_no_complaint

FIELDS = Fields(
    {"text": "words", "empty": "", "null": None, "number": 7, "written": "7.5", "yes": True, "list": [{}, 5]}
)


def test_text_is_the_first_that_has_some() -> None:
    assert FIELDS.text("null", "empty", "number", "text", "written") == "words"
    assert FIELDS.text("missing", "yes") == ""


def test_an_identifier_may_be_a_number_but_not_a_truth() -> None:
    assert FIELDS.identifier("number") == "7"
    assert FIELDS.identifier("yes", "text") == "words"


def test_a_number_may_be_written_as_text() -> None:
    assert (FIELDS.number("number"), FIELDS.number("written")) == (7.0, 7.5)
    assert [FIELDS.number(name) for name in ("text", "null", "yes", "list", "missing")] == [None] * 5


@pytest.mark.parametrize("value", ["NAN", "inf", "-Infinity", "1e999", float("nan"), float("inf"), 10**400])
def test_what_is_no_finite_number_is_none(value: object) -> None:
    assert Fields({"status": value}).number("status") is None


def test_only_a_truth_is_a_truth() -> None:
    assert FIELDS.truth("yes") is True
    assert FIELDS.truth("number") is None


@pytest.mark.parametrize("value", [True, "true", " True\n", "YES", "1", 1, 1.0])
def test_a_truth_may_be_written_as_text_or_number(value: object) -> None:
    assert Fields({"live": value}).truth("live") is True


@pytest.mark.parametrize("value", [False, "false", "No", "0", 0, 0.0])
def test_so_may_its_opposite(value: object) -> None:
    assert Fields({"live": value}).truth("live") is False


@pytest.mark.parametrize("value", [None, "", "maybe", 2, -1, [], {}, [True], float("nan")])
def test_anything_else_is_no_truth(value: object) -> None:
    assert Fields({"live": value}).truth("live") is None


@pytest.mark.parametrize(
    ("value", "identifier"),
    [
        ({"$oid": "65a1"}, "65a1"),
        ({"$numberLong": "4711"}, "4711"),
        ({"$numberInt": 7}, "7"),
        ({"$oid": {"$oid": "65a1"}}, ""),
        ({"$oid": "a", "more": 1}, ""),
        ({"id": "a"}, ""),
        ({}, ""),
    ],
)
def test_an_identifier_may_be_extended_json(value: object, identifier: str) -> None:
    assert Fields({"_id": value}).identifier("_id") == identifier


def test_only_objects_of_a_list_are_objects() -> None:
    assert len(FIELDS.objects("list")) == 1
    assert FIELDS.objects("text") == FIELDS.objects("missing") == []


@pytest.mark.parametrize("data", ["", "[]", "7", b"\xff", "[" * 100_000, '"x"'])
def test_what_is_no_object_has_no_fields(data: str | bytes) -> None:
    assert fields_of(data) is None


@settings(deadline=None)
@given(st.dictionaries(st.sampled_from("abc"), st.none() | st.text() | st.integers() | st.floats()))
def test_no_value_raises(values: dict[str, object]) -> None:
    for fields in (Fields(values), fields_of(json.dumps(values)) or Fields({})):
        for name in "abc":
            with assert_no_complaint():
                fields.text(name)
                fields.identifier(name)
                fields.number(name)
                fields.truth(name)
                fields.objects(name)

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ravatard.cloud.avatar.sessions.session_list import ListVerdict, listing_of, may_be_one_of, whole_list
from ravatard.secret import Secret
from tests.examples import examples

OURS = "550e8400-e29b-41d4-a716-446655440000"
OTHER = "661f9511-f3ac-52e5-b827-557766551111"
THIRD = "00000000-0000-4000-8000-00000000000a"


def body(value: object) -> bytes:
    return json.dumps(value).encode()


def entry(session_id: object) -> dict[str, object]:
    return {
        "session_id": session_id,
        "status": "active",
        "created_at": "2024-01-22T10:30:00Z",
        "duration": 45.2,
    }


def is_absent(listed: object) -> bool:
    found = whole_list(body(listed))
    return found is not None and found.excludes(Secret(OURS))


@pytest.mark.parametrize(
    "listed",
    [
        {"sessions": [], "total": 0},
        {"sessions": [entry(OTHER)], "total": 1},
        {"sessions": [entry(OTHER), {"session_id": THIRD}], "total": 2},
        {"code": 100, "message": "ok", "data": {"sessions": [entry(OTHER)], "total": 1}},
        {"sessions": [entry(OTHER)], "total": 1, "next": None, "has_more": False},
    ],
)
def test_a_whole_list_without_it_proves_its_end(listed: object) -> None:
    assert is_absent(listed)


@pytest.mark.parametrize(
    "more",
    [
        {"total": 2},
        {"total": -1},
        {"total": 0},
        {"total": 1.5},
        {"total": "1"},
        {"total": True},
        {"total": None},
        {"total": 1, "has_more": True},
        {"total": 1, "hasMore": "yes"},
        {"total": 1, "next": "/v1/streaming.sessions?page=2"},
        {"total": 1, "next_page_token": "abc"},
        {"total": 1, "pagination": {"page": 1, "pages": 4}},
        {"total": 1, "page": 1, "pages": 4},
        {"total": 1, "cursor": "x"},
        {"total": 1, "truncated": True},
        {"total": 1, "errors": ["one node did not answer"]},
    ],
)
def test_a_list_that_may_be_a_part_proves_nothing(more: dict[str, object]) -> None:
    assert not is_absent({"sessions": [entry(OTHER)], **more})
    assert not is_absent({"code": 100, "data": {"sessions": [entry(OTHER)], **more}})


@pytest.mark.parametrize(
    "listed",
    [
        [],
        {},
        {"sessions": []},
        {"sessions": None, "total": 0},
        {"sessions": {OTHER: {}}, "total": 1},
        {"data": [entry(OTHER)], "total": 1},
        {"sessions": [OTHER], "total": 1},
        {"sessions": [{"id": OTHER}], "total": 1},
        {"sessions": [{"status": "live"}], "total": 1},
        {"sessions": [None], "total": 1},
        {"sessions": [entry(OTHER), entry(OTHER)], "total": 2},
        {"code": 500, "data": {"sessions": [], "total": 0}},
        {"data": {"sessions": [], "total": 0}, "warning": "partial"},
        {"detail": "Not Found"},
        "x",
        None,
    ],
)
def test_a_list_of_another_form_proves_nothing(listed: object) -> None:
    assert not is_absent(listed)


@pytest.mark.parametrize(
    "listed",
    [
        OURS,
        f" {OURS}\n",
        OURS.upper(),
        f"urn:uuid:{OURS}",
        f"{{{OURS}}}",
        OURS.replace("-", ""),
        OURS[:8],
        OURS[:8] + "…",
        "****" + OURS[-4:],
        OURS[:4] + "...." + OURS[-4:],
        "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxx0000",
        OURS[:-4] + "0000",
        7,
        "session 12",
        "a3f5",
    ],
)
def test_an_entry_that_may_be_ours_in_another_form_proves_nothing(listed: object) -> None:
    assert not is_absent({"sessions": [entry(OTHER), entry(listed)], "total": 2})


def test_neighbours_are_told_by_ids_of_the_same_form() -> None:
    assert not may_be_one_of("sess-0002", ["sess-0001", "sess-0003"])
    assert may_be_one_of("SESS-0003", ["sess-0001", "sess-0003"])
    assert not may_be_one_of("sess-0002", [])


@settings(max_examples=examples(100))
@given(st.binary(max_size=100))
def test_no_list_raises(answer: bytes) -> None:
    listed = whole_list(answer)
    assert listed is None or isinstance(listed.excludes(Secret("a")), bool)


@pytest.mark.parametrize(
    ("reply", "listing"),
    [
        ({"sessions": [], "total": 0}, ListVerdict.UNLISTED),
        ({"sessions": [entry(OTHER)], "total": 1}, ListVerdict.UNLISTED),
        ({"sessions": [entry(OURS)], "total": 1}, ListVerdict.UNTOLD),
        # Of another form than documented, and ours is not in it.
        ([], ListVerdict.IN_DOUBT),
        ({"sessions": [entry(OTHER)]}, ListVerdict.IN_DOUBT),
        ({"data": {"items": [entry(OTHER)], "page": 1}}, ListVerdict.IN_DOUBT),
        # There it may be.
        ([entry(OURS)], ListVerdict.UNTOLD),
        ({"sessions": [entry(OURS.upper())]}, ListVerdict.UNTOLD),
        ({"sessions": [entry("a-name-of-another-form")]}, ListVerdict.UNTOLD),
        ({"items": [{"id": OURS}]}, ListVerdict.UNTOLD),
        ({"sessions": [entry(f"550e8400-e29b-41d4-a716-{at:012}") for at in range(20)]}, ListVerdict.UNTOLD),
        # No list at all.
        ({"status": "ok"}, ListVerdict.UNTOLD),
        ("sessions", ListVerdict.UNTOLD),
        (None, ListVerdict.UNTOLD),
    ],
)
def test_a_list_says_of_a_session_what_it_proves(reply: object, listing: ListVerdict) -> None:
    assert listing_of(body(reply), Secret(OURS)) is listing

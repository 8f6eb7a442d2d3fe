"""The history: every shape its messages may have, and an end whatever the service says."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ravatard.cloud.ravatar.history import (
    MOST_PAGES,
    HistoryPage,
    HistoryReader,
    history_path,
    history_reply,
    moment,
)
from ravatard.errors import AuthError, BusyError, PeerError, RavatardError
from ravatard.ports.cloud import HistoryMessage

NOON = datetime(2025, 1, 25, 12, 0, tzinfo=UTC)

#: The document's example.
DOCUMENTED = {
    "payload": [
        {
            "_id": "message-id-123",
            "direction": "outgoing",
            "user_id": "user-123",
            "request": "Hello, how are you?",
            "avatar_id": "avatar-id-123",
            "date": 1737820800000,
            "chat_type": "text",
            "language_code": "en",
        },
        {
            "_id": "message-id-124",
            "direction": "incoming",
            "user_id": "user-123",
            "request": "Hello, how are you?",
            "answer": "I'm doing great! How can I assist you today?",
            "avatar_id": "avatar-id-123",
            "avatar_name": "Assistant",
            "date": 1737820801000,
            "chat_type": "text",
            "language_code": "en",
            "fileUrl": "https://example.com/response.mp4",
        },
    ],
    "has_more_messages": False,
}


def replied(reply: object) -> HistoryPage:
    return history_reply(200, json.dumps(reply).encode())


def said(number: int, at: datetime | None = None, **others: Any) -> HistoryMessage:
    fields: dict[str, Any] = {"_id": f"m{number}", "direction": "outgoing", "request": f"word {number}"}
    at = NOON + timedelta(minutes=number) if at is None else at
    (message,) = replied({"payload": [{**fields, "date": at.timestamp() * 1000, **others}]}).messages
    return message


def page(*numbers: int, more: bool = True) -> HistoryPage:
    return HistoryPage(tuple(said(number) for number in numbers), more)


def read(reading: HistoryReader, page: HistoryPage) -> list[str]:
    return [message.id for message in reading.read(page)]


def test_the_documents_example_is_understood() -> None:
    page = replied(DOCUMENTED)

    assert page == HistoryPage(
        (
            HistoryMessage(
                id="message-id-123",
                direction="outgoing",
                request="Hello, how are you?",
                answer="",
                avatar="avatar-id-123",
                at=datetime(2025, 1, 25, 16, 0, 0, tzinfo=UTC),
                chat_type="text",
                language="en",
                file_url="",
            ),
            HistoryMessage(
                id="message-id-124",
                direction="incoming",
                request="Hello, how are you?",
                answer="I'm doing great! How can I assist you today?",
                avatar="Assistant",
                at=datetime(2025, 1, 25, 16, 0, 1, tzinfo=UTC),
                chat_type="text",
                language="en",
                file_url="https://example.com/response.mp4",
            ),
        ),
        more=False,
    )


def test_a_page_is_asked_for_as_the_document_shows() -> None:
    path = urlsplit(history_path("user 1&page=9", 50, 2))

    assert path.path == "/chat"
    assert parse_qs(path.query) == {"user_id": ["user 1&page=9"], "per_page": ["50"], "page": ["2"]}


@pytest.mark.parametrize(
    "date",
    [
        1737820800000,
        1737820800,
        1737820800.0,
        "1737820800000",
        "2025-01-25T16:00:00Z",
        "2025-01-25T16:00:00",
        "2025-01-25T17:00:00+01:00",
    ],
)
def test_a_date_is_understood_however_it_is_written(date: object) -> None:
    (message,) = replied({"payload": [{"date": date}]}).messages

    assert message.at == datetime(2025, 1, 25, 16, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    "date", [None, True, "", "yesterday", 1e300, -1e300, [], {}, "0001-01-01T00:00+14:00"]
)
def test_a_date_that_is_none_is_missing_and_the_message_is_not(date: object) -> None:
    (message,) = replied({"payload": [{"_id": "m", "date": date}]}).messages

    assert (message.id, message.at) == ("m", None)


def test_what_was_said_does_not_show_in_a_repr() -> None:
    shown = repr(replied(DOCUMENTED))

    assert not any(word in shown for word in ("Hello", "great", "example.com"))


@pytest.mark.parametrize(
    ("status", "body", "error"),
    [
        (403, b'{"status": 403}', AuthError),
        (503, b"", BusyError),
        (200, b"[]", PeerError),
        (200, b"<html>", PeerError),
    ],
)
def test_what_is_no_page_is_told(status: int, body: bytes, error: type[Exception]) -> None:
    with pytest.raises(error):
        history_reply(status, body)


# ---------------------------------------------------------------- page after page


def test_pages_are_read_until_the_service_has_no_more() -> None:
    reading = HistoryReader()

    first, over, next_page = read(reading, page(3, 4)), reading.over, reading.page
    last = read(reading, page(1, 2, more=False))

    assert (first, over, next_page) == (["m4", "m3"], False, 2)
    assert (last, reading.over) == (["m2", "m1"], True)


def test_the_same_page_twice_is_the_end_whatever_the_service_says() -> None:
    reading = HistoryReader()

    read(reading, page(1, 2))
    again = read(reading, page(1, 2))

    assert (again, reading.over) == ([], True)


def test_an_empty_page_is_the_end_whatever_the_service_says() -> None:
    reading = HistoryReader()

    assert (read(reading, page()), reading.over) == ([], True)


def test_a_message_that_was_pushed_to_the_next_page_is_told_once() -> None:
    reading = HistoryReader()

    first = read(reading, page(3, 4))
    # Another one came in between.
    second = read(reading, page(2, 3))

    assert (first, second, reading.over) == (["m4", "m3"], ["m2"], False)


def test_a_question_and_its_answer_with_one_id_are_two_messages() -> None:
    both = HistoryPage((said(1), said(1, direction="incoming")), more=False)

    told = [message.direction for message in HistoryReader().read(both)]

    assert told == ["incoming", "outgoing"]


def test_messages_without_an_id_are_told_apart_by_what_they_say() -> None:
    nameless = HistoryPage((said(1, _id=""), said(2, _id="")), more=True)
    reading = HistoryReader()

    assert len(list(reading.read(nameless))) == 2
    assert list(reading.read(nameless)) == []


def test_a_service_that_never_ends_is_left_at_last() -> None:
    reading = HistoryReader()
    pages = 0

    while not reading.over:
        pages += 1
        read(reading, page(pages))

    assert pages == MOST_PAGES


def test_since_leaves_out_what_is_older_and_asks_no_further() -> None:
    reading = HistoryReader(since=NOON + timedelta(minutes=3))

    first = read(reading, page(5, 6))
    second, over = read(reading, page(2, 3)), reading.over
    third = read(reading, page(0, 1))

    assert (first, second, over) == (["m6", "m5"], ["m3"], False)
    assert (third, reading.over) == ([], True)


def test_a_message_without_a_time_is_told_after_those_of_its_page_that_have_one() -> None:
    mixed = HistoryPage((said(7, date=None), said(1), said(2)), more=False)

    assert read(HistoryReader(since=NOON), mixed) == ["m2", "m1", "m7"]


# ---------------------------------------------------------------- whatever comes

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)
NAMES = ("_id", "direction", "request", "answer", "avatar_id", "avatar_name", "date", "chat_type", "fileUrl")
MESSAGES = st.lists(st.dictionaries(st.sampled_from(NAMES), JSON) | JSON)


@settings(deadline=None)
@given(st.integers(100, 599), st.binary() | JSON.map(lambda value: json.dumps(value).encode()))
def test_any_reply_is_a_page_or_an_error_of_ours(status: int, body: bytes) -> None:
    try:
        page = history_reply(status, body)
    except RavatardError:
        return

    assert 200 <= status < 300
    assert isinstance(page.more, bool)


@pytest.mark.slow
@settings(deadline=None)
@given(st.lists(MESSAGES, max_size=4), st.none() | st.datetimes(timezones=st.just(UTC)))
def test_any_messages_are_read_once_and_in_order(pages: list[list[object]], since: datetime | None) -> None:
    reading = HistoryReader(since)

    for payload in pages:
        body = json.dumps({"payload": payload, "has_more_messages": True}).encode()
        times = [message.at for message in reading.read(history_reply(200, body)) if message.at]

        assert times == sorted(times, reverse=True)
        assert since is None or all(at >= since for at in times)


@settings(deadline=None)
@given(st.none() | st.floats(allow_nan=False, allow_infinity=False), st.text())
def test_any_time_is_a_time_in_utc_or_none(number: float | None, text: str) -> None:
    at = moment(number, text)

    assert at is None or at.tzinfo is UTC

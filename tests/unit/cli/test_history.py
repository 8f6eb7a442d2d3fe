"""The history as people and programs see it."""

from __future__ import annotations

import argparse
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ravatard.cli.history import as_plain, moment_of, newest, spoken_words, table
from ravatard.ports.cloud import HistoryMessage

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


def message(number: int = 1, *, at: datetime | None = NOW, **changes: str) -> HistoryMessage:
    fields = {
        "direction": "incoming",
        "request": "hi",
        "answer": "hello",
        "avatar": "Ada",
        "chat_type": "text",
        "language": "en",
        "file_url": "",
    } | changes
    return HistoryMessage(id=str(number), at=at, **fields)


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("90m", NOW - timedelta(minutes=90)),
        ("30s", NOW - timedelta(seconds=30)),
        ("12h", NOW - timedelta(hours=12)),
        (" 2D ", NOW - timedelta(days=2)),
        ("3 w", NOW - timedelta(weeks=3)),
        ("2026-11-01T18:30+02:00", datetime(2026, 11, 1, 16, 30, tzinfo=UTC)),
        ("2026-11-01T18:30Z", datetime(2026, 11, 1, 18, 30, tzinfo=UTC)),
    ],
)
def test_a_moment_may_be_an_age_or_a_date(text: str, moment: datetime) -> None:
    assert moment_of(text, NOW) == moment


def test_a_date_without_a_zone_is_one_of_this_machine() -> None:
    assert moment_of("2026-11-01") == datetime.fromisoformat("2026-11-01").astimezone()


@pytest.mark.parametrize("text", ["", "2", "2y", "-2d", "yesterday", "2026-13-01", "99999d"])
def test_anything_else_is_refused_with_examples(text: str) -> None:
    with pytest.raises(argparse.ArgumentTypeError, match="such as 90m, 12h, 2d or 3w"):
        moment_of(text, NOW)


@given(st.text())
def test_whatever_is_written_is_a_moment_or_refused(text: str) -> None:
    try:
        moment = moment_of(text)
    except argparse.ArgumentTypeError:
        return
    assert moment.tzinfo is not None


def test_each_day_has_a_heading_and_each_message_a_line() -> None:
    zone = timezone(timedelta(hours=2))
    messages = [
        message(1, direction="outgoing", request="good evening"),
        message(2, answer="good evening\nto \x1b[2Jyou"),
        message(3, at=NOW + timedelta(hours=11), direction="outgoing", request="", chat_type="voice"),
        message(4, at=None, answer="", avatar=""),
    ]

    assert list(table(messages, zone)) == [
        "Friday, 2026-11-20",
        "  14:00  you: good evening",
        "  14:00  Ada: good evening to [2Jyou",
        "Saturday, 2026-11-21",
        "  01:00  you: (voice without words)",
        "         avatar: (sound without words)",
    ]


def test_a_program_gets_everything_in_plain_characters() -> None:
    plain = json.dumps(as_plain(message(answer="\x9b2J ü")))

    assert plain.isascii()
    assert json.loads(plain)["answer"] == "\x9b2J ü"
    assert json.loads(plain)["at"] == "2026-11-20T12:00:00+00:00"
    assert as_plain(message(at=None))["at"] is None


@given(
    st.builds(message, at=st.none() | st.just(NOW), answer=st.text(), avatar=st.text(), direction=st.text())
)
def test_whatever_a_message_holds_it_is_one_line_a_terminal_obeys_nothing_of(one: HistoryMessage) -> None:
    who, said = spoken_words(one)

    assert who
    assert said
    assert not any(ord(character) < 0x20 or 0x7F <= ord(character) < 0xA0 for character in who + said)


class Telling:
    """A service with a hundred messages, which counts how many were asked for."""

    def __init__(self) -> None:
        self.told = 0
        self.asked: list[tuple[datetime | None, int]] = []

    async def history(
        self, since: datetime | None = None, per_page: int = 100
    ) -> AsyncIterator[HistoryMessage]:
        self.asked.append((since, per_page))
        for number in range(100, 0, -1):
            self.told += 1
            yield message(number)


@pytest.mark.parametrize(("limit", "read"), [(3, 3), (100, 100), (1_000, 100)])
async def test_only_what_is_wanted_is_read_and_the_oldest_comes_first(limit: int, read: int) -> None:
    service = Telling()

    found = await newest(service, limit, NOW)

    assert [one.id for one in found] == [str(number) for number in range(101 - read, 101)]
    assert service.told == read
    assert service.asked == [(NOW, min(limit, 100))]

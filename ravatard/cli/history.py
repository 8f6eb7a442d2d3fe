"""``ravatard history``: the conversations so far, as the service keeps them."""

from __future__ import annotations

import argparse
import os
import re
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any

from ravatard.assembly.client import asked, loaded_quietly
from ravatard.cli.json_output import json_line
from ravatard.cli.options import add_config, add_json
from ravatard.cli.terminal import visible
from ravatard.ports.cloud import History, HistoryMessage, ServiceCloud

_DEFAULT_LIMIT = 100
#: Messages asked for at a time.
_PER_PAGE = 100
_HIGHEST_LIMIT = 100_000
_AGO = re.compile(r"([0-9]{1,4})\s*([smhdw])")
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
_INCOMING = "incoming"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of ``history``."""
    add_json(parser, "print one JSON object per line, oldest first")
    parser.add_argument(
        "--since",
        type=moment_of,
        metavar="WHEN",
        help="print nothing older than this: 90m, 12h, 2d or 3w ago, or a date such as 2026-11-01 or "
        "2026-11-01T18:30",
    )
    parser.add_argument(
        "--limit",
        type=_limit,
        default=_DEFAULT_LIMIT,
        metavar="N",
        help="print at most N messages, the newest ones (default: %(default)s)",
    )
    add_config(parser)


def moment_of(text: str, now: datetime | None = None) -> datetime:
    """Return the point in time that ``text`` means; a date without a zone is in this machine's zone.

    Raises:
        argparse.ArgumentTypeError: it is neither an age nor a date.
    """
    try:
        if found := _AGO.fullmatch(text.strip().lower()):
            ago = timedelta(**{_UNITS[found[2]]: int(found[1])})
            return (now or datetime.now(UTC)) - ago
        return datetime.fromisoformat(text.strip()).astimezone(UTC)
    except (ValueError, OverflowError):
        raise argparse.ArgumentTypeError(
            f"{text!r} is neither an age such as 90m, 12h, 2d or 3w, nor a date such as 2026-11-01"
        ) from None


def _limit(text: str) -> int:
    if text.isascii() and text.isdecimal() and 1 <= int(text[:9]) <= _HIGHEST_LIMIT:
        return int(text)
    raise argparse.ArgumentTypeError(f"{text!r} is not a number from 1 to {_HIGHEST_LIMIT}")


def run(arguments: argparse.Namespace) -> int:
    """Show the history; exit status 0, also when it is empty.

    Raises:
        RavatardError: the service did not answer, or keeps no history.
    """
    options = loaded_quietly(arguments.config, dict(os.environ)).options

    async def read(cloud: ServiceCloud) -> list[HistoryMessage]:
        return await newest(cloud, arguments.limit, arguments.since)

    messages = asked(options, read)
    if arguments.json:
        for message in messages:
            print(json_line(as_plain(message)))
    elif messages:
        print("\n".join(table(messages)))
    else:
        print("nothing was said yet" if arguments.since is None else "nothing was said since then")
    return 0


async def newest(cloud: History, limit: int, since: datetime | None = None) -> list[HistoryMessage]:
    """Return the last ``limit`` messages, the oldest of them first.

    Raises:
        RavatardError: the service did not answer, or keeps no history.
    """
    found: list[HistoryMessage] = []
    # Closed when the limit is reached in the middle of a page.
    messages = cloud.history(since, min(limit, _PER_PAGE))
    async for message in messages:
        found.append(message)
        if len(found) == limit:
            break
    return found[::-1]


def table(messages: Iterable[HistoryMessage], zone: tzinfo | None = None) -> Iterator[str]:
    """Yield lines for people: each day, and below it time, speaker and words; in ``zone``, else our own."""
    day = ""
    for message in messages:
        at = message.at.astimezone(zone) if message.at is not None else None
        if at is not None and at.strftime("%A, %Y-%m-%d") != day:
            day = at.strftime("%A, %Y-%m-%d")
            yield day
        speaker, words = spoken_words(message)
        yield f"  {at.strftime('%H:%M') if at is not None else '     '}  {speaker}: {words}"


def spoken_words(message: HistoryMessage) -> tuple[str, str]:
    """Return the speaker and the words, fit for a terminal."""
    if message.direction == _INCOMING:
        return visible(message.avatar) or "avatar", visible(message.answer) or "(sound without words)"
    return "you", visible(message.request) or f"({visible(message.chat_type) or 'something'} without words)"


def as_plain(message: HistoryMessage) -> dict[str, Any]:
    """Return one message for a program; the time is ISO 8601 in UTC."""
    return {
        "id": message.id,
        "at": message.at.isoformat() if message.at is not None else None,
        "direction": message.direction,
        "request": message.request,
        "answer": message.answer,
        "avatar": message.avatar,
        "chat_type": message.chat_type,
        "language": message.language,
        "file_url": message.file_url,
    }

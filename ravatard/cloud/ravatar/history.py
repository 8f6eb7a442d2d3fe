"""History: the replies to ``GET /chat``, and the end of the pages. Pure.

Source: the Authentication document, "Get Chat History". A message may lack any of its fields.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import urlencode

from ravatard.cloud.fields import Fields, fields_of
from ravatard.cloud.ravatar.refusals import raise_for_status, unreadable
from ravatard.errors import PeerError
from ravatard.ports.cloud import HistoryMessage

#: A service with new messages on each of this many pages is not sending a conversation.
MOST_PAGES = 1_000
#: As seconds it lies beyond the year 5000, as milliseconds in 1973: the document says milliseconds, messages
#: on the socket carry seconds (PROTOCOL.md, "History").
_LEAST_MS = 1e11


@dataclass(frozen=True, slots=True)
class HistoryPage:
    """One page; ``more`` is True if the service says that there are more."""

    messages: tuple[HistoryMessage, ...]
    more: bool


def history_path(user_id: str, per_page: int, page: int) -> str:
    """Return the path of one page; the first is page 1."""
    return f"/chat?{urlencode({'user_id': user_id, 'per_page': per_page, 'page': page})}"


def history_reply(
    status: int, body: bytes, retry_after_s: float | None = None, origin: str = ""
) -> HistoryPage:
    """Return the page in a reply to ``GET /chat``.

    Raises:
        RavatardError: see :func:`ravatard.cloud.ravatar.refusals.raise_for_status`.
    """
    raise_for_status("/chat", status, retry_after_s, body, origin)
    reply = fields_of(body)
    if reply is None:
        raise PeerError(unreadable("/chat", status, body, origin))
    messages = tuple(_message(message) for message in reply.objects("payload"))
    return HistoryPage(messages, reply.truth("has_more_messages") is True)


def _message(message: Fields) -> HistoryMessage:
    return HistoryMessage(
        id=message.identifier("_id", "id"),
        direction=message.text("direction").casefold(),
        request=message.text("request"),
        answer=message.text("answer"),
        avatar=message.text("avatar_name") or message.identifier("avatar_id"),
        at=moment(message.number("date"), message.text("date", "timestamp")),
        chat_type=message.text("chat_type"),
        language=message.text("language_code", "language"),
        file_url=message.text("fileUrl"),
    )


def moment(number: float | None, text: str) -> datetime | None:
    """Return a time given as a number of milliseconds or seconds since 1970, else as ISO 8601 text."""
    try:
        if number is not None:
            seconds = number / 1000 if abs(number) >= _LEAST_MS else number
            return datetime.fromtimestamp(seconds, UTC)
        at = datetime.fromisoformat(text)
        # A time without a zone counts as UTC, as the service's other times are.
        return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
    except (ValueError, OverflowError, OSError):
        return None


class HistoryReader:
    """Reader of page after page, the newest message first.

    Page 1 holds the newest messages (the vendor's client shows it as "last 50 messages"); the order inside a
    page is not documented, so each is sorted here. Feed :meth:`read` one page after the other, from page 1,
    until :attr:`over`.

    Attributes:
        page: the page to ask for.
        over: True when no further page is needed.
    """

    def __init__(self, since: datetime | None = None) -> None:
        """Begin at page 1; messages older than ``since`` are left out, those without a time stay in."""
        self.page = 1
        self.over = False
        self._since = since
        self._seen: set[object] = set()

    def read(self, page: HistoryPage) -> Iterator[HistoryMessage]:
        """Return the new messages of the next page, the newest first.

        A message that arrives meanwhile pushes others to a page where they are seen again; a service that
        says "more" for ever, or does not know pages, sends the same one twice.
        """
        new = [message for message in page.messages if _key(message) not in self._seen]
        self._seen.update(_key(message) for message in new)
        wanted = [message for message in new if not self._too_old(message)]
        self.page += 1
        self.over = not (page.more and wanted) or self.page > MOST_PAGES
        # Messages without a time keep their place behind the others. In the document's order, which is the
        # order of time, a question comes before its answer also when both have the same time.
        backwards = reversed(wanted)
        return iter(sorted(backwards, key=lambda one: one.at.timestamp() if one.at else 0.0, reverse=True))

    def _too_old(self, message: HistoryMessage) -> bool:
        return self._since is not None and message.at is not None and message.at < self._since


def _key(message: HistoryMessage) -> object:
    return (message.id, message.direction) if message.id else message

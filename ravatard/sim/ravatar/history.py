"""Chat history for ``GET /chat``: kept per user, paged."""

from __future__ import annotations

from collections import defaultdict, deque

_KEPT_PER_USER = 1_000


class ChatHistory:
    """Messages of users and avatars, shaped as the Authentication document's "Message Object"."""

    def __init__(self) -> None:
        self._messages: defaultdict[str, deque[dict[str, object]]] = defaultdict(
            lambda: deque(maxlen=_KEPT_PER_USER)
        )

    def add(self, user_id: str, message: dict[str, object]) -> None:
        """Keep ``message``, in the form in which it is returned."""
        self._messages[user_id].append(message)

    def page(self, user_id: str, per_page: int, page: int) -> tuple[list[dict[str, object]], bool]:
        """Return one page, and True if older messages exist.

        Page 1 holds the newest messages; inside a page the oldest comes first. (The document shows the
        order inside a page, but not that of the pages.)
        """
        messages = list(self._messages.get(user_id, ()))
        end = len(messages) - (page - 1) * per_page
        start = end - per_page
        return messages[max(0, start) : max(0, end)], start > 0

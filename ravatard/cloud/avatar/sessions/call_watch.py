"""Eye on a call whose answers may name what is paid for. Pure."""

from __future__ import annotations

from typing import Protocol

from ravatard.cloud.reply_stream import ReplyWatch


class CallWatch(ReplyWatch, Protocol):
    """Sees each request of a call, and each answer, whatever its status is."""

    def before(self) -> None:
        """Note that a request is made now."""
        ...

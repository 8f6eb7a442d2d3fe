"""Refusal of one request of the page: its status, and the body that says why."""

from __future__ import annotations

from collections.abc import Sequence

from ravatard.errors import RavatardError
from ravatard.web.page.api.types import ApiError, FaultySetting


class RequestRefused(RavatardError):
    """A request is answered by an error.

    Attributes:
        status: HTTP status.
        code: stable name for programs.
        retry_after_s: seconds after which it may be tried again; None: as it likes.
        problems: of changed settings; None for other requests.
    """

    def __init__(
        self,
        status: int,
        code: str,
        error: str,
        *,
        retry_after_s: int | None = None,
        problems: Sequence[FaultySetting] | None = None,
    ) -> None:
        super().__init__(error)
        self.status = status
        self.code = code
        self.retry_after_s = retry_after_s
        self.problems = None if problems is None else list(problems)

    @property
    def body(self) -> ApiError:
        """The reply."""
        return ApiError(self.code, str(self), self.retry_after_s, self.problems)

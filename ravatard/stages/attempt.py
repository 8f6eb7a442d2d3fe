"""One attempt at a connection, from opening to its end; the uplink and ``ravatard chat`` repeat it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import TypeVar

from ravatard.cancellation import pass_on_cancellation
from ravatard.core.backoff import Backoff
from ravatard.errors import DeniedError, InternalError, LinkError, PeerError, RavatardError
from ravatard.ports.cloud import Cloud

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Attempt:
    """How an attempt ended.

    Attributes:
        trouble: the error that ended it; None: it was given up in good order.
        up_s: how long the connection was open; None: it was never open.
    """

    trouble: RavatardError | None
    up_s: float | None

    @property
    def retry_after_s(self) -> float | None:
        """The pause that the service asked for, if it did."""
        return self.trouble.retry_after_s if isinstance(self.trouble, LinkError) else None

    def pause_s(self, backoff: Backoff) -> float:
        """Return how long to wait before the next attempt. Counts as a failure, so ask once an attempt."""
        return backoff.failed(up_s=self.up_s, retry_after_s=self.retry_after_s)


async def attempt(
    cloud: Cloud,
    opened: AbstractAsyncContextManager[T],
    use: Callable[[T, asyncio.TaskGroup], Awaitable[None]],
) -> Attempt:
    """Open a connection, use it until it ends or ``use`` returns, and close it.

    Cancelled anywhere, it leaves the connection closed.

    Args:
        cloud: maintained while the connection is open.
        opened: opens the connection; leaving it closes the connection.
        use: gets the connection and the task group that ends with it. Its own tasks must be over when it
            returns.
    """
    loop = asyncio.get_running_loop()
    up_at: float | None = None
    trouble: RavatardError | None = None
    try:
        async with opened as connection:
            up_at = loop.time()
            async with asyncio.TaskGroup() as group:
                maintaining = group.create_task(cloud.maintain(), name="maintain")
                await use(connection, group)
                maintaining.cancel()
    except* (LinkError, DeniedError, PeerError) as errors:
        trouble = first_error(errors)
    pass_on_cancellation()
    return Attempt(trouble, None if up_at is None else loop.time() - up_at)


def first_error(errors: BaseExceptionGroup[BaseException]) -> RavatardError:
    """Return the first error of a group, however deep; one broken link usually fails several tasks.

    An error that a person must mend outranks those that the broken link caused elsewhere.
    """
    found: BaseException = errors
    while isinstance(found, BaseExceptionGroup):
        leaves = found.exceptions
        found = next((one for one in leaves if isinstance(one, DeniedError)), leaves[0])
    if not isinstance(found, RavatardError):
        raise InternalError(f"an unexpected {type(found).__name__}") from found
    return found

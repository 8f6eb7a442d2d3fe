"""Proxy on the way of a request whose caller's deadline has passed: the fault may be the proxy's alone.

The deadline is the caller's, and ends the request by cancelling it; the choice of a proxy is the network's.
So the network leaves a note on the cancellation, and the caller's message repeats it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from ravatard.cloud.proxy import named


@contextmanager
def noting_proxy(proxy: str, connected: Callable[[], bool]) -> Iterator[None]:
    """Leave a note on the proxy when what is done inside is cancelled. The cancellation goes on.

    Args:
        proxy: the proxy for people; "" without one.
        connected: returns True once there is a connection for the request.
    """
    try:
        yield
    except asyncio.CancelledError as cancelled:
        if proxy:
            by = by_way_of(proxy)
            cancelled.add_note(by if connected() else f": no connection came about{by}")
        raise


def by_way_of(proxy: str) -> str:
    """Return the rest of a sentence about a request: the proxy on its way; "" without one."""
    return f" by way of {named(proxy)}" if proxy else ""


def way_of(late: TimeoutError) -> str:
    """Return the rest of a sentence about a deadline that has passed: the proxy on the way; "" without one.

    Args:
        late: as ``asyncio.timeout`` raised it.
    """
    # Python 3.11.2, which is Debian 12's, names no cause.
    cancelled = late.__cause__ or late.__context__
    return "".join(getattr(cancelled, "__notes__", ())[:1])


def missed(failure: str, limit_s: float, late: TimeoutError) -> str:
    """Return the sentence about a deadline that has passed.

    Args:
        failure: subject and verb, such as "chat.example did not answer /jwt".
        limit_s: the deadline.
        late: see :func:`way_of`.
    """
    return f"{failure} within {limit_s:g} s{way_of(late)}"

"""Cancellation on Python 3.11 and 3.12, where a failing task group may swallow it."""

from __future__ import annotations

import asyncio


def pass_on_cancellation() -> None:
    """Raise CancelledError if the current task is being cancelled.

    Call this right behind an ``except*`` that handles the errors of a task group: on Python 3.11 and 3.12 a
    group that is failing may swallow the cancellation that came from outside meanwhile.
    """
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        raise asyncio.CancelledError

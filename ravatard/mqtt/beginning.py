"""Begin work in a task group that may be failing already."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine


def begin(group: asyncio.TaskGroup, work: Coroutine[None, None, None], name: str) -> None:
    """Start ``work`` as a task of ``group``; one that is failing takes no more tasks, and it is dropped."""
    try:
        group.create_task(work, name=name)
    except RuntimeError:
        work.close()

"""An event loop whose clock jumps: an hour of talk takes seconds, and waiting for nothing is an error."""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Callable, Coroutine
from concurrent.futures import Executor
from typing import Any, TypeVar, TypeVarTuple, Unpack

T = TypeVar("T")
Ts = TypeVarTuple("Ts")


class Deadlock(AssertionError):
    """Every task waits, and nothing is on its way that could wake one of them."""


class LeftBehind(AssertionError):
    """The coroutine is over, but something it started is not, or failed with nobody looking."""


class VirtualTimeLoop(asyncio.SelectorEventLoop):
    """Runs what is ready; when nothing is, puts its clock forward to the next timer instead of sleeping.

    The clock starts at 0 and is kept to whole nanoseconds, so that a test may compare times with ``==``.
    Real file descriptors work, and are waited for in real time when no timer is set.
    """

    def __init__(self) -> None:
        self._now_s = 0.0
        super().__init__(_JumpingSelector(self))

    def time(self) -> float:
        return self._now_s

    def jump(self, seconds: float) -> None:
        """Put the clock forward, by a nanosecond at least: a timer that is due in less must not stop time."""
        self._now_s = max(round(self._now_s + seconds, 9), round(self._now_s + 1e-9, 9))

    def run_in_executor(
        self, executor: Executor | None, func: Callable[[Unpack[Ts]], T], *args: *Ts
    ) -> asyncio.Future[T]:
        """Do the work here and now: a thread would run in real time, at another moment in every run."""
        future: asyncio.Future[T] = self.create_future()
        try:
            future.set_result(func(*args))
        except Exception as error:  # noqa: BLE001 - carried to whoever awaits it, as an executor does
            future.set_exception(error)
        return future


class _JumpingSelector(selectors.DefaultSelector):
    """A selector that never sleeps while a timer is set."""

    def __init__(self, loop: VirtualTimeLoop) -> None:
        super().__init__()
        self._loop = loop

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        ready = super().select(0)
        if ready or timeout == 0:
            return ready
        if timeout is not None:
            self._loop.jump(timeout)
            return ready
        if len(self.get_map()) > 1:  # more than the loop's own wake-up pipe
            return super().select(None)
        raise Deadlock(f"nothing is ready and no timer is set; waiting for ever: {_describe(self._loop)}")


def _describe(loop: asyncio.AbstractEventLoop) -> str:
    """The tasks that are not done, and the line each of them waits at."""
    lines = []
    for task in asyncio.all_tasks(loop):
        frames = task.get_stack(limit=1)
        where = f"{frames[0].f_code.co_filename}:{frames[0].f_lineno}" if frames else "not started"
        lines.append(f"{task.get_name()} ({where})")
    return ", ".join(sorted(lines)) or "no task at all"


def run(
    main: Coroutine[Any, Any, T],
    loop_factory: Callable[[], asyncio.AbstractEventLoop] = VirtualTimeLoop,
    *,
    debug: bool = True,
) -> T:
    """Run ``main`` to its end, in virtual time unless another loop is given.

    Raises:
        Deadlock: ``main`` waits for something that never comes.
        LeftBehind: tasks are still pending when ``main`` returns, or an exception reached only the loop.
    """
    with asyncio.Runner(debug=debug, loop_factory=loop_factory) as runner:
        loop = runner.get_loop()
        strays: list[str] = []
        loop.set_exception_handler(lambda _loop, context: strays.append(_stray(context)))
        try:
            result = runner.run(main)
        except Deadlock:
            raise
        except BaseException as error:
            if strays:
                error.add_note(f"The loop was also told of: {'; '.join(strays)}")
            raise
        # The loop closes async generators that were left early in tasks of its own; they are over at once.
        runner.run(asyncio.sleep(0))
        if asyncio.all_tasks(loop):
            raise LeftBehind(f"tasks are still pending: {_describe(loop)}")
    if strays:
        raise LeftBehind(f"the loop was told of: {'; '.join(strays)}")
    return result


def _stray(context: dict[str, Any]) -> str:
    return f"{context['message']} ({context.get('exception')!r})"

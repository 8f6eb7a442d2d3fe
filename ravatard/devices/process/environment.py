"""Seam between a supervisor and the machine it runs on; tests replace the machine here."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from ravatard.devices.process.call_mark import Call
from ravatard.devices.process.retry import RetryPolicy

R = TypeVar("R")
FirstT = TypeVar("FirstT")

#: Takes a record where the pipe is read and returns True; or returns False, and then a task gets the record.
Absorber = Callable[[R], bool]


class Process(Protocol):
    """A process that can be ended; :class:`ravatard.devices.process.child.PipedChild` is one."""

    def stderr_tail(self) -> str:
        """Return the last lines it printed, as one line."""
        ...

    def library_tail(self) -> str:
        """Return the last lines that the sound libraries printed in it, as one line."""
        ...

    def is_starved(self) -> bool:
        """Return True if the machine kept it from running since the last call."""
        ...

    def is_in_call(self) -> bool:
        """Return True if it runs, and is inside a call that it marked (``call_mark.CallMark``)."""
        ...

    def call(self) -> Call | None:
        """Return the marked call of a library that it is inside of, or was when it ended by itself."""
        ...

    def crash(self) -> str:
        """Return the name of the signal that ended it by itself, such as SIGSEGV; "" for any other end."""
        ...

    def kill(self) -> None:
        """End it."""
        ...

    async def reaped(self, limit_s: float) -> bool:
        """Wait until it is gone; return False if it is not after ``limit_s``."""
        ...


ChildT = TypeVar("ChildT", bound=Process)


class Child(Process, Protocol[R]):
    """A sound process that exchanges records of type ``R`` with the daemon."""

    @property
    def heard_at(self) -> float:
        """When it last sent anything, seconds on the event loop's clock."""
        ...

    def send(self, record: R) -> None:
        """Send it a command."""
        ...

    async def receive(self, limit_s: float | None, absorbs: Absorber[R] | None = None) -> list[R]:
        """Return its next records; [] once it has ended.

        Args:
            limit_s: limit for the next record; counts anew from each that is absorbed. None: no limit.
            absorbs: takes records that need no task, while this waits.

        Raises:
            TimeoutError: none came for ``limit_s``.
            DeviceError: they cannot be decoded.
        """
        ...


@dataclass(frozen=True, slots=True)
class ProcessEnvironment(Generic[FirstT, ChildT]):
    """Dependencies of a :class:`ravatard.devices.process.supervisor.Supervisor`.

    Attributes:
        policy: time limits and waits.
        spawn: starts a sound process with environment variables and its first record, or raises DeviceError.
        cards: state of the sound cards in the kernel; two equal states mean that nothing changed.
    """

    policy: RetryPolicy
    spawn: Callable[[Mapping[str, str], FirstT], ChildT]
    cards: Callable[[], Hashable]

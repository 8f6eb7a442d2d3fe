"""Seam between a supervisor and the machine it runs on; tests replace the machine here."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from ravatard.devices.process.retry import RetryPolicy

R = TypeVar("R")
FirstT = TypeVar("FirstT")


class Process(Protocol):
    """A process that can be ended; :class:`ravatard.devices.process.child.PipedChild` is one."""

    def stderr_tail(self) -> str:
        """Return the last lines its libraries printed, as one line."""
        ...

    def is_starved(self) -> bool:
        """Return True if the machine kept it from running since the last call."""
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

    def send(self, record: R) -> None:
        """Send it a command."""
        ...

    async def receive(self, limit_s: float | None) -> list[R]:
        """Return its next records; [] once it has ended.

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

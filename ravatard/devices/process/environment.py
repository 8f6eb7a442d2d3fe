"""What an ear or a speaker needs of the machine it runs on, so that a test can be the machine."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from ravatard.devices.process.retry import RetryPolicy

R = TypeVar("R")
FirstT = TypeVar("FirstT")


class Process(Protocol):
    """A process that can be ended, as :class:`ravatard.devices.process.child.PipedChild` is one."""

    def noise(self) -> str:
        """What its libraries printed."""
        ...

    def kill(self) -> None:
        """End it."""
        ...

    async def reaped(self, limit_s: float) -> bool:
        """Wait until it is gone; False when it is not after ``limit_s``."""
        ...


ChildT = TypeVar("ChildT", bound=Process)


class Child(Process, Protocol[R]):
    """A sound process that is told and tells records of type ``R``."""

    def tell(self, record: R) -> None:
        """Hand it a command."""
        ...

    async def receive(self, limit_s: float | None) -> list[R]:
        """What it has said; [] when it has ended; TimeoutError or DeviceError when there is trouble."""
        ...


@dataclass(frozen=True, slots=True)
class ProcessEnvironment(Generic[FirstT, ChildT]):
    """The outside of a :class:`ravatard.devices.process.supervisor.Supervisor`.

    Attributes:
        patience: how long to wait for what.
        spawn: starts a sound process with an environment and its first record, or raises DeviceError.
        cards: what the kernel shows of the sound cards.
    """

    patience: RetryPolicy
    spawn: Callable[[Mapping[str, str], FirstT], ChildT]
    cards: Callable[[], Hashable]

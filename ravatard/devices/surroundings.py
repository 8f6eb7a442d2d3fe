"""What an ear needs of the machine it runs on, so that a test can be the machine."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from ravatard.devices.cards import capture_state
from ravatard.devices.earwire import Record
from ravatard.devices.reopening import Patience
from ravatard.devices.soundchild import SoundChild


class Child(Protocol):
    """A sound process, as :class:`ravatard.devices.soundchild.SoundChild` is one."""

    def tell(self, record: Record) -> None:
        """Hand it a command."""
        ...

    async def receive(self, limit_s: float | None) -> list[Record]:
        """What it has said; [] when it has ended; TimeoutError or DeviceError when there is trouble."""
        ...

    def noise(self) -> str:
        """What its libraries printed."""
        ...

    def kill(self) -> None:
        """End it."""
        ...

    async def reaped(self, limit_s: float) -> bool:
        """Wait until it is gone."""
        ...


@dataclass(frozen=True, slots=True)
class Surroundings:
    """The outside of a :class:`ravatard.devices.sound.ChildEar`.

    Attributes:
        patience: how long to wait for what.
        spawn: starts a sound process with an environment and its first record.
        cards: what the kernel shows of the sound cards.
    """

    patience: Patience = field(default_factory=Patience)
    spawn: Callable[[Mapping[str, str], Record], Child] = SoundChild
    cards: Callable[[], Hashable] = capture_state

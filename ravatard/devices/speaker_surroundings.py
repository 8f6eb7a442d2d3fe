"""What a speaker needs of the machine it runs on, so that a test can be the machine."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from ravatard.devices.cards import playback_state
from ravatard.devices.playwire import Play, PlayRecord
from ravatard.devices.reopening import Patience
from ravatard.devices.speakerchild import SpeakerChild


class PlayingChild(Protocol):
    """A sound process, as :class:`ravatard.devices.speakerchild.SpeakerChild` is one."""

    def tell(self, record: PlayRecord) -> None:
        """Hand it a command."""
        ...

    def unsaid(self) -> int:
        """Take back sound that was not handed over; how many bytes."""
        ...

    async def receive(self, limit_s: float | None) -> list[PlayRecord]:
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
class SpeakerSurroundings:
    """The outside of a :class:`ravatard.devices.speaker.ChildSpeaker`.

    Attributes:
        patience: how long to wait for what.
        spawn: starts a sound process with an environment and its first record.
        cards: what the kernel shows of the sound cards.
    """

    patience: Patience = field(default_factory=Patience)
    spawn: Callable[[Mapping[str, str], Play], PlayingChild] = SpeakerChild
    cards: Callable[[], Hashable] = playback_state

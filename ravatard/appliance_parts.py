"""Parts of the appliance, and what they tell for the status."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

from ravatard.core.control.parts_report import PartsReport
from ravatard.ports.adapter import Adapter
from ravatard.ports.cloud import Cloud, TokenHolder
from ravatard.ports.display import Display
from ravatard.ports.group import Room
from ravatard.ports.host import NetworkChanges, Notifier, Observer
from ravatard.ports.media import Decoder, Fetch
from ravatard.ports.microphone import Microphone
from ravatard.ports.network import NamedHost
from ravatard.ports.page import OwnerPage
from ravatard.ports.panel import Button, Lamp
from ravatard.ports.speaker import Speaker
from ravatard.stages.control import started_by_hand
from ravatard.stages.mailbox import Inbox


def _noon() -> datetime:
    return datetime(2000, 1, 1, 12, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Parts:
    """Parts of the appliance: real devices and a real cloud, or a simulated world.

    ``without``: a sentence for each configured part that is missing; ``sound``: None without speaker;
    ``screen``: None without display; ``network_changes``: None where there is no network that could change;
    ``page``: None without the owner's page; ``local_time``: the time on this machine's clock;
    ``faults``: a sentence for each fault of the host that comes and goes; ``host_side_faults``: the same of
    those that do not touch the voice; ``machine``: fields of the status about program and board;
    ``named_hosts``: hosts that the service has named;
    ``adapters``: ways in and out for other programs; ``room``: None where no other appliance is;
    ``restart_refusal``: why nothing would start the daemon again when it ends;
    ``on_trial``: told when the microphone is closed for a trial, and when that is over;
    ``wakeword``: tries a model of the wake word again, without end; None where there is none to be tried.
    """

    microphone: Microphone
    cloud: Cloud
    lamp: Lamp
    notifier: Notifier
    chance: Callable[[], float]
    button: Button | None = None
    observers: Sequence[Observer] = ()
    without: tuple[str, ...] = ()
    sound: SoundOutput | None = None
    screen: Display | None = None
    network_changes: NetworkChanges | None = None
    page: OwnerPage | None = None
    local_time: Callable[[], datetime] = _noon
    faults: Callable[[], tuple[str, ...]] = tuple
    host_side_faults: Callable[[], tuple[str, ...]] = tuple
    machine: Callable[[], Mapping[str, Any]] = dict
    named_hosts: Callable[[], tuple[NamedHost, ...]] = tuple
    adapters: Sequence[Adapter] = ()
    room: Room | None = None
    restart_refusal: Callable[[], Awaitable[str]] = started_by_hand
    on_trial: Callable[[bool, bool], None] = lambda begins, by_user: None
    wakeword: Callable[[Inbox], Coroutine[None, None, None]] | None = None

    def report(self) -> PartsReport:
        """Return what the parts tell for the status."""
        return PartsReport(
            faults=self.all_faults,
            side_faults=self.side_faults,
            details=self.cloud.details,
            machine=self.fields,
            counts=self.counts,
            token_dies_at=self.token_dies_at,
        )

    def all_faults(self) -> tuple[str, ...]:
        """Return a sentence for each fault that no event tells and that touches the voice."""
        heard = self.screen.faults if self.screen is not None and self.screen.sound_in_browser else ()
        return (*self.without, *self.cloud.endings.faults, *self.faults(), *heard)

    def side_faults(self) -> tuple[str, ...]:
        """Return a sentence for each fault of the host, of a page or of a way for other programs."""
        seen = self.screen.faults if self.screen is not None and not self.screen.sound_in_browser else ()
        page = self.page.faults if self.page is not None else ()
        others = (fault for adapter in self.adapters for fault in adapter.faults)
        return (*self.host_side_faults(), *page, *seen, *others)

    def counts(self) -> Mapping[str, int]:
        """Return the counters of the ways for other programs, by name."""
        return {name: count for adapter in self.adapters for name, count in adapter.counts.items()}

    def token_dies_at(self) -> float | None:
        """Return the loop time at which the cloud's token ends; None without one."""
        return self.cloud.token_dies_at() if isinstance(self.cloud, TokenHolder) else None

    def fields(self) -> Mapping[str, Any]:
        """Return the fields of the status about program, board, owner's page and hosts; a page may be off."""
        page = None if self.page is None else asdict(self.page.place())
        return {**self.machine(), "page": page, "named_hosts": [asdict(one) for one in self.named_hosts()]}


@dataclass(frozen=True, slots=True)
class SoundOutput:
    """Parts that play the avatar's answers.

    Attributes:
        speaker: the loudspeaker.
        fetch: downloads answers that are files.
        decoder: decodes them.
    """

    speaker: Speaker
    fetch: Fetch
    decoder: Decoder

"""Report of the parts: what only they can tell for the status."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any


def _never() -> None:
    """Return that there is no such time."""


@dataclass(frozen=True, slots=True)
class PartsReport:
    """Functions that are called for each snapshot of the status.

    Attributes:
        faults: gives a sentence for each fault that no event tells: a part that was configured and is
            missing, a session that cannot be ended.
        side_faults: gives a sentence for each fault that does not touch the voice: an appliance with a
            broker that is away works all the same.
        details: gives (label, value) lines about the service, see :class:`ravatard.ports.cloud.Cloud`.
        machine: gives fields about program and board.
        counts: gives counters that no event tells, by name.
        token_dies_at: gives the loop time at which the service's token ends; None without one.
    """

    faults: Callable[[], tuple[str, ...]] = tuple
    side_faults: Callable[[], tuple[str, ...]] = tuple
    details: Callable[[], tuple[tuple[str, str], ...]] = tuple
    machine: Callable[[], Mapping[str, Any]] = dict
    counts: Callable[[], Mapping[str, int]] = dict
    token_dies_at: Callable[[], float | None] = _never

"""Option groups that a cloud is opened with: those of every kind, and those of one kind alone.

Imported to read a configuration, so it imports nothing but option groups. A new kind adds its groups here.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from ravatard.cloud.options import DeadlineOptions, ServiceOptions
from ravatard.cloud.ravatar.options import RavatarOptions, StreamOptions


@dataclass(frozen=True, slots=True)
class CloudOptions:
    """Sections of the configuration that concern the cloud, one field each."""

    service: ServiceOptions = field(default_factory=ServiceOptions)
    deadlines: DeadlineOptions = field(default_factory=DeadlineOptions)
    ravatar: RavatarOptions = field(default_factory=RavatarOptions)
    stream: StreamOptions = field(default_factory=StreamOptions)

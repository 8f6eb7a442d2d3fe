"""Equipment the conversation can rely on, fixed at start-up."""

from __future__ import annotations

from dataclasses import dataclass, field

from ravatard.core.options.audio import AudioOptions
from ravatard.core.options.quiet import QuietOptions


@dataclass(frozen=True, slots=True)
class Equipment:
    """Equipment of the appliance and its service, as far as known before the service was reached.

    Attributes:
        speaks: there is a speaker.
        earcons: section ``earcons`` wants them.
        volume: percent of full to start with.
        audio: section ``audio``.
        streams: the service takes sound while the user speaks, in a live session.
        other_mode: a service that has no free session is reached in a mode without one.
        quiet: section ``quiet``: hours in which lights and speaker are held back.
    """

    speaks: bool = False
    earcons: bool = True
    volume: int = 100
    audio: AudioOptions = field(default_factory=AudioOptions)
    streams: bool = True
    other_mode: bool = False
    quiet: QuietOptions = field(default_factory=QuietOptions)

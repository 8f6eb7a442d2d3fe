"""Equipment the conversation can rely on, fixed at start-up but for the wake word's model."""

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
        wakeword_model: number of the wake word's model in use; one of another number has to be loaded.
        wakeword_kept: why that is the one that ran before, and not the configured one; "" if it is that.
    """

    speaks: bool = False
    earcons: bool = True
    volume: int = 100
    audio: AudioOptions = field(default_factory=AudioOptions)
    streams: bool = True
    other_mode: bool = False
    quiet: QuietOptions = field(default_factory=QuietOptions)
    wakeword_model: int = 0
    wakeword_kept: str = ""

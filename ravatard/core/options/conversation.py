"""Options of turns and sessions."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from ravatard.core.options.equipment import Equipment
from ravatard.core.options.gate import GateOptions
from ravatard.core.spend_limit import SpendOptions
from ravatard.core.wakeword.options import WakeWordOptions
from ravatard.setting import setting


@dataclass(frozen=True, slots=True)
class SessionOptions:
    """Section ``session``: the paid live session."""

    keep: Literal["on-need", "always"] = setting(
        "on-need",
        "on-need: started when the user speaks; always: held as long as the appliance is online.",
        restart=False,
    )
    idle_s: float = setting(
        120.0,
        "With on-need: end the session when nothing was said or answered for this long.",
        unit="s",
        low=5,
        high=3_600,
        restart=False,
    )


@dataclass(frozen=True, slots=True)
class TurnOptions:
    """Section ``turn``: one exchange."""

    answer_s: float | None = setting(
        None,
        "Wait this long for an answer; unset: as the service's messageTimeoutSeconds says.",
        unit="s",
        low=1,
        high=300,
        restart=False,
    )
    closing_silence_s: float = setting(
        5.0,
        "Silence sent after an utterance, at real-time pace, until the service answers.",
        unit="s",
        low=0,
        high=60,
        restart=False,
    )
    busy_shown_s: float = setting(
        10.0,
        "How long the lights show that the service is busy.",
        unit="s",
        low=1,
        high=600,
        restart=False,
    )


@dataclass(frozen=True, slots=True)
class ConversationOptions:
    """Options of the conversation, gathered from the sections that concern it.

    Attributes:
        session: section ``session``.
        turn: section ``turn``.
        gate: section ``gate``.
        has_button: a button is configured and works.
        long_press_mutes: ``button.long_press`` is "mute".
        spend: section ``spend``.
        muted: start with the microphone closed.
        equipment: speaker, volume, audio, and what is known of the service.
        wakeword: section ``wakeword``.
        wakeword_trouble: why its word cannot be recognised, as one sentence; "" when it can.
    """

    session: SessionOptions
    turn: TurnOptions
    gate: GateOptions
    has_button: bool
    long_press_mutes: bool = True
    spend: SpendOptions = field(default_factory=SpendOptions)
    muted: bool = False
    equipment: Equipment = field(default_factory=Equipment)
    wakeword: WakeWordOptions = field(default_factory=WakeWordOptions)
    wakeword_trouble: str = ""

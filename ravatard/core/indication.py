"""Indication for lights and status, decided from the states by one list in order of precedence."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, unique

from ravatard.core.states import AttentionState, LinkState, MicrophoneStatus, Refusal, TalkState


@unique
class Look(Enum):
    """One thing the appliance can show. The order here is the order of precedence, first wins."""

    OFF = "off"
    FAULT = "fault"
    NO_MONEY = "no-money"
    MUTED = "muted"
    NO_MICROPHONE = "no-microphone"
    OFFLINE = "offline"
    CONNECTING = "connecting"
    SERVICE_DEAF = "service-deaf"
    BUSY = "busy"
    LISTENING = "listening"
    THINKING = "thinking"
    SPEAKING = "speaking"
    WAITING = "waiting"
    READY = "ready"
    STARTING = "starting"


@dataclass(frozen=True, slots=True)
class Light:
    """Pattern of a look.

    Attributes:
        colour: red, green, blue, each 0 to 1.
        on_s: seconds lit in one period.
        off_s: seconds dark in one period; 0 with no fades means steadily lit.
        fade_s: seconds of fading in, and again of fading out; 0 switches hard.
        plain_on_s: ``on_s`` for a light that can only be on or off, where it differs; None for the same.
        plain_off_s: the same for ``off_s``.
    """

    colour: tuple[float, float, float]
    on_s: float = 0.0
    off_s: float = 0.0
    fade_s: float = 0.0
    plain_on_s: float | None = None
    plain_off_s: float | None = None


#: #1ba74b, an open microphone: the colour of the service's own web client.
GREEN = (0x1B / 255, 0xA7 / 255, 0x4B / 255)
RED = (1.0, 0.0, 0.0)
ORANGE = (1.0, 0.4, 0.0)
BLUE = (0.0, 0.25, 1.0)
VIOLET = (0.5, 0.0, 1.0)
DIM = (0.01, 0.06, 0.027)
DIM_BLUE = (0.0, 0.03, 0.12)
BLACK = (0.0, 0.0, 0.0)

#: One pattern each, distinct by rhythm alone, so that a single LED of one colour is enough.
LIGHTS: dict[Look, Light] = {
    Look.OFF: Light(BLACK),
    Look.FAULT: Light(RED, on_s=0.5, off_s=0.5),
    Look.NO_MONEY: Light(VIOLET, on_s=1.5, off_s=0.5),
    Look.MUTED: Light(RED, plain_on_s=3.8, plain_off_s=0.2),
    Look.NO_MICROPHONE: Light(RED, on_s=0.1, off_s=0.1),
    Look.OFFLINE: Light(ORANGE, on_s=1.0, off_s=1.0),
    Look.CONNECTING: Light(ORANGE, on_s=0.1, off_s=0.4),
    Look.SERVICE_DEAF: Light(RED, on_s=1.0, off_s=3.0),
    Look.BUSY: Light(ORANGE, on_s=0.1, off_s=1.4),
    Look.LISTENING: Light(GREEN),
    Look.THINKING: Light(BLUE, fade_s=0.5, plain_on_s=0.25, plain_off_s=0.25),
    Look.SPEAKING: Light(BLUE, on_s=0.4, off_s=0.1),
    # No green: the microphone passes nothing on. A single LED blinks twice as often as for "ready"; one that
    # can be dimmed glows twice as brightly.
    Look.WAITING: Light(DIM_BLUE, plain_on_s=0.05, plain_off_s=1.95),
    # A single LED stays dark but blinks shortly, so that "ready" never looks like "dead".
    Look.READY: Light(DIM, plain_on_s=0.05, plain_off_s=3.95),
    Look.STARTING: Light(GREEN, fade_s=1.0, plain_on_s=1.5, plain_off_s=1.5),
}

#: Percent at which the lights are as bright as they are configured.
FULLY_LIT = 100

#: Words of ``STATUS=`` and the log for each look.
WORDS: dict[Look, str] = {
    Look.OFF: "off",
    Look.FAULT: "needs a person",
    Look.NO_MONEY: "no money",
    Look.MUTED: "muted",
    Look.NO_MICROPHONE: "no microphone",
    Look.OFFLINE: "offline",
    Look.CONNECTING: "connecting",
    Look.SERVICE_DEAF: "service deaf",
    Look.BUSY: "busy",
    Look.LISTENING: "listening",
    Look.THINKING: "thinking",
    Look.SPEAKING: "speaking",
    Look.WAITING: "waiting for the wake word",
    Look.READY: "ready",
    Look.STARTING: "starting",
}


@dataclass(frozen=True, slots=True)
class Condition:
    """Facts that the indication depends on.

    Attributes:
        started: the microphone was opened or found missing, and a connection was tried, since the start.
        link: our connection to the cloud.
        talk: where the conversation is.
        microphone: the capture device.
        pressed: the button is down and may open the gate.
        busy: the service had no free place a moment ago.
        denied: reason of the service's refusal, or None.
        deaf: the service does not hear the microphone.
        attention: whether the wake word is awaited; None where no word is needed.
    """

    started: bool = False
    link: LinkState = LinkState.OFFLINE
    talk: TalkState = TalkState.IDLE
    microphone: MicrophoneStatus = MicrophoneStatus.ABSENT
    pressed: bool = False
    busy: bool = False
    denied: Refusal | None = None
    deaf: bool = False
    attention: AttentionState | None = None


def look_for(condition: Condition) -> Look:  # noqa: C901, PLR0911 - a list of precedence is a list of returns
    """Return the first look in the order of precedence (the order of :class:`Look`) that applies."""
    if condition.link is LinkState.DENIED:
        return Look.NO_MONEY if condition.denied is Refusal.MONEY else Look.FAULT
    if condition.microphone is MicrophoneStatus.MUTED:
        return Look.MUTED
    if not condition.started:
        return Look.STARTING
    if condition.microphone is MicrophoneStatus.ABSENT:
        return Look.NO_MICROPHONE
    if condition.link is LinkState.OFFLINE:
        return Look.OFFLINE
    if condition.link is LinkState.CONNECTING:
        return Look.CONNECTING
    if condition.deaf:
        # Also while the user speaks: it must not look as if that were heard.
        return Look.SERVICE_DEAF
    if condition.busy:
        return Look.BUSY
    woken = condition.attention is AttentionState.WOKEN
    if condition.talk is TalkState.LISTENING or condition.pressed or woken:
        return Look.LISTENING
    if condition.talk is TalkState.THINKING:
        return Look.THINKING
    if condition.talk is TalkState.SPEAKING:
        return Look.SPEAKING
    return Look.WAITING if condition.attention is AttentionState.WAITING else Look.READY


@dataclass(frozen=True, slots=True)
class Indication:
    """Look, and one line for the status.

    Attributes:
        look: what the lights show.
        status: one line.
        brightness: the lights are no brighter than this, in percent.
    """

    look: Look
    status: str
    brightness: int = FULLY_LIT


@dataclass(frozen=True, slots=True)
class Show:
    """Action: show this from now on; the newest wins."""

    indication: Indication


def reason_of(look: Look, *, online: bool, microphone: str, hearing: str, service: str) -> str:
    """Return the reason of what ``look`` shows, or who answers: never the reason of another trouble.

    Args:
        look: shown now.
        online: the service is reached.
        microphone: why there is no microphone, or "".
        hearing: why the service does not hear or answer, or "".
        service: why the service is not there, or its avatar and language.
    """
    if look is Look.NO_MICROPHONE:
        return microphone
    if look is Look.SERVICE_DEAF or (look is Look.FAULT and online):
        return hearing
    if look is Look.NO_MONEY or (look in (Look.MUTED, Look.STARTING) and not online):
        return ""
    return service

"""Types of the status report as the API shows it.

The report itself is made by :mod:`ravatard.core.control.status`, and may have further fields.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from msgspec import UNSET, Meta, Struct, UnsetType

from ravatard.web.page.api.health_types import LogEntry


class LinkReport(Struct):
    """The connection to the service, and for how many seconds it is in this state."""

    state: Literal["offline", "connecting", "online", "denied"]
    since_s: float
    reason: str


class LiveSessionReport(Struct):
    """The live session: minutes of this one, of 24 hours, and left; null: none, or no limit."""

    state: Literal["none", "starting", "live"]
    since_s: float
    reason: str
    minutes: float | None
    day_minutes: float
    minutes_left: float | None


class MicrophoneFacts(Struct):
    """The capture device as it is: `muted` means closed. Levels in dBFS; `silence_ms`: what ends speech."""

    state: Literal["absent", "open", "held", "muted"]
    device: str
    level_db: float | None
    floor_db: float | None
    wake_score: float | None
    silence_ms: int | None


class SpeakerState(Struct):
    """The loudspeaker; `first_sound_ms`: from the end of speech to the first sound of its answer."""

    state: Literal["none", "absent", "open", "asleep"]
    device: str
    latency_ms: float
    live_voice: bool
    first_sound_ms: int | None


class TurnAxis(Struct):
    """Moments of a turn in milliseconds after the gate opened; null where it had none."""

    speech_end: int | None
    gate_closed: int | None
    last_message: int | None
    answer: int | None
    first_sound: int | None
    end: int | None


class TurnFigures(Struct):
    """One turn in numbers.

    Attributes:
        first_sound_ms: from the end of speech to the first sound of its answer.
        press_to_silence_ms: from the press that interrupted its answer to the silence.
    """

    turn: int
    ended_s_ago: float
    outcome: str
    cause: str
    spoken_ms: int
    speech_ms: int
    messages: int
    answer_ms: int | None
    slowest_send_ms: float | None
    first_sound_ms: int | None
    press_to_silence_ms: int | None
    opened_s_ago: float
    axis_ms: TurnAxis


class TurnWaits(Struct):
    """A wait of the user, over the `turns` that had it."""

    turns: int
    median_ms: int | None
    p95_ms: int | None


class NearMisses(Struct):
    """Wake words, voices and presses that were nearly taken for one."""

    wake_word: int
    gate: int
    press: int


class PagePlaceReport(Struct):
    """This page as it is served now: to this machine or the local network; `port` null: not served.

    `claimed`: it has a password.
    """

    listen: Literal["loopback", "lan"]
    scheme: Literal["http", "https"]
    port: int | None
    names: list[str]
    claimed: bool | UnsetType = UNSET


class StatusReport(Struct):
    """The whole state. `state` and `status` are what the lights show, `other_troubles` the rest."""

    schema: int
    state: str
    status: str
    since_s: float
    working: bool
    degraded: list[str]
    other_troubles: list[str]
    link: LinkReport
    session: LiveSessionReport
    talk: Literal["idle", "listening", "thinking", "speaking"]
    microphone: MicrophoneFacts
    muted: bool
    speaker: SpeakerState
    volume: int
    quiet: bool
    gate: str
    wakeword: dict[str, Any] | None
    avatar: str
    language: str
    service: dict[str, str]
    uptime_s: float
    turns: list[TurnFigures]
    first_sound: TurnWaits
    press_to_silence: TurnWaits
    near_misses: NearMisses
    counters: dict[str, Any]
    quiet_hours: dict[str, str] | None
    access_expires_s: float | UnsetType | None = UNSET
    page: PagePlaceReport | UnsetType | None = UNSET
    version: str | UnsetType = UNSET
    id: str | UnsetType = UNSET
    board: str | UnsetType | None = UNSET
    model: str | UnsetType | None = UNSET
    health: Any | UnsetType = UNSET


class TurnList(Struct):
    """The last turns, the newest last, and figures over those that have them."""

    turns: list[TurnFigures]
    answer_median_ms: float | None
    answer_p95_ms: float | None
    first_sound: TurnWaits
    press_to_silence: TurnWaits


# ---------------------------------------------------------------------- the live socket


class LiveWish(Struct, forbid_unknown_fields=True):
    """Message of the page: what it wants from now on, besides state and turns. Nothing else is sent to it.

    Attributes:
        meter: the microphone's level, while it is looked at.
        log: lines of the log as they come.
        log_after: begin behind this number; lines that are not kept any more are skipped. One of an earlier
            run of the appliance is as good as none.
    """

    meter: bool = False
    log: bool = False
    log_after: Annotated[int, Meta(ge=0, le=2**53)] = 0


class LiveState(Struct, tag="state"):
    """The state, once at the beginning and at each change; only the newest counts."""

    status: StatusReport


class LiveMeter(Struct, tag="meter"):
    """Level and noise floor of the microphone in dBFS, and where the conversation is."""

    level_db: float | None
    floor_db: float | None
    talk: str
    microphone: str


class LiveTurn(Struct, tag="turn"):
    """A turn that has just ended."""

    turn: TurnFigures


class LiveLog(Struct, tag="log"):
    """New lines of the log; `missed` lines before them came too fast for this page."""

    lines: list[LogEntry]
    missed: int


class LiveEnd(Struct, tag="end"):
    """The last message: the page is logged out, or the appliance stops. `reason` is a sentence."""

    reason: str


LiveMessage = LiveState | LiveMeter | LiveTurn | LiveLog | LiveEnd

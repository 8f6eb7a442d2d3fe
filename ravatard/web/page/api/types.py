"""Types of the page's API, from which requests are checked and the OpenAPI document is made.

Docstrings become descriptions in that document. ``None`` in a reply is JSON's null.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from msgspec import UNSET, Meta, Struct, UnsetType

Scope = Literal["read", "control", "configure"]

Password = Annotated[str, Meta(min_length=8, max_length=200, description="8 to 200 characters")]
Code = Annotated[str, Meta(pattern="^[0-9]{6}$", description="six digits")]
Name = Annotated[str, Meta(min_length=1, max_length=60, pattern="^[^\\u0000-\\u001f\\u007f-\\u009f]*$")]
Changes = Annotated[
    dict[str, Any],
    Meta(description="`section.key` to its new value; null takes the saved value away"),
]


# ---------------------------------------------------------------------- requests


class LogIn(Struct, forbid_unknown_fields=True):
    """Log a browser in."""

    password: Password


class ClaimCode(Struct, forbid_unknown_fields=True):
    """Claim an appliance that has no password yet: the digits that it said, and the first password."""

    code: Code
    password: Password


class NewPassword(Struct, forbid_unknown_fields=True):
    """Replace the password; every other browser is logged out."""

    current: Password
    password: Password


class NewToken(Struct, forbid_unknown_fields=True):
    """Make a token for a program."""

    name: Name
    scopes: Annotated[list[Scope], Meta(min_length=1, max_length=3)]


class SayText(Struct, forbid_unknown_fields=True):
    """Say something to the avatar in writing."""

    text: Annotated[str, Meta(min_length=1, max_length=4_000)]


class HoldButton(Struct, forbid_unknown_fields=True):
    """Press the button, and release it after so many milliseconds; 0 taps it."""

    ms: Annotated[float, Meta(ge=0, le=120_000)] = 0


class SetLoudness(Struct, forbid_unknown_fields=True):
    """Set the volume in percent of full, or change it by so many percent: one of both."""

    percent: Annotated[int, Meta(ge=0, le=100)] | UnsetType = UNSET
    by: Annotated[int, Meta(ge=-100, le=100)] | UnsetType = UNSET


class Examine(Struct, forbid_unknown_fields=True):
    """Run doctor's checks: all of them, or those named here and what they need."""

    only: Annotated[list[Annotated[str, Meta(pattern="^[a-z.-]{1,40}$")]], Meta(max_length=60)] = []
    echo: bool = False


class ChangedSettings(Struct, forbid_unknown_fields=True):
    """Settings to check or to save."""

    changes: Changes


class Nothing(Struct, forbid_unknown_fields=True):
    """An empty object: this request takes nothing."""


# ---------------------------------------------------------------------- replies


class FaultySetting(Struct):
    """One thing that is wrong with changed settings."""

    key: str
    text: str


class ApiError(Struct, omit_defaults=True):
    """Reply of every request that failed.

    Attributes:
        code: stable name for programs.
        error: one sentence for people.
        retry_after_s: whole seconds to wait; also in the header Retry-After.
        problems: all problems of the settings at once.
    """

    code: str
    error: str
    retry_after_s: int | None = None
    problems: list[FaultySetting] | None = None


class ClaimOffer(Struct):
    """How an appliance without a password is claimed.

    Attributes:
        open: it has no password yet.
        button: it has a button and a speaker: press, and it says six digits.
        waiting: the next press of the button makes it say them.
        spoken: digits are valid now.
        tries_left: wrong codes that are still taken.
        expires_s: seconds for which the digits are valid, or the press is awaited.
    """

    open: bool
    button: bool
    waiting: bool = False
    spoken: bool = False
    tries_left: int = 0
    expires_s: int | None = None


class WhoAmI(Struct):
    """The caller, and what a page must know before it is logged in.

    Attributes:
        authenticated: the request came with a valid cookie or token.
        owner: logged in by password: may change passwords and tokens.
        name: of the session or token; "" without one.
        scopes: what the caller may do.
        claimed: the appliance has a password.
        encrypted: this connection has TLS.
        language: BCP 47 tag of the service's language, for the page's texts.
        version: of ravatard; "" unless authenticated.
        claim: how to claim it.
    """

    authenticated: bool
    owner: bool
    name: str
    scopes: list[Scope]
    claimed: bool
    encrypted: bool
    language: str
    version: str
    claim: ClaimOffer


class CommandDone(Struct):
    """Outcome of a command, as a sentence; more fields say the state that is true now, as `volume` does."""

    says: str
    muted: bool | UnsetType = UNSET
    microphone: str | UnsetType = UNSET
    volume: int | UnsetType = UNSET


class SessionEntry(Struct):
    """A browser that is logged in. Times are seconds since 1970."""

    id: str
    address: str
    made_at: float
    used_at: float
    current: bool


class SessionList(Struct):
    """Every browser that is logged in."""

    sessions: list[SessionEntry]


class TokenEntry(Struct):
    """A token of a program, without its secret. Times are seconds since 1970, null: never used."""

    id: str
    name: str
    scopes: list[Scope]
    made_at: float
    used_at: float | None


class TokenList(Struct):
    """Every token."""

    tokens: list[TokenEntry]


class MadeToken(Struct):
    """A new token: its secret is shown this once."""

    token: str
    entry: TokenEntry


class LogLine(Struct):
    """One line of the log. `number` grows by one a line; `at` is seconds since 1970."""

    number: int
    at: float
    level: Literal["debug", "info", "warning", "error", "critical"]
    logger: str
    text: str


class LogLines(Struct):
    """Lines of the log, oldest first; `missed` lines before them are not kept any more."""

    lines: list[LogLine]
    missed: int
    next: int


class DoctorFinding(Struct):
    """Result of one check."""

    id: str
    verdict: Literal["fine", "warning", "broken", "unknown", "skipped", "not needed"]
    text: str
    remedy: str
    measured: dict[str, Any]
    took_s: float


class DoctorReport(Struct):
    """Results of doctor's checks; `ended_at` is seconds since 1970, and null when they never ran."""

    checks: list[DoctorFinding]
    exit_status: int | None = None
    ravatard: str = ""
    ended_at: float | None = None


class SoundDevice(Struct):
    """A sound device; `name` is its name for the configuration."""

    name: str
    text: str
    channels: int
    rate_hz: int
    card: str | None
    usb: str | None
    port: str | None
    default: bool


class DeviceList(Struct):
    """Every microphone and speaker."""

    microphones: list[SoundDevice]
    speakers: list[SoundDevice]
    alsa_config: str


class MicrophoneTrial(Struct):
    """What one microphone picked up: dBFS, null without speech, or when it could not be opened."""

    name: str
    speech_db: float | None
    level_db: float | None
    trouble: str


class MicrophoneTrials(Struct):
    """What every microphone picked up; `best` had the loudest speech, null without any."""

    microphones: list[MicrophoneTrial]
    best: str | None


class RecordingTrial(Struct):
    """A test recording, which was played on the appliance's own speaker and not kept. Levels in dBFS."""

    says: str
    device: str
    seconds: float
    level_db: float
    loudest_db: float


class SettingChange(Struct):
    """A setting whose value in effect becomes another one; of a secret only `set` is told."""

    key: str
    old: Any
    new: Any
    needs: Literal["reload", "restart"]


class SettingsSaved(Struct):
    """Settings were saved: their new revision, which is the ETag too, and what changed by that."""

    revision: str
    changes: list[SettingChange]


class SettingsChecked(Struct):
    """Every problem of changed settings; none means that they can be saved, and what would change."""

    problems: list[FaultySetting]
    changes: list[SettingChange]


class SettingSection(Struct):
    """A section of the settings."""

    name: str
    text: str


class DescribedSetting(Struct):
    """A setting. `settable` is false where the API refuses any value; `origin` names the file and line."""

    key: str
    section: str
    name: str
    text: str
    type: Literal["boolean", "integer", "number", "choice", "text", "secret", "list"]
    unit: str
    low: float | None
    high: float | None
    choices: list[Any] | None
    allowed: str
    optional: bool
    default: Any
    value: Any
    source: Literal["default", "board", "file", "drop-in", "page", "environment", "credential"]
    origin: str
    needs: Literal["reload", "restart"]
    local_only: bool
    settable: bool


class SettingsReport(Struct):
    """Every setting. `undo`: there is a save to undo; `restart`: keys that wait for a restart."""

    revision: str
    undo: bool
    restart: list[str]
    sections: list[SettingSection]
    settings: list[DescribedSetting]

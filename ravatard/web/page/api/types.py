"""Types of the page's API, from which requests are checked and the OpenAPI document is made.

Docstrings become descriptions in that document. ``None`` in a reply is JSON's null.
"""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import UNSET, Meta, Struct, UnsetType

Scope = Literal["read", "control", "configure"]

Password = Annotated[str, Meta(min_length=8, max_length=200, description="8 to 200 characters")]
#: End of a text, in the syntax of both JSON Schema and Python, whose $ lets a line's end pass.
END = "(?![\\s\\S])"
#: Control characters, and those of format, which hide or turn around what is behind them.
_UNSEEN = (
    "\\u0000-\\u001f\\u007f-\\u009f\\u00ad\\u061c\\u180e\\u200b-\\u200f\\u2028-\\u202e\\u2060-\\u206f\\ufeff"
    "\\ufff9-\\ufffb\U000e0000-\U000e0fff"
)

Code = Annotated[str, Meta(pattern=f"^[0-9]{{6}}{END}", description="six digits")]
Name = Annotated[str, Meta(min_length=1, max_length=60, pattern=f"^[^{_UNSEEN}]*{END}")]


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


class SayWords(Struct, forbid_unknown_fields=True):
    """Say something to the avatar in writing."""

    text: Annotated[str, Meta(min_length=1, max_length=4_000)]


class PlayAddress(Struct, forbid_unknown_fields=True):
    """Play what is at an address to the room; `volume` in percent of full, else as loud as the answers."""

    url: Annotated[str, Meta(min_length=8, max_length=2_048, pattern="^[Hh][Tt][Tt][Pp][Ss]?://")]
    volume: Annotated[int, Meta(ge=0, le=100)] | UnsetType = UNSET


class HoldButton(Struct, forbid_unknown_fields=True):
    """Press the button, and release it after so many milliseconds; 0 taps it."""

    ms: Annotated[float, Meta(ge=0, le=120_000)] = 0


class SetLoudness(Struct, forbid_unknown_fields=True):
    """Set the volume in percent of full, or change it by so many percent: one of both."""

    percent: Annotated[int, Meta(ge=0, le=100)] | UnsetType = UNSET
    by: Annotated[int, Meta(ge=-100, le=100)] | UnsetType = UNSET


class NoFields(Struct, forbid_unknown_fields=True):
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
        command: what shows digits in a terminal of the device.
    """

    open: bool
    button: bool
    waiting: bool = False
    spoken: bool = False
    tries_left: int = 0
    expires_s: int | None = None
    command: str = ""


class WhoAmI(Struct):
    """The caller, and what a page must know before it is logged in.

    Attributes:
        authenticated: the request came with a valid cookie or token.
        owner: logged in by password: may change passwords and tokens.
        name: of the session or token; "" without one.
        scopes: what the caller may do.
        claimed: the appliance has a password.
        encrypted: this connection has TLS.
        private: no other machine can read along, so secrets may be set: TLS, or this very machine.
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
    private: bool
    language: str
    version: str
    claim: ClaimOffer


class CommandDone(Struct):
    """Outcome of a command, as a sentence; more fields say the state that is true now, as `volume` does."""

    says: str
    muted: bool | UnsetType = UNSET
    microphone: str | UnsetType = UNSET
    volume: int | UnsetType = UNSET


class BrowserEntry(Struct):
    """A browser that is logged in. Times are seconds since 1970."""

    id: str
    address: str
    made_at: float
    used_at: float
    current: bool


class SessionList(Struct):
    """Every browser that is logged in."""

    sessions: list[BrowserEntry]


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

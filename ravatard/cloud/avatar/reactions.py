"""Reactions to errors on the socket: those that it reports, and those it closes with. Pure.

Source: the API reference names one code, ``AUDIO_PROCESSING_ERROR``, and no close code; codes are read by
their parts, close codes as RFC 6455 and the custom of similar services have them.
"""

from __future__ import annotations

import re
from enum import Enum, unique

from ravatard.cloud.avatar.refusals import names_gone_session


@unique
class Reaction(Enum):
    """Reaction to an error that the service reports on the socket. Only EXPIRED and AUTH end the session."""

    EXPIRED = "expired"
    """The session is gone."""
    AUTH = "auth"
    """The key or token is refused."""
    SLOW_DOWN = "slow down"
    """Our messages come too fast: half the rate for a minute."""
    BUSY = "busy"
    """The service has no place."""
    SOUND_UNUSABLE = "sound unusable"
    """The service could not use the sound; the turn has failed."""
    IGNORE = "ignore"
    """An empty commit, or an order that does not fit its state."""
    TURN_FAILED = "turn failed"


@unique
class Closure(Enum):
    """Meaning of the end of a socket."""

    RECONNECT = "reconnect"
    """Open it again at once."""
    GONE = "gone"
    """The session is gone."""
    AUTH = "auth"
    """The key or token is refused."""
    TOO_LARGE = "too large"
    """A message of ours was too large."""
    TAKEN = "taken"
    """Another client took the session: begin a new one, never fight."""
    LATER = "later"
    """Open it again after a pause."""


#: Words of codes, upper case and whole ("AUTHOR_NAME" is no key), by their first match.
_PARTS: tuple[tuple[tuple[str, ...], Reaction], ...] = (
    # Tokens that are counted are those of a language model.
    (("TOKEN_LIMIT", "TOKEN_COUNT", "MAX_TOKEN", "TOKEN_BUDGET"), Reaction.TURN_FAILED),
    (("UNAUTHORIZED", "UNAUTHORISED", "UNAUTHENTICATED", "AUTH", "TOKEN"), Reaction.AUTH),
    (("AUTHENTICATION", "AUTHORIZATION", "AUTHORISATION"), Reaction.AUTH),
    (("RATE_LIMIT", "RATE_LIMITED", "RATE_EXCEEDED", "TOO_MANY"), Reaction.SLOW_DOWN),
    (("RATELIMIT", "RATELIMITED"), Reaction.SLOW_DOWN),
    (("BUSY", "UNAVAILABLE", "CAPACITY"), Reaction.BUSY),
    (("EMPTY", "TOO_SMALL"), Reaction.IGNORE),
    (("INVALID_STATE",), Reaction.IGNORE),
    (("AUDIO",), Reaction.SOUND_UNUSABLE),
)
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_WORDS_OF_EMPTY = ("buffer too small", "empty buffer", "buffer is empty")
_CODES = {
    1008: Closure.AUTH,
    1009: Closure.TOO_LARGE,
    1011: Closure.LATER,
    1012: Closure.LATER,
    1013: Closure.LATER,
    4001: Closure.AUTH,
    4003: Closure.AUTH,
    4401: Closure.AUTH,
    4403: Closure.AUTH,
    4404: Closure.GONE,
    4408: Closure.GONE,
    4409: Closure.TAKEN,
    4410: Closure.GONE,
    4429: Closure.LATER,
}


def reaction_to(code: str, message: str = "") -> Reaction:
    """Return the reaction to an ``error`` event with this code; unknown ones cost the turn."""
    word = "_".join(re.split(r"[^A-Z0-9]+", _CAMEL.sub("_", code).upper())).strip("_")
    if names_gone_session(word):
        return Reaction.EXPIRED
    if any(words in message.casefold() for words in _WORDS_OF_EMPTY):
        return Reaction.IGNORE
    if word == "RATE" or word.startswith("RATE_"):
        return Reaction.SLOW_DOWN
    return next(
        (reaction for parts, reaction in _PARTS if any(f"_{part}_" in f"_{word}_" for part in parts)),
        Reaction.TURN_FAILED,
    )


def closure_of(code: int | None) -> Closure:
    """Return the meaning of a close code; None: the connection broke."""
    return _CODES.get(code or 1006, Closure.RECONNECT)

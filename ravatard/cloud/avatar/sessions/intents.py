"""Starts without an answer: when each was asked for, and which sessions of a list one may have left. Pure.

A computer without a battery for its clock boots with a wrong date. So the age of a start comes from the clock
that counts from the boot, for as long as that boot lasts; of an earlier boot only one thing is sure, that it
was earlier. Wall time tells nothing for sure: it prefers one session to another, and drops nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ravatard.cloud.avatar.replies import SessionEntry
from ravatard.cloud.avatar.sessions.session_list import may_be_one_of
from ravatard.ports.host import OwedSession
from ravatard.secret import Secret

#: ``service.kind``, and the kind of the sessions on the ledger.
KIND = "avatar"
#: Account of an intent; sessions have none, as the service knows no users.
_INTENT = "intent"
#: Times on the ledger are rounded, up or down.
_ROUNDED_S = 0.001
#: Clocks of the service and of ours may differ by so much over the age of a session.
NEAR_S = 5.0


@dataclass(frozen=True, slots=True)
class Clocks:
    """Time by every clock of this computer.

    Attributes:
        wall_s: seconds since 1970; may be wrong by years.
        boot: id of the boot; "" when it is not known.
        uptime_s: seconds since the boot, also those of a sleep.
    """

    wall_s: float
    boot: str = ""
    uptime_s: float = 0.0


@dataclass(frozen=True, slots=True)
class IntentAge:
    """Seconds since a start was asked for.

    Attributes:
        least_s: it is no younger; by the wall clock alone where the boot is not known.
        exact_s: its age; None while it is not known for sure.
        likely_s: its age if both clocks were right; None where they cannot have been.
        is_earlier: it is of an earlier boot.
    """

    least_s: float
    exact_s: float | None = None
    likely_s: float | None = None
    is_earlier: bool = False


@dataclass(frozen=True, slots=True)
class Findings:
    """Sessions of a list that a start may have left.

    Attributes:
        possible: sessions that it may have left for all that is known for sure.
        likely: those of them that fit its age if both clocks were right.
        doubtful: True if one that is not among them may be a session of ours in another form.
    """

    possible: tuple[SessionEntry, ...]
    likely: tuple[SessionEntry, ...]
    doubtful: bool


def intent_at(asked_at: Clocks, base_url: str) -> OwedSession:
    """Return the ledger's entry of a start that is asked for now."""
    written = f"{asked_at.wall_s:.3f} {asked_at.uptime_s:.3f} {asked_at.boot}".strip()
    return OwedSession(KIND, Secret(written), base_url, _INTENT)


def is_intent(entry: OwedSession) -> bool:
    """Return True if an entry of this kind is an intent, not a session."""
    return entry.kind == KIND and entry.account == _INTENT


def age_of(intent: OwedSession, now: Clocks) -> IntentAge:
    """Return the age of an intent; of one that cannot be read nothing is known."""
    wall, _, rest = intent.id.reveal().partition(" ")
    uptime, _, boot = rest.partition(" ")
    try:
        likely_s = now.wall_s - float(wall)
        asked_at_s = float(uptime or "nan")
    except ValueError:
        return IntentAge(0.0)
    if not boot or not now.boot:
        # An entry of an older version, or a computer that does not tell its boots apart.
        return IntentAge(max(likely_s, 0.0), None, likely_s if likely_s >= 0.0 else None)
    if boot == now.boot and asked_at_s <= now.uptime_s + _ROUNDED_S:
        exact_s = max(0.0, now.uptime_s - asked_at_s)
        return IntentAge(exact_s, exact_s, exact_s)
    return IntentAge(now.uptime_s, None, likely_s if likely_s >= now.uptime_s else None, is_earlier=True)


def findings(
    listed: Sequence[SessionEntry], known: Sequence[OwedSession], age: IntentAge, within_s: float
) -> Findings:
    """Return the sessions of a list that may come of an intent.

    A session whose age is not told may.

    Args:
        listed: the list.
        known: sessions of ours that are on the ledger, or were to be ended.
        age: age of the intent.
        within_s: seconds after it in which a session may have been made: a start that is answered late makes
            its session late.
    """
    ours = [entry.id.reveal() for entry in known]
    others = [entry for entry in listed if entry.session_id.reveal() not in ours]
    clear = [entry for entry in others if not may_be_one_of(entry.session_id.reveal(), ours)]
    possible = [entry for entry in clear if _is_possible(entry, age, within_s)]
    likely = [entry for entry in possible if _fits(entry, age.likely_s, within_s)]
    return Findings(tuple(possible), tuple(likely), doubtful=len(clear) < len(others))


def _is_possible(entry: SessionEntry, age: IntentAge, within_s: float) -> bool:
    if entry.duration_s is None:
        return True
    if age.exact_s is not None:
        return _fits(entry, age.exact_s, within_s)
    return not age.is_earlier or entry.duration_s >= age.least_s - within_s


def _fits(entry: SessionEntry, age_s: float | None, within_s: float) -> bool:
    if entry.duration_s is None or age_s is None:
        return False
    return -NEAR_S <= age_s - entry.duration_s <= within_s

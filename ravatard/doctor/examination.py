"""Goes through the checks in order: each with a deadline, none after one it stands on has failed."""

from __future__ import annotations

import asyncio
import inspect
import time
from collections.abc import AsyncIterator, Callable, Collection, Sequence
from dataclasses import dataclass

from ravatard.doctor.check import Case, Check
from ravatard.doctor.result import BLOCKING, CheckResult, Verdict, skipped, unknown
from ravatard.errors import ConfigError, InternalError, RavatardError


@dataclass(frozen=True, slots=True)
class Finding:
    """What came of one check.

    Attributes:
        id: the check.
        outcome: what it found.
        took_s: how long it took.
    """

    id: str
    outcome: CheckResult
    took_s: float


def chosen(checks: Sequence[Check], only: Collection[str]) -> frozenset[str]:
    """The ids that ``only`` means: an id, or the beginning of several up to a dot; nothing means all.

    Raises:
        ConfigError: a word means no check; says which there are.
    """
    ids = [check.id for check in checks]
    found = set() if only else set(ids)
    for word in only:
        meant = [one for one in ids if one == word or one.startswith(f"{word}.")]
        if not meant:
            raise ConfigError(f"there is no check {word!r}; there are {', '.join(ids)}")
        found.update(meant)
    return frozenset(found)


def needed(checks: Sequence[Check], wanted: Collection[str]) -> frozenset[str]:
    """``wanted`` and all that it stands on."""
    found = set(wanted)
    for check in reversed(checks):
        if check.id in found:
            found.update(check.after)
    return frozenset(found)


async def examine(
    case: Case,
    checks: Sequence[Check],
    wanted: Collection[str],
    clock: Callable[[], float] = time.monotonic,
) -> AsyncIterator[Finding]:
    """What the checks ``wanted`` find, and those they stand on, one after the other as they are done.

    Raises:
        InternalError: a check stands on one that comes later, or has a bug.
    """
    outcomes: dict[str, CheckResult] = {}
    to_do = needed(checks, wanted)
    for check in checks:
        if check.id not in to_do:
            continue
        begun_at = clock()
        if missing := [name for name in check.after if name not in outcomes]:
            raise InternalError(f"the check {check.id} comes before {missing[0]}, which it stands on")
        failed = next((name for name in check.after if outcomes[name].verdict in BLOCKING), None)
        if failed is not None:
            outcome = skipped(f"skipped because {_root(failed, outcomes)} failed")
        else:
            outcome = await _looked(check, case)
        outcomes[check.id] = outcome
        yield Finding(check.id, outcome, clock() - begun_at)


def _root(failed: str, outcomes: dict[str, CheckResult]) -> str:
    """The check that really failed: a skipped one names it."""
    outcome = outcomes[failed]
    if outcome.verdict is Verdict.SKIPPED:
        return outcome.text.removeprefix("skipped because ").removesuffix(" failed")
    return failed


async def _looked(check: Check, case: Case) -> CheckResult:
    try:
        async with asyncio.timeout(check.limit_s):
            found = check.look(case)
            return await found if inspect.isawaitable(found) else found
    except TimeoutError:
        return unknown(
            f"nothing was found out within {check.limit_s:g} s", "try again; the machine may be busy"
        )
    except InternalError:
        raise
    except (RavatardError, OSError, ValueError) as error:
        return unknown(str(error) or type(error).__name__)


def exit_status(outcomes: Sequence[CheckResult]) -> int:
    """0: all is fine, perhaps with warnings; 1: something is broken; 2: something could not be found out."""
    verdicts = {outcome.verdict for outcome in outcomes}
    if Verdict.BROKEN in verdicts:
        return 1
    return 2 if Verdict.UNKNOWN in verdicts else 0

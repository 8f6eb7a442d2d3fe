"""Examination: runs the checks in order, each with a deadline, and skips those whose dependencies failed."""

from __future__ import annotations

import asyncio
import inspect
import time
from collections.abc import AsyncIterator, Callable, Collection, Sequence
from dataclasses import dataclass

from ravatard.doctor.check import Case, Check
from ravatard.doctor.result import BLOCKING, CheckResult, Verdict, skipped, unknown
from ravatard.errors import ConfigError, InternalError, RavatardError
from ravatard.exit_status import ExitStatus

#: Part of the doctor that is a command of its own, and no check.
NETWORK = "network"


@dataclass(frozen=True, slots=True)
class Finding:
    """Result of one check, with its duration.

    Attributes:
        id: id of the check.
        result: its result.
        took_s: its duration.
    """

    id: str
    result: CheckResult
    took_s: float


def chosen(checks: Sequence[Check], only: Collection[str]) -> frozenset[str]:
    """Return the ids that ``only`` selects; a word is an id or a prefix up to a dot, and no word selects all.

    Raises:
        ConfigError: a word selects no check; the message lists the ids.
    """
    ids = [check.id for check in checks]
    found = set() if only else set(ids)
    for word in only:
        meant = [one for one in ids if one == word or one.startswith(f"{word}.")]
        if not meant:
            hint = "`ravatard doctor network` tries the ways out; " if word == NETWORK else ""
            raise ConfigError(f"there is no check {word!r}; {hint}there are {', '.join(ids)}")
        found.update(meant)
    return frozenset(found)


def needed(checks: Sequence[Check], wanted: Collection[str]) -> frozenset[str]:
    """Return ``wanted`` and all checks it depends on."""
    found = set(wanted)
    for check in reversed(checks):
        if check.id in found:
            found.update((*check.after, *check.beside))
    return frozenset(found)


async def examine(
    case: Case,
    checks: Sequence[Check],
    wanted: Collection[str],
    clock: Callable[[], float] = time.monotonic,
    hide: Callable[[CheckResult], CheckResult] = lambda result: result,
) -> AsyncIterator[Finding]:
    """Run the checks ``wanted`` and those they depend on; yield each finding as it is made.

    Args:
        case: the machine and what was asked.
        checks: all checks.
        wanted: ids of those to run.
        clock: seconds.
        hide: takes secrets out of a result, as a service may repeat its key in its own words.

    Raises:
        InternalError: a check depends on a later one, or has a bug.
    """
    results: dict[str, CheckResult] = {}
    to_do = needed(checks, wanted)
    for check in checks:
        if check.id not in to_do:
            continue
        begun_at = clock()
        if missing := [name for name in (*check.after, *check.beside) if name not in results]:
            raise InternalError(f"the check {check.id} comes before {missing[0]}, which it depends on")
        failed = next((name for name in check.after if results[name].verdict in BLOCKING), None)
        if failed is not None:
            result = skipped(f"skipped because {_root(failed, results)} failed")
        else:
            result = await _run(check, case)
        results[check.id] = result
        yield Finding(check.id, hide(result), clock() - begun_at)


def _root(failed: str, results: dict[str, CheckResult]) -> str:
    """Return the check that caused the failure; the text of a skipped check names it."""
    result = results[failed]
    if result.verdict is Verdict.SKIPPED:
        return result.text.removeprefix("skipped because ").removesuffix(" failed")
    return failed


async def _run(check: Check, case: Case) -> CheckResult:
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


def exit_status(results: Sequence[CheckResult]) -> int:
    """Return 0 without failures (warnings allowed), 1 if a check is broken, 2 if a check is unknown."""
    verdicts = {result.verdict for result in results}
    if Verdict.BROKEN in verdicts:
        return ExitStatus.FAILED
    return ExitStatus.UNDECIDED if Verdict.UNKNOWN in verdicts else ExitStatus.DONE

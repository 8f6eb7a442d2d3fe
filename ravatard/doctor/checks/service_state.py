"""Checks of what a service says about itself, and of what is found in a live session that was tried."""

from __future__ import annotations

from ravatard.cloud.factory import kind_of
from ravatard.doctor.check import Case
from ravatard.doctor.checks.reach import access_of
from ravatard.doctor.checks.service import (
    cloud_of,
    for_root_only,
    ledger_folder,
    no_such_thing,
    perhaps_sealed,
    told,
    unreached,
)
from ravatard.doctor.result import CheckResult, needless
from ravatard.errors import DeniedError, LinkError, PeerError
from ravatard.host.ledger import FileLedger


async def look_at_health(case: Case) -> CheckResult:
    """Check that the service says that it is well."""
    return await _look_freely(case, "health")


async def look_at_orphans(case: Case) -> CheckResult:
    """Check that no session is open of which the list of sessions does not know."""
    return await _look_freely(case, "orphans")


def look_at_ear(case: Case) -> CheckResult:
    """Check that the service hears what is said."""
    return _in_session(case, "ear")


def look_at_frames(case: Case) -> CheckResult:
    """Tell what the picture of a session costs."""
    return _in_session(case, "frames")


async def _look_freely(case: Case, check: str) -> CheckResult:
    """Make a check of the service's own kind that costs nothing."""
    kind = kind_of(case.options)
    look = kind.doctor.free.get(check)
    if look is None:
        return no_such_thing(kind)
    if case.sealed:
        return for_root_only()
    network = case.machine.network(access_of(case))
    # The list is only read: the daemon that uses it may be running.
    ledger = FileLedger(ledger_folder(case), shared=True, frozen=True)
    try:
        return told(await look(cloud_of(case, network, ledger)))
    except (LinkError, PeerError, DeniedError) as error:
        if (result := perhaps_sealed(case, error)) is not None:
            return result
        return unreached(kind, error)
    finally:
        ledger.close()
        await network.close()


def _in_session(case: Case, check: str) -> CheckResult:
    kind = kind_of(case.options)
    if kind.doctor.try_live is None:
        return no_such_thing(kind)
    finding = case.in_session.get(check)
    return needless("only a live session tells (--live)") if finding is None else told(finding)

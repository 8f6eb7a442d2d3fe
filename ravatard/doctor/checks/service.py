"""Checks of the service, step by step: name, connection, credentials, avatar, live session, stream."""

from __future__ import annotations

import asyncio
import random
import wave
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from pathlib import Path

import ravatard
from ravatard.cloud.certificate import lost
from ravatard.cloud.factory import kind_of, open_cloud
from ravatard.cloud.kind import CloudResources, Kind, ServiceFinding
from ravatard.doctor.check import Case
from ravatard.doctor.checks.reach import CONNECT_S, access_of, address_of, proxy_of, tls_of
from ravatard.doctor.result import CheckResult, broken, fine, needless, unknown, warning
from ravatard.doctor.user import store_is_closed
from ravatard.errors import AuthError, BusyError, DeniedError, LinkError, MoneyError, PeerError
from ravatard.host.identity import appliance_id
from ravatard.host.ledger import FileLedger
from ravatard.host.state import SYSTEM, state_directory
from ravatard.ports.cloud import ServiceCloud
from ravatard.ports.host import Ledger
from ravatard.ports.network import Network
from ravatard.secret import Secret

#: To start a session and to end it; each has its own deadline below.
LIVE_LIMIT_S = 75.0
_STREAM_S = 5.0
#: Speech to say in a live session: the first request of the demo's recording, which has a plain header.
_SENTENCE = Path(ravatard.__file__).parent / "sim" / "data" / "demo.wav"
_SENTENCE_S = 3.5


@asynccontextmanager
async def _asked(case: Case) -> AsyncIterator[ServiceCloud]:
    """Open the service for questions that cost nothing."""
    network = case.machine.network(access_of(case))
    try:
        yield cloud_of(case, network, None)
    finally:
        await network.close()


def cloud_of(case: Case, network: Network, ledger: Ledger | None) -> ServiceCloud:
    """Return the service, as the appliance uses it."""
    return open_cloud(
        case.options,
        CloudResources(
            network=network,
            user_id=appliance_id(case.machine.path("/etc/machine-id")),
            chance=random.SystemRandom().random,
            ledger=ledger,
        ),
    )


def for_root_only() -> CheckResult:
    """Return the outcome of a check whose credential the caller may not read."""
    return unknown(
        "a credential of the service is readable for root only", "sudo ravatard doctor can ask the service"
    )


def unreached(kind: Kind, error: Exception) -> CheckResult:
    """Return the outcome of a check whose question had no answer that can be understood."""
    return broken(str(error), f"try again later; ask {kind.vendor} whether the service is up")


def no_such_thing(kind: Kind) -> CheckResult:
    """Return the outcome of a check that this kind of service has no subject for."""
    return needless(f"a service of {kind.vendor} has no such thing")


def told(finding: ServiceFinding) -> CheckResult:
    """Return a finding of the service's own kind as the result of a check."""
    if finding.verdict == "fine":
        return fine(finding.text)
    return (warning if finding.verdict == "warning" else broken)(finding.text, finding.remedy)


def perhaps_sealed(case: Case, error: Exception) -> CheckResult | None:
    """Return the outcome for a refused key that may be where root alone sees it; None for any other error."""
    missing = kind_of(case.options).credential(case.options.service) is None
    if isinstance(error, AuthError) and missing and store_is_closed(case):
        return unknown(str(error), "only root may see whether a credential holds it: sudo ravatard doctor")
    return None


def _inapplicable(case: Case, check: str) -> CheckResult | None:
    """Return the outcome of a check that does not apply to this kind of service; None when it does."""
    kind = kind_of(case.options)
    return None if check in kind.doctor.ids else no_such_thing(kind)


async def look_at_token(case: Case) -> CheckResult:
    """Check that the service accepts our credentials."""
    kind = kind_of(case.options)
    if (result := _inapplicable(case, "token")) is not None:
        return result
    if case.sealed:
        return for_root_only()
    try:
        async with _asked(case) as cloud:
            await kind.doctor.access(cloud)
    except AuthError as error:
        if (result := perhaps_sealed(case, error)) is not None:
            return result
        verb = "write" if kind.credential(case.options.service) is None else "check"
        return broken(str(error), f"{verb} {kind.credential_key}, as {kind.vendor} gave it")
    except MoneyError as error:
        return broken(str(error), "pay; nothing is wrong with this machine")
    except (LinkError, PeerError) as error:
        return unreached(kind, error)
    except DeniedError as error:
        return broken(str(error), "check section service of the configuration")
    return fine("the service lets us in")


async def look_at_avatar(case: Case) -> CheckResult:
    """Check that the service has the avatar and the language."""
    kind = kind_of(case.options)
    if (result := _inapplicable(case, "avatar")) is not None:
        return result
    if case.sealed:
        return for_root_only()
    try:
        async with _asked(case) as cloud:
            avatar, language = kind.doctor.choose(await cloud.about(), case.options)
    except DeniedError as error:
        return broken(str(error), "`ravatard avatars` and `ravatard languages` list what there is")
    except (LinkError, PeerError) as error:
        return unreached(kind, error)
    return fine(f"{avatar}, speaking {language}", avatar=avatar)


async def look_at_live(case: Case) -> CheckResult:
    """Check that a live session is free: one is started and ended at once."""
    if (result := _inapplicable(case, "live")) is not None:
        return result
    if no_live := kind_of(case.options).features(case.options).no_live:
        return needless(no_live)
    if not case.asked.live:
        return needless("--live starts a session, which is paid for, and ends it at once")
    if case.daemon is not None:
        return unknown(
            "the running daemon keeps the list of sessions", "sudo systemctl stop ravatard, then again"
        )
    if case.sealed:
        return for_root_only()
    ledger = FileLedger(ledger_folder(case))
    try:
        # A session started here is on the list first, so that not even a power cut leaves it open.
        ledger.owed()
        if ledger.taken or ledger.trouble:
            return unknown(ledger.trouble or "another ravatard keeps the list of sessions", "run it as root")
        return await _tried(case, ledger)
    finally:
        ledger.close()


def ledger_folder(case: Case) -> Path:
    """Return the folder of the list of sessions."""
    system = case.machine.path(str(SYSTEM))
    return state_directory(case.machine.environ, case.asked.state, system=system)


async def _tried(case: Case, ledger: Ledger) -> CheckResult:
    """Start a session and end it; leaving the cloud ends it too, whatever happened."""
    cloud = cloud_of(case, case.machine.network(access_of(case)), ledger)
    async with cloud.opened():
        outcome = await _session(case, cloud)
    if ledger.owed():
        return broken("a session was started and could not be ended", "ravatard end-sessions")
    return outcome


async def _session(case: Case, cloud: ServiceCloud) -> CheckResult:
    kind = kind_of(case.options)
    try:
        if kind.doctor.try_live is not None:
            case.in_session = await kind.doctor.try_live(cloud, _sentence())
            return told(case.in_session["live"])
        async with cloud.connect():
            await cloud.start_session()
            try:
                case.stream_url = await _stream_url(cloud)
            finally:
                await cloud.end_session()
    except TimeoutError:
        return warning(
            "a session was started and ended, without an address to see and hear it at",
            kind.doctor.stream_remedy,
        )
    except BusyError as error:
        return warning(str(error), kind.doctor.busy_remedy)
    except MoneyError as error:
        return broken(str(error), "pay; nothing is wrong with this machine")
    except (LinkError, PeerError, DeniedError) as error:
        return broken(str(error), f"ask {kind.vendor} about live sessions for this project")
    return fine("a session was started, and ended at once")


def _sentence() -> bytes:
    """Return a spoken sentence, s16le mono 16 kHz."""
    with wave.open(str(_SENTENCE)) as recording:
        return bytes(recording.readframes(round(_SENTENCE_S * recording.getframerate())))


async def _stream_url(cloud: ServiceCloud) -> Secret:
    """Return the URL of the held session's picture and sound.

    Raises:
        TimeoutError: the service gives none.
    """
    async with asyncio.timeout(_STREAM_S), aclosing(cloud.picture()) as shown:
        async for session in shown:
            if session is not None:
                return session[0]
    raise TimeoutError


async def look_at_stream(case: Case) -> CheckResult:
    """Check that the server of the avatar's voice and picture is reached."""
    if case.stream_url is None:
        return needless("only a live session has one (--live)")
    host, port, _ = address_of(case.stream_url.reveal())
    if (proxy := proxy_of(case, case.stream_url.reveal())) is not None:
        through = f"the stream's page and signalling at {host} go through the proxy {proxy}"
        return fine(f"{through}; sound and picture come by UDP, past it")
    remedy = "let the firewall pass it; the sound comes by UDP from there"
    try:
        async with asyncio.timeout(CONNECT_S):
            await case.machine.connect(host, port, tls_of(case, case.stream_url.reveal()))
    except TimeoutError:
        return broken(f"the stream at {host}:{port} does not answer within {CONNECT_S:g} s", remedy)
    except OSError as error:
        trouble = lost(f"cannot reach the stream at {host}:{port}", host, error, case.machine.now())
        return broken(str(trouble), remedy)
    return fine(f"{host}:{port} answers")

"""Checks of the service, step by step: name, connection, credentials, avatar, live session, stream."""

from __future__ import annotations

import asyncio
import ipaddress
import random
import ssl
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from pathlib import Path
from urllib.parse import urlsplit

from ravatard.cloud.certificate import lost
from ravatard.cloud.factory import kind_of, open_cloud
from ravatard.cloud.kind import CloudResources
from ravatard.cloud.media.addresses import Reach, reach_of
from ravatard.cloud.proxy import Proxies, Proxy
from ravatard.doctor.check import Case
from ravatard.doctor.result import CheckResult, broken, fine, needless, unknown, warning
from ravatard.errors import AuthError, BusyError, DeniedError, LinkError, MoneyError, PeerError
from ravatard.host.identity import user_id
from ravatard.host.ledger import FileLedger
from ravatard.host.state import SYSTEM, state_directory
from ravatard.ports.cloud import ServiceCloud
from ravatard.ports.host import Ledger
from ravatard.ports.network import Network
from ravatard.secret import Secret

#: A connection and TLS handshake over a slow mobile network.
CONNECT_S = 8.0
#: To start a session and to end it; each has its own deadline below.
LIVE_LIMIT_S = 75.0
_STREAM_S = 5.0
_SEALED = "the project id is readable for root only"


def _address(url: str) -> tuple[str, int, bool]:
    """Return host, port, and True for TLS."""
    parts = urlsplit(url)
    tls = parts.scheme in ("https", "wss")
    return parts.hostname or "", parts.port or (443 if tls else 80), tls


def _proxies(case: Case) -> Proxies:
    return Proxies(case.options.service.proxy, case.machine.environ)


async def look_at_dns(case: Case) -> CheckResult:
    """Check that the service's name has an address."""
    host, _, _ = _address(case.options.service.base_url)
    if (proxy := _proxies(case).of(case.options.service.base_url)) is not None:
        return needless(f"the proxy {proxy} looks up {host}")
    try:
        ipaddress.ip_address(host)
    except ValueError:
        pass
    else:
        return needless(f"{host} is an address")
    # Not the resolver in a thread of ours: a program can be ended when it hangs.
    ran = await case.machine.run("getent", "ahosts", host)
    if ran is None:
        return unknown("getent is not installed", "sudo apt install libc-bin")
    found = list(dict.fromkeys(line.split()[0] for line in ran.out.splitlines() if line.strip()))
    if ran.status or not found:
        return broken(
            f"{host} has no address: no network, no name server, or a wrong service.base_url",
            "look at `ip route` and /etc/resolv.conf; `resolvectl query` asks",
        )
    return fine(f"{host} is {found[0]}", address=found[0])


async def look_at_tls(case: Case) -> CheckResult:
    """Check that the service is reached, and its certificate good."""
    host, port, tls = _address(case.options.service.base_url)
    proxy = _proxies(case).named(case.options.service.base_url)
    if isinstance(proxy, str):
        return broken(proxy, "write an http proxy in service.proxy, or none")
    if proxy is not None:
        return await _look_at_proxy(case, proxy)
    try:
        async with asyncio.timeout(CONNECT_S):
            await case.machine.connect(host, port, tls)
    except TimeoutError:
        return broken(
            f"{host}:{port} does not answer within {CONNECT_S:g} s", "look for a firewall or a captive portal"
        )
    except OSError as error:
        remedy = "look for a firewall or a captive portal; `curl -v` shows more"
        if isinstance(error, ssl.SSLCertVerificationError):
            remedy = "see the check `clock`; sudo apt install ca-certificates"
        return broken(str(lost(f"cannot reach {host}:{port}", host, error, case.machine.now())), remedy)
    if not tls and not _is_here(host):
        return warning(
            f"{host}:{port} answers, without TLS: everything can be overheard on the way",
            "write https:// in service.base_url",
        )
    return fine(f"{host}:{port} answers{' and its certificate is good' if tls else ''}")


async def _look_at_proxy(case: Case, proxy: Proxy) -> CheckResult:
    """Check that the proxy is reached; the checks behind this one go through it."""
    remedy = (
        "correct service.proxy or the environment's HTTPS_PROXY; NO_PROXY and service.proxy: none do without"
    )
    try:
        async with asyncio.timeout(CONNECT_S):
            await case.machine.connect(
                proxy.url.host or "", proxy.url.port or 80, proxy.url.scheme == "https"
            )
    except TimeoutError:
        return broken(f"the proxy {proxy} does not answer within {CONNECT_S:g} s", remedy)
    except OSError as error:
        return broken(str(lost(f"cannot reach the proxy {proxy}", str(proxy.url.host), error)), remedy)
    return fine(f"requests go through the proxy {proxy}, which answers")


def _is_here(host: str) -> bool:
    """Return True if ``host`` is this machine or in its network."""
    try:
        return reach_of(host) is not Reach.PUBLIC
    except ValueError:
        return host == "localhost"


@asynccontextmanager
async def _asked(case: Case) -> AsyncIterator[ServiceCloud]:
    """Open the service for questions that cost nothing."""
    network = case.machine.network(_proxies(case))
    try:
        yield _cloud(case, network, None)
    finally:
        await network.close()


def _cloud(case: Case, network: Network, ledger: Ledger | None) -> ServiceCloud:
    """Return the service, as the appliance uses it."""
    return open_cloud(
        case.options,
        CloudResources(
            network=network,
            user_id=user_id(case.machine.path("/etc/machine-id")),
            chance=random.SystemRandom().random,
            ledger=ledger,
        ),
    )


def _inapplicable(case: Case, check: str) -> CheckResult | None:
    """Return the outcome of a check that does not apply to this kind of service; None when it does."""
    kind = kind_of(case.options)
    return None if check in kind.doctor.ids else needless(f"a service of {kind.vendor} has no such thing")


async def look_at_token(case: Case) -> CheckResult:
    """Check that the service accepts our credentials."""
    kind = kind_of(case.options)
    if (result := _inapplicable(case, "token")) is not None:
        return result
    if case.sealed:
        return unknown(_SEALED, "sudo ravatard doctor can ask the service")
    try:
        async with _asked(case) as cloud:
            await kind.doctor.access(cloud)
    except AuthError as error:
        verb = "write" if kind.credential(case.options.service) is None else "check"
        return broken(str(error), f"{verb} {kind.credential_key}, as {kind.vendor} gave it")
    except MoneyError as error:
        return broken(str(error), "pay; nothing is wrong with this machine")
    except (LinkError, PeerError) as error:
        return broken(str(error), f"try again later; ask {kind.vendor} whether the service is up")
    except DeniedError as error:
        return broken(str(error), "check section service of the configuration")
    return fine("the service lets us in")


async def look_at_avatar(case: Case) -> CheckResult:
    """Check that the service has the avatar and the language."""
    kind = kind_of(case.options)
    if (result := _inapplicable(case, "avatar")) is not None:
        return result
    if case.sealed:
        return unknown(_SEALED, "sudo ravatard doctor can ask the service")
    try:
        async with _asked(case) as cloud:
            avatar, language = kind.doctor.choose(await cloud.about(), case.options)
    except DeniedError as error:
        return broken(str(error), "`ravatard avatars` and `ravatard languages` list what there is")
    except (LinkError, PeerError) as error:
        return broken(str(error), f"try again later; ask {kind.vendor} whether the service is up")
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
        return unknown(_SEALED, "sudo ravatard doctor can ask the service")
    ledger = FileLedger(_ledger_folder(case))
    try:
        # A session started here is on the list first, so that not even a power cut leaves it open.
        ledger.owed()
        if ledger.taken or ledger.trouble:
            return unknown(ledger.trouble or "another ravatard keeps the list of sessions", "run it as root")
        return await _tried(case, ledger)
    finally:
        ledger.close()


def _ledger_folder(case: Case) -> Path:
    system = case.machine.path(str(SYSTEM))
    return state_directory(case.machine.environ, case.asked.state, system=system)


async def _tried(case: Case, ledger: Ledger) -> CheckResult:
    """Start a session and end it; leaving the cloud ends it too, whatever happened."""
    cloud = _cloud(case, case.machine.network(_proxies(case)), ledger)
    async with cloud.opened():
        outcome = await _session(case, cloud)
    if ledger.owed():
        return broken("a session was started and could not be ended", "ravatard end-sessions")
    return outcome


async def _session(case: Case, cloud: ServiceCloud) -> CheckResult:
    kind = kind_of(case.options)
    try:
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
    host, port, tls = _address(case.stream_url.reveal())
    try:
        async with asyncio.timeout(CONNECT_S):
            await case.machine.connect(host, port, tls)
    except TimeoutError:
        return broken(
            f"the stream at {host}:{port} does not answer within {CONNECT_S:g} s",
            "let the firewall pass it; the sound comes by UDP from there",
        )
    except OSError as error:
        return broken(
            str(lost(f"cannot reach the stream at {host}:{port}", host, error, case.machine.now())),
            "let the firewall pass it; the sound comes by UDP from there",
        )
    return fine(f"{host}:{port} answers")

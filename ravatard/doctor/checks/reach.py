"""Checks of the way to the service: its names, its addresses, and the proxy before them."""

from __future__ import annotations

import asyncio
import ipaddress
import ssl
from urllib.parse import urlsplit

from ravatard.cloud.certificate import lost
from ravatard.cloud.factory import kind_of
from ravatard.cloud.media.addresses import Reach, reach_of
from ravatard.cloud.network.access import NetworkAccess, network_access
from ravatard.cloud.network.trust import context_for
from ravatard.cloud.proxy import Proxy
from ravatard.doctor.check import Case
from ravatard.doctor.result import CheckResult, Verdict, broken, fine, needless, unknown, warning

#: A connection and TLS handshake over a slow mobile network.
CONNECT_S = 8.0


def address_of(url: str) -> tuple[str, int, bool]:
    """Return host, port, and True for TLS."""
    parts = urlsplit(url)
    tls = parts.scheme in ("https", "wss")
    return parts.hostname or "", parts.port or (443 if tls else 80), tls


def access_of(case: Case) -> NetworkAccess:
    """Return the access to the network, as the appliance has it.

    Raises:
        ConfigError: the file of ``network.ca`` cannot be used.
    """
    return network_access(case.options, case.machine.environ)


def proxy_of(case: Case, url: str) -> Proxy | None:
    """Return the proxy that the appliance takes for ``url``; None also for one that cannot be used."""
    found = access_of(case).proxies.named(url)
    return found if isinstance(found, Proxy) else None


def tls_of(case: Case, url: str) -> ssl.SSLContext | bool:
    """Return whom a connection to ``url`` trusts, as the appliance does; False: it is not encrypted."""
    if not address_of(url)[2]:
        return False
    issuers = access_of(case).issuers
    return context_for(issuers, url) if issuers.more else True


async def look_at_dns(case: Case) -> CheckResult:
    """Check that the service's name has an address."""
    host, _, _ = address_of(case.options.service.base_url)
    if (proxy := proxy_of(case, case.options.service.base_url)) is not None:
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
    options = case.options
    result = await _look_at_address(case, options.service.base_url)
    if result.verdict not in (Verdict.FINE, Verdict.WARNING):
        return result
    other = kind_of(options).doctor.socket_address(options)
    if address_of(other) == address_of(options.service.base_url):
        return result
    second = await _look_at_address(case, other)
    text = f"{result.text}; {second.text}"
    return second if second.verdict is Verdict.BROKEN else CheckResult(second.verdict, text, second.remedy)


async def _look_at_address(case: Case, url: str) -> CheckResult:
    """Check that one address is reached, through the proxy where there is one."""
    host, port, tls = address_of(url)
    proxy = access_of(case).proxies.named(url)
    if isinstance(proxy, str):
        return broken(proxy, "write an http proxy in service.proxy, or none")
    if proxy is not None:
        return await _look_at_proxy(case, proxy)
    try:
        async with asyncio.timeout(CONNECT_S):
            await case.machine.connect(host, port, tls_of(case, url))
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
            f"write {'wss://' if url.startswith('ws') else 'https://'} in its address in section service",
        )
    return fine(f"{host}:{port} answers{' and its certificate is good' if tls else ', without TLS'}")


async def _look_at_proxy(case: Case, proxy: Proxy) -> CheckResult:
    """Check that the proxy is reached; the checks behind this one go through it."""
    remedy = (
        "correct service.proxy or the environment's HTTPS_PROXY; NO_PROXY and service.proxy: none do without"
    )
    try:
        async with asyncio.timeout(CONNECT_S):
            await case.machine.connect(
                proxy.url.host or "", proxy.url.port or 80, tls_of(case, str(proxy.url))
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

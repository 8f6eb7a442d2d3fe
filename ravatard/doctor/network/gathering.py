"""Facts about the network that one appliance needs, gathered from its configuration and its machine."""

from __future__ import annotations

import asyncio
import ssl

from ravatard.cloud.factory import kind_of
from ravatard.cloud.network.access import proxies_of
from ravatard.cloud.network.trust import Issuers, issuers_in, out_of_date, trusted
from ravatard.config import DEFAULT_PATH
from ravatard.config.loading import ReadableOptions, load_readable
from ravatard.doctor.check import Case
from ravatard.doctor.checks.running import look_at_daemon
from ravatard.doctor.checks.settings import environ_of, look_at_credentials
from ravatard.doctor.network.added_issuers import added_issuers
from ravatard.doctor.network.connector import Verification
from ravatard.doctor.network.machine_hosts import archive_proxies, archives, name_servers, time_servers
from ravatard.doctor.network.plan import NetworkFacts
from ravatard.errors import ConfigError, DeniedError
from ravatard.host.state import SETTINGS
from ravatard.ports.network import NamedHost

#: Limit for the programs that are asked about apt and the clock. They ask no network; without their answer
#: the rows about them are missing, and the report says so.
_PROGRAMS_S = 5.0
_MOST_NAMED = 16
_PROTOCOLS = frozenset({"https", "http", "wss", "ws", "stun", "turn-udp", "turn-tcp", "turn-tls"})


async def gather(case: Case, stun: tuple[tuple[str, int], ...] = ()) -> tuple[NetworkFacts, tuple[str, ...]]:
    """Read what can be read: a mistake in the configuration, or a file for root alone, ends nothing.

    Args:
        case: the machine; gets its options and the daemon's status.
        stun: STUN servers to try, host and port.

    Returns:
        The facts, and a sentence about each thing that could not be found out.
    """
    look_at_credentials(case)
    read = load_readable(
        case.asked.config,
        environ_of(case),
        default_path=case.machine.path(str(DEFAULT_PATH)),
        saved=case.state / SETTINGS,
    )
    case.options = read.options
    look_at_daemon(case)
    kind, machine = kind_of(read.options), case.machine
    try:
        socket_url = kind.doctor.socket_address(read.options)
    except DeniedError:
        # The configuration's own mistake, which it tells itself.
        socket_url = ""
    notes = list(_notes(case, read))
    clocks: tuple[str, ...] = ()
    urls: tuple[str, ...] = ()
    try:
        async with asyncio.timeout(_PROGRAMS_S):
            clocks = await time_servers(machine)
            urls = await archives(machine)
            proxies = await archive_proxies(machine, urls)
    except TimeoutError:
        proxies = dict.fromkeys(urls)
        notes.append("apt and the clock's service did not say in time which servers they ask")
    facts = NetworkFacts(
        options=read.options,
        socket_url=socket_url,
        names_later=kind.doctor.names_later(read.options),
        proxies=proxies_of(read.options, machine.environ),
        unreadable=read.refused,
        incomplete=_why_incomplete(read),
        name_servers=name_servers(machine),
        time_servers=clocks,
        archives=proxies,
        stun=stun,
        named=_named_hosts(case),
    )
    return facts, tuple(notes)


def is_running(case: Case) -> bool:
    """Return True if a daemon runs with the configuration in question.

    One that is found by itself runs with the default configuration.
    """
    is_meant = case.asked.config is None or case.asked.socket is not None
    return is_meant and case.daemon is not None


def is_online(case: Case) -> bool:
    """Return True if that daemon has its WebSocket to the service open."""
    link = case.daemon.get("link") if case.daemon is not None and is_running(case) else None
    return isinstance(link, dict) and link.get("state") == "online"


def _named_hosts(case: Case) -> tuple[NamedHost, ...]:
    """Return the hosts that the service has named to that daemon; of what it cannot say, nothing."""
    told = case.daemon.get("named_hosts") if case.daemon is not None and is_running(case) else None
    found = []
    for one in told[:_MOST_NAMED] if isinstance(told, list) else []:
        match one:
            case {"protocol": str(protocol), "host": str(host), "port": int(port)}:
                if protocol in _PROTOCOLS and host and 0 < port < 1 << 16:
                    found.append(NamedHost(protocol, host, port))
    return tuple(found)


def _why_incomplete(read: ReadableOptions) -> str:
    if not read.incomplete:
        return ""
    if any(problem.denied for problem in read.problems):
        return "the configuration may not be read by you"
    return "the configuration cannot be read"


def _notes(case: Case, read: ReadableOptions) -> list[str]:
    """Return sentences about the configuration that make the list doubtful."""
    notes = []
    if read.problems:
        first, more = read.problems[0], len(read.problems) - 1
        text = str(first).replace(f"{case.machine.root}/", "/")
        notes.append(f"the configuration: {text}{f' (and {more} more)' if more else ''}")
    return notes


def verification_of(case: Case) -> tuple[Verification, str]:
    """Return the judgement of certificates, as the appliance has it; and why it may differ, or "".

    The file of ``network.ca`` may be for the service's eyes only.
    """
    note = ""
    try:
        issuers = issuers_in(case.options.network.ca)
    except ConfigError as error:
        issuers, note = Issuers(), f"only this machine's own issuers are trusted here: {error}"

    def trust(file: str) -> ssl.SSLContext:
        return ssl.create_default_context(cafile=file) if file else trusted(issuers)

    added = added_issuers(case.machine, case.options.network.ca)
    stale = out_of_date(issuers, case.machine.now())
    return Verification(trust, case.machine.now, added, stale), note

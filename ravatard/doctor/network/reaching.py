"""First step of a trial: a host's addresses, and a connection by each version of IP."""

from __future__ import annotations

import asyncio
import errno
import socket
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from ipaddress import IPv4Address, IPv6Address, ip_address

from ravatard.cloud.border import plain
from ravatard.cloud.network.portal import is_here
from ravatard.cloud.replies import cause_of
from ravatard.doctor.network.destination import Outcome, State
from ravatard.doctor.network.links import ForeignAnswerError, Links, TcpStream

#: Limits of a trial's first steps. A firewall that drops packets lets each run out.
LOOKUP_S = 5.0
CONNECT_S = 5.0
#: The machine itself has no way to such addresses, as one without IPv6.
_NO_ROUTE = frozenset({errno.ENETUNREACH, errno.EHOSTUNREACH, errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT})
_LONGEST_REASON = 100
_BROADCAST = IPv4Address("255.255.255.255")


class TrialEnded(Exception):
    """End of a trial before its last step.

    Attributes:
        outcome: the outcome.
    """

    def __init__(self, outcome: Outcome) -> None:
        super().__init__(outcome.text)
        self.outcome = outcome


@dataclass(frozen=True, slots=True)
class ReachedHost:
    """Connection to a host.

    Attributes:
        stream: the connection; by IPv4 where both versions of IP have one.
        families: versions of IP that it was had by.
        note: clause about one that it was not had by; "" when there is none.
    """

    stream: TcpStream
    families: tuple[int, ...]
    note: str = ""


async def addresses_of(links: Links, host: str) -> Mapping[int, str]:
    """Return the first address of each version of IP.

    Raises:
        TrialEnded: there is none.
    """
    try:
        async with asyncio.timeout(LOOKUP_S):
            found = await links.addresses(host)
    except TimeoutError:
        text = f"no name server answers for {host} within {LOOKUP_S:g} s"
        raise TrialEnded(Outcome(State.NAMELESS, text)) from None
    except OSError as error:
        raise TrialEnded(Outcome(State.NAMELESS, _nameless(host, error))) from None
    first: dict[int, str] = {}
    for address in found:
        if address == host or _may_be_connected_to(address):
            first.setdefault(6 if ":" in address else 4, address)
    if not first and found:
        # The system takes 0.0.0.0 for this machine: what listens there is not the host.
        text = f"the name servers give {plain(found[0], _LONGEST_REASON)} for {host}, an address of no host: "
        raise TrialEnded(Outcome(State.NAMELESS, f"{text}a filter may block the name"))
    if not first:
        raise TrialEnded(Outcome(State.NAMELESS, f"the name servers have no address of {host}"))
    return first


def _may_be_connected_to(address: str) -> bool:
    """Return True unless a host cannot have such an address, or it holds in a network that is not named."""
    numbers, _, zone = address.partition("%")
    found = _numeric(numbers)
    if isinstance(found, IPv6Address) and found.is_link_local and not zone:
        return False
    return not (found.is_unspecified or found.is_multicast or found == _BROADCAST)


def _numeric(numbers: str) -> IPv4Address | IPv6Address:
    """Return a numeric address; one of IPv4 in the clothes of IPv6 (RFC 4291, 2.5.5.2) as that of IPv4."""
    found = ip_address(numbers)
    return getattr(found, "ipv4_mapped", None) or found


def of_this_machine(host: str, addresses: Mapping[int, str]) -> str:
    """Return a clause about a name that leads to this machine itself; "" for any other host."""
    inner = all(_numeric(one.partition("%")[0]).is_loopback for one in addresses.values())
    return f"the name {host} leads to this machine itself" if inner and not is_here(host) else ""


def _nameless(host: str, error: OSError) -> str:
    if error.errno == socket.EAI_AGAIN:
        return f"no name server gives an answer for {host}"
    if error.errno in (socket.EAI_NONAME, socket.EAI_NODATA):
        return f"the name servers do not know {host}"
    return f"{host} is not looked up ({plain(cause_of(error), _LONGEST_REASON)})"


async def reach(links: Links, host: str, port: int) -> ReachedHost:
    """Connect to ``host`` by each version of IP that it has an address of; keep one connection.

    Raises:
        TrialEnded: there is none.
    """
    addresses = await addresses_of(links, host)
    streams: dict[int, TcpStream] = {}

    async def connect(family: int, address: str) -> None:
        streams[family] = await links.connect(address, port)

    try:
        failures = await by_each_version(addresses, connect, CONNECT_S)
    except BaseException:
        for stream in streams.values():
            stream.abort()
        raise
    itself = of_this_machine(host, addresses)
    if not streams:
        raise TrialEnded(with_clause(worst(failures), itself))
    kept = min(streams)
    for family, stream in streams.items():
        if family != kept:
            stream.abort()
    told = [f"IPv{one}: {outcome.text}" for one, outcome in failures.items() if _matters(outcome)]
    if itself:
        told.append(itself)
    return ReachedHost(streams[kept], tuple(sorted(streams)), "; ".join(told))


def with_clause(outcome: Outcome, itself: str) -> Outcome:
    """Return ``outcome`` with the clause of :func:`of_this_machine`, if there is one."""
    return replace(outcome, text=f"{outcome.text}; {itself}", here=True) if itself else outcome


async def by_each_version(
    addresses: Mapping[int, str], step: Callable[[int, str], Awaitable[None]], within_s: float
) -> dict[int, Outcome]:
    """Take a step by each version of IP, all at once; return the failures.

    Args:
        addresses: version of IP, and the address that the step is taken to.
        step: gets both; raises OSError when it fails.
        within_s: limit of each step.
    """
    failures: dict[int, Outcome] = {}

    async def one(family: int, address: str) -> None:
        try:
            async with asyncio.timeout(within_s):
                await step(family, address)
        except TimeoutError:
            text = f"{address} does not answer within {within_s:g} s"
            failures[family] = Outcome(State.SILENT, text)
        except OSError as error:
            failures[family] = _failure(address, error)

    async with asyncio.TaskGroup() as group:
        for family, address in addresses.items():
            group.create_task(one(family, address), name=f"by IPv{family}")
    return failures


def _failure(address: str, error: OSError) -> Outcome:
    """Return the outcome of a connection or datagram to ``address`` that failed."""
    if isinstance(error, ForeignAnswerError):
        return Outcome(State.WRONG, f"{address} {error}")
    if isinstance(error, ConnectionRefusedError):
        return Outcome(State.REFUSED, f"{address} refuses")
    if error.errno in _NO_ROUTE:
        return Outcome(State.UNREACHABLE, f"there is no way to {address} ({plain(cause_of(error), 60)})")
    return Outcome(State.FAILED, f"{address}: {plain(cause_of(error), _LONGEST_REASON)}")


def _matters(failed: Outcome) -> bool:
    """Return True unless the machine has no such version of IP at all, which is no fault."""
    return failed.state is not State.UNREACHABLE


def worst(failures: Mapping[int, Outcome]) -> Outcome:
    """Return the failure that says most: that of a version of IP the machine has; IPv4's first."""
    in_order = [failures[family] for family in sorted(failures)]
    return next((one for one in in_order if _matters(one)), in_order[0])

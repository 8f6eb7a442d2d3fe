"""Conclusion from all trials: what a network's administrator has to do, and the exit status. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace

from ravatard.doctor.network.destination import Destination, Outcome, State
from ravatard.doctor.network.plan import is_here
from ravatard.exit_status import ExitStatus

Row = tuple[Destination, Outcome]

_BLOCKED = (State.SILENT, State.UNREACHABLE, State.REFUSED, State.FAILED)


def relieved(rows: Sequence[Row]) -> list[Row]:
    """Return the rows with a mark on each closed one of whose group another is open."""
    open_groups = {row.one_of for row, outcome in rows if outcome.state is State.OPEN} - {""}
    return [
        (
            row,
            replace(outcome, relieved=True)
            if outcome.state.closed and row.one_of in open_groups
            else outcome,
        )
        for row, outcome in rows
    ]


def exit_status(rows: Iterable[Row]) -> ExitStatus:
    """Return 0 if all that was tried is open, 1 if something is closed, 2 if something could not be told."""
    states = {outcome.state for _, outcome in rows if not outcome.relieved}
    if any(state.closed for state in states):
        return ExitStatus.FAILED
    return ExitStatus.UNDECIDED if states & {State.UNDECIDED, State.UNKNOWN} else ExitStatus.DONE


def advice(rows: Sequence[Row], command: str = "ravatard doctor network") -> list[str]:
    """Return sentences about what is to be done next, the most pressing first.

    What goes through a proxy is never opened in a firewall: the fault is that the proxy itself is closed, or
    that it does not let it through.

    Args:
        rows: what was tried, and what came of it.
        command: tries the same once more.
    """
    needed = [one for one in rows if not one[1].relieved and not _is_behind_closed(one, rows)]

    def of(*states: State) -> list[Row]:
        return [one for one in needed if one[1].state in states]

    blocked = [one for one in of(*_BLOCKED) if one[0].proxy is None]
    inner = [one for one in blocked if is_here(one[0].host) or one[1].here]
    refused = [*of(State.REJECTED), *(one for one in of(*_BLOCKED) if one[0].proxy is not None)]
    found = [
        *_portal(of(State.PORTAL)),
        *_nameless(of(State.NAMELESS)),
        *_opening([one for one in blocked if one not in inner]),
        *_wrong(of(State.WRONG)),
        *_each(refused, "Have the proxy let through", lambda row: row.rule),
        *_intercepted(of(State.UNTRUSTED)),
        *_each(
            of(State.STRIPPED),
            "Have the proxy or filter pass on the WebSocket upgrade to",
            lambda row: row.host,
        ),
        *_here(inner),
    ]
    if found:
        found.append(f"Then run `{command}` again.")
    else:
        found.append("Everything that could be tried from here is open.")
    if undecided := of(State.UNDECIDED):
        hosts = _listed(row.host for row, _ in undecided)
        found.append(f"Not proven: the WebSocket to {hosts}; try again while the appliance is online.")
    found += _unknown([row for row, _ in of(State.UNKNOWN)], command)
    later = [
        row for row, outcome in needed if outcome.state is State.UNTRIED and not row.inbound and not row.host
    ]
    if later:
        rules = "; ".join(
            dict.fromkeys(row.rule + (" (by the proxy)" if row.proxy is not None else "") for row in later)
        )
        found.append(f"To open as well, though only the service names the hosts: {rules}.")
    return found


def _is_behind_closed(one: Row, rows: Sequence[Row]) -> bool:
    """Return True if a destination is closed because the proxy on the way to it is."""
    row, outcome = one
    if row.proxy is None or not outcome.state.closed:
        return False
    way = (row.proxy.url.host, row.proxy.url.port)
    return any(
        proxy.proxy is None and (proxy.host, proxy.port) == way and tried.state.closed
        for proxy, tried in rows
    )


def _listed(words: Iterable[str]) -> str:
    return ", ".join(dict.fromkeys(word for word in words if word))


def _each(rows: list[Row], beginning: str, named: Callable[[Destination], str]) -> Iterator[str]:
    if rows:
        yield f"{beginning} {_listed(named(row) for row, _ in rows)}."


def _nameless(rows: list[Row]) -> Iterator[str]:
    if rows:
        hosts, ports = _listed(row.host for row, _ in rows), _listed(row.ports for row, _ in rows)
        yield f"Have the name servers answer for {hosts}; only then can {ports} be tried there."


def _wrong(rows: list[Row]) -> Iterator[str]:
    if rows:
        places = _listed(f"{row.purpose} at {row.ports} of {row.host}" for row, _ in rows)
        yield (
            f"Reached, and of no use as it answers: {places}. Name another server in the settings of this "
            "machine or its network, or have this one serve this machine."
        )


def _opening(rows: list[Row]) -> Iterator[str]:
    """Yield the sentence with the rules of a firewall; of a group one is enough."""
    rules: list[str] = []
    for row, _ in rows:
        same = [one.host for one, _ in rows if one.one_of == row.one_of] if row.one_of else []
        rules.append(f"{row.ports} to {' or '.join(same)}" if len(same) > 1 else row.rule)
    if rules:
        yield f"Open for this machine: {'; '.join(dict.fromkeys(rules))}."


def _unknown(rows: list[Destination], command: str) -> Iterator[str]:
    """Yield sentences about settings that cannot be read, and about a proxy that cannot be used."""
    # Of a host that is known only the way is not.
    if hosts := _listed(row.host for row in rows):
        yield f"Not tried: {hosts}; {_listed(row.untried for row in rows if row.host)}."
    if keys := _listed(row.setting for row in rows if not row.host):
        yield f"Not known: {keys}; `sudo {command}` may read more."


def _portal(rows: list[Row]) -> Iterator[str]:
    if rows:
        hosts = _listed(row.host for row, _ in rows)
        yield (
            "Log this machine in at the network's login page, or have it let through without "
            f"(by its hardware address): it stands before {hosts}."
        )


def _intercepted(rows: list[Row]) -> Iterator[str]:
    """Yield the sentence about certificates of strangers."""
    if not rows:
        return
    hosts = _listed(row.host for row, _ in rows)
    issuers = _listed(outcome.issuer for _, outcome in rows)
    whose = f' "{issuers}"' if issuers else ""
    yield (
        f"Take {hosts} out of the inspection of TLS, or have the issuer{whose} trusted: write the file of "
        "its certificate as network.ca for the service, mqtt.ca for the broker; for apt put it into "
        "/usr/local/share/ca-certificates and run sudo update-ca-certificates."
    )


def _here(rows: list[Row]) -> Iterator[str]:
    """Yield the sentence about programs of this machine, before which there is no firewall."""
    if rows:
        ports = _listed(f"{row.purpose} at {row.ports}" for row, _ in rows)
        yield f"Look at this machine itself, no firewall is in between: {ports}."

"""The conclusion: what is to be opened, and the exit status."""

from __future__ import annotations

from dataclasses import replace

import pytest
from yarl import URL

from ravatard.cloud.proxy import Proxy
from ravatard.doctor.network.conclusion import Row, advice, exit_status, relieved
from ravatard.doctor.network.destination import Destination, NetworkProtocol, Outcome, State
from ravatard.exit_status import ExitStatus

SERVICE = Destination("requests", "chat.example", 443, NetworkProtocol.HTTPS, "service.base_url")
SOCKET = Destination("WebSocket", "chat.example", 443, NetworkProtocol.WSS, "service.base_url")
CLOCKS = [
    Destination("clock", f"{n}.ntp.example", 123, NetworkProtocol.NTP, one_of="clock") for n in range(2)
]
LATER = Destination("stream", "", 443, NetworkProtocol.HTTPS, stands_for="the stream's host", untried="later")
PROXY = Destination("HTTP proxy", "proxy.example", 3128, NetworkProtocol.TCP)
BY = Proxy(URL("http://proxy.example:3128"), "service.proxy")
AGAIN = "Then run `ravatard doctor network` again."


def rows(*pairs: tuple[Destination, State]) -> list[Row]:
    return relieved([(one, Outcome(state, issuer="Proxy CA")) for one, state in pairs])


@pytest.mark.parametrize(
    ("states", "status"),
    [
        ((State.OPEN, State.OPEN), ExitStatus.DONE),
        ((State.OPEN, State.UNTRIED), ExitStatus.DONE),
        ((State.OPEN, State.UNDECIDED), ExitStatus.UNDECIDED),
        ((State.UNKNOWN, State.OPEN), ExitStatus.UNDECIDED),
        ((State.UNKNOWN, State.SILENT), ExitStatus.FAILED),
        ((State.PORTAL, State.OPEN), ExitStatus.FAILED),
    ],
)
def test_the_exit_status(states: tuple[State, State], status: ExitStatus) -> None:
    assert exit_status(rows((SERVICE, states[0]), (SOCKET, states[1]))) == status


def test_one_time_server_of_several_is_enough() -> None:
    found = rows((CLOCKS[0], State.SILENT), (CLOCKS[1], State.OPEN))

    assert [outcome.relieved for _, outcome in found] == [True, False]
    assert exit_status(found) == ExitStatus.DONE
    assert advice(found) == ["Everything that could be tried from here is open."]


def test_of_a_group_that_is_closed_one_is_to_be_opened() -> None:
    found = rows((SERVICE, State.REFUSED), (SOCKET, State.SILENT), *((one, State.SILENT) for one in CLOCKS))

    assert advice(found) == [
        "Open for this machine: TCP 443 to chat.example; UDP 123 to 0.ntp.example or 1.ntp.example.",
        AGAIN,
    ]


@pytest.mark.parametrize(
    ("state", "sentence"),
    [
        (
            State.NAMELESS,
            "Have the name servers answer for chat.example; only then can TCP 443 be tried there.",
        ),
        (
            State.WRONG,
            "Reached, and of no use as it answers: requests at TCP 443 of chat.example. "
            "Name another server in the settings of this machine or its network, or have this one serve "
            "this machine.",
        ),
        (State.REJECTED, "Have the proxy let through TCP 443 to chat.example."),
        (State.STRIPPED, "Have the proxy or filter pass on the WebSocket upgrade to chat.example."),
        (
            State.UNTRUSTED,
            'Take chat.example out of the inspection of TLS, or have the issuer "Proxy CA" trusted: write '
            "the file of its certificate as network.ca for the service, mqtt.ca for the broker; for apt put "
            "it into /usr/local/share/ca-certificates and run sudo update-ca-certificates.",
        ),
        (
            State.PORTAL,
            "Log this machine in at the network's login page, or have it let through without (by its "
            "hardware address): it stands before chat.example.",
        ),
    ],
)
def test_each_fault_has_its_next_step(state: State, sentence: str) -> None:
    assert advice(rows((SERVICE, state))) == [sentence, AGAIN]


@pytest.mark.parametrize("state", [State.SILENT, State.UNREACHABLE, State.REFUSED])
def test_behind_a_proxy_that_is_closed_nothing_else_is_to_be_opened(state: State) -> None:
    """The service is reached through the proxy alone: a firewall must not let the appliance past it."""
    found = advice(
        rows((PROXY, state), (replace(SERVICE, proxy=BY), state), (replace(SOCKET, proxy=BY), state))
    )

    assert found == ["Open for this machine: TCP 3128 to proxy.example.", AGAIN]


def test_of_a_proxy_without_an_address_its_own_name_is_asked_for() -> None:
    found = advice(rows((PROXY, State.NAMELESS), (replace(SERVICE, proxy=BY), State.NAMELESS)))

    assert found[0] == (
        "Have the name servers answer for proxy.example; only then can TCP 3128 be tried there."
    )


def test_what_an_open_proxy_does_not_reach_is_a_matter_of_the_proxy() -> None:
    found = advice(rows((PROXY, State.OPEN), (replace(SERVICE, proxy=BY), State.SILENT)))

    assert found == ["Have the proxy let through TCP 443 to chat.example.", AGAIN]


def test_a_proxy_that_cannot_be_used_is_to_be_corrected_and_no_matter_of_rights() -> None:
    reason = "service.proxy is no address; write one, or none"
    unusable = [replace(one, untried=reason, unknown=True) for one in (SERVICE, SOCKET)]

    assert advice(rows(*((one, State.UNKNOWN) for one in unusable)))[1:] == [
        f"Not tried: chat.example; {reason}."
    ]


def test_before_this_machine_itself_there_is_no_firewall() -> None:
    page = Destination("owner's page", "127.0.0.1", 8480, NetworkProtocol.TCP, "page.listen", inbound=True)

    assert advice(rows((page, State.FAILED)))[0] == (
        "Look at this machine itself, no firewall is in between: owner's page at TCP 8480."
    )


def test_what_is_not_proven_or_not_known_or_named_later_is_told() -> None:
    unread = Destination("MQTT", "", None, NetworkProtocol.TCP, "mqtt.host", unknown=True)

    assert advice(rows((SOCKET, State.UNDECIDED), (unread, State.UNKNOWN), (LATER, State.UNTRIED))) == [
        "Everything that could be tried from here is open.",
        "Not proven: the WebSocket to chat.example; try again while the appliance is online.",
        "Not known: mqtt.host; `sudo ravatard doctor network` may read more.",
        "To open as well, though only the service names the hosts: TCP 443 to the stream's host.",
    ]


def test_what_is_to_be_done_ends_with_the_command_that_was_given() -> None:
    again = "ravatard doctor network --config mine.yaml"
    unread = Destination("MQTT", "", None, NetworkProtocol.TCP, "mqtt.host", unknown=True)

    said = advice(rows((SERVICE, State.SILENT), (unread, State.UNKNOWN)), again)

    assert said[1:] == [f"Then run `{again}` again.", f"Not known: mqtt.host; `sudo {again}` may read more."]


def test_a_name_that_leads_to_this_machine_is_no_matter_of_a_firewall() -> None:
    inner = replace(rows((SERVICE, State.REFUSED))[0][1], here=True)

    assert advice([(SERVICE, inner)])[0] == (
        f"Look at this machine itself, no firewall is in between: {SERVICE.purpose} at TCP 443."
    )

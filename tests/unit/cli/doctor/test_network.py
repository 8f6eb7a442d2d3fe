"""`ravatard doctor network`: the order of its rows, and its data for programs."""

from __future__ import annotations

import asyncio
import shlex
import ssl
from datetime import UTC, datetime
from pathlib import Path

from ravatard.cli.doctor.network import command_of, for_programs, survey
from ravatard.doctor.check import DoctorRequest
from ravatard.doctor.network.connector import Verification
from ravatard.doctor.network.destination import Destination, NetworkProtocol, Outcome, State
from ravatard.doctor.network.trial import Trial
from ravatard.doctor.network.udp_answers import DatagramAnswer
from tests.unit.doctor.network.fakes import FakeLinks, FakeStream

CLOCKS = [
    Destination("clock", f"{n}.ntp.example", 123, NetworkProtocol.NTP, one_of="clock") for n in range(2)
]
BROKER = Destination("MQTT broker", "broker.example", 1883, NetworkProtocol.TCP, "mqtt.host")
PAGE = Destination(
    "owner's page", "127.0.0.1", 8480, NetworkProtocol.TCP, "page.listen", inbound=True, stands_for="browsers"
)


def network() -> FakeLinks:
    links = FakeLinks()
    links.names = {
        "0.ntp.example": ["192.0.2.1"],
        "1.ntp.example": ["192.0.2.2"],
        BROKER.host: ["192.0.2.3"],
        PAGE.host: [PAGE.host],
    }
    links.answers = {("192.0.2.1", 123): [None], ("192.0.2.2", 123): [DatagramAnswer()]}
    links.streams = {("192.0.2.3", 1883): [None], ("127.0.0.1", 8480): [FakeStream()]}
    return links


async def surveyed() -> tuple[list[tuple[Destination, Outcome]], list[tuple[float, str]]]:
    shown: list[tuple[float, str]] = []
    clock = asyncio.get_running_loop().time

    def show(one: Destination, outcome: Outcome) -> None:
        shown.append((clock(), f"{one.host} {outcome.state.value} {outcome.relieved}"))

    def trust(_file: str) -> ssl.SSLContext:
        return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)

    trial = Trial(network(), Verification(trust, lambda: datetime(2026, 8, 7, tzinfo=UTC)), running=True)
    return await survey([*CLOCKS, PAGE, BROKER], trial, show), shown


async def test_rows_come_in_order_while_all_are_tried_at_once() -> None:
    _, shown = await surveyed()

    assert shown == [
        (5.0, "0.ntp.example no_answer True"),
        (5.0, "1.ntp.example open False"),
        (5.0, "127.0.0.1 open False"),
        (5.0, "broker.example no_answer False"),
    ]


async def test_programs_get_every_row() -> None:
    rows, _ = await surveyed()

    data = for_programs(rows, ["a note"], "ravatard doctor network")

    assert data["exit_status"] == 1
    assert data["notes"] == ["a note"]
    assert data["advice"] == [
        "Open for this machine: TCP 1883 to broker.example.",
        "Then run `ravatard doctor network` again.",
    ]
    destinations = data["destinations"]
    assert isinstance(destinations, list)
    assert destinations[3] == {
        "for": "MQTT broker",
        "direction": "out",
        "host": "broker.example",
        "place": "broker.example",
        "transport": "tcp",
        "port": 1883,
        "protocol": "tcp",
        "proxy": None,
        "setting": "mqtt.host",
        "state": "no_answer",
        "needed": True,
        "ip_versions": [],
        "certificate_issuer": None,
        "text": "192.0.2.3 does not answer within 5 s",
    }
    assert [one["needed"] for one in destinations] == [False, True, True, True]
    assert (destinations[2]["direction"], destinations[2]["host"], destinations[2]["place"]) == (
        *("in", None, "browsers"),
    )
    assert {state.value for state in State} >= {one["state"] for one in destinations}


def test_the_command_to_try_again_names_the_file_that_was_asked_for() -> None:
    mine = Path("/srv/my settings/ravatard.yaml")

    *words, file = shlex.split(command_of(DoctorRequest(mine)))

    assert (" ".join(words), file) == ("ravatard doctor network --config", str(mine))
    assert command_of(DoctorRequest()) == "ravatard doctor network"

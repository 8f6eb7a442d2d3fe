"""The administrators' table of what must be open has every destination of the program, and no other."""

from __future__ import annotations

import re
from dataclasses import replace

from ravatard.cloud.kind import HostsNamedLater
from ravatard.cloud.proxy import Proxies
from ravatard.cloud.speech_to_text.options import SpeechToTextOptions
from ravatard.config import Options
from ravatard.doctor.network.destination import Destination
from ravatard.doctor.network.plan import NetworkFacts, destinations
from ravatard.mqtt.options import GroupOptions, MqttOptions
from ravatard.web.metrics.options import MetricsOptions
from ravatard.web.page.options import PageOptions
from tests.house.source import ROOT

_ROW = re.compile(r"^\| (.+) \| (.+) \| (.+) \|$", re.M)


def table() -> dict[str, str]:
    """Purpose -> port of every row of the section."""
    page = (ROOT / "systemd/README.md").read_text(encoding="utf-8")
    section = page.partition("## What the network must let through\n")[2].partition("\n## ")[0]
    rows = {purpose: port for _, port, purpose in _ROW.findall(section)}
    return {purpose: port for purpose, port in rows.items() if purpose not in ("For", "---")}


def planned() -> list[Destination]:
    """Destinations of a configuration in which everything is on, without TLS and with it."""
    options = Options(
        speech_to_text=SpeechToTextOptions(uri="tcp://recogniser.example:10300"),
        mqtt=MqttOptions(host="broker.example"),
        group=GroupOptions(name="lobby"),
        page=PageOptions(listen="lan"),
        metrics=MetricsOptions(listen="lan"),
    )
    facts = NetworkFacts(
        options,
        "wss://chat.rvtr.ai/ws/chat",
        frozenset(HostsNamedLater),
        Proxies(None, {}),
        name_servers=("192.0.2.53",),
        time_servers=("ntp.example",),
        archives={"https://apt.example/": None},
    )
    tls = replace(options, mqtt=MqttOptions(host="broker.example", tls=True))
    return [*destinations(facts), *destinations(replace(facts, options=tls))]


def test_every_destination_is_in_the_table_with_its_port() -> None:
    for one in planned():
        port = next((port for purpose, port in table().items() if purpose.startswith(one.purpose)), None)

        assert port is not None, f"{one.purpose} is missing in systemd/README.md"
        assert port.startswith(one.protocol.transport) or one.purpose == "speech recogniser"
        if one.port and one.purpose != "speech recogniser":
            assert re.search(rf"\b{one.port}\b", port), f"{one.purpose}: {port} and not {one.port}"


def test_every_row_of_the_table_is_a_destination() -> None:
    purposes = {one.purpose for one in planned()}

    assert [row for row in table() if not row.startswith(tuple(purposes))] == []

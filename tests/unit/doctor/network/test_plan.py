"""The plan: which destinations a configuration has, and which are not known."""

from __future__ import annotations

from dataclasses import replace

import pytest
from yarl import URL

from ravatard.cloud.kind import HostsNamedLater
from ravatard.cloud.options import ServiceOptions
from ravatard.cloud.pixelstreaming.options import LiveAudioOptions
from ravatard.cloud.proxy import Proxies, Proxy
from ravatard.cloud.speech_to_text.options import SpeechToTextOptions
from ravatard.config import Options
from ravatard.doctor.network.destination import Destination, NetworkProtocol
from ravatard.doctor.network.plan import NetworkFacts, destinations, is_here
from ravatard.mqtt.options import GroupOptions, MqttOptions
from ravatard.ports.network import NamedHost
from ravatard.web.kiosk.options import KioskOptions
from ravatard.web.metrics.options import MetricsOptions
from ravatard.web.page.options import PageOptions

STREAM, FILES, TRACK = HostsNamedLater.STREAM, HostsNamedLater.FILES, HostsNamedLater.TRACK
DIRECT = Proxies(None, {})


def facts(options: Options | None = None, **changes: object) -> NetworkFacts:
    """Facts of a machine that asks no name server, no clock and no archive."""
    plain = NetworkFacts(options or Options(), "wss://chat.rvtr.ai/ws/chat", frozenset({STREAM}), DIRECT)
    return replace(plain, **changes)  # type: ignore[arg-type]


def rules(found: NetworkFacts) -> list[str]:
    return [one.rule for one in destinations(found)]


def of(found: NetworkFacts, setting: str) -> Destination:
    return next(one for one in destinations(found) if one.setting == setting)


def test_the_service_alone() -> None:
    assert rules(facts()) == [
        "TCP 443 to chat.rvtr.ai",
        "TCP 443 to chat.rvtr.ai",
        "TCP 443 to host of the session's stream",
        "UDP 3478 to STUN and TURN servers",
        "TCP (any port) to TURN servers",
        "UDP (any port) to any address",
    ]
    requests, socket = destinations(facts())[:2]
    assert (requests.protocol, requests.path) == (NetworkProtocol.HTTPS, "/")
    assert (socket.protocol, socket.path) == (NetworkProtocol.WSS, "/ws/chat")


def test_everything_that_can_be_configured() -> None:
    options = Options(
        service=ServiceOptions(
            base_url="http://avatar.example:8000/v1", socket_url="ws://avatar.example:8001/ws"
        ),
        speech_to_text=SpeechToTextOptions(uri="tcp://[fd00::3]:10300"),
        mqtt=MqttOptions(host="broker.example", tls=True, ca="/etc/ca.pem"),
        group=GroupOptions(name="lobby"),
        page=PageOptions(listen="lan"),
        metrics=MetricsOptions(listen="lan"),
    )
    found = facts(
        options,
        socket_url="ws://avatar.example:8001/ws",
        names_later=frozenset({FILES, TRACK}),
        name_servers=("192.0.2.53", "192.0.2.54"),
        time_servers=("ntp.example",),
        archives={"https://apt.example/debian": None},
    )

    assert rules(found) == [
        "UDP 53 to 192.0.2.53",
        "UDP 53 to 192.0.2.54",
        "UDP 123 to ntp.example",
        "TCP 443 to apt.example",
        "TCP 8000 to avatar.example",
        "TCP 8001 to avatar.example",
        "TCP 443 to hosts of answer files",
        "UDP 3478 to STUN and TURN servers",
        "TCP (any port) to TURN servers",
        "UDP (any port) to any address",
        "TCP 10300 to fd00::3",
        "TCP 8883 to broker.example",
        "TCP 8480 from browsers of the network",
        "TCP 9484 from Prometheus",
    ]
    assert (of(found, "mqtt.host").protocol, of(found, "mqtt.host").issuers) == (
        NetworkProtocol.TLS,
        "/etc/ca.pem",
    )
    assert of(found, "service.socket_url").protocol is NetworkProtocol.WS


def test_what_is_off_or_for_this_machine_alone_is_left_out() -> None:
    options = Options(
        speech_to_text=SpeechToTextOptions(uri="unix:///run/recogniser"),
        live_audio=LiveAudioOptions(enabled="off"),
        page=PageOptions(listen="loopback"),
        metrics=MetricsOptions(listen="loopback"),
    )

    assert rules(facts(options)) == ["TCP 443 to chat.rvtr.ai"] * 2
    assert len(rules(facts(replace(options, kiosk=KioskOptions(enabled=True))))) == 6


def test_a_proxy_is_a_destination_of_its_own_and_the_rest_goes_by_it() -> None:
    found = facts(
        proxies=Proxies("http://proxy.example:3128", {}),
        time_servers=("ntp.example",),
        archives={"http://apt.example/debian": Proxy(URL("http://cache.example:3142"), "apt")},
    )

    assert rules(found)[:3] == [
        "TCP 3142 to cache.example",
        "TCP 3128 to proxy.example",
        "UDP 123 to ntp.example",
    ]
    assert [one.proxy is not None for one in destinations(found)[2:7]] == [False, True, True, True, True]


def test_by_a_proxy_that_cannot_be_used_nothing_is_requested() -> None:
    found = facts(proxies=Proxies("socks5://proxy.example", {}), time_servers=("ntp.example",))

    requests = of(found, "service.base_url")
    assert (requests.unknown, requests.proxy) == (True, None)
    assert "service.proxy is a socks5 proxy" in requests.untried
    assert not next(iter(destinations(found))).untried


def test_a_setting_that_cannot_be_read_is_named() -> None:
    broker = of(facts(unreadable=frozenset({"mqtt.host"})), "mqtt.host")
    assert (broker.host, broker.unknown, broker.place) == ("", True, "as mqtt.host says")
    assert broker.untried == "mqtt.host is not known: see `ravatard config check` about mqtt.host"
    recogniser = of(facts(unreadable=frozenset({"speech_to_text.uri"})), "speech_to_text.uri")
    assert recogniser.unknown
    proxy = of(facts(unreadable=frozenset({"service.proxy"})), "service.proxy")
    assert (proxy.purpose, proxy.unknown, proxy.place) == ("HTTP proxy", True, "as service.proxy says")
    kind = facts(unreadable=frozenset({"service.kind"}))
    assert {one.unknown for one in destinations(kind) if one.setting} == {True}
    other = facts(unreadable=frozenset({"gate.silence_ms"}))
    assert not any(one.unknown for one in destinations(other))


def test_of_a_file_that_may_not_be_read_no_setting_is_known() -> None:
    found = facts(incomplete="it may not be read", name_servers=("192.0.2.53",))

    known = [one for one in destinations(found) if not one.unknown]

    assert known[0].rule == "UDP 53 to 192.0.2.53"
    assert "chat.rvtr.ai" not in str(rules(found))
    assert {one.setting for one in destinations(found) if one.unknown} == {
        *("service.proxy", "service.base_url", "speech_to_text.uri"),
        *("mqtt.host", "page.listen", "metrics.listen"),
    }


def test_a_stun_server_that_the_caller_names_is_tried() -> None:
    named = destinations(facts(stun=(("stun.example", 19302),)))

    assert [one.rule for one in named if one.protocol is NetworkProtocol.STUN] == [
        "UDP 19302 to stun.example",
        "UDP 3478 to STUN and TURN servers",
    ]


def test_hosts_that_the_service_has_named_are_tried() -> None:
    named = (
        NamedHost("https", "stream.example", 443),
        NamedHost("wss", "stream.example", 443),
        NamedHost("stun", "stun.example", 3478),
        NamedHost("turn-udp", "turn.example", 3478),
        NamedHost("turn-tcp", "turn.example", 3478),
        NamedHost("turn-tls", "turn.example", 443),
    )

    found = destinations(facts(named=named))[2:]

    assert [(one.rule, one.protocol) for one in found if one.host] == [
        ("TCP 443 to stream.example", NetworkProtocol.HTTPS),
        ("UDP 3478 to stun.example", NetworkProtocol.STUN),
        ("UDP 3478 to turn.example", NetworkProtocol.STUN),
        ("TCP 3478 to turn.example", NetworkProtocol.TCP),
        ("TCP 443 to turn.example", NetworkProtocol.TLS),
    ]
    by_proxy = facts(named=named, proxies=Proxies("http://proxy.example:3128", {}))
    proxied = [one.host for one in destinations(by_proxy) if one.host and one.proxy is not None]
    assert proxied == ["chat.rvtr.ai", "chat.rvtr.ai", "stream.example"]


def test_a_file_without_tls_is_a_plain_request() -> None:
    found = destinations(facts(names_later=frozenset({FILES}), named=(NamedHost("http", "a.example", 80),)))

    assert [(one.purpose, one.protocol) for one in found if one.host == "a.example"] == [
        ("sound of answers", NetworkProtocol.HTTP)
    ]


def test_a_socket_whose_address_cannot_be_told_is_left_out() -> None:
    assert len(destinations(facts(socket_url=""))) == len(destinations(facts())) - 1


def test_a_port_of_an_address_that_is_none_is_the_schemes_own() -> None:
    options = Options(service=ServiceOptions(base_url="https://a.example:99999/"))
    environ = {"https_proxy": "http://proxy.example", "no_proxy": "b.example"}

    assert of(facts(options), "service.base_url").rule == "TCP 443 to a.example"
    assert of(facts(options, proxies=Proxies(None, environ)), "service.base_url").proxy is None


def test_any_free_port_is_not_known_beforehand() -> None:
    page = of(facts(Options(page=PageOptions(listen="lan", port=0))), "page.listen")

    assert (page.port, page.untried) == (None, "port 0 takes any free one")


@pytest.mark.parametrize(
    ("host", "here"),
    [
        ("localhost", True),
        ("127.0.0.9", True),
        ("::1", True),
        ("192.0.2.1", False),
        ("a.example", False),
        ("", False),
    ],
)
def test_this_machine_is_known_by_its_addresses(host: str, here: bool) -> None:
    assert is_here(host) is here

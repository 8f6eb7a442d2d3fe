"""Plan: the destinations of this configuration on this machine, in the order of a report. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from urllib.parse import urlsplit

from ravatard.cloud.kind import HostsNamedLater
from ravatard.cloud.network.portal import is_here as is_this_machine
from ravatard.cloud.proxy import Proxies, Proxy
from ravatard.cloud.web_address import as_authority
from ravatard.config import Options
from ravatard.doctor.network.destination import Destination, NetworkProtocol
from ravatard.ports.network import NamedHost

_BY_SCHEME = {
    "https": NetworkProtocol.HTTPS,
    "http": NetworkProtocol.HTTP,
    "wss": NetworkProtocol.WSS,
    "ws": NetworkProtocol.WS,
}
#: Decides how the service's addresses are read.
_KIND = "service.kind"
_PROXY = "service.proxy"
_RECOGNISER, _BROKER, _PAGE, _FIGURES = "speech_to_text.uri", "mqtt.host", "page.listen", "metrics.listen"
_DNS, _NTP, _STUN, _HTTPS = 53, 123, 3_478, 443
_PAGE_OF_STREAM, _FILES_OF_ANSWERS = "stream: page, signalling", "sound of answers"
_BY_UDP, _BY_TCP = "voice: STUN, TURN by UDP", "voice: TURN by TCP or TLS"
#: An address of a host that only the service knows, for the choice of a proxy (RFC 6761: no such host).
_SOME_ADDRESS = "https://named-later.invalid/"


#: A proxy, a sentence about one that cannot be used, or None for none; as :meth:`Proxies.named` returns it.
ProxyChoice = Proxy | str | None


@dataclass(frozen=True, slots=True)
class NetworkFacts:
    """Facts that a plan is made from.

    Attributes:
        options: the configuration, as far as it can be read.
        socket_url: address of the service's WebSocket; "" when it cannot be told.
        names_later: hosts that only the service names.
        proxies: choice of an HTTP proxy.
        unreadable: keys whose value could not be read.
        incomplete: why settings may be missing altogether, in a few words; "" when none is.
        name_servers: their addresses.
        time_servers: their names.
        archives: addresses of apt's archives, each with the choice of its proxy.
        stun: STUN servers that the caller named, host and port.
        named: hosts that the service has named to the running daemon.
    """

    options: Options
    socket_url: str
    names_later: frozenset[HostsNamedLater]
    proxies: Proxies
    unreadable: frozenset[str] = frozenset()
    incomplete: str = ""
    name_servers: tuple[str, ...] = ()
    time_servers: tuple[str, ...] = ()
    archives: Mapping[str, ProxyChoice] = field(default_factory=dict)
    stun: tuple[tuple[str, int], ...] = ()
    named: tuple[NamedHost, ...] = ()


def destinations(facts: NetworkFacts) -> list[Destination]:
    """Return the destinations: of this machine, of the service, of other programs, and those inbound."""
    found = [*_of_machine(facts), *_of_service(facts), *_named_later(facts), *_of_programs(facts)]
    found += _inbound(facts)
    return [*_proxies_of(found), *(_checked(one, facts) for one in found)]


def _checked(destination: Destination, facts: NetworkFacts) -> Destination:
    """Return ``destination``, as one that is not known if its setting could not be read."""
    key = destination.setting
    section = key.partition(".")[0]
    if not key:
        return destination
    wrong = facts.unreadable & ({key, section} | ({_KIND} if section == "service" else set()))
    if not wrong and not facts.incomplete:
        return destination
    reason = f"{key} is not known: {facts.incomplete or f'see `ravatard config check` about {min(wrong)}'}"
    return replace(
        destination, host="", port=None, proxy=None, stands_for=f"as {key} says", untried=reason, unknown=True
    )


def _of_machine(facts: NetworkFacts) -> Iterator[Destination]:
    for address in facts.name_servers:
        yield Destination("names (DNS)", address, _DNS, NetworkProtocol.DNS, one_of="names")
    for host in facts.time_servers:
        yield Destination("clock (NTP)", host, _NTP, NetworkProtocol.NTP, one_of="clock")
    for url, proxy in facts.archives.items():
        yield _at(url, "updates (apt)", "", proxy)


def _of_service(facts: NetworkFacts) -> Iterator[Destination]:
    url = facts.options.service.base_url
    key = "service.base_url"
    # One that is not known may be on the way of all that is called direct.
    if _is_doubtful(facts, _PROXY):
        yield Destination("HTTP proxy", "", None, NetworkProtocol.TCP, _PROXY)
    yield _at(url, "service: sign-in, requests", key, _choice(facts, url))
    socket = facts.socket_url
    if socket:
        named = "service.socket_url" if facts.options.service.socket_url is not None else key
        yield _at(socket, "service: WebSocket", named, _choice(facts, socket))


def _named_later(facts: NetworkFacts) -> Iterator[Destination]:
    """Yield what no setting names, and the STUN servers that the caller has named for a trial."""
    options, named = facts.options, facts.names_later
    seen = options.live_audio.enabled != "off" or options.kiosk.enabled
    stream = HostsNamedLater.STREAM in named and seen
    proxy = _choice(facts, _SOME_ADDRESS)
    later = "the service names it in a session"
    if stream:
        yield _later(
            _PAGE_OF_STREAM,
            _HTTPS,
            NetworkProtocol.HTTPS,
            "host of the session's stream",
            later,
            proxy,
        )
    if HostsNamedLater.FILES in named:
        answer = "the service names it in an answer"
        yield _later(_FILES_OF_ANSWERS, _HTTPS, NetworkProtocol.HTTPS, "hosts of answer files", answer, proxy)
    yield from _named_already(facts)
    for host, port in facts.stun:
        yield Destination(_BY_UDP, host, port, NetworkProtocol.STUN)
    if stream or HostsNamedLater.TRACK in named:
        hint = later if facts.stun else f"{later}; --stun HOST tries one"
        yield _later(_BY_UDP, _STUN, NetworkProtocol.STUN, "STUN and TURN servers", hint)
        ports = f"{later}, with its port"
        yield _later(_BY_TCP, None, NetworkProtocol.TCP, "TURN servers", ports, proxy)
        direct = "not needed where a TURN server relays it"
        yield _later("voice: sound (RTP)", None, NetworkProtocol.RTP, "any address", direct)


def _named_already(facts: NetworkFacts) -> Iterator[Destination]:
    """Yield the hosts that the service has named to the running daemon, each once.

    Signalling is tried by an ordinary request: its socket would be one more player of a session in use.
    """
    web = _PAGE_OF_STREAM if HostsNamedLater.STREAM in facts.names_later else _FILES_OF_ANSWERS
    found: dict[Destination, None] = {}
    for one in facts.named:
        match one.protocol:
            case "stun" | "turn-udp":
                named = Destination(_BY_UDP, one.host, one.port, NetworkProtocol.STUN)
            case "turn-tcp" | "turn-tls":
                protocol = NetworkProtocol.TLS if one.protocol == "turn-tls" else NetworkProtocol.TCP
                named = Destination(_BY_TCP, one.host, one.port, protocol)
            case _:
                secure = one.protocol in ("https", "wss")
                protocol = NetworkProtocol.HTTPS if secure else NetworkProtocol.HTTP
                host = as_authority(one.host, one.port)
                proxy = _choice(facts, f"{protocol.value}://{host}/")
                named = _by(proxy, Destination(web, one.host, one.port, protocol))
        found[named] = None
    yield from found


def _later(
    purpose: str,
    port: int | None,
    protocol: NetworkProtocol,
    place: str,
    reason: str,
    proxy: ProxyChoice = None,
) -> Destination:
    return _by(proxy, Destination(purpose, "", port, protocol, stands_for=place, untried=reason))


def _of_programs(facts: NetworkFacts) -> Iterator[Destination]:
    options = facts.options
    recogniser = options.speech_to_text.uri
    if recogniser is not None and recogniser.startswith("tcp:"):
        parts = urlsplit(recogniser)
        yield Destination(
            "speech recogniser", parts.hostname or "", parts.port, NetworkProtocol.TCP, _RECOGNISER
        )
    elif _is_doubtful(facts, _RECOGNISER):
        yield Destination("speech recogniser", "", None, NetworkProtocol.TCP, _RECOGNISER)
    mqtt = options.mqtt
    if mqtt.host is not None or _is_doubtful(facts, _BROKER):
        purpose = "MQTT broker, rooms" if options.group.name is not None else "MQTT broker"
        protocol = NetworkProtocol.TLS if mqtt.tls else NetworkProtocol.TCP
        yield Destination(
            purpose, mqtt.host or "", mqtt.broker_port, protocol, _BROKER, issuers=mqtt.ca or ""
        )


def _inbound(facts: NetworkFacts) -> Iterator[Destination]:
    page, metrics = facts.options.page, facts.options.metrics
    if page.listen == "lan" or _is_doubtful(facts, _PAGE):
        yield _listening("owner's page", page.port, _PAGE, "browsers of the network")
    if metrics.listen == "lan" or _is_doubtful(facts, _FIGURES):
        yield _listening("figures", metrics.port, _FIGURES, "Prometheus")


def _is_doubtful(facts: NetworkFacts, key: str) -> bool:
    """Return True if a setting may have another value than was read."""
    return bool(facts.incomplete) or not facts.unreadable.isdisjoint({key, key.partition(".")[0]})


def _listening(purpose: str, port: int, setting: str, clients: str) -> Destination:
    free = "" if port else "port 0 takes any free one"
    return Destination(
        purpose,
        "127.0.0.1",
        port or None,
        NetworkProtocol.TCP,
        setting,
        inbound=True,
        stands_for=clients,
        untried=free,
    )


def _proxies_of(found: list[Destination]) -> Iterator[Destination]:
    """Yield each HTTP proxy once; what goes through it needs nothing else opened."""
    used = {str(one.proxy): one.proxy for one in found if one.proxy is not None}
    for proxy in used.values():
        protocol = NetworkProtocol.TLS if proxy.url.scheme == "https" else NetworkProtocol.TCP
        yield Destination(
            "HTTP proxy", proxy.url.host or "", proxy.url.port, protocol, "", stands_for=proxy.origin
        )


def _at(url: str, purpose: str, setting: str, proxy: ProxyChoice) -> Destination:
    """Return the destination at an address."""
    parts = urlsplit(url)
    protocol = _BY_SCHEME[parts.scheme]
    try:
        port = parts.port
    except ValueError:
        port = None
    own = _HTTPS if protocol.encrypted else 80
    path = parts.path or "/"
    return _by(proxy, Destination(purpose, parts.hostname or "", port or own, protocol, setting, path=path))


def _by(proxy: ProxyChoice, destination: Destination) -> Destination:
    """Return ``destination`` by its proxy; by one that cannot be used nothing is requested."""
    if isinstance(proxy, str):
        return replace(destination, untried=proxy, unknown=True)
    return replace(destination, proxy=proxy)


def _choice(facts: NetworkFacts, url: str) -> ProxyChoice:
    """Return the choice of a proxy for a request; None also for an address that is none."""
    try:
        return facts.proxies.named(url)
    except ValueError:
        return None


def is_here(host: str) -> bool:
    """Return True if ``host`` is this machine, which needs no firewall opened; False for one not known."""
    return bool(host) and is_this_machine(host.partition("%")[0])

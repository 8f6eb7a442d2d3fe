"""Destinations of an appliance's connections, and outcomes of trying them: values."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, unique

from ravatard.cloud.proxy import Proxy


@unique
class NetworkProtocol(Enum):
    """Protocol that is spoken at a destination, which decides how it is tried."""

    HTTPS = "https"
    HTTP = "http"
    WSS = "wss"
    WS = "ws"
    TLS = "tls"
    TCP = "tcp"
    DNS = "dns"
    NTP = "ntp"
    STUN = "stun"
    RTP = "rtp"
    """Sound of a WebRTC connection, for which no answer can be asked."""

    @property
    def transport(self) -> str:
        """TCP or UDP, as a firewall's rule names it."""
        return (
            "UDP"
            if self in (NetworkProtocol.DNS, NetworkProtocol.NTP, NetworkProtocol.STUN, NetworkProtocol.RTP)
            else "TCP"
        )

    @property
    def encrypted(self) -> bool:
        """True if the connection begins with TLS."""
        return self in (NetworkProtocol.HTTPS, NetworkProtocol.WSS, NetworkProtocol.TLS)

    @property
    def takes_proxy(self) -> bool:
        """True if it may go through an HTTP proxy."""
        return self in (NetworkProtocol.HTTPS, NetworkProtocol.HTTP, NetworkProtocol.WSS, NetworkProtocol.WS)


@dataclass(frozen=True, slots=True)
class Destination:
    """One rule of a firewall: a purpose, and who connects to whom by which protocol.

    Attributes:
        purpose: purpose in a few words.
        host: name or address; "" when it is not known here.
        port: port; None: not known, or any.
        protocol: the protocol.
        setting: key that names it; "" for one of the machine's own.
        inbound: other machines connect to this one.
        proxy: the HTTP proxy that it is reached through; None: directly.
        path: path of a request, with a leading slash.
        issuers: PEM file of the issuers that are trusted; "" for the machine's.
        one_of: name of a group of which one is enough; "" when it is needed itself.
        stands_for: words in the place of an unknown host, and for the clients of what is inbound.
        untried: why it is not tried; "" when it is.
        unknown: True if it is not known because settings could not be read.
    """

    purpose: str
    host: str
    port: int | None
    protocol: NetworkProtocol
    setting: str = ""
    inbound: bool = False
    proxy: Proxy | None = None
    path: str = "/"
    issuers: str = ""
    one_of: str = ""
    stands_for: str = ""
    untried: str = ""
    unknown: bool = False

    @property
    def ports(self) -> str:
        """Transport and port, such as "TCP 443"."""
        return f"{self.protocol.transport} {self.port or ('?' if self.unknown else 'any')}"

    @property
    def place(self) -> str:
        """Host, or the words in its place; of what is inbound, the clients."""
        return self.stands_for if self.inbound else self.host or self.stands_for

    @property
    def rule(self) -> str:
        """The rule for people, such as "TCP 443 to chat.example"."""
        ports = self.ports if self.port else f"{self.protocol.transport} (any port)"
        return f"{ports} {'from' if self.inbound else 'to'} {self.place}"


@unique
class State(Enum):
    """Outcome of a trial in one word; its value is for programs."""

    OPEN = "open"
    NAMELESS = "no_address"
    REFUSED = "refused"
    SILENT = "no_answer"
    UNREACHABLE = "no_route"
    UNTRUSTED = "untrusted_certificate"
    PORTAL = "login_page"
    STRIPPED = "no_upgrade"
    REJECTED = "proxy_refuses"
    WRONG = "wrong_answer"
    FAILED = "failed"
    UNDECIDED = "undecided"
    UNKNOWN = "unknown"
    UNTRIED = "not_tried"

    @property
    def word(self) -> str:
        """The word for people."""
        return _WORDS.get(self, self.value.replace("_", " "))

    @property
    def closed(self) -> bool:
        """True if the destination cannot be used as things are."""
        return self not in (State.OPEN, State.UNDECIDED, State.UNKNOWN, State.UNTRIED)


_WORDS = {
    State.UNTRUSTED: "intercepted",
    State.REJECTED: "proxy: no",
    State.UNKNOWN: "not known",
}


@dataclass(frozen=True, slots=True)
class Outcome:
    """Outcome of one trial.

    Attributes:
        state: in one word.
        text: what was seen, a clause for people; "" when the state says it all.
        families: versions of IP that a connection was had by.
        issuer: issuer of the certificate that was shown; "" without one.
        relieved: another of its group is open, so that it may be closed.
        here: the host's name leads to this machine itself, before which there is no firewall.
    """

    state: State
    text: str = ""
    families: tuple[int, ...] = ()
    issuer: str = ""
    relieved: bool = False
    here: bool = False

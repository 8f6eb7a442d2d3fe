"""Trials of destinations on a network that does what the test says, in virtual time."""

from __future__ import annotations

import asyncio
import base64
import errno
import hashlib
import socket
import ssl
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from yarl import URL

from ravatard.cloud.proxy import Proxy
from ravatard.doctor.network.connector import Verification
from ravatard.doctor.network.destination import Destination, NetworkProtocol, Outcome, State
from ravatard.doctor.network.links import ForeignAnswerError
from ravatard.doctor.network.trial import WHOLE_S, Trial
from ravatard.doctor.network.udp_answers import DatagramAnswer
from tests.unit.doctor.network.fakes import Answer, FakeLinks, FakeStream, distrust

NOW = datetime(2026, 8, 7, 12, 0, tzinfo=UTC)
HOST, V4, V6 = "chat.example", "192.0.2.7", "2001:db8::7"
FOUND = b"HTTP/1.1 404 Not Found\r\n\r\n"
TOKEN = b"HTTP/1.1 401 Unauthorized\r\n\r\n"
BAD = b"HTTP/1.1 400 Bad Request\r\n\r\n"
LOGIN = b"HTTP/1.1 302 Found\r\nLocation: http://login.hotel.example/\r\n\r\n"
PROXY = Proxy(URL("http://me:secret@proxy.example:3128"), "service.proxy")
HTTPS = Destination("requests", HOST, 443, NetworkProtocol.HTTPS, path="/v1")
WSS = Destination("WebSocket", HOST, 443, NetworkProtocol.WSS, path="/ws")
HTTP = Destination("requests", HOST, 8490, NetworkProtocol.HTTP)
#: A certificate by "proxy", made of the fields that are read, and nothing else: its DER by hand.
ISSUER = "Example Corp Proxy CA"


def der(issuer: str = ISSUER) -> bytes:
    """DER with the fields of a certificate up to its issuer."""

    def tagged(kind: int, content: bytes) -> bytes:
        return bytes((kind, len(content))) + content

    name = tagged(0x30, tagged(0x06, b"\x55\x04\x03") + tagged(0x0C, issuer.encode()))
    fields = tagged(0x02, b"\x01") + tagged(0x30, b"") + tagged(0x30, tagged(0x31, name))
    return tagged(0x30, tagged(0x30, fields))


def links(*streams: FakeStream | OSError | None, port: int = 443) -> FakeLinks:
    """The host with IPv4 alone, and these connections in order; no port 80."""
    found = FakeLinks()
    found.names = {HOST: [V4]}
    found.streams = {(V4, 80): [ConnectionRefusedError()], (V4, port): list(streams)}
    return found


def stream(*replies: Answer, certificate: Answer = b"") -> FakeStream:
    return FakeStream(list(replies), [der() if certificate == b"" else certificate])


async def tried(
    found: FakeLinks,
    destination: Destination,
    *,
    online: bool = False,
    running: bool = False,
    added: frozenset[str] = frozenset(),
) -> Outcome:
    """The outcome; every connection is dropped."""

    def trust(file: str) -> ssl.SSLContext:
        if file:
            raise FileNotFoundError(errno.ENOENT, "No such file or directory")
        return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)

    trial = Trial(found, Verification(trust, lambda: NOW, added), name=HOST, online=online, running=running)
    outcome = await trial.of(destination)
    assert all(one.aborted for one in found.opened)
    return outcome


async def test_a_service_that_answers_is_open_and_its_issuer_is_told() -> None:
    found = links(stream(FOUND, certificate=der("R11")))

    outcome = await tried(found, HTTPS)

    assert outcome == Outcome(State.OPEN, "HTTP 404; certificate by R11", (4,), "R11")
    assert found.opened[0].names == [HOST]
    assert found.opened[0].sent[0].startswith(b"GET /v1 HTTP/1.1\r\nHost: chat.example\r\n")


async def test_both_versions_of_ip_are_tried_and_one_that_is_dropped_is_told() -> None:
    found = links(stream(FOUND), port=443)
    found.names[HOST] = [V6, V4, "192.0.2.8"]
    found.streams[(V6, 443)] = [stream()]
    assert (await tried(found, HTTPS)).families == (4, 6)
    found = links(stream(FOUND))
    found.names[HOST] = [V6, V4]
    found.streams[(V6, 443)] = [None]

    outcome = await tried(found, HTTPS)

    assert (outcome.state, outcome.families) == (State.OPEN, (4,))
    assert outcome.text.endswith(f"IPv6: {V6} does not answer within 5 s")


async def test_a_machine_without_ipv6_does_not_complain_of_it() -> None:
    found = links(stream(FOUND, certificate=None))
    found.names[HOST] = [V6, V4]
    found.streams[(V6, 443)] = [OSError(errno.ENETUNREACH, "Network is unreachable")]
    found.streams[(V4, 443)] = [stream(FOUND)]

    assert "IPv6" not in (await tried(found, HTTPS)).text


async def test_ipv6_alone_is_enough() -> None:
    found = links()
    found.names[HOST] = [V6]
    found.streams[(V6, 443)] = [stream(FOUND)]

    assert (await tried(found, HTTPS)).families == (6,)


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (socket.gaierror(socket.EAI_NONAME, "x"), "the name servers do not know chat.example"),
        (socket.gaierror(socket.EAI_AGAIN, "x"), "no name server gives an answer for chat.example"),
        (OSError(5, "odd"), "chat.example is not looked up (odd)"),
        (None, "no name server answers for chat.example within 5 s"),
    ],
)
async def test_a_name_without_an_address(error: OSError | None, text: str) -> None:
    found = FakeLinks()
    found.names[HOST] = error

    assert await tried(found, HTTPS) == Outcome(State.NAMELESS, text)


async def test_a_name_with_no_address_at_all() -> None:
    found = FakeLinks()
    found.names[HOST] = []

    assert (await tried(found, HTTPS)).text == "the name servers have no address of chat.example"


@pytest.mark.parametrize(
    ("error", "state", "text"),
    [
        (ConnectionRefusedError(111, "Connection refused"), State.REFUSED, f"{V4} refuses"),
        (None, State.SILENT, f"{V4} does not answer within 5 s"),
        (OSError(errno.ETIMEDOUT, "timed out"), State.SILENT, f"{V4} does not answer within 5 s"),
        (
            OSError(errno.EHOSTUNREACH, "No route to host"),
            State.UNREACHABLE,
            f"there is no way to {V4} (No route to host)",
        ),
        (OSError(errno.EACCES, "Permission denied"), State.FAILED, f"{V4}: Permission denied"),
    ],
)
async def test_a_connection_that_is_not_had(error: OSError | None, state: State, text: str) -> None:
    assert await tried(links(error), HTTPS) == Outcome(state, text)


async def test_a_network_that_drops_everything_takes_less_than_half_a_minute() -> None:
    found = links(None)
    found.streams[(V4, 80)] = [None]
    begun = asyncio.get_running_loop().time()

    outcome = await tried(found, HTTPS)

    assert outcome.state is State.SILENT
    assert asyncio.get_running_loop().time() - begun == pytest.approx(5.0 + 4.0)


async def test_a_server_that_stops_before_each_step_is_given_up() -> None:
    assert (await tried(links(FakeStream([], [None])), HTTPS)).text == "TLS does not begin within 5 s"
    text = "connected, but a request has no answer within 5 s"
    assert (await tried(links(stream(None)), HTTPS)).text == text
    text = "connected, but a request has no answer (the other side hangs up)"
    hangs_up = stream(ConnectionError("the other side hangs up"))
    assert (await tried(links(hangs_up), HTTPS)).text == text
    assert (await tried(links(stream(b"SSH-2.0\r\n\r\n")), HTTPS)).state is State.FAILED


async def test_even_the_slowest_destination_has_an_end() -> None:
    slow = FakeLinks()
    slow.names[HOST] = [V4]

    async def connect(address: str, port: int) -> FakeStream:
        del address, port
        await asyncio.sleep(4.9)
        return Late([TOKEN, TOKEN], [der(), der()])

    class Late(FakeStream):
        async def encrypt(self, context: ssl.SSLContext, host: str) -> bytes:
            await asyncio.sleep(4.9)
            return await super().encrypt(context, host)

        async def exchange(self, request: bytes) -> bytes:
            await asyncio.sleep(4.9)
            return await super().exchange(request)

    slow.connect = connect  # type: ignore[method-assign]
    begun = asyncio.get_running_loop().time()

    outcome = await tried(slow, WSS)

    assert asyncio.get_running_loop().time() - begun <= WHOLE_S + 4.0 <= 30.0
    assert outcome == Outcome(State.SILENT, "the trial had no end within 24 s")


async def test_an_issuer_that_is_not_trusted_is_named() -> None:
    refused, looked_at = stream(certificate=distrust(19)), stream()

    outcome = await tried(links(refused, looked_at), HTTPS)

    text = f"the certificate is signed by {ISSUER}, which this machine does not trust"
    assert outcome == Outcome(State.UNTRUSTED, text, issuer=ISSUER)
    assert looked_at.sent == []


async def test_an_issuer_that_was_added_to_this_machine_is_marked() -> None:
    outcome = await tried(links(stream(FOUND)), HTTPS, added=frozenset({ISSUER}))

    assert outcome.state is State.OPEN
    assert outcome.text == (
        f"HTTP 404; certificate by {ISSUER}, an issuer added to this machine: TLS is inspected on the way, "
        "or the service is yours"
    )


async def test_a_certificate_of_another_host_is_told() -> None:
    outcome = await tried(links(stream(certificate=distrust(62)), stream()), HTTPS)

    assert outcome.state is State.UNTRUSTED
    assert outcome.text == f"the certificate is signed by {ISSUER} and is made for another host"


async def test_an_issuer_that_cannot_be_read_is_left_out() -> None:
    outcome = await tried(links(stream(certificate=distrust(20)), ConnectionRefusedError()), HTTPS)
    assert outcome.text == "the certificate is not trusted"
    outcome = await tried(links(stream(certificate=distrust(20)), stream(certificate=None)), HTTPS)
    assert outcome.text == "the certificate is not trusted"
    outcome = await tried(links(stream(certificate=distrust(20)), stream(certificate=b"junk")), HTTPS)
    assert (outcome.text, outcome.issuer) == ("the certificate is not trusted", "")


async def test_a_clock_that_is_wrong_is_no_interception() -> None:
    outcome = await tried(links(stream(certificate=distrust(9))), HTTPS)

    assert outcome.state is State.FAILED
    assert "is not yet valid: this machine's clock says 2026-08-07" in outcome.text


async def test_a_server_without_tls_is_told() -> None:
    error = ssl.SSLError(1, "[SSL: WRONG_VERSION_NUMBER] wrong version number")
    error.reason = "WRONG_VERSION_NUMBER"
    reset = ConnectionResetError(104, "Connection reset by peer")

    plain = await tried(links(stream(certificate=error)), HTTPS)
    filtered = await tried(links(stream(certificate=reset)), HTTPS)

    text = "chat.example is reached, but not by TLS"
    assert plain == Outcome(State.FAILED, f"{text} (wrong version number)")
    assert filtered == Outcome(State.FAILED, f"{text} (Connection reset by peer)")


async def test_a_login_page_behind_a_wrong_certificate_is_told() -> None:
    found = links(stream(certificate=distrust(62)), stream())
    found.streams[(V4, 80)] = [FakeStream([LOGIN])]

    outcome = await tried(found, HTTPS)

    assert outcome.state is State.PORTAL
    assert outcome.text == (
        "a login page of the network at login.hotel.example answers in its place (captive portal)"
    )


async def test_a_login_page_that_answers_without_tls_is_told() -> None:
    assert (await tried(links(FakeStream([LOGIN]), port=8490), HTTP)).state is State.PORTAL
    asks = FakeStream([b"HTTP/1.1 511 Network Authentication Required\r\n\r\n"])
    assert (await tried(links(asks, port=8490), HTTP)).text == (
        "a login page of the network answers in its place (captive portal)"
    )


async def test_behind_tls_a_redirect_is_the_services_own() -> None:
    assert (await tried(links(stream(LOGIN)), HTTPS)).state is State.OPEN


# ------------------------------------------------------------------ WebSockets


class Accepting(FakeStream):
    """A server that opens the WebSocket it is asked for."""

    async def exchange(self, request: bytes) -> bytes:
        self.sent.append(request)
        key = request.partition(b"Sec-WebSocket-Key: ")[2].partition(b"\r\n")[0]
        salted = hashlib.sha1(key + b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11", usedforsecurity=False)
        accept = base64.b64encode(salted.digest())
        return b"HTTP/1.1 101 Switching Protocols\r\nSec-WebSocket-Accept: " + accept + b"\r\n\r\n"


async def test_a_socket_that_opens_is_open() -> None:
    outcome = await tried(links(Accepting([], [der()])), WSS)

    assert (outcome.state, outcome.text) == (State.OPEN, f"WebSocket accepted; certificate by {ISSUER}")


async def test_a_refusal_that_an_ordinary_request_does_not_get_proves_the_upgrade() -> None:
    asked, ordinary = stream(TOKEN), stream(FOUND)

    outcome = await tried(links(asked, ordinary), WSS)

    assert outcome.state is State.OPEN
    assert outcome.text.startswith("WebSocket wants a token (401)")
    assert b"Upgrade: websocket" in asked.sent[0]
    assert b"pgrade" not in ordinary.sent[0]


async def test_an_upgrade_that_is_answered_like_an_ordinary_request_was_taken_out() -> None:
    outcome = await tried(links(stream(BAD), stream(BAD)), WSS)

    assert outcome.state is State.STRIPPED
    assert outcome.text.endswith("like a request without it (400): something on the way takes it out")


async def test_a_service_that_wants_the_token_first_proves_nothing() -> None:
    assert (await tried(links(stream(TOKEN), stream(TOKEN)), WSS)).state is State.UNDECIDED
    outcome = await tried(links(stream(TOKEN), stream(TOKEN)), WSS, online=True)
    assert outcome.text.startswith("the running daemon has its WebSocket open")


async def test_a_login_page_does_not_open_a_socket() -> None:
    socket_of_http = Destination("WebSocket", HOST, 8490, NetworkProtocol.WS)

    assert (await tried(links(FakeStream([LOGIN]), port=8490), socket_of_http)).state is State.PORTAL


# ------------------------------------------------------------------ proxies


def behind_proxy(*streams: FakeStream | OSError | None) -> FakeLinks:
    found = FakeLinks()
    found.names = {"proxy.example": ["192.0.2.99"]}
    found.streams = {("192.0.2.99", 3128): list(streams)}
    return found


def by_proxy(destination: Destination, proxy: Proxy = PROXY) -> Destination:
    return replace(destination, proxy=proxy)


async def test_what_is_encrypted_goes_through_a_tunnel_and_its_name_is_the_proxys_to_find() -> None:
    found = behind_proxy(stream(b"HTTP/1.1 200 Connection established\r\n\r\n", FOUND))

    outcome = await tried(found, by_proxy(HTTPS))

    assert (outcome.state, outcome.families) == (State.OPEN, (4,))
    connect, request = found.opened[0].sent
    assert connect.startswith(b"CONNECT chat.example:443 HTTP/1.1\r\n")
    assert b"Proxy-Authorization: Basic bWU6c2VjcmV0\r\n" in connect
    assert b"Proxy-Authorization" not in request
    assert found.opened[0].names == [HOST]


async def test_what_is_plain_is_asked_of_the_proxy() -> None:
    found = behind_proxy(FakeStream([FOUND]))

    assert (await tried(found, by_proxy(HTTP))).state is State.OPEN
    assert found.opened[0].sent[0].startswith(b"GET http://chat.example:8490/ HTTP/1.1\r\n")
    assert b"Proxy-Authorization: Basic" in found.opened[0].sent[0]


async def test_a_proxy_that_refuses_is_told_without_its_password() -> None:
    wants = b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n"

    refused = await tried(behind_proxy(FakeStream([b"HTTP/1.1 403 Forbidden\r\n\r\n"])), by_proxy(HTTPS))
    asks = await tried(behind_proxy(FakeStream([wants])), by_proxy(HTTP))

    assert refused.state is asks.state is State.REJECTED
    assert refused.text == (
        "CONNECT chat.example:443: the proxy http proxy.example:3128 (service.proxy) answers with status 403"
    )
    assert "user and password are missing or wrong" in asks.text
    assert "secret" not in refused.text + asks.text


async def test_a_proxy_that_takes_another_login_is_told() -> None:
    wants = b"HTTP/1.1 407 No\r\nProxy-Authenticate: NTLM\r\n\r\n"

    outcome = await tried(behind_proxy(FakeStream([wants])), by_proxy(HTTPS))

    assert outcome.text.endswith("it wants a login by NTLM, and only Basic is known here")


async def test_a_proxy_that_is_not_reached_or_says_nothing_is_named() -> None:
    refuses = await tried(behind_proxy(ConnectionRefusedError()), by_proxy(HTTPS))
    silent = await tried(behind_proxy(FakeStream([None])), by_proxy(HTTPS))

    assert refuses.state is State.REFUSED
    assert refuses.text == (
        "the proxy http proxy.example:3128 (service.proxy) is not reached: 192.0.2.99 refuses"
    )
    assert silent.text.endswith("connected, but CONNECT chat.example:443 has no answer within 5 s")


async def test_a_proxy_with_tls_of_its_own() -> None:
    secure = Proxy(URL("https://proxy.example:3128"), "service.proxy")
    inner = FakeStream([b"HTTP/1.1 200 OK\r\n\r\n", FOUND], [der("proxy"), der("R11")])
    found = behind_proxy(inner)

    assert (await tried(found, by_proxy(HTTPS, secure))).issuer == "R11"
    assert inner.names == ["proxy.example", HOST]
    outcome = await tried(behind_proxy(stream(certificate=distrust(20))), by_proxy(HTTPS, secure))
    assert outcome.state is State.FAILED
    outcome = await tried(behind_proxy(stream(certificate=None)), by_proxy(HTTPS, secure))
    assert outcome.text.endswith("begins no TLS within 5 s")


# ------------------------------------------------------------------ others


@pytest.mark.parametrize(
    ("protocol", "port", "first"),
    [(NetworkProtocol.DNS, 53, None), (NetworkProtocol.NTP, 123, 0x23), (NetworkProtocol.STUN, 3478, 0)],
)
async def test_a_question_by_udp(protocol: NetworkProtocol, port: int, first: int | None) -> None:
    found = FakeLinks()
    found.names[HOST] = [V4, V6]
    found.answers = {(V4, port): [DatagramAnswer()], (V6, port): [None]}

    outcome = await tried(found, Destination("x", HOST, port, protocol))

    assert outcome == Outcome(State.OPEN, "answers", (4,))
    assert first is None or {datagram[0] for _, _, datagram in found.asked} == {first}


@pytest.mark.parametrize(
    ("answer", "state"),
    [
        (None, State.SILENT),
        (ConnectionRefusedError(), State.REFUSED),
        (OSError(errno.ENETUNREACH, "Network is unreachable"), State.UNREACHABLE),
        (ForeignAnswerError("answers, but not as a STUN server"), State.WRONG),
    ],
)
async def test_a_question_by_udp_without_an_answer(answer: OSError | None, state: State) -> None:
    found = FakeLinks()
    found.names[HOST] = [V4]
    found.answers = {(V4, 3478): [answer]}

    assert (await tried(found, Destination("x", HOST, 3478, NetworkProtocol.STUN))).state is state


async def test_a_server_by_udp_that_serves_others_is_of_no_use() -> None:
    found = FakeLinks()
    found.names[HOST] = [V6, V4]
    denied = DatagramAnswer("answers without a time (DENY)", useful=False)
    clock = Destination("x", HOST, 123, NetworkProtocol.NTP)
    found.answers = {(V4, 123): [denied], (V6, 123): [denied]}
    assert await tried(found, clock) == Outcome(State.WRONG, f"{V4} answers without a time (DENY)")

    found.answers[(V6, 123)] = [DatagramAnswer()]

    assert await tried(found, clock) == Outcome(State.OPEN, "answers", (6,))


@pytest.mark.parametrize(
    ("answer", "text"),
    [
        (DatagramAnswer(), "answers"),
        (DatagramAnswer("answers SERVFAIL for x.invalid", useful=False), "answers"),
        (None, "answers"),
        (
            DatagramAnswer(found=True),
            "answers, also for a name that no host has: a captive portal, or a filter",
        ),
    ],
)
async def test_a_name_server_is_asked_for_a_name_that_no_host_has(
    answer: DatagramAnswer | None, text: str
) -> None:
    found = FakeLinks()
    found.names[HOST] = [V4]
    found.answers = {(V4, 53): [DatagramAnswer(found=True), answer]}

    outcome = await tried(found, Destination("x", HOST, 53, NetworkProtocol.DNS))

    assert outcome == Outcome(State.OPEN, text, (4,))
    assert [b"\x07invalid\x00" in datagram for _, _, datagram in found.asked] == [False, True]


@pytest.mark.parametrize("address", ["127.0.0.1", "127.0.1.1", "::1", "::ffff:127.0.0.1"])
async def test_a_name_that_leads_to_this_machine_is_told(address: str) -> None:
    found = FakeLinks()
    found.names[HOST] = [address]
    found.streams = {(address, 443): [ConnectionRefusedError()], (address, 80): [ConnectionRefusedError()]}
    found.answers = {(address, 123): [DatagramAnswer()], (address, 53): [DatagramAnswer()]}
    itself = f"the name {HOST} leads to this machine itself"

    closed = await tried(found, HTTPS)
    clock = await tried(found, Destination("x", HOST, 123, NetworkProtocol.NTP))

    assert closed == Outcome(State.REFUSED, f"{address} refuses; {itself}", here=True)
    assert (clock.state, clock.text) == (State.OPEN, f"answers; {itself}")


async def test_a_broker_is_connected_to_and_told_nothing() -> None:
    plain = FakeStream()
    assert await tried(
        links(plain, port=1883), Destination("MQTT", HOST, 1883, NetworkProtocol.TCP)
    ) == Outcome(State.OPEN, "connected", (4,))
    secure = stream()
    outcome = await tried(links(secure, port=8883), Destination("MQTT", HOST, 8883, NetworkProtocol.TLS))
    assert outcome.text == f"certificate by {ISSUER}"
    assert plain.sent == secure.sent == []


async def test_a_file_of_issuers_that_is_missing_is_named() -> None:
    destination = Destination("MQTT", HOST, 8883, NetworkProtocol.TLS, issuers="/etc/none.pem")

    outcome = await tried(links(stream(), port=8883), destination)

    assert outcome == Outcome(State.FAILED, "/etc/none.pem cannot be used (No such file or directory)")


async def test_what_is_not_known_here_is_not_tried() -> None:
    later = Destination("stream", "", 443, NetworkProtocol.HTTPS, untried="the service names it")
    unread = Destination("service", "", None, NetworkProtocol.HTTPS, untried="not read", unknown=True)

    assert await tried(FakeLinks(), later) == Outcome(State.UNTRIED, "the service names it")
    assert (await tried(FakeLinks(), unread)).state is State.UNKNOWN


@pytest.mark.parametrize(
    ("connection", "running", "state"),
    [
        (FakeStream(), True, State.OPEN),
        (ConnectionRefusedError(), True, State.FAILED),
        (ConnectionRefusedError(), False, State.UNTRIED),
    ],
)
async def test_a_port_of_our_own_is_listened_at_while_the_daemon_runs(
    connection: FakeStream | OSError, running: bool, state: State
) -> None:
    found = FakeLinks()
    found.names["127.0.0.1"] = ["127.0.0.1"]
    found.streams[("127.0.0.1", 8480)] = [connection]
    page = Destination("page", "127.0.0.1", 8480, NetworkProtocol.TCP, inbound=True)

    assert (await tried(found, page, running=running)).state is state


async def test_cancelling_leaves_nothing_open() -> None:
    silent = stream(None)
    found = links(silent)
    trial = Trial(found, Verification(lambda _: ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT), lambda: NOW))
    async with asyncio.TaskGroup() as group:
        task = group.create_task(trial.of(HTTPS), name="trial")
        await asyncio.sleep(1.0)
        assert silent.sent
        task.cancel()

    assert silent.aborted

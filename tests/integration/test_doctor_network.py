"""`ravatard doctor network` beside real servers on loopback, and in a network that drops everything."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import socket
import ssl
import struct
import subprocess
import sys
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
import yaml
from aiohttp import ClientSession, web
from aioice import stun

from ravatard.doctor.machine import this_machine
from ravatard.doctor.network.connector import Verification
from ravatard.doctor.network.destination import Destination, NetworkProtocol, Outcome, State
from ravatard.doctor.network.links import MachineLinks
from ravatard.doctor.network.trial import Trial
from ravatard.host.control.client import ask
from ravatard.sim.bad_certificate import make_certificate
from ravatard.sim.server import SimServer
from ravatard.sim.streaming.options import SimStreamOptions
from tests.integration import recordings
from tests.integration.daemon import PROJECT, Config, Daemon
from tests.integration.program import RAVATARD, Program
from tests.integration.proxying import proxying

pytestmark = pytest.mark.integration

needs_openssl = pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl makes the certificate")
needs_ip = pytest.mark.skipif(shutil.which("ip") is None, reason="ip makes the network")
#: No proxy and no service of this machine.
APART = {"HTTPS_PROXY": "", "https_proxy": "", "NO_PROXY": "", "no_proxy": ""}


def config_file(folder: Path, **sections: Mapping[str, object]) -> Path:
    file = folder / "network.yaml"
    service = {"project_id": PROJECT, **sections.pop("service", {})}
    file.write_text(yaml.safe_dump({"service": service, **sections}))
    file.chmod(0o600)
    return file


def words(folder: Path, config: Path) -> list[str]:
    own = [
        "--config",
        str(config),
        "--state",
        str(folder / "state"),
        "--socket",
        str(folder / "control.sock"),
    ]
    return ["doctor", "network", *own]


async def told(
    folder: Path, config: Path, *more: str
) -> tuple[int, dict[str, Any], dict[str, dict[str, Any]]]:
    """Exit status, the document, and its destinations by their purpose."""
    async with Program(*words(folder, config), "--json", *more, environ=APART) as program:
        status = await program.ended(40.0)
        assert program.stderr == ""
        document = json.loads(program.stdout)
    assert document["schema"] == 1
    assert document["exit_status"] == status
    return status, document, {one["for"]: one for one in document["destinations"]}


def states(rows: Mapping[str, Mapping[str, Any]]) -> dict[str, str]:
    return {purpose: row["state"] for purpose, row in rows.items() if purpose.startswith("service")}


def _trust(file: str) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=file or None)


async def tried(destination: Destination) -> Outcome:
    """The outcome of one destination, with this machine's links."""
    trial = Trial(MachineLinks(), Verification(_trust, this_machine({}).now), name="a.example")
    return await trial.of(destination)


def at(port: int, protocol: NetworkProtocol, host: str = "127.0.0.1") -> Destination:
    return Destination("x", host, port, protocol)


async def test_a_service_that_is_open_and_nothing_is_bought_or_told(tmp_path: Path) -> None:
    async with SimServer() as server:
        config = config_file(tmp_path, service={"base_url": server.base_url})

        _, document, rows = await told(tmp_path, config)

        assert states(rows) == {"service: sign-in, requests": "open", "service: WebSocket": "open"}
        assert rows["service: WebSocket"]["text"].startswith("WebSocket wants a token (403)")
        assert rows["service: sign-in, requests"]["ip_versions"] == [4]
        assert rows["voice: sound (RTP)"]["state"] == "not_tried"
        # No call of the service's own: no token was asked for, and nothing was started.
        assert (list(server.record.requests), server.record.counts["sessions_started"]) == ([], 0)
    assert PROJECT not in json.dumps(document)


async def test_a_table_of_text_for_an_administrator(tmp_path: Path) -> None:
    async with SimServer() as server:
        config = config_file(
            tmp_path,
            service={"base_url": server.base_url},
            page={"listen": "lan"},
            gate={"silence_ms": "long"},
        )

        async with Program(*words(tmp_path, config), environ=APART) as program:
            await program.ended(40.0)
            lines = program.stdout.splitlines()

    assert max(map(len, lines)) <= 100
    assert "the configuration: " in lines[1]
    assert next(line for line in lines if "service: WebSocket" in line).startswith("✓ 127.0.0.1")
    assert next(line for line in lines if "owner's page" in line).endswith("not tried")
    assert any(line.startswith(("Everything that could be tried", "Then run")) for line in lines)


async def test_a_port_that_is_refused(tmp_path: Path) -> None:
    config = config_file(
        tmp_path, service={"base_url": "http://127.0.0.1:9"}, mqtt={"host": "127.0.0.1", "port": 9}
    )

    status, document, rows = await told(tmp_path, config)

    assert status == 1
    assert set(states(rows).values()) == {"refused"}
    assert rows["MQTT broker"]["state"] == "refused"
    assert "Look at this machine itself" in " ".join(document["advice"])


@contextmanager
def shaking_hands(context: ssl.SSLContext) -> Iterator[int]:
    """A server that begins TLS with every client, and says nothing; its port. Some of them hang up."""

    def serve() -> None:
        with suppress(OSError):
            while True:
                connection, _ = server.accept()
                with suppress(OSError), context.wrap_socket(connection, server_side=True) as secure:
                    secure.settimeout(10.0)
                    secure.recv(1)

    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield server.getsockname()[1]
        server.shutdown(socket.SHUT_RDWR)
        thread.join(10.0)


@needs_openssl
async def test_tls_that_is_intercepted_names_its_issuer(tmp_path: Path) -> None:
    certificate = make_certificate("self-signed", subject="Example-Corp-Proxy-CA")
    with shaking_hands(certificate.context) as port:
        config = config_file(tmp_path, service={"base_url": f"https://localhost:{port}"})

        status, document, rows = await told(tmp_path, config)

    assert status == 1
    assert set(states(rows).values()) == {"untrusted_certificate"}
    row = rows["service: sign-in, requests"]
    assert row["certificate_issuer"] == "Example-Corp-Proxy-CA"
    assert row["text"] == (
        "the certificate is signed by Example-Corp-Proxy-CA, which this machine does not trust"
    )
    assert '"Example-Corp-Proxy-CA"' in " ".join(document["advice"])


@needs_openssl
async def test_an_issuer_of_network_ca_is_trusted_and_marked(tmp_path: Path) -> None:
    certificate = make_certificate("self-signed", subject="Example-Corp-Proxy-CA")
    (tmp_path / "firm.pem").write_bytes(certificate.pem)
    async with SimServer(tls=certificate.context) as server:
        service, network = {"base_url": server.base_url}, {"ca": str(tmp_path / "firm.pem")}

        _, _, rows = await told(tmp_path, config_file(tmp_path, service=service, network=network))

    assert set(states(rows).values()) == {"open"}
    assert "Example-Corp-Proxy-CA, an issuer added to this machine" in rows["service: WebSocket"]["text"]


@needs_openssl
async def test_a_broker_whose_issuer_is_in_a_file_is_trusted(tmp_path: Path) -> None:
    certificate = make_certificate("self-signed", subject="home")
    (tmp_path / "ca.pem").write_bytes(certificate.pem)
    with shaking_hands(certificate.context) as port:
        outcome = await tried(
            Destination("x", "localhost", port, NetworkProtocol.TLS, issuers=str(tmp_path / "ca.pem"))
        )

    assert (outcome.state, outcome.text) == (State.OPEN, "certificate by home")


@asynccontextmanager
async def stripping(service: str) -> AsyncIterator[str]:
    """A proxy in front of the service that passes on requests, and no upgrade; its address."""
    async with ClientSession() as session:

        async def answer(request: web.BaseRequest) -> web.StreamResponse:
            async with session.request(request.method, service + request.raw_path) as reply:
                return web.Response(status=reply.status, body=await reply.read())

        runner = web.ServerRunner(web.Server(answer, access_log=None), shutdown_timeout=0.1)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        try:
            yield f"http://127.0.0.1:{runner.addresses[0][1]}"
        finally:
            await runner.cleanup()


async def test_an_upgrade_that_a_proxy_takes_out(tmp_path: Path) -> None:
    async with SimServer() as server, stripping(server.base_url) as address:
        config = config_file(tmp_path, service={"base_url": address})

        status, document, rows = await told(tmp_path, config)

    assert status == 1
    assert states(rows) == {"service: sign-in, requests": "open", "service: WebSocket": "no_upgrade"}
    assert "pass on the WebSocket upgrade to 127.0.0.1" in " ".join(document["advice"])


async def test_everything_by_a_proxy_with_a_password(tmp_path: Path) -> None:
    async with SimServer() as server, proxying("me:passphrase") as proxy:
        # The proxy leads every name to this machine.
        service = {
            "base_url": f"http://service.example:{server.port}",
            "proxy": f"http://127.0.0.1:{proxy.port}",
        }
        config = config_file(tmp_path, service=service)
        assert set(states((await told(tmp_path, config))[2]).values()) == {"proxy_refuses"}

        login = {"proxy_username": "me", "proxy_password": "passphrase"}
        config = config_file(tmp_path, service=service, network=login)
        assert set(states((await told(tmp_path, config))[2]).values()) == {"open"}

        environ = dict.fromkeys(("http_proxy", "https_proxy"), proxy.url) | {"no_proxy": "", "NO_PROXY": ""}
        config = config_file(tmp_path, service={"base_url": service["base_url"]})
        async with Program(*words(tmp_path, config), "--json", environ=environ) as program:
            await program.ended(40.0)
            rows = {one["for"]: one for one in json.loads(program.stdout)["destinations"]}

    assert states(rows) == {"service: sign-in, requests": "open", "service: WebSocket": "open"}
    assert rows["HTTP proxy"]["state"] == "open"
    assert rows["service: WebSocket"]["proxy"] == f"http://127.0.0.1:{proxy.port} (http_proxy)"
    assert "passphrase" not in program.stdout + program.stderr


async def test_a_configuration_that_cannot_be_read_leaves_the_rest(tmp_path: Path) -> None:
    config = config_file(tmp_path)
    config.write_text("service: {base_url: [\n")

    status, document, rows = await told(tmp_path, config)

    assert status in (1, 2)
    assert rows["service: sign-in, requests"]["state"] == rows["MQTT broker"]["state"] == "unknown"
    assert rows["service: sign-in, requests"]["host"] is None
    assert "cannot be read" in rows["MQTT broker"]["text"]
    assert document["notes"]


async def test_beside_a_running_daemon(tmp_path: Path) -> None:
    sound = recordings.write(tmp_path / "quiet.wav", recordings.quiet(2.0))
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    settings: Config = {
        "microphone": {"wav": str(sound), "repeat": True},
        "metrics": {"listen": "lan", "port": port, "token": "a-token-of-the-test"},
    }
    async with SimServer() as server, Daemon(tmp_path, server.base_url, settings) as daemon:
        await daemon.showing("ready")
        started = server.record.counts["sessions_started"]

        control = str(Path(os.environ["RUNTIME_DIRECTORY"]) / "control.sock")
        own = [*words(tmp_path, daemon.config_file), "--json", "--socket", control]
        async with Program(*own, environ=APART) as program:
            await program.ended(40.0)
            rows = {one["for"]: one for one in json.loads(program.stdout)["destinations"]}

        assert server.record.counts["sessions_started"] == started
    assert set(states(rows).values()) == {"open"}
    assert (rows["figures"]["state"], rows["figures"]["direction"]) == ("open", "in")
    assert "a-token-of-the-test" not in program.stdout


async def test_hosts_that_a_session_has_named_are_tried_beside_the_daemon(tmp_path: Path) -> None:
    sound = recordings.write(tmp_path / "said.wav", recordings.bundled())
    settings: Config = {
        "microphone": {"wav": str(sound), "repeat": True},
        "speaker": {"wav": str(tmp_path / "heard.wav")},
    }
    control = Path(os.environ["RUNTIME_DIRECTORY"]) / "control.sock"

    def named() -> list[str]:
        """Protocols of the hosts that the daemon was told of."""
        status = ask(control, {"do": "status"})["status"]
        assert isinstance(status, dict)
        return [one["protocol"] for one in status["named_hosts"]]

    async with responding(binding) as port:
        stream = SimStreamOptions(ice_servers=(f"stun:127.0.0.1:{port}",))
        async with SimServer(stream=stream) as server, Daemon(tmp_path, server.base_url, settings) as daemon:
            await daemon.showing("ready")
            await daemon.until(lambda: "stun" in named(), "a session that names a STUN server")
            players = server.record.counts["sessions_started"]

            own = [*words(tmp_path, daemon.config_file), "--json", "--socket", str(control)]
            async with Program(*own, environ=APART) as program:
                await program.ended(40.0)
                found = json.loads(program.stdout)["destinations"]

            assert server.record.counts["sessions_started"] == players
    rows = {(one["for"], one["port"]): one["state"] for one in found if one["host"] == "127.0.0.1"}
    assert rows["stream: page, signalling", server.port] == "open"
    assert rows["voice: STUN, TURN by UDP", port] == "open"


# ------------------------------------------------------------------ single destinations


async def test_a_server_whose_queue_is_full_answers_nothing() -> None:
    with socket.socket() as server, socket.socket() as first, socket.socket() as second:
        server.bind(("127.0.0.1", 0))
        server.listen(0)
        port = server.getsockname()[1]
        for one in (first, second):
            one.setblocking(False)
            one.connect_ex(("127.0.0.1", port))

        outcome = await tried(at(port, NetworkProtocol.TCP))

    assert outcome == Outcome(State.SILENT, "127.0.0.1 does not answer within 5 s")


async def test_ipv6_alone() -> None:
    try:
        server = SimServer(host="::1")
        async with server:
            outcome = await tried(at(server.port, NetworkProtocol.HTTP, "::1"))
    except OSError:
        pytest.skip("this machine has no IPv6")

    assert (outcome.state, outcome.families) == (State.OPEN, (6,))


class Responder(asyncio.DatagramProtocol):
    """A server by UDP that answers as ``answer`` says; None: not at all."""

    def __init__(self, answer: Callable[[bytes], bytes | None]) -> None:
        self._answer = answer
        self.transport: asyncio.DatagramTransport | None = None

    def connection_made(self, transport: Any) -> None:
        self.transport = transport

    def datagram_received(self, data: bytes, addr: Any) -> None:
        assert self.transport is not None
        # The first answer is another's.
        self.transport.sendto(b"\0" * 48, addr)
        if (answer := self._answer(data)) is not None:
            self.transport.sendto(answer, addr)


@asynccontextmanager
async def responding(answer: Callable[[bytes], bytes | None]) -> AsyncIterator[int]:
    loop = asyncio.get_running_loop()
    transport, _ = await loop.create_datagram_endpoint(lambda: Responder(answer), local_addr=("127.0.0.1", 0))
    try:
        yield transport.get_extra_info("sockname")[1]
    finally:
        transport.close()


def binding(data: bytes) -> bytes:
    """The answer of an implementation that is not ours."""
    asked = stun.parse_message(data)
    answer = stun.Message(
        message_method=asked.message_method,
        message_class=stun.Class.RESPONSE,
        transaction_id=asked.transaction_id,
    )
    answer.attributes["XOR-MAPPED-ADDRESS"] = ("127.0.0.1", 5)
    return bytes(answer)


def time_of_day(data: bytes) -> bytes:
    """RFC 5905, 7.3: what was the client's transmit time comes back as the origin."""
    now = struct.pack(">II", int(time.time()) + 2_208_988_800, 0)
    return b"\x24\x02" + bytes(22) + data[40:48] + now + now


@pytest.mark.parametrize(
    ("protocol", "answer"),
    [
        (NetworkProtocol.STUN, binding),
        (NetworkProtocol.NTP, time_of_day),
        (NetworkProtocol.DNS, lambda data: data[:2] + b"\x81\x83" + data[4:]),
    ],
)
async def test_a_server_by_udp_that_answers(
    protocol: NetworkProtocol, answer: Callable[[bytes], bytes | None]
) -> None:
    async with responding(answer) as port:
        assert await tried(at(port, protocol)) == Outcome(State.OPEN, "answers", (4,))


async def test_udp_that_is_blocked_or_refused() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as listening:
        listening.bind(("127.0.0.1", 0))
        port = listening.getsockname()[1]
        silent = await tried(at(port, NetworkProtocol.STUN))
    refused = await tried(at(port, NetworkProtocol.STUN))

    assert silent == Outcome(State.SILENT, "127.0.0.1 does not answer within 5 s")
    assert refused.state is State.REFUSED


@pytest.mark.parametrize(
    ("protocol", "server"),
    [
        (NetworkProtocol.STUN, "STUN server"),
        (NetworkProtocol.NTP, "time server"),
        (NetworkProtocol.DNS, "name server"),
    ],
)
@pytest.mark.parametrize("answer", [bytes(60_000), b"HTTP/1.0 200 OK\r\n\r\n<html>", b"", None])
async def test_a_stranger_by_udp_is_no_server_that_is_open(
    protocol: NetworkProtocol, server: str, answer: bytes | None
) -> None:
    async with responding(lambda data: data if answer is None else answer) as port:
        outcome = await tried(at(port, protocol))

    assert outcome == Outcome(State.WRONG, f"127.0.0.1 answers, but not as a {server}")


async def test_a_name_server_in_one_network_keeps_its_zone() -> None:
    assert await MachineLinks().addresses("fe80::1%lo") == ["fe80::1%lo"]


async def test_a_login_page_in_the_place_of_the_service() -> None:
    async def login(_request: web.BaseRequest) -> web.StreamResponse:
        return web.Response(status=302, headers={"Location": "http://login.hotel.example/"})

    runner = web.ServerRunner(web.Server(login, access_log=None), shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        outcome = await tried(at(runner.addresses[0][1], NetworkProtocol.HTTP))
    finally:
        await runner.cleanup()

    assert outcome.state is State.PORTAL
    assert "login.hotel.example" in outcome.text


# ------------------------------------------------------------------ a network of its own

#: A network in which every packet to others is lost, or, for the word "six", one with IPv6 alone.
_ENTER = """
set -e
folder=$1 kind=$2; shift 2
mount --make-rprivate /
mount --bind "$folder/hosts" /etc/hosts
mount --bind "$folder/resolv.conf" /etc/resolv.conf
ip link set lo up
# Without ARP what is sent has the sender's own hardware address, and the other end drops it.
ip link add lost type veth peer name far
ip link set far up
ip link set lost arp off up
if [ "$kind" = six ]; then
    ip addr del 127.0.0.1/8 dev lo
    ip -6 addr add 2001:db8::7/128 dev lo nodad
else
    ip addr add 192.0.2.1/24 dev lost
    ip route add default dev lost
fi
exec "$@"
"""


def in_network(folder: Path, kind: str, hosts: str, *command: str | Path) -> subprocess.CompletedProcess[str]:
    """Run a program in a network of its own; skip where none can be made."""
    (folder / "hosts").write_text(hosts)
    (folder / "resolv.conf").write_text("nameserver 192.0.2.53\n")
    done = subprocess.run(
        ["unshare", "--net", "--mount", "--map-root-user", "sh", "-c", _ENTER, "sh", folder, kind, *command],
        capture_output=True,
        text=True,
        timeout=90,
        check=False,
        env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C.UTF-8"},
    )
    if "unshare:" in done.stderr or "mount:" in done.stderr or "RTNETLINK" in done.stderr:
        pytest.skip(f"no network of its own here: {done.stderr.strip()}")
    return done


@needs_ip
def test_in_a_network_that_drops_everything_it_takes_half_a_minute_at_most(tmp_path: Path) -> None:
    config = config_file(
        tmp_path,
        service={"base_url": "https://service.example"},
        mqtt={"host": "broker.example", "tls": True},
        speech_to_text={"uri": "tcp://unknown.example:10300"},
    )
    hosts = "192.0.2.7 service.example\n192.0.2.9 broker.example\n"
    timed = (
        "import subprocess, sys, time; begun = time.monotonic(); "
        "status = subprocess.run(sys.argv[1:]).returncode; "
        "print(time.monotonic() - begun, file=sys.stderr); sys.exit(status)"
    )
    words_ = [*words(tmp_path, config), "--json", "--stun", "192.0.2.11"]

    done = in_network(tmp_path, "lost", hosts, sys.executable, "-c", timed, RAVATARD, *words_)

    assert done.returncode == 1, done.stderr
    assert float(done.stderr.splitlines()[-1]) < 30.0
    rows = {one["for"]: one for one in reversed(json.loads(done.stdout)["destinations"])}
    assert states(rows) == {"service: sign-in, requests": "no_answer", "service: WebSocket": "no_answer"}
    assert rows["MQTT broker"]["state"] == rows["voice: STUN, TURN by UDP"]["state"] == "no_answer"
    assert rows["names (DNS)"]["state"] == "no_answer"
    assert rows["speech recogniser"]["text"] == "no name server answers for unknown.example within 5 s"
    advice = " ".join(json.loads(done.stdout)["advice"])
    assert "TCP 443 to service.example; UDP 3478 to 192.0.2.11; TCP 8883 to broker.example" in advice


#: Serves the simulated service at an address of IPv6, and runs a command beside it.
_SIX = """
import asyncio, sys
from ravatard.sim.server import SimServer
from ravatard.sim.streaming.options import SimStreamOptions

async def main():
    async with SimServer(host="2001:db8::7", port=8490):
        process = await asyncio.create_subprocess_exec(*sys.argv[1:])
        return await process.wait()

sys.exit(asyncio.run(main()))
"""


@needs_ip
def test_in_a_network_with_ipv6_alone(tmp_path: Path) -> None:
    config = config_file(tmp_path, service={"base_url": "http://service.example:8490"})
    command: list[str | Path] = [RAVATARD, *words(tmp_path, config), "--json"]

    done = in_network(tmp_path, "six", "2001:db8::7 service.example\n", sys.executable, "-c", _SIX, *command)

    rows = {one["for"]: one for one in json.loads(done.stdout)["destinations"]}
    assert states(rows) == {"service: sign-in, requests": "open", "service: WebSocket": "open"}
    assert rows["service: WebSocket"]["ip_versions"] == [6]

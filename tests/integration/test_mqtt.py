"""Home Assistant's messages on Debian's mosquitto, with everything that goes wrong with a broker."""

from __future__ import annotations

import asyncio
import gc
import random
import resource
import signal
import socket
import subprocess
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from aiomqtt import ProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from ravatard.core.backoff import BackoffOptions
from ravatard.mqtt.adapter import MqttAdapter
from ravatard.mqtt.assembly import ApplianceIdentity, MqttSections, mqtt_adapter
from ravatard.mqtt.farewell import Farewell, farewell_to
from ravatard.mqtt.group_channel import GroupChannel
from ravatard.mqtt.options import GroupOptions, HomeAssistantOptions, MqttOptions
from ravatard.ports.broker import KeptRecord
from ravatard.secret import Secret
from ravatard.sim.server import SimServer
from ravatard.stages.control import ControlSurroundings
from tests.integration import recordings
from tests.integration.daemon import PROJECT, Config, Daemon
from tests.integration.debian_programs import needs
from tests.integration.mqtt_rig import Mosquitto, RoomAlone, RoomMember, carry, fields, mosquitto, watching
from tests.integration.program import until
from tests.unit.mqtt.fakes import MemoryRecord

pytestmark = [pytest.mark.integration, needs("mosquitto", "mosquitto_passwd")]

OWN_ID = "ravatard-0123456789abcdef"
OWN = ApplianceIdentity(OWN_ID, "1.2.3", "Raspberry Pi 4 Model B Rev 1.5")
BASE = f"ravatard/{OWN_ID}"
WORDS = "never-told-0815"
QUICK = BackoffOptions(first_s=0.1, longest_s=1.0)


@dataclass
class Appliance:
    adapter: MqttAdapter
    room: RoomAlone
    restarts: list[str] = field(default_factory=list)


@asynccontextmanager
async def appliance(
    port: int,
    home: HomeAssistantOptions | None = None,
    record: KeptRecord | None = None,
    group: str | None = None,
    **options: object,
) -> AsyncIterator[Appliance]:
    """The adapter of an appliance, at work."""
    settings: dict[str, object] = {"host": "127.0.0.1", "port": port, "keep_alive_s": 2.0, **options}
    sections = MqttSections(
        MqttOptions(**settings),  # type: ignore[arg-type]
        home or HomeAssistantOptions(),
        GroupOptions(group),
        QUICK,
    )
    restarts: list[str] = []
    room = RoomAlone(
        ControlSurroundings(restart_refusal=_nothing_against, stop=lambda: restarts.append("restart"))
    )
    adapter, _ = mqtt_adapter(sections, OWN, record or MemoryRecord(), lambda: 0.01)
    async with asyncio.TaskGroup() as tasks:
        hub = tasks.create_task(room.run())
        served = tasks.create_task(adapter.serve(room.handler))
        yield Appliance(adapter, room, restarts)
        served.cancel()
        hub.cancel()


async def _nothing_against() -> str:
    """Refuse no restart."""
    return ""


async def up(one: Appliance) -> None:
    await until(lambda: one.adapter.faults == (), "it is connected", 30.0, lambda: str(one.adapter.faults))


async def told(one: Appliance, words: str) -> None:
    await until(lambda: words in str(one.adapter.faults), words, 30.0, lambda: str(one.adapter.faults))


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Mosquitto]:
    started = Mosquitto(tmp_path)
    started.start()
    yield started
    started.stop()


async def test_it_appears_with_its_state_and_goes_with_a_word(tmp_path: Path) -> None:
    async with mosquitto(tmp_path) as broker, watching(broker.port) as seen:
        async with appliance(broker.port) as one:
            await up(one)
            await seen.until("/availability", "online")
            config = fields(seen.last("/config"))
            state = fields(seen.last("/state"))
            topics = [str(message.topic) for message in seen.messages]
        await seen.until("/availability", "offline")

        assert len(config["cmps"]) == 15
        assert config["dev"]["mdl"] == OWN.model
        assert state["mute"] == "OFF"
        # A device without a state is never seen.
        assert topics.index(f"{BASE}/state") < topics.index(f"{BASE}/availability")
        assert one.adapter.faults == ()


async def test_commands_are_carried_out_answered_and_refused_when_retained(broker: Mosquitto) -> None:
    async with watching(broker.port) as seen:
        await seen.say(f"{BASE}/volume/set", "11", retain=True, qos=1)
        async with appliance(broker.port) as one:
            await up(one)
            await until(lambda: seen.of("/result"), "the retained command is answered")
            refused = fields(seen.last("/result"))
            # The true state of the device, whatever was asked for.
            await seen.say(f"{BASE}/mute/set", "ON")
            await until(lambda: fields(seen.last("/state"))["mute"] == "ON", "it is muted")
            await seen.say(f"{BASE}/mute/set", "OFF")
            await until(lambda: fields(seen.last("/state"))["mute"] == "OFF", "it is open")
            await seen.say(f"{BASE}/volume/set", "40")
            await until(lambda: fields(seen.last("/state"))["volume"] == 40, "it is softer")
            await seen.say(f"{BASE}/restart/set", "PRESS")
            await until(lambda: one.restarts, "it is restarted")
            await until(lambda: len(seen.of("/result")) == 5, "all are answered")
            before = len(seen.of("/result"))
            bad = {
                "volume": b"loud",
                "mute": b"\xff",
                "say": b"x" * 4_001,
                "press": b'{"ms": -1}',
                "dance": b"",
                "update": b"INSTALL",
            }
            for number, (name, payload) in enumerate(bad.items(), 1):
                await seen.say(f"{BASE}/{name}/set", payload)
                await until(lambda: len(seen.of("/result")) == before + number, f"{name} is answered")  # noqa: B023
            results = [fields(result) for result in seen.of("/result")]

    assert refused["ok"] is False
    assert "retain" in refused["error"]
    assert [result["do"] for result in results[1:5]] == ["mute", "mute", "volume", "restart"]
    assert all(result["ok"] for result in results[1:5])
    assert [result["do"] for result in results[5:]] == list(bad)
    assert not any(result["ok"] for result in results[5:])
    assert "40" in results[3]["says"]


async def test_an_answer_goes_where_its_sender_wants_it(broker: Mosquitto) -> None:
    wanted = Properties(PacketTypes.PUBLISH)  # type: ignore[no-untyped-call]
    wanted.ResponseTopic = "house/answers"
    wanted.CorrelationData = b"17"
    async with (
        watching(broker.port, protocol=ProtocolVersion.V5) as seen,
        appliance(broker.port) as one,
    ):
        await up(one)
        await seen.say(f"{BASE}/volume/set", "30", properties=wanted)
        await until(lambda: seen.of("house/answers"), "it is answered there")
        (answer,) = [message for message in seen.messages if str(message.topic) == "house/answers"]

    assert getattr(answer.properties, "CorrelationData", None) == b"17"
    assert fields(seen.last("house/answers")) == {"do": "volume", "ok": True, "says": "volume 30 %"}


async def test_after_a_restart_of_the_broker_everything_is_back(tmp_path: Path, broker: Mosquitto) -> None:
    async with appliance(broker.port) as one:
        await up(one)
        broker.stop()
        await until(lambda: one.adapter.faults, "it is told")
        told = one.adapter.faults
        broker.start()
        await up(one)
        async with watching(broker.port) as seen:
            await seen.until("/availability", "online")
            assert fields(seen.last("/config"))["dev"]["ids"] == OWN_ID

    assert told[0].startswith("no MQTT: ")


async def test_home_assistants_start_is_answered_by_one_discovery_message(broker: Mosquitto) -> None:
    async with appliance(broker.port) as one, watching(broker.port) as seen:
        await up(one)
        await seen.until("/availability", "online")
        seen.messages.clear()
        for _ in range(3):
            await seen.say("homeassistant/status", "online")
        await until(lambda: seen.of("/config"), "it is discovered again")
        # What follows comes behind anything that the other two would have led to.
        await seen.say(f"{BASE}/volume/set", "20")
        await until(lambda: seen.of("/result"), "it goes on")

        assert len(seen.of("/config")) == 1


async def test_what_another_client_cleared_is_told_again_at_home_assistants_start(broker: Mosquitto) -> None:
    async with appliance(broker.port) as one, watching(broker.port) as seen:
        await up(one)
        await seen.until("/availability", "online")
        # An owner who tidies up with a program for brokers clears all that is retained.
        for topic in (f"homeassistant/device/{OWN_ID}/config", f"{BASE}/state", f"{BASE}/update"):
            await seen.say(topic, b"", retain=True, qos=1)
        await seen.say(f"{BASE}/availability", "offline", retain=True, qos=1)
        await seen.until("/availability", "offline")
        await seen.say("homeassistant/status", "online")
        await seen.until("/availability", "online")

    async with watching(broker.port) as later:
        await until(lambda: later.of("/update"), "what is kept is read")
        assert all(later.last(end) for end in ("/config", "/state", "/update"))


async def test_a_broker_that_does_not_listen_is_named_with_its_place() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    async with appliance(port) as one:
        await until(lambda: "cannot be reached" in str(one.adapter.faults), "it is told")
        (fault,) = one.adapter.faults

    assert fault == (
        f"no MQTT: the MQTT broker at 127.0.0.1:{port} cannot be reached (connection refused); start it, or "
        "correct mqtt.host and mqtt.port"
    )


async def test_a_wrong_password_is_named_and_the_right_one_works(tmp_path: Path) -> None:
    passwords = tmp_path / "passwords"
    subprocess.run(["mosquitto_passwd", "-b", "-c", passwords, "avatar", "right"], check=True)  # noqa: ASYNC221 - milliseconds
    async with mosquitto(tmp_path, f"password_file {passwords}") as broker:
        for secret, connects in (("wrong", False), ("right", True)):
            async with appliance(broker.port, username="avatar", password=Secret(secret)) as one:
                if connects:
                    await up(one)
                else:
                    await told(one, "mqtt.password")
                    assert secret not in str(one.adapter.faults)


async def test_rules_that_let_nothing_of_ours_pass_are_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ravatard.mqtt.adapter.ECHO_S", 0.5)
    rules = tmp_path / "rules"
    rules.write_text("topic readwrite house/#\n")
    async with mosquitto(tmp_path, f"acl_file {rules}") as broker, appliance(broker.port) as one:
        await told(one, f"{BASE}/#")

        assert "correct its rules" in str(one.adapter.faults)


# The library leaves the socket of a refused handshake to the garbage collector.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
async def test_a_broker_is_trusted_by_its_issuer_and_its_name(tmp_path: Path) -> None:
    files = []
    for name in ("right", "wrong"):
        key, certificate = tmp_path / f"{name}.key", tmp_path / f"{name}.pem"
        words = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes".split()
        words += ["-days", "2", "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"]
        subprocess.run([*words, "-keyout", key, "-out", certificate], check=True, capture_output=True)  # noqa: ASYNC221
        files.append((key, certificate))
    (key, right), (_, wrong) = files
    async with mosquitto(tmp_path, f"certfile {right}", f"keyfile {key}") as broker:
        tried = ((wrong, "localhost", False), (right, "127.0.0.1", False), (right, "localhost", True))
        for ca, host, connects in tried:
            async with appliance(broker.port, host=host, tls=True, ca=str(ca)) as one:
                if connects:
                    await up(one)
                else:
                    await told(one, "mqtt.ca")
                assert ("mqtt.ca" in str(one.adapter.faults)) is not connects
    # Here, not in the next test.
    gc.collect()


Answer = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def misbehaving(answer: Answer) -> AsyncIterator[int]:
    """A broker that accepts, and then does as ``answer`` does."""
    async with asyncio.TaskGroup() as group:

        def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            tasks.append(group.create_task(serve(reader, writer)))

        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            try:
                await answer(reader, writer)
            except OSError:
                pass
            finally:
                writer.close()

        tasks: list[asyncio.Task[None]] = []
        server = await asyncio.start_server(accept, "127.0.0.1", 0)
        yield int(server.sockets[0].getsockname()[1])
        server.close()
        for task in tasks:
            task.cancel()


async def test_a_broker_that_stays_silent_is_named_and_left(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ravatard.mqtt.aiomqtt_broker.ANSWER_S", 0.5)
    accepted: list[asyncio.StreamReader] = []
    left: list[bytes] = []

    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        accepted.append(reader)
        del writer
        left.append(await reader.read())

    async with misbehaving(silent) as port, appliance(port) as one:
        await told(one, "does not answer")
        await until(lambda: len(accepted) > 1, "it is tried again")

        assert left, "the first connection was closed"


async def test_a_name_that_no_host_can_have_is_named() -> None:
    # Both pass the configuration: the resolver raises no error of the system for them.
    for name in ("home..local", "x" * 64):
        async with appliance(1883, host=name) as one:
            await told(one, f"{name} is not found")
            assert len(one.adapter.faults) == 1


async def test_a_machine_without_threads_ends_nothing(
    broker: Mosquitto, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(_: object) -> None:
        raise RuntimeError("can't start new thread")

    with monkeypatch.context() as patch:
        patch.setattr("threading.Thread.start", refused)
        async with appliance(broker.port) as one:
            await told(one, "can't start new thread")
            patch.undo()
            await up(one)
            assert one.restarts == []


async def test_what_hangs_up_at_the_first_packet_is_named_at_once_and_asked_in_the_older_version() -> None:
    versions: list[int] = []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connect = await reader.read(500)
        # After the name of the protocol (OASIS MQTT 5.0, 3.1.2.2).
        versions.append(connect[connect.index(b"MQTT") + 4])
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n"[: 4 * len(versions)])
        await writer.drain()

    async with misbehaving(answer) as port, appliance(port) as one:
        await told(one, "mqtt.tls")
        await until(lambda: len(versions) >= 3, "it is tried again")

    assert versions[:3] == [5, 4, 5]


async def test_the_older_version_is_kept_for_one_connection() -> None:
    versions: list[int] = []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connect = await reader.read(500)
        versions.append(connect[connect.index(b"MQTT") + 4])
        if versions[-1] == 4:
            # CONNACK of MQTT 3.1.1 (OASIS MQTT 3.1.1, 3.2); then it goes.
            writer.write(b"\x20\x02\0\0")
            await reader.read(500)

    async with misbehaving(answer) as port, appliance(port):
        await until(lambda: len(versions) >= 4, "it is tried again")

    assert versions[:4] == [5, 4, 5, 4]


async def test_a_broker_with_a_limit_that_is_too_low_is_named_with_its_reason(tmp_path: Path) -> None:
    async with mosquitto(tmp_path, "max_packet_size 2000") as broker, appliance(broker.port) as one:
        await told(one, "acket too large")
        assert one.restarts == []


async def test_bytes_that_are_no_mqtt_end_the_connection_and_nothing_else() -> None:
    # Topics that the library takes for impossible, and one that is no text.
    odd = [b"#", b"a/+/set", b"", b"\xff\xfe"]
    sent: list[bytes] = []
    loop = asyncio.get_running_loop()
    complaints: list[object] = []
    loop.set_exception_handler(lambda _, context: complaints.append(context))

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(500)
        topic = odd[len(sent) % len(odd)]
        sent.append(topic)
        # Together with the answer, and after it.
        writer.write(b"\x20\x03\0\0\0" + (packet(topic, b"ON") if len(sent) % 2 else b""))
        await reader.read(500)
        writer.write(packet(topic, b"ON"))
        await writer.drain()

    async with misbehaving(answer) as port, appliance(port) as one:
        await until(lambda: len(sent) > len(odd), "it is tried again", 60.0)
        assert one.adapter.faults
    gc.collect()
    await asyncio.sleep(0)

    assert complaints == []


async def test_a_broker_that_stops_in_the_middle_is_noticed_by_its_silence(broker: Mosquitto) -> None:
    async with appliance(broker.port) as one:
        await up(one)
        broker.freeze()
        began = time.monotonic()
        await until(lambda: one.adapter.faults, "it is noticed")
        broker.thaw()
        await up(one)

    # The keep-alive is 2 s; a machine may be slow.
    assert time.monotonic() - began < 30.0


async def test_of_twins_one_is_named_and_leaves_the_other_alone(broker: Mosquitto) -> None:
    async with appliance(broker.port) as one:
        await up(one)
        async with appliance(broker.port) as twin:
            both = one.adapter, twin.adapter
            await until(lambda: "machine-id" in str([each.faults for each in both]), "a twin is named")
            await until(lambda: () in [each.faults for each in both], "the other is connected")
            await until(lambda: sorted(len(each.faults) for each in both) == [0, 1], "they have settled")

            assert "machine-id" in str([each.faults for each in both])


def packet(topic: str | bytes, payload: bytes, qos: int = 0) -> bytes:
    """A PUBLISH of MQTT 5 (OASIS MQTT 5.0, 3.3)."""
    name = topic if isinstance(topic, bytes) else topic.encode()
    number = b"\0\7" if qos else b""
    body = len(name).to_bytes(2, "big") + name + number + b"\0" + payload
    length, rest = b"", len(body)
    while True:
        rest, digit = divmod(rest, 128)
        length += bytes((digit | (0x80 if rest else 0),))
        if not rest:
            return bytes((0x30 | qos << 1,)) + length + body


def many() -> bytes:
    return packet(f"{BASE}/say/set", b"") * 10_000


def long() -> bytes:
    return packet(f"{BASE}/say/set", bytes(1_000_000))


def endless() -> bytes:
    """Announced as 200 MB."""
    return packet(f"{BASE}/say/set", bytes(200_000_000))[:4_000_000]


def unwanted() -> bytes:
    """Of a topic that was not asked for, each one confirmed twice."""
    return packet("house", b"x", qos=2) * 10_000


@pytest.mark.parametrize("kind", [many, long, endless, unwanted])
async def test_a_broker_that_floods_is_left_and_costs_neither_time_nor_memory(
    kind: Callable[[], bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    # A starved machine may take them no faster than that.
    monkeypatch.setattr("ravatard.mqtt.flood.MOST_PACKETS", 20)
    flood, arrived = kind(), []

    async def flooding(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        # CONNACK of MQTT 5.
        arrived.append(await reader.read(1_024))
        writer.write(b"\x20\x03\x00\x00\x00")
        for begin in range(0, len(flood), 65_536):
            writer.write(flood[begin : begin + 65_536])
            await writer.drain()
        await reader.read()

    async with misbehaving(flooding) as port:
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        async with appliance(port) as one:
            await told(one, "left for a while")
        grown_kb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before

    # It came again at most for a moment, with a pause before.
    assert len(arrived) <= 2
    # The flood is in the memory of this process already.
    assert grown_kb < 4_096


def flood_broker(port: int) -> None:
    """Be a client that sends 10,000 messages at once. Blocks."""
    connect = b"\0\4MQTT\5\2\0\x3c\0\0\7flooder"
    with socket.create_connection(("127.0.0.1", port), 30.0) as client:
        client.sendall(bytes((0x10, len(connect))) + connect)
        assert client.recv(64)[0] == 0x20
        client.sendall(many())


async def test_a_client_that_floods_a_real_broker_costs_nothing_but_a_while(
    broker: Mosquitto, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ravatard.mqtt.aiomqtt_broker.FLOOD_S", 2.0)
    # A starved machine may take them no faster than that.
    monkeypatch.setattr("ravatard.mqtt.flood.MOST_PACKETS", 50)
    async with appliance(broker.port) as one, watching(broker.port, f"{BASE}/result") as seen:
        await up(one)
        # The broker was told the longest packet, and passes no longer one on.
        await seen.say(f"{BASE}/say/set", bytes(1_000_000))
        await seen.say(f"{BASE}/volume/set", "31")
        await until(lambda: seen.of("/result"), "the next command is carried out")
        assert fields(seen.last("/result"))["do"] == "volume"
        assert one.adapter.faults == ()
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        flooder = asyncio.create_task(asyncio.to_thread(flood_broker, broker.port))
        await told(one, "left for a while")
        await flooder
        await until(lambda: one.adapter.faults == (), "it is back", 60.0)
        grown_kb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before

    # What the client has sent is in the memory of this process, too.
    assert grown_kb < 8_192


async def test_what_is_switched_off_takes_everything_back(broker: Mosquitto) -> None:
    record = MemoryRecord()
    async with appliance(broker.port, record=record) as one:
        await up(one)
    # Discovery alone, while it goes on.
    async with appliance(broker.port, HomeAssistantOptions(discovery=False), record) as one:
        await up(one)
    async with watching(broker.port) as seen:
        await until(lambda: seen.last("/state"), "what is kept comes")
        assert seen.last("/config") is None
    kept = record.read()
    assert kept is not None
    leaving: Farewell = farewell_to(MqttOptions(), OWN_ID, record, kept)
    async with asyncio.TaskGroup() as group:
        task = group.create_task(leaving.serve(RoomAlone().handler))
        await until(lambda: record.kept is None, "it is done")
        task.cancel()

    async with watching(broker.port) as seen:
        await seen.say("house/last", "x")
        await until(lambda: seen.last("house/last"), "everything kept would be here")
        assert [str(message.topic) for message in seen.messages] == ["house/last"]


async def test_of_three_in_one_room_one_begins_whatever_their_order(broker: Mosquitto) -> None:
    """Ten tries over the real broker, each heard within 20 ms."""
    dice = random.Random(5)
    channels = [GroupChannel("ravatard/group/lobby/turn") for _ in range(3)]
    began: list[int] = []

    async with asyncio.TaskGroup() as group:
        tasks = [
            group.create_task(carry(channel, broker.port, f"member-{number}"))
            for number, channel in enumerate(channels)
        ]
        rooms = [RoomMember(number, channels[number], began) for number in range(3)]
        tasks += [group.create_task(room.stage.run()) for room in rooms]
        await until(
            lambda: all(len(room.stage._claims._others) == 2 for room in rooms), "they know each other"
        )
        outcomes = []
        for _ in range(10):
            began.clear()
            for room in dice.sample(rooms, 3):
                room.hear()
                await asyncio.sleep(dice.uniform(0.0, 0.02))
            await until(lambda: began, "one begins")
            # A starved machine may let one begin too early: then it yields, once it has heard of the owner.
            agreed = "they agree, and whoever began too early has yielded"
            await until(lambda: len({room.owner for room in rooms} - {None}) == 1, agreed)
            await until(lambda: sum(room.talks for room in rooms) == 1, agreed)
            outcomes.append(len([room for room in rooms if room.talks]))
            for room in rooms:
                room.fall_silent()
            await until(lambda: not any(room.owner for room in rooms), "the room is free")
        for task in tasks:
            task.cancel()

    assert outcomes == [1] * 10


async def test_a_daemon_that_is_killed_is_unavailable_and_no_secret_is_on_the_broker(tmp_path: Path) -> None:
    passwords = tmp_path / "passwords"
    secret = "never-shown-4712"
    subprocess.run(["mosquitto_passwd", "-b", "-c", passwords, "avatar", secret], check=True)  # noqa: ASYNC221
    sound = recordings.write(tmp_path / "speech.wav", recordings.one_request(3))
    async with mosquitto(tmp_path, f"password_file {passwords}") as broker, SimServer() as server:
        access = {"host": "127.0.0.1", "port": broker.port, "username": "avatar", "password": secret}
        config: Config = {"microphone": {"wav": str(sound)}, "mqtt": access}
        async with (
            watching(broker.port, username="avatar", password=secret) as seen,
            Daemon(tmp_path, server.base_url, config) as daemon,
        ):
            await daemon.until(lambda: seen.last("/availability") == "online", "it is there")
            await daemon.until(lambda: seen.last("/event/turn"), "a turn is told")
            said = str(next(one.topic for one in seen.messages if str(one.topic).endswith("/event/turn")))
            say = said.replace("/event/turn", "/say/set")
            await seen.say(say, WORDS)
            await daemon.until(lambda: seen.last("/result"), "the words are taken")
            daemon.send(signal.SIGKILL)
            await daemon.ended()
            await seen.until("/availability", "offline")
            told = [f"{message.topic} {message.payload!r}" for message in seen.messages]

    assert fields(seen.last("/event/turn"))["event_type"] == "answered"
    # Nothing but the command itself holds what was said.
    assert [line for line in told if WORDS in line] == [f"{say} {WORDS.encode()!r}"]
    for planted in (secret, PROJECT):
        assert not [line for line in told if planted in line]
        assert planted not in daemon.stderr

"""The SDK as programs use it: real processes and real sockets, against the simulated AvaTar API."""

from __future__ import annotations

import asyncio
import json
import os
import pickle
import pydoc
import re
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from zipfile import ZipFile

import avatar_sdk
import pytest

import ravatard.avatar_sdk
from ravatard.avatar_sdk import AvatarClient, AvatarError, ConnectionLost, EventData, SessionGone
from ravatard.sim.avatar.options import (
    AvatarSimOptions,
    SimAccessOptions,
    SimLeaseOptions,
    SimPictureOptions,
    SimTalkOptions,
    SimTextOptions,
)
from ravatard.sim.avatar.server import AvatarSimServer
from ravatard.sim.bad_certificate import make_certificate
from tests.house.source import ROOT, tracked
from tests.integration.program import HEEDING_CTRL_C, PATIENCE_S

pytestmark = pytest.mark.integration

#: The Python example of the API reference, byte for byte.
EXAMPLE = Path(__file__).with_name("avatar_sdk_example.txt")
ERRORS = ["documented", "detail", "detail-list", "message", "string", "html", "empty"]
QUICK = SimTalkOptions(think_s=0.05)


@asynccontextmanager
async def running(
    words: Sequence[str], *, until: Callable[[], object] | None = None
) -> AsyncIterator[asyncio.subprocess.Process]:
    """Run a Python program with every warning an error; it is ended whatever happens."""
    process = await asyncio.create_subprocess_exec(
        *HEEDING_CTRL_C,
        *(sys.executable, "-X", "dev", "-W", "error", *words),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**os.environ, "PYTHONASYNCIODEBUG": "0"},
    )
    try:
        await eventually(until or (lambda: True))
        yield process
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def eventually(true: Callable[[], object]) -> None:
    """Wait until something is true.

    Raises:
        TimeoutError: it did not become true.
    """
    async with asyncio.timeout(2 * PATIENCE_S):
        while not true():  # noqa: ASYNC110 - another process makes it true
            await asyncio.sleep(0.01)


async def ended(process: asyncio.subprocess.Process) -> tuple[str, str]:
    """Return everything that a process wrote, once it has ended."""
    async with asyncio.timeout(PATIENCE_S):
        said, complained = await process.communicate()
    return said.decode(), complained.decode()


def free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        return probe.connect_ex(("127.0.0.1", port)) != 0


def program(server: AvatarSimServer, body: str) -> list[str]:
    """Return a program that holds a session, written as a beginner would."""
    return [
        "-c",
        "import asyncio\n"
        "from avatar_sdk import AvatarClient\n"
        "async def main():\n"
        f"    client = AvatarClient({server.api_url!r}, {server.socket_url!r})\n"
        "    session = await client.create_session()\n"
        "    await session.connect()\n"
        f"    {body}\n"
        "asyncio.run(main())\n",
    ]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
async def test_the_example_of_the_reference_runs_as_it_is_printed_and_leaves_no_session(
    number: signal.Signals,
) -> None:
    if not (free(8000) and free(8001)):
        pytest.skip("the example's ports, 8000 and 8001, are taken on this machine")
    options = AvatarSimOptions(talk=QUICK)
    async with AvatarSimServer(options, port=8000, socket_port=8001) as server:
        async with running([str(EXAMPLE)]) as process:
            await eventually(lambda: any(one.path.endswith("speak") for one in server.record.requests))
            assert len(server.open_sessions) == 1
            process.send_signal(number)
            said, complained = await ended(process)

        assert said.startswith("Avatar: ")
        assert "Hello, how are you?" in said
        assert "Unclosed" not in complained
        assert "never retrieved" not in complained
        assert process.returncode == (-signal.SIGINT if number is signal.SIGINT else 128 + number)
        assert server.open_sessions == []
        assert [one.how for one in server.record.sessions] == ["client"]
        assert list(server.record.violations) == []


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ("pass", 0),
        ("raise KeyError('mine')", 1),
        ("import sys; sys.exit(3)", 3),
        ("session.on('status', lambda event: event['nothing']); await session.chat('Hi')", 0),
    ],
    ids=["never disconnects", "exception", "exit", "handler fails"],
)
async def test_a_program_that_ends_in_any_way_leaves_no_session(body: str, status: int) -> None:
    async with AvatarSimServer(AvatarSimOptions(talk=QUICK)) as server:
        async with running(program(server, body)) as process:
            _, complained = await ended(process)

        assert process.returncode == status
        assert "Unclosed" not in complained
        assert [one.how for one in server.record.sessions] == ["client"]


@pytest.mark.parametrize("kind", ["def", "async def"])
@pytest.mark.parametrize(
    ("ending", "status"), [("sys.exit(5)", 5), ("raise KeyboardInterrupt", -signal.SIGINT)]
)
async def test_a_handler_may_end_the_program_in_order(kind: str, ending: str, status: int) -> None:
    body = (
        "import sys\n"
        "    @session.on('status')\n"
        f"    {kind} ended(event): {ending}\n"
        "    await session.chat('Hi')\n"
        "    await session.run_forever()"
    )
    async with AvatarSimServer(AvatarSimOptions(talk=QUICK)) as server:
        async with running(program(server, body)) as process:
            _, complained = await ended(process)

        assert process.returncode == status
        assert not re.search("Unclosed|destroyed|never retrieved", complained), complained
        assert [one.how for one in server.record.sessions] == ["client"]


async def test_a_loop_of_the_programs_own_that_is_never_closed_leaves_no_session() -> None:
    async with AvatarSimServer(AvatarSimOptions(talk=QUICK)) as server:
        words = program(server, "pass")
        words[1] = words[1].replace(
            "asyncio.run(main())", "asyncio.new_event_loop().run_until_complete(main())"
        )
        async with running(words) as process:
            _, complained = await ended(process)

        assert process.returncode == 0, complained
        assert "Unclosed client" not in complained
        assert [one.how for one in server.record.sessions] == ["client"]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
async def test_a_signal_anywhere_in_a_program_leaves_no_session(number: signal.Signals) -> None:
    async with AvatarSimServer() as server:
        words = program(server, "await asyncio.sleep(1000)")
        async with running(words, until=lambda: server.open_sessions) as process:
            process.send_signal(number)
            _, complained = await ended(process)

        assert "Unclosed" not in complained
        assert server.open_sessions == []


async def test_every_method_works_against_the_simulated_service() -> None:
    async with AvatarSimServer(AvatarSimOptions(talk=QUICK)) as server:
        seen: dict[str, list[object]] = {}
        async with AvatarClient(server.api_url, server.socket_url) as client:
            assert (await client.health())["status"] == "healthy"
            assert "active_sessions" in await client.metrics()
            async with await client.create_session("low", "avatar_1", "v") as session:
                for name in ("frame", "audio", "chat", "status"):
                    session.on(name, seen.setdefault(name, []).append)
                assert "Hello" in await session.chat("Hello")
                assert [one.session_id for one in await client.sessions()] == [session.id]
                assert (await session.speak("Welcome", voice_settings={"stability": 0.5})).task_id
                await eventually(lambda: len(seen["audio"]) > 1 and seen["frame"] and seen["chat"])
                await session.interrupt()
                await session.start_listening()
                await session.send_audio(bytes(4_800))
                await session.clear_audio()
                await session.stop_listening()
                await session.start_listening()
                await session.send_audio(bytes(4_800))
                await session.commit_audio()
                await session.stop_listening()
                await eventually(lambda: any(s.appends == 2 for s in server.record.sessions))
                assert await session.disconnect() is not None

        frame, sound = seen["frame"][0], seen["audio"][0]
        assert isinstance(frame, EventData)
        assert isinstance(sound, EventData)
        assert frame.bytes.startswith(b"\xff\xd8")
        assert sound.bytes.startswith(b"RIFF")
        assert list(server.record.violations) == []
        assert server.open_sessions == []


async def test_a_webrtc_offer_is_answered_and_the_media_connect() -> None:
    pytest.importorskip("aiortc")
    from aiortc import RTCConfiguration, RTCPeerConnection, RTCSessionDescription

    from tests.integration.receiver import loopback

    async with (
        AvatarSimServer() as server,
        AvatarClient(server.api_url, server.socket_url) as client,
        await client.create_session() as session,
    ):
        peer = RTCPeerConnection(RTCConfiguration([]))
        peer.addTransceiver("audio")
        loopback(peer)
        await peer.setLocalDescription(await peer.createOffer())
        try:
            answer = await session.start(peer.localDescription.sdp)
            await peer.setRemoteDescription(RTCSessionDescription(answer, "answer"))
            await eventually(lambda: peer.connectionState == "connected")
            assert server.record.sessions[0].starts == 1
        finally:
            await peer.close()


async def test_a_socket_that_breaks_comes_back_and_goes_on() -> None:
    async with (
        AvatarSimServer(AvatarSimOptions(talk=QUICK)) as server,
        AvatarClient(server.api_url, server.socket_url) as client,
        await client.create_session() as session,
    ):
        sounds: list[object] = []
        session.on("audio", sounds.append)
        server.drop_sockets()
        await eventually(lambda: server.record.sessions[0].sockets == 2)

        await session.speak("Welcome")
        await eventually(lambda: sounds)

        assert len(server.record.sessions) == 1


@pytest.mark.parametrize("tell", ["Session expired", ""])
async def test_a_session_that_vanishes_ends_run_forever(tell: str) -> None:
    async with (
        AvatarSimServer() as server,
        AvatarClient(server.api_url, server.socket_url) as client,
    ):
        session = await client.create_session()
        await session.connect()
        server.vanish(tell)

        async with asyncio.timeout(PATIENCE_S):
            with pytest.raises(SessionGone):
                await session.run_forever()


@pytest.mark.parametrize(
    "text",
    [
        SimTextOptions(form="json"),
        SimTextOptions(blank_lines=True, ending="none", line_end="crlf", comments=True),
        SimTextOptions(ending="finish", line_end="cr", cut_bytes=3),
    ],
)
async def test_every_form_of_an_answer_is_read(text: SimTextOptions) -> None:
    async with (
        AvatarSimServer(AvatarSimOptions(talk=QUICK, text=text)) as server,
        AvatarClient(server.api_url, server.socket_url) as client,
    ):
        assert "Hello" in await (await client.create_session()).chat("Hello")


@pytest.mark.parametrize("auth", ["none", "api_key", "header", "query"])
@pytest.mark.parametrize("refusal", ["status", "close"])
async def test_every_proof_on_the_socket_is_found(auth: str, refusal: str) -> None:
    access = SimAccessOptions(socket_auth=auth, socket_refusal=refusal)  # type: ignore[arg-type]
    async with (
        AvatarSimServer(AvatarSimOptions(talk=QUICK, access=access)) as server,
        AvatarClient(server.api_url, server.socket_url, api_key="sim-key") as client,
        await client.create_session() as session,
    ):
        statuses: list[object] = []
        session.on("status", statuses.append)
        await session.speak("Welcome")
        await eventually(lambda: statuses)

        assert server.record.sessions[0].sockets == 1


@pytest.mark.parametrize(
    "errors", ["documented", "detail", "detail-list", "message", "string", "html", "empty"]
)
async def test_every_form_of_an_error_is_one_of_ours(errors: str) -> None:
    access = SimAccessOptions(errors=errors, envelope=True)  # type: ignore[arg-type]
    async with (
        AvatarSimServer(AvatarSimOptions(access=access)) as server,
        AvatarClient(server.api_url, server.socket_url) as client,
    ):
        session = await client.create_session()
        await client.stop(session.id)

        with pytest.raises(SessionGone):
            await session.speak("Hello")


async def test_an_id_with_a_slash_and_blanks_in_it_is_carried() -> None:
    async with AvatarSimServer(AvatarSimOptions(talk=QUICK, lease=SimLeaseOptions(ids="slash"))) as server:
        async with (
            AvatarClient(server.api_url, server.socket_url) as client,
            await client.create_session() as session,
        ):
            assert "Hello" in await session.chat("Hello")

        assert server.open_sessions == []


async def test_an_id_of_a_megabyte_is_refused_and_stopped() -> None:
    async with (
        AvatarSimServer(AvatarSimOptions(lease=SimLeaseOptions(ids="huge"))) as server,
        AvatarClient(server.api_url, server.socket_url) as client,
    ):
        with pytest.raises(AvatarError, match="no address can carry"):
            await client.create_session()

        await eventually(lambda: [one.path for one in server.record.requests][-1] == "/v1/streaming.stop")


async def test_a_program_that_takes_its_time_for_frames_gets_the_newest() -> None:
    picture = SimPictureOptions(frames_per_s=200.0, size_bytes=34_000)
    async with (
        AvatarSimServer(AvatarSimOptions(picture=picture)) as server,
        AvatarClient(server.api_url, server.socket_url) as client,
        await client.create_session() as session,
    ):
        ids: list[int] = []

        @session.on("frame")
        async def on_frame(data: EventData) -> None:
            ids.append(data.event["frame_id"])
            await asyncio.sleep(0.1)

        await eventually(lambda: len(ids) == 4)

    assert ids[-1] - ids[0] > 30


async def test_redirects_are_not_followed_and_html_is_no_service() -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n")
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    try:
        async with AvatarClient(f"http://127.0.0.1:{port}/v1", api_key="k") as client:
            with pytest.raises(AvatarError, match="302"):
                await client.create_session()
    finally:
        server.close()
        await server.wait_closed()


async def test_an_address_where_nothing_listens_is_named() -> None:
    with socket.socket() as taken:
        # Bound, but not listening.
        taken.bind(("127.0.0.1", 0))
        place = f"127.0.0.1:{taken.getsockname()[1]}"
        async with AvatarClient(f"http://{place}") as client:
            with pytest.raises(ConnectionLost) as refused:
                await client.create_session()
        async with (
            AvatarSimServer() as server,
            AvatarClient(server.api_url, f"ws://{place}/ws") as client,
        ):
            session = await client.create_session()
            with pytest.raises(ConnectionLost) as socket_refused:
                await session.connect()

    said = "nothing listens there (connection refused)"
    assert refused.value.message == f"cannot reach http://{place}/v1: {said}"
    assert socket_refused.value.message == f"cannot reach ws://{place}/ws: {said}"


async def test_tls_that_fails_is_told_with_a_remedy() -> None:
    if shutil.which("openssl") is None:
        pytest.skip("needs the openssl command")
    # The listener complains of clients that go away; it is not what is tested.
    asyncio.get_running_loop().set_exception_handler(lambda _loop, _context: None)
    context = make_certificate("self-signed").context
    listener = await asyncio.start_server(lambda _, writer: writer.close(), "127.0.0.1", 0, ssl=context)
    place = f"127.0.0.1:{listener.sockets[0].getsockname()[1]}"
    try:
        async with AvatarClient(f"https://{place}") as client:
            with pytest.raises(ConnectionLost, match=r"^the certificate of 127\.0\.0\.1 .* check api_url"):
                await client.create_session()
    finally:
        listener.close()
        await listener.wait_closed()

    async with AvatarSimServer() as server:
        async with AvatarClient(server.api_url.replace("http:", "https:")) as client:
            with pytest.raises(ConnectionLost, match="write http:// instead of https:// in api_url"):
                await client.health()
        wrong = server.socket_url.replace("ws:", "wss:")
        async with AvatarClient(server.api_url, wrong) as client:
            session = await client.create_session()
            with pytest.raises(ConnectionLost, match="write ws:// instead of wss:// in ws_url"):
                await session.connect()


async def test_the_program_of_the_readme_runs_as_it_stands_there() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    (code,) = re.findall(r"```python\n(.*?)```", readme, re.DOTALL)
    async with AvatarSimServer(AvatarSimOptions(talk=QUICK)) as server:
        here = code.replace("http://localhost:8000/v1", server.api_url)
        here = here.replace("ws://localhost:8001/ws", server.socket_url)
        async with running(["-c", here]) as process:
            said, complained = await ended(process)

        assert here != code
        assert process.returncode == 0, complained
        assert "bytes of sound" in said
        # The answer ends its line.
        assert re.search(r"How interesting!.*\n", said)
        assert server.open_sessions == []


def test_both_names_mean_the_same_classes() -> None:
    assert avatar_sdk.AvatarClient is ravatard.avatar_sdk.AvatarClient
    assert set(avatar_sdk.__all__) == set(ravatard.avatar_sdk.__all__)


@pytest.mark.parametrize("name", avatar_sdk.__all__)
def test_a_name_that_is_shown_can_be_imported(name: str) -> None:
    exported = getattr(avatar_sdk, name)

    assert f"{exported.__module__}.{exported.__qualname__}" == f"avatar_sdk.{name}"
    assert exported.__name__ == name
    assert pickle.loads(pickle.dumps(exported)) is exported  # noqa: S301 - our own
    assert f":class:`{name}`" in (avatar_sdk.__doc__ or "")
    assert f"class {name}(" in pydoc.plain(pydoc.render_doc(avatar_sdk))


def test_a_traceback_names_an_error_as_a_program_catches_it() -> None:
    code = "import avatar_sdk; raise avatar_sdk.AuthError('the key is refused')"

    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)

    assert ran.stderr.splitlines()[-1] == "avatar_sdk.AuthError: the key is refused"


def test_the_wheel_holds_both_names_and_one_copy_of_the_code(tmp_path: Path) -> None:
    pytest.importorskip("setuptools", "77")
    for path in tracked():
        if path.is_relative_to(ROOT / "ravatard") or path.parent == ROOT or path.suffix == ".yaml":
            copy = tmp_path / "source" / path.relative_to(ROOT)
            copy.parent.mkdir(parents=True, exist_ok=True)
            copy.write_bytes(path.read_bytes())
    build = "import sys; from setuptools import build_meta; print(build_meta.build_wheel(sys.argv[1]))"

    words = [sys.executable, "-c", build, str(tmp_path)]
    subprocess.run(words, cwd=tmp_path / "source", check=True, capture_output=True)

    (wheel,) = tmp_path.glob("*.whl")
    held = ZipFile(wheel).namelist()
    assert {"avatar_sdk/__init__.py", "avatar_sdk/py.typed", "ravatard/py.typed"} <= set(held)
    assert "ravatard/avatar_sdk/avatar_client.py" in held
    assert not [name for name in held if "toplevel" in name]


def test_the_import_loads_neither_the_network_nor_the_daemon() -> None:
    code = "import json, sys, avatar_sdk; print(json.dumps(list(sys.modules)))"

    loaded = json.loads(subprocess.check_output([sys.executable, "-c", code]))

    assert {"aiohttp", "msgspec", "numpy", "audioop", "av", "yaml"}.isdisjoint(loaded)
    assert not [
        one for one in loaded if one.startswith(("ravatard.stages", "ravatard.host", "ravatard.config"))
    ]

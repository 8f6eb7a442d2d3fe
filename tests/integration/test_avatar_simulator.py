"""The simulated AvaTar API behind real sockets: curl as printed, plain aiohttp, plain aiortc, a browser."""

from __future__ import annotations

import asyncio
import base64
import json
import re
import shutil
import signal
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import numpy as np
import pytest

from ravatard.errors import RavatardError
from ravatard.sim.avatar.options import (
    AvatarSimOptions,
    SimAccessOptions,
    SimLeaseOptions,
    SimMediaOptions,
    SimPictureOptions,
    SimTalkOptions,
    SimTextOptions,
    SimVoiceOptions,
)
from ravatard.sim.avatar.server import AvatarSimServer
from ravatard.sim.avatar.sound_pieces import AVATAR_RATE_HZ, converted
from ravatard.sim.faults.faulty_service import FaultyService
from ravatard.sim.faults.scenario_file import parse
from tests.integration.avatar_listener import listening, media
from tests.integration.browser import browsing, chromium
from tests.integration.program import Program, until
from tests.integration.receiver import correlation
from tests.unit.sim.caller import tone

pytestmark = pytest.mark.integration

#: The document's "cURL Examples".
CURL = {
    "create session": """curl -X POST http://localhost:8000/v1/streaming.new \\
  -H "Content-Type: application/json" \\
  -d '{
    "quality": "medium",
    "avatar_id": "avatar_1"
  }'""",
    "get session list": "curl http://localhost:8000/v1/streaming.sessions",
    "make avatar speak": """curl -X POST http://localhost:8000/v1/avatar.speak \\
  -H "Content-Type: application/json" \\
  -d '{
    "session_id": "YOUR_SESSION_ID",
    "text": "Hello from cURL!"
  }'""",
    "health check": "curl http://localhost:8000/health",
}
#: The document's "Connection".
SNIPPET = """
const ws = new WebSocket('ws://localhost:8001/ws/SESSION_ID');

// Connection established
ws.onopen = () => {
    console.log('Connected to avatar stream');
};
"""
#: A sweep from 300 to 1,500 Hz in a second and a half, s16le mono 48 kHz: like itself at one place only.
_AT = np.arange(72_000) / 48_000
SPEECH = (9_000 * np.sin(2 * np.pi * (300 + 400 * _AT) * _AT)).astype("<i2").tobytes()
QUICK = SimTalkOptions(think_s=0.1, answers=("Yes, I heard {heard}.",))
SMALL = SimPictureOptions(frames_per_s=10, size_bytes=1_000)


@asynccontextmanager
async def served(faults: str = "", **groups: Any) -> AsyncIterator[AvatarSimServer]:
    chosen: dict[str, Any] = {"talk": QUICK, "picture": SMALL} | groups
    server = AvatarSimServer(AvatarSimOptions(**chosen))
    if faults:
        now = asyncio.get_running_loop().time()
        server.service = FaultyService(server.core, parse(faults.encode()), began=now)
    async with asyncio.timeout(60), server:
        yield server


@asynccontextmanager
async def documented_ports(options: AvatarSimOptions) -> AsyncIterator[AvatarSimServer]:
    """A server at 8000 and 8001, or on free ports where others have those."""
    async with asyncio.timeout(60):
        try:
            server = await AvatarSimServer(options, port=8000, socket_port=8001).__aenter__()
        except RavatardError:
            server = await AvatarSimServer(options).__aenter__()
        try:
            yield server
        finally:
            await server.__aexit__(None, None, None)


async def shell(command: str) -> Any:
    """What a command prints, as JSON."""
    process = await asyncio.create_subprocess_shell(command, stdout=-1, stderr=-1)
    printed, complaint = await process.communicate()
    assert process.returncode == 0, complaint
    return json.loads(printed)


@pytest.mark.skipif(shutil.which("curl") is None, reason="no curl: apt install curl")
async def test_the_documents_curl_lines_work_as_printed() -> None:
    async with documented_ports(AvatarSimOptions()) as server:
        lines = {name: line.replace("8000", str(server.port)) for name, line in CURL.items()}

        created = await shell(lines["create session"])
        listed = await shell(lines["get session list"])
        spoken = await shell(lines["make avatar speak"].replace("YOUR_SESSION_ID", created["session_id"]))
        health = await shell(lines["health check"])

        assert [one["session_id"] for one in listed["sessions"]] == [created["session_id"]]
        assert (spoken["status"], health["status"]) == ("processing", "healthy")
        await until(lambda: server.record.said[0].started_at, "the text is spoken without a socket")
        assert [one.fields.get("avatar_id") for one in server.record.requests] == [
            "avatar_1",
            None,
            None,
            None,
        ]
        assert not server.record.violations


async def test_a_spoken_turn_by_the_socket_is_heard_and_its_answer_arrives_exactly() -> None:
    async with (
        served(voice=SimVoiceOptions(header="none", pace="burst")) as server,
        listening(server.api_url, server.socket_url) as client,
    ):
        await client.speak(tone(3.0))
        answer = await client.until(type="chat", role="agent")
        await client.until(type="status", status="speaking")
        await until(lambda: server.record.said[0].ended_at, "it is spoken")
        await until(lambda: client.kinds[-1] == "status idle", "it is over")
        sound = b"".join(base64.b64decode(one["data"]) for one in client.found(type="audio"))

        assert answer["content"] == "Yes, I heard you for 2.0 seconds."
        assert bytes(server.record.heard[0].pcm) == tone(3.0)
        assert sound == server.record.said[0].pcm
        assert client.frames
        assert base64.b64decode(client.frames[0]["data"]).startswith(b"\xff\xd8\xff")
        assert [one.session_id for one in server.open_sessions] == [client.session_id]


async def test_real_time_is_kept_and_an_interrupt_ends_it() -> None:
    async with (
        served(voice=SimVoiceOptions(piece_ms=100)) as server,
        listening(server.api_url, server.socket_url) as client,
    ):
        began = asyncio.get_running_loop().time()
        await client.call("avatar.speak", session_id=client.session_id, text="one two three four five " * 5)
        await until(lambda: len(client.found(type="audio")) >= 8, "eight pieces")
        took_s = asyncio.get_running_loop().time() - began
        await client.send("interrupt")
        await until(lambda: client.kinds[-1] == "status idle", "it is silent")

        assert took_s >= 0.7
        assert server.record.said[0].cut_at is not None
        assert server.record.said[0].pieces == len(client.found(type="audio"))


async def test_the_rate_limits_are_real_on_the_wire() -> None:
    async with served() as server, listening(server.api_url, server.socket_url) as client:
        for _ in range(9):
            await client.call("streaming.new", quality="low")
        async with client.http.post(f"{server.api_url}/streaming.new", json={"quality": "low"}) as reply:
            status, body, wait_s = reply.status, await reply.json(), int(reply.headers["Retry-After"])
        for _ in range(150):
            await client.send("audio_buffer_clear")
        await client.until(type="error", code="RATE_LIMIT_EXCEEDED")

        assert (status, body["error"]["code"]) == (429, "RATE_LIMIT_EXCEEDED")
        assert 50 <= wait_s <= 60
        assert len(server.open_sessions) == 10


async def written(api_url: str, session_id: str) -> tuple[list[bytes], float]:
    """Write a text; returns the lines of the answer, and how long it took."""
    loop = asyncio.get_running_loop()
    began = loop.time()
    messages = [{"role": "user", "content": "Hello, how are you today?"}]
    fields = {"session_id": session_id, "messages": messages, "stream": True}
    async with (
        aiohttp.ClientSession() as http,
        http.post(f"{api_url}/chat.completions", json=fields) as reply,
    ):
        assert reply.content_type == "text/event-stream"
        return [line async for line in reply.content], loop.time() - began


async def test_a_text_is_streamed_word_by_word_in_time() -> None:
    text = SimTextOptions(delta_s=0.1, cut_bytes=7)
    async with served(text=text) as server, listening(server.api_url, server.socket_url) as client:
        lines, took_s = await written(server.api_url, client.session_id)

        words = [
            json.loads(line.removeprefix(b"data: "))["choices"][0]["delta"]["content"] for line in lines[:-1]
        ]
        assert "".join(words) == 'Yes, I heard you write "Hello, how are you today?".'
        assert lines[-1] == b"data: [DONE]\n"
        assert took_s >= 0.1 + 0.1 * (len(words) - 1)
        assert (await client.until(type="chat", role="agent"))["content"] == "".join(words)


async def test_a_text_that_stalls_or_breaks_off_does_so() -> None:
    async with served(text=SimTextOptions(trouble="reset")) as server:
        async with listening(server.api_url, server.socket_url, opened=False) as client:
            with pytest.raises(aiohttp.ClientError):
                await written(server.api_url, client.session_id)
    async with served(text=SimTextOptions(trouble="stall")) as server:
        async with listening(server.api_url, server.socket_url, opened=False) as client:
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(1.0):
                    await written(server.api_url, client.session_id)


async def test_a_session_vanishes_and_its_socket_is_told() -> None:
    lease = SimLeaseOptions(lifetime_s=0.5)
    async with served(lease=lease) as server, listening(server.api_url, server.socket_url) as client:
        await client.until(type="error", code="SESSION_EXPIRED")
        await until(lambda: client.close_code, "the socket is closed")

        assert client.close_code == 4408
        assert server.open_sessions == []


async def test_sockets_are_dropped_by_hand_and_by_a_scenario() -> None:
    faults = "[{when: {after_s: 1}, do: {close: {code: 1012}}}]"
    async with served(faults) as server, listening(server.api_url, server.socket_url) as client:
        await until(lambda: client.close_code, "the socket is closed")
        assert client.close_code == 1012
        async with client.http.ws_connect(f"{server.socket_url}/{client.session_id}") as again:
            server.drop_sockets()
            message = await again.receive()
            while message.type is aiohttp.WSMsgType.TEXT:
                message = await again.receive()

        assert message.type in {aiohttp.WSMsgType.CLOSED, aiohttp.WSMsgType.ERROR}
        assert len(server.open_sessions) == 1


async def test_each_port_knows_its_own_things_only() -> None:
    async with served() as server, aiohttp.ClientSession() as http:
        wrong = f"http://127.0.0.1:{server.socket_port}/v1/streaming.sessions"
        async with http.get(wrong) as reply:
            found = reply.status, await reply.json()
        with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
            await http.ws_connect(f"{server.socket_url}/550e8400")
        with pytest.raises(aiohttp.WSServerHandshakeError) as elsewhere:
            await http.ws_connect(server.api_url)

        assert found == (404, {"detail": "Not Found"})
        assert (refused.value.status, elsewhere.value.status) == (404, 404)


async def test_an_odd_session_id_is_reached_percent_encoded() -> None:
    async with served(lease=SimLeaseOptions(ids="slash")) as server, aiohttp.ClientSession() as http:
        async with http.post(f"{server.api_url}/streaming.new", json={"quality": "low"}) as reply:
            session_id = (await reply.json())["session_id"]
        from urllib.parse import quote

        from yarl import URL

        url = URL(f"{server.socket_url}/{quote(session_id, safe='')}", encoded=True)
        async with http.ws_connect(url) as line:
            assert (await line.receive_json())["type"] == "status"


async def test_a_port_that_is_taken_is_told_with_its_option() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(RavatardError, match=r"taken by another program.*--socket-port"):
            async with AvatarSimServer(socket_port=port):
                pytest.fail("it listens")


# ---------------------------------------------------------------------- WebRTC


async def test_the_track_carries_both_voices() -> None:
    talk = SimTalkOptions(ear="track", think_s=0.1, answers=("Yes, I heard {heard}.",))
    async with (
        served(talk=talk, voice=SimVoiceOptions(sound="track")) as server,
        listening(server.api_url, server.socket_url) as client,
        media(client) as line,
    ):
        await client.send("start_listening")
        await client.until(type="status", status="listening")
        await line.microphone.speak(SPEECH)
        await asyncio.sleep(0.6)
        await client.send("stop_listening")
        await until(lambda: server.record.said and server.record.said[0].ended_at, "it is answered")
        await asyncio.sleep(0.5)
        (heard,), (said,) = server.record.heard, server.record.said
        taken = np.frombuffer(converted(bytes(heard.pcm), AVATAR_RATE_HZ, 48_000), "<i2")

        assert heard.path == "track"
        assert correlation(taken, SPEECH)[0] >= 0.95
        assert correlation(line.samples(), converted(said.pcm, AVATAR_RATE_HZ, 48_000))[0] >= 0.95
        assert client.found(type="audio") == []
        assert server.record.sessions[0].stray_track_frames == 0

        await client.call("streaming.stop", session_id=client.session_id)
        await until(lambda: not server.peers, "the media are closed")


@pytest.mark.parametrize(
    ("options", "wanted"),
    [
        (SimMediaOptions(answer="inactive"), "a=inactive"),
        (SimMediaOptions(answer="sendonly"), "a=sendonly"),
        (SimMediaOptions(bare_sdp=True), "a=sendrecv"),
    ],
)
async def test_an_offer_is_answered_in_every_way(options: SimMediaOptions, wanted: str) -> None:
    async with (
        served(media=options) as server,
        listening(server.api_url, server.socket_url, opened=False) as client,
        media(client) as line,
    ):
        answer = line.answer["sdp"] if options.bare_sdp else line.answer["sdp"]["sdp"]

        assert wanted in answer
        assert line.answer["status"] == "started"
        assert server.record.sessions[0].starts == 1


async def test_a_picture_is_answered_where_it_is_demanded() -> None:
    async with (
        served(media=SimMediaOptions(answer="video")) as server,
        listening(server.api_url, server.socket_url, opened=False) as client,
        media(client) as without,
        media(client, video=True) as line,
    ):
        assert "video" in without.answer["error"]["message"]
        assert "m=video" in line.answer["sdp"]["sdp"]


async def test_an_offer_that_is_none_is_refused() -> None:
    async with served() as server, listening(server.api_url, server.socket_url, opened=False) as client:
        offer = {"type": "offer", "sdp": "v=0\r\nm=audio nonsense\r\n"}
        status, body = await client.call("streaming.start", session_id=client.session_id, sdp=offer)

        assert (status, body["error"]["code"]) == (400, "INVALID_SDP")
        assert server.peers == {}


async def test_a_fault_has_the_last_word_over_an_answer() -> None:
    faults = "[{when: {call: /v1/streaming.start}, do: {malformed: {text: '{}'}}}]"
    async with (
        served(faults) as server,
        listening(server.api_url, server.socket_url, opened=False) as client,
    ):
        offer = {"type": "offer", "sdp": "v=0\r\nm=audio 9 UDP/TLS/RTP/SAVPF 96\r\n"}

        assert await client.call("streaming.start", session_id=client.session_id, sdp=offer) == (200, {})


# ---------------------------------------------------------------------- a browser, a process


@pytest.mark.skipif(chromium() is None, reason="no chromium: apt install chromium")
async def test_the_documents_snippet_works_in_a_browser_which_shows_frames_and_decodes_sound(
    tmp_path: Path,
) -> None:
    options = AvatarSimOptions(talk=QUICK, picture=SMALL)
    async with documented_ports(options) as server, browsing(tmp_path) as browser:
        await browser.go(f"http://127.0.0.1:{server.port}/health")
        made = await browser.ask(
            "fetch('/v1/streaming.new', {method: 'POST', body: JSON.stringify({quality: 'high'})})"
            ".then(reply => reply.json())"
        )
        # The browser of the tests resolves no names.
        snippet = SNIPPET.replace("localhost:8001", f"127.0.0.1:{server.socket_port}")
        script = snippet.replace("SESSION_ID", made["session_id"]) + (
            "ws.onmessage = event => { const one = JSON.parse(event.data); seen[one.type] ??= one; };"
            "window.ws = ws;"
        )
        await browser.ask(f"window.seen = {{}}; {script}; true")
        await browser.until("ws.readyState === 1 && seen.frame !== undefined")
        await browser.ask(
            "fetch('/v1/avatar.speak', {method: 'POST', body: JSON.stringify({"
            f"session_id: '{made['session_id']}', text: 'Welcome to our demo!'"
            "})}).then(reply => reply.json())"
        )
        await browser.until("seen.audio !== undefined")
        size = await browser.ask(
            "(async () => { const one = new Image(); one.src = `data:image/jpeg;base64,${seen.frame.data}`;"
            " await one.decode(); return [one.naturalWidth, one.naturalHeight]; })()"
        )
        seconds = await browser.ask(
            "fetch(`data:audio/wav;base64,${seen.audio.data}`).then(one => one.arrayBuffer())"
            ".then(raw => new OfflineAudioContext(1, 1, 24000).decodeAudioData(raw))"
            ".then(one => one.duration)"
        )

        assert size == [160, 90]
        assert seconds == pytest.approx(0.4)
        # A browser asks for that by itself.
        assert [one.detail for one in server.record.violations if "favicon" not in one.detail] == []


async def test_the_command_serves_on_two_ports_until_it_is_stopped() -> None:
    words = "simulate --kind avatar --port 0 --socket-port 0 --think 0.1 --picture-frames-per-s 0"
    async with Program(*words.split(), "--answer", "It works: {heard}.") as program:
        found = await program.until(
            lambda: re.search(r"at (http://\S+/v1); sockets at (ws://\S+/ws);", program.stdout), "it listens"
        )
        assert found is not None
        async with listening(found[1], found[2]) as client:
            await client.speak(tone(3.0))
            answer = await client.until(type="chat", role="agent")
        program.send(signal.SIGTERM)

        assert answer["content"] == "It works: you for 2.0 seconds."
        assert (await program.ended(), program.stderr) == (0, "")
        assert "1 started, 1 still open" in program.stdout


async def test_the_command_wants_a_key_when_it_is_told_to() -> None:
    access = SimAccessOptions(auth="api_key", api_key="k1")
    async with served(access=access) as server, aiohttp.ClientSession() as http:
        url = f"{server.api_url}/streaming.new"
        async with http.post(url, json={"quality": "low"}) as without:
            pass
        async with http.post(url, json={"quality": "low"}, headers={"Authorization": "Bearer k1"}) as reply:
            assert (without.status, reply.status) == (401, 200)

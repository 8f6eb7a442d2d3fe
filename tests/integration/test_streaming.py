"""The simulated stream, received by plain aiortc: what is said arrives, and so does every fault."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import pytest
from aiortc.mediastreams import AudioStreamTrack

from ravatard.sim.options import SimOptions
from ravatard.sim.server import SimServer
from ravatard.sim.streaming.options import SimStreamOptions, StreamFaults
from ravatard.sim.streaming.player_page import COOKIE
from ravatard.sim.streaming.speech_track import Spoken
from tests.integration.receiver import Caller, Receiver, calling, correlation

pytestmark = pytest.mark.integration

QUICK = SimOptions(think_s=0.05, answers=("I heard {heard}. How interesting!",))


@asynccontextmanager
async def _served(
    options: SimStreamOptions | None = None, faults: StreamFaults | None = None
) -> AsyncIterator[tuple[SimServer, Caller]]:
    """A simulator and a user in a live session who has loaded the page."""
    async with (
        asyncio.timeout(30),
        SimServer(QUICK, stream=options, stream_faults=faults) as server,
        calling(server.base_url) as caller,
    ):
        await caller.page()
        yield server, caller


async def _until(condition: Any) -> None:
    while not condition():  # noqa: ASYNC110 - what is waited for has no event
        await asyncio.sleep(0.02)


async def _answered(server: SimServer, caller: Caller, text: str = "hello") -> Spoken:
    """Write, and wait until the answer was said to its end and has arrived."""
    before = len(server.streaming.said(caller.licence))
    await caller.write(text)
    await _until(lambda: len(server.streaming.said(caller.licence)) > before)
    spoken = server.streaming.said(caller.licence)[-1]
    speech = server.streaming.streamers[caller.licence].speech
    await asyncio.sleep(speech.time_of(spoken.end_sample) - asyncio.get_running_loop().time() + 0.5)
    return spoken


OFFERS = {
    "as it comes": (SimStreamOptions(), "as-is"),
    "complete": (SimStreamOptions(trickle=False), "as-is"),
    "audio first": (SimStreamOptions(audio_first=True), "as-is"),
    "no video": (SimStreamOptions(video="none"), "as-is"),
    "max-bundle": (SimStreamOptions(max_bundle=True), "as-is"),
    "max-bundle, audio first": (SimStreamOptions(max_bundle=True, audio_first=True), "declined"),
    "h264": (SimStreamOptions(video="h264"), "as-is"),
    "vp8 inactive": (SimStreamOptions(), "inactive"),
    "vp8 declined": (SimStreamOptions(), "declined"),
    "h264 inactive": (SimStreamOptions(video="h264"), "inactive"),
    "vp9 inactive": (SimStreamOptions(video="vp9"), "inactive"),
    "vp9 declined": (SimStreamOptions(video="vp9"), "declined"),
    "av1 inactive": (SimStreamOptions(video="av1"), "inactive"),
    "av1 max-bundle inactive": (SimStreamOptions(video="av1", max_bundle=True), "inactive"),
    "av1 audio first inactive": (SimStreamOptions(video="av1", audio_first=True), "inactive"),
}


@pytest.mark.parametrize("name", OFFERS)
async def test_what_is_said_arrives_whatever_is_offered(name: str) -> None:
    options, video = OFFERS[name]
    async with _served(options) as (server, caller), Receiver(caller, video=video) as receiver:
        await receiver.connected.wait()
        spoken = await _answered(server, caller)
        like, _ = correlation(receiver.samples(), spoken.pcm)
        (player,) = server.streaming.players
        sent = await player.sent()

        assert like >= 0.95
        assert not server.record.violations
        assert (receiver.pictures > 0) == (video == "as-is" and options.video != "none")
        assert sent.get("video", 0) == 0 or video == "as-is"


@pytest.mark.alone
async def test_sound_flows_all_the_time_also_when_nothing_is_said() -> None:
    async with _served() as (server, caller), Receiver(caller) as receiver:
        await receiver.connected.wait()
        await asyncio.sleep(0.3)
        before = (await server.streaming.players[0].sent())["audio"]
        await asyncio.sleep(1.0)
        after = (await server.streaming.players[0].sent())["audio"]

        assert 40 <= after - before <= 60
        assert abs(receiver.samples()).max() < 20


async def test_the_candidates_follow_the_offer_one_by_one_and_are_loopback_only() -> None:
    async with _served() as (_, caller), Receiver(caller) as receiver:
        await receiver.connected.wait()

        assert receiver.seen[:4] == ["config", "streamerList", "offer", "iceCandidate"]
        assert "a=candidate" not in receiver.offered


async def test_one_stream_has_both_sound_and_picture() -> None:
    async with _served() as (_, caller), Receiver(caller) as receiver:
        await receiver.connected.wait()

        streams = {
            line.split(":")[1].split(" ")[0]
            for line in receiver.offered.splitlines()
            if line.startswith("a=msid:")
        }
        assert len(streams) == 1
        assert receiver.offered.count("a=msid:") == 2


async def test_a_microphone_sent_upstream_is_dropped() -> None:
    async with _served() as (server, caller), Receiver(caller, microphone=AudioStreamTrack()) as receiver:
        await receiver.connected.wait()
        await _until(lambda: server.streaming.players[0].counts["upstream"] > 20)

        assert server.record.counts["samples"] == 0


@pytest.mark.alone
async def test_the_user_who_goes_on_speaking_cuts_the_answer_off() -> None:
    async with _served(SimStreamOptions(cut_ms=200)) as (server, caller), Receiver(caller) as receiver:
        await receiver.connected.wait()
        await caller.write("hello")
        await _until(lambda: server.streaming.said(caller.licence))
        first = server.streaming.said(caller.licence)[0]
        whole = len(first.pcm)
        await asyncio.sleep(0.4)
        await caller.write("stop")
        speech = server.streaming.streamers[caller.licence].speech

        assert first.cut
        assert len(first.pcm) < whole
        assert speech.time_of(first.end_sample) < asyncio.get_running_loop().time() + 0.3


async def test_the_end_of_the_session_closes_socket_and_media() -> None:
    async with _served() as (server, caller), Receiver(caller) as receiver:
        await receiver.connected.wait()
        await caller.end()
        await receiver.closed.wait()
        await receiver.lost.wait()

        assert server.streaming.viewers == []


async def test_a_wrong_token_gets_the_black_page() -> None:
    async with _served() as (_, caller):
        async with caller.http.get(caller.streaming_url, params={"token": "x"}) as reply:
            status, page = reply.status, await reply.text()

        assert status == 403
        assert "ravatar-session-close" in page


async def test_only_a_socket_with_the_pages_cookie_is_let_in() -> None:
    async with _served(SimStreamOptions(cookie=True)) as (_, caller):
        async with caller.http.ws_connect(f"{caller.base_url}/") as socket:
            config = await socket.receive_json()
        caller.http.cookie_jar.clear()
        statuses = []
        for cookie in ("", "1", "1.x", "2.", ".", "9" * 5_000 + ".x"):
            with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
                await caller.http.ws_connect(f"{caller.base_url}/", headers={"Cookie": f"{COOKIE}={cookie}"})
            statuses.append(refused.value.status)

        assert config["type"] == "config"
        assert statuses == [403] * 6


async def test_an_unreachable_stun_server_is_named_to_the_player() -> None:
    options = SimStreamOptions(ice_servers=("stun:192.0.2.1:3478",))
    async with _served(options) as (_, caller), caller.http.ws_connect(f"{caller.base_url}/") as socket:
        config = await socket.receive_json()

        assert config["peerConnectionOptions"] == {"iceServers": [{"urls": ["stun:192.0.2.1:3478"]}]}


async def test_pings_are_answered_and_nonsense_is_ignored() -> None:
    async with _served() as (server, caller), caller.http.ws_connect(f"{caller.base_url}/") as socket:
        await socket.receive_json()
        for nonsense in ("", "{", "[]", '{"type": 5}', '{"type": "iceCandidate"}', '{"type": "what"}'):
            await socket.send_str(nonsense)
        await socket.send_bytes(b"\xff\xfe")
        await socket.send_str(json.dumps({"type": "ping", "time": 1795164970168}))
        pong = await socket.receive_json()

        assert pong == {"type": "pong", "time": 1795164970168}
        assert not server.record.violations


@pytest.mark.parametrize(
    ("wanted", "players", "words"),
    [("Nobody", 4, "does not exist."), ("Streamer1", 0, "is full. Max players = 0.")],
)
async def test_a_subscription_that_fails_leaves_the_socket_open(
    wanted: str, players: int, words: str
) -> None:
    options = SimStreamOptions(max_players=players)
    async with _served(options) as (_, caller), caller.http.ws_connect(f"{caller.base_url}/") as socket:
        await socket.receive_json()
        await socket.send_json({"type": "subscribe", "streamerId": wanted})
        failed = await socket.receive_json()
        await socket.send_json({"type": "listStreamers"})
        listed = await socket.receive_json()

        assert failed == {"type": "subscribeFailed", "message": f"Streamer {wanted} {words}"}
        assert listed["ids"] == ["Streamer1"]


async def test_a_bad_answer_is_a_breach_and_not_the_end() -> None:
    async with _served() as (server, caller), caller.http.ws_connect(f"{caller.base_url}/") as socket:
        await socket.receive_json()
        await socket.send_json({"type": "answer", "sdp": "v=0\r\n"})
        await socket.send_json({"type": "subscribe", "streamerId": "Streamer1"})
        assert (await socket.receive_json())["type"] == "offer"
        await socket.send_json({"type": "answer", "sdp": "v=0\r\n"})
        await _until(lambda: len(server.record.violations) == 2)

        assert [one.kind for one in server.record.violations] == ["stream_order", "stream_answer"]


# ---------------------------------------------------------------------- what goes wrong


async def test_the_streamer_may_be_missing_at_first_and_refuse_once() -> None:
    faults = StreamFaults(empty_lists=2, refusals=1)
    async with _served(faults=faults) as (_, caller), Receiver(caller) as receiver:
        # An empty list is asked for again by the receiver, and so is a list after a failed subscription.
        await receiver.connected.wait()

        assert receiver.seen.count("streamerList") == 4
        assert receiver.seen.count("subscribeFailed") == 1


async def test_the_socket_may_close_while_the_media_live() -> None:
    async with _served() as (server, caller), Receiver(caller) as receiver:
        await receiver.connected.wait()
        server.streaming.close_sockets()
        await receiver.closed.wait()
        spoken = await _answered(server, caller)
        like, _ = correlation(receiver.samples(), spoken.pcm)

        assert like >= 0.95
        await caller.end()
        await receiver.lost.wait()


async def test_the_media_may_die_while_the_socket_lives() -> None:
    async with _served() as (server, caller), Receiver(caller) as receiver:
        await receiver.connected.wait()
        await _until(lambda: len(receiver.sound) > 10)
        server.streaming.kill_media()
        await asyncio.sleep(0.3)
        before = len(receiver.sound)
        await asyncio.sleep(0.7)

        assert len(receiver.sound) == before
        assert not receiver.closed.is_set()


async def test_the_streamer_may_restart() -> None:
    async with _served() as (server, caller):
        async with Receiver(caller) as receiver:
            await receiver.connected.wait()
            server.streaming.restart(0.3)
            await receiver.closed.wait()
            await receiver.lost.wait()
        async with Receiver(caller) as again:
            await again.connected.wait()

            assert again.seen.count("streamerList") > 1


async def test_packets_are_lost_and_late_as_often_as_asked() -> None:
    faults = StreamFaults(loss=0.2, jitter_ms=50)
    async with _served(faults=faults) as (server, caller), Receiver(caller) as receiver:
        await receiver.connected.wait()
        await _until(lambda: sum(server.streaming.impairment.counts.values()) > 200)
        counts = server.streaming.impairment.counts

        assert 0.1 < counts["lost"] / (counts["lost"] + counts["late"]) < 0.3
        assert counts["sent"] == 0

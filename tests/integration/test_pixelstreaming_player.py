"""The headless player against a real signalling server and streamer, on loopback."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest

from ravatard.cloud.media.address_rule import AddressRule
from ravatard.cloud.media.options import MediaOptions
from ravatard.cloud.media.routes import Routes
from ravatard.cloud.pixelstreaming.address import StreamAddress
from ravatard.cloud.pixelstreaming.options import LiveAudioOptions
from ravatard.cloud.pixelstreaming.page import browser
from ravatard.cloud.pixelstreaming.player import PixelStreamingPlayer
from ravatard.cloud.pixelstreaming.stun_turn import checked_helpers
from ravatard.cloud.proxy import Proxies
from ravatard.cloud.webrtc.ice_server import IceServer
from ravatard.errors import DeniedError, LinkError, LinkTimeout, RavatardError
from ravatard.secret import Secret
from ravatard.sim.options import SimOptions
from ravatard.sim.server import SimServer
from ravatard.sim.streaming.options import SimStreamOptions
from tests.assertions import assert_no_complaint
from tests.integration.pixelstreamer import RATE_HZ, TOKEN, Air, Behaviour, Service, melody, service
from tests.integration.receiver import calling

pytestmark = pytest.mark.integration

SOUND = melody(20.0)
MELODY = SOUND.astype(float)
PATIENT = LiveAudioOptions(connect_s=8.0, rtp_s=1.0, gather_s=1.0)


@dataclass
class Listener:
    """A VoiceSink that keeps everything."""

    pieces: list[bytes] = field(default_factory=list)
    online_at: float | None = None
    more: asyncio.Event = field(default_factory=asyncio.Event)

    def online(self) -> None:
        self.online_at = time.monotonic()

    def feed(self, pcm: bytes) -> None:
        self.pieces.append(pcm)
        self.more.set()

    def begin_answer(self) -> None:
        raise AssertionError("a stream has no answers in pieces")

    def end_answer(self) -> None:
        raise AssertionError("a stream has no answers in pieces")

    def offline(self, reason: str, *, hopeless: bool = False) -> None:
        raise AssertionError("that is the caller's to tell")

    @property
    def seconds(self) -> float:
        return sum(map(len, self.pieces)) / RATE_HZ / 2

    async def until(self, seconds: float) -> None:
        while self.seconds < seconds:
            self.more.clear()
            await self.more.wait()

    def sound(self) -> np.ndarray[Any, np.dtype[np.float64]]:
        return np.frombuffer(b"".join(self.pieces), "<i2").astype(float)


def straight(rule: AddressRule) -> Routes:
    """Routes without a proxy."""
    return Routes(rule, Proxies("none", {}))


def player_of(options: LiveAudioOptions, base_url: str = "http://127.0.0.1") -> PixelStreamingPlayer:
    """A player for a service at ``base_url``."""
    return PixelStreamingPlayer(options, straight(AddressRule(MediaOptions(), base_url)))


@asynccontextmanager
async def playing(running: Service, options: LiveAudioOptions = PATIENT) -> AsyncIterator[Listener]:
    """A player that is cancelled in the end, and must be gone soon."""
    listener = Listener()
    player = player_of(options)
    async with asyncio.TaskGroup() as group:
        task = group.create_task(player.play(running.url, Secret(TOKEN), listener))
        yield listener
        task.cancel()
        before = time.monotonic()
        await asyncio.wait([task])
        assert time.monotonic() - before < 2.0


async def failure(running: Service, options: LiveAudioOptions = PATIENT) -> RavatardError:
    with pytest.raises(RavatardError) as caught:
        await player_of(options).play(running.url, Secret(TOKEN), Listener())
    return caught.value


def likeness(
    part: np.ndarray[Any, np.dtype[np.float64]], whole: np.ndarray[Any, np.dtype[np.float64]]
) -> float:
    """Correlation of ``part`` with the place of ``whole`` it fits best."""
    length = 1 << (len(whole) + len(part)).bit_length()
    product = np.fft.irfft(np.fft.rfft(whole, length) * np.conj(np.fft.rfft(part, length)))
    at = int(np.argmax(product[: len(whole) - len(part)]))
    return float(np.corrcoef(whole[at : at + len(part)], part)[0, 1])


def longest_gap_ms(heard: np.ndarray[Any, np.dtype[np.float64]]) -> float:
    """The longest stretch that is as good as silent, in steps of 5 ms."""
    steps = heard[: len(heard) // 240 * 240].reshape(-1, 240)
    loud = np.sqrt((steps**2).mean(axis=1))
    longest = run = 0
    for quiet in loud < np.median(loud) / 20:
        run = run + 1 if quiet else 0
        longest = max(longest, run)
    return longest * 5.0


OFFERS = {
    "VP8": Behaviour(),
    "VP9": Behaviour(codec="VP9", codec_type=98),
    "H.264": Behaviour(codec="H264", codec_type=102),
    "AV1": Behaviour(codec="AV1", codec_type=45),
    "audio first": Behaviour(order=("audio", "video", "application")),
    "no video": Behaviour(order=("audio", "application")),
    "no data channel": Behaviour(order=("video", "audio")),
    "max-bundle": Behaviour(max_bundle=True),
    "max-bundle, audio first, AV1": Behaviour(
        max_bundle=True, order=("audio", "video", "application"), codec="AV1", codec_type=45
    ),
}


@pytest.mark.parametrize("offer", OFFERS)
async def test_the_sound_arrives_and_no_video_does(offer: str) -> None:
    async with service(OFFERS[offer], SOUND) as running, playing(running) as listener:
        await listener.until(2.5)

        # The first frames are the encoder warming up.
        assert likeness(listener.sound()[RATE_HZ // 5 :], MELODY) >= 0.95
        assert await running.video_packets() == 0


@pytest.mark.parametrize("loss", [0.01, 0.05])
@pytest.mark.alone
async def test_lost_and_delayed_packets_leave_no_hole(loss: float) -> None:
    bad_air = Behaviour(air=Air(loss=loss, jitter_s=0.05))
    async with service(bad_air, SOUND) as running, playing(running) as listener:
        await listener.until(10.0)

        heard = listener.sound()[RATE_HZ // 5 :]
        assert bad_air.air.dropped > 0
        assert longest_gap_ms(heard) <= 60
        # Every lost packet was replaced by as much sound: none is missing, and none too much.
        assert len(heard) / RATE_HZ == pytest.approx(9.8, abs=0.15)
        assert likeness(heard, MELODY) >= 0.85


@pytest.mark.alone
async def test_a_dead_stun_server_costs_a_second_at_most() -> None:
    servers = ({"urls": ["stun:127.0.0.1:9", "turn:127.0.0.1:9"], "username": "u", "credential": "c"},)
    begun = time.monotonic()
    async with service(Behaviour(servers=servers), SOUND) as running, playing(running) as listener:
        await listener.until(0.1)

        assert time.monotonic() - begun < 2.0


async def test_servers_that_cannot_be_used_do_no_harm(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    servers = ({"urls": "stun:127.0.0.1:9?transport=udp"}, {"urls": ["turn:127.0.0.1:9"]}, {"urls": 5})
    async with service(Behaviour(servers=servers), SOUND) as running, playing(running) as listener:
        await listener.until(0.1)

    assert "a stun: address has no transport" in caplog.text
    assert "without user name or credential" in caplog.text


async def test_the_log_tells_the_offer_but_neither_token_nor_passwords(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level("DEBUG")
    async with service(Behaviour(), SOUND) as running, playing(running) as listener:
        await listener.until(0.1)
        answer = running.answers[0]

    password = answer.partition("a=ice-pwd:")[2].split()[0]
    # The service logs, too.
    told = "\n".join(one.getMessage() for one in caplog.records if not one.name.startswith("aiohttp.access"))
    assert "the stream's offer: v=0" in told
    assert "the avatar's voice is connected" in told
    assert password not in told
    assert told.count("ice-pwd:") == told.count("ice-pwd:…") > 0
    assert TOKEN not in told


async def test_a_new_offer_of_another_connection_takes_the_place_of_the_first() -> None:
    async with service(Behaviour(), SOUND) as running, playing(running) as listener:
        await listener.until(0.3)

        await running.offer_again()
        await running.connections[0].close()
        await listener.until(1.5)

        assert len(running.answers) == 2


async def test_the_socket_gets_cookies_and_origin_of_the_page_but_not_its_token() -> None:
    async with service(Behaviour(), SOUND) as running, playing(running) as listener:
        await listener.until(0.1)

        (upgrade,) = running.upgrades
        assert upgrade.path_qs == "/"
        assert upgrade.cookies == {"visit": "7"}
        assert upgrade.headers["Origin"] == running.url.reveal().removesuffix("/stream")


async def test_a_socket_that_wants_the_token_gets_it_at_the_second_attempt() -> None:
    async with service(Behaviour(refuse_socket=True), SOUND) as running, playing(running) as listener:
        await listener.until(0.1)

        assert [one.query_string for one in running.upgrades] == ["", f"token={TOKEN}"]


@pytest.mark.parametrize("refusal", [401, 403, "forbidden", "closing"])
async def test_a_refused_token_is_told_from_a_broken_link(refusal: int | str) -> None:
    async with service(Behaviour(refuse_page=refusal), SOUND) as running:
        error = await failure(running)

    assert isinstance(error, DeniedError)
    assert TOKEN not in str(error)


async def test_a_page_that_fails_may_be_tried_again() -> None:
    async with service(Behaviour(refuse_page=502), SOUND) as running:
        error = await failure(running)

    assert isinstance(error, LinkError)
    assert "502" in str(error)


async def test_a_streamer_that_comes_late_is_waited_for() -> None:
    late = Behaviour(ids=((), (), ("Avatar",)))
    async with service(late, SOUND) as running, playing(running) as listener:
        await listener.until(0.1)

        assert [one["type"] for one in running.received].count("listStreamers") == 3


async def test_without_an_offer_the_deadline_says_what_was_awaited() -> None:
    async with service(Behaviour(offers=False), SOUND) as running:
        error = await failure(running, LiveAudioOptions(connect_s=1.0))

    assert isinstance(error, LinkTimeout)
    assert "waited for an offer" in str(error)


async def test_a_socket_that_closes_before_there_is_sound_ends_the_attempt_at_once() -> None:
    async with service(Behaviour(offers=False), SOUND) as running, asyncio.TaskGroup() as group:
        attempt = group.create_task(failure(running))
        await running.asked.wait()
        await running.sockets[0].close(code=1011)

        assert "1011" in str(await attempt)


@pytest.mark.alone
async def test_the_sound_goes_on_when_the_socket_dies_and_its_end_is_told() -> None:
    listener = Listener()
    async with service(Behaviour(), SOUND) as running, asyncio.TaskGroup() as group:
        player = player_of(PATIENT)
        task = group.create_task(told(player, running, listener))
        await listener.until(0.5)
        await running.sockets[0].close()
        await listener.until(2.5)
        assert not task.done()

        running.behaviour.air.mute = True
        before = time.monotonic()
        error = await task

    assert time.monotonic() - before < 1.6
    assert "no packet for 1 s" in str(error)
    assert "socket is closed" in str(error)


async def told(player: PixelStreamingPlayer, running: Service, listener: Listener) -> RavatardError:
    try:
        await player.play(running.url, Secret(TOKEN), listener)
    except RavatardError as error:
        return error


@pytest.mark.alone
async def test_a_stream_that_falls_silent_soon_after_it_began_is_not_waited_for_longer() -> None:
    listener = Listener()
    patient = LiveAudioOptions(connect_s=30.0, rtp_s=0.5)
    async with service(Behaviour(), SOUND) as running, asyncio.TaskGroup() as group:
        task = group.create_task(told(player_of(patient), running, listener))
        await listener.until(0.1)

        running.behaviour.air.mute = True
        before = time.monotonic()
        error = await task

    assert time.monotonic() - before < 1.0
    assert "no packet for 0.5 s" in str(error)


@pytest.mark.alone
async def test_a_streamer_that_closes_is_missed_at_once_though_the_socket_lives() -> None:
    listener = Listener()
    patient = LiveAudioOptions(connect_s=8.0, rtp_s=30.0)
    async with service(Behaviour(), SOUND) as running, asyncio.TaskGroup() as group:
        task = group.create_task(told(player_of(patient), running, listener))
        await listener.until(0.5)

        before = time.monotonic()
        await running.connections[0].close()
        error = await task

    assert time.monotonic() - before < 1.0
    assert "the media connection is" in str(error)


async def test_two_streams_one_after_the_other_leave_nothing_behind() -> None:
    threads = threading.active_count()
    async with service(Behaviour(), SOUND) as running:
        for _ in range(2):
            async with playing(running) as listener:
                await listener.until(0.3)
                decoders = [one.name for one in threading.enumerate() if "decoder" in one.name]

                assert decoders == []

    assert threading.active_count() <= threads + 1  # the loop's own, which imported aiortc


@pytest.mark.parametrize("wait_s", [0.0, 0.005, 0.02, 0.05, 0.08, 0.12, 0.2])
async def test_cancelling_at_any_moment_leaves_nothing_behind(wait_s: float) -> None:
    with assert_no_complaint():
        async with service(Behaviour(), SOUND) as running, playing(running):
            await asyncio.sleep(wait_s)


SIMULATED = {
    "as it comes": SimStreamOptions(),
    "complete": SimStreamOptions(trickle=False),
    "cookie": SimStreamOptions(cookie=True),
    "max-bundle": SimStreamOptions(max_bundle=True),
    "AV1, audio first": SimStreamOptions(video="av1", audio_first=True),
    "VP9, max-bundle": SimStreamOptions(video="vp9", max_bundle=True),
    "H.264": SimStreamOptions(video="h264"),
    "no video": SimStreamOptions(video="none"),
}


@pytest.mark.parametrize("stream", SIMULATED)
async def test_an_answer_of_the_simulator_is_heard(stream: str) -> None:
    listener = Listener()
    simulated = SimServer(SimOptions(think_s=0.05), stream=SIMULATED[stream])
    async with asyncio.timeout(30), simulated as server, calling(server.base_url) as caller:
        player = player_of(PATIENT)
        async with asyncio.TaskGroup() as group:
            url, token = Secret(caller.streaming_url), Secret(caller.token)
            task = group.create_task(player.play(url, token, listener))
            await listener.until(0.2)
            await caller.write("hello")
            while not server.streaming.said(caller.licence):
                await listener.until(listener.seconds + 0.1)
            said = np.frombuffer(server.streaming.said(caller.licence)[0].pcm, "<i2").astype(float)
            await listener.until(listener.seconds + len(said) / RATE_HZ + 0.5)
            task.cancel()

    assert likeness(said, listener.sound()) >= 0.95


#: Escapes as they may be in a signed address, after the path.
SIGNED = "/a'b%2Ec;v=1?Signature=rX7AnN6%2FXC%2bC2w%3D&Expires=1,2&Key=~k!&x=a+b%20c&ss2=%7e&y=*()"


@pytest.mark.parametrize("redirected", [False, True])
async def test_the_page_is_asked_for_at_exactly_the_address_that_came(redirected: bool) -> None:
    lead = f"{SIGNED}&token={TOKEN}" if redirected else ""
    async with service(Behaviour(lead=lead), SOUND) as running:
        origin = running.url.reveal().removesuffix("/stream")
        running.url = Secret(origin + ("/stream" if redirected else SIGNED))
        async with playing(running) as listener:
            await listener.until(0.1)

        asked = running.asked_for[-1]
        assert asked == (f"/led{lead}" if redirected else f"{SIGNED}&token={TOKEN}")


@pytest.mark.parametrize("name", ["127.0.0.1", "localhost", "2130706433", "127.1", "[::ffff:127.0.0.1]"])
async def test_a_public_service_leads_our_token_nowhere_on_this_machine(name: str) -> None:
    async with service(Behaviour(), SOUND) as running:
        url = Secret(running.url.reveal().replace("127.0.0.1", name))
        # aiohttp takes numbers of other forms for no address at all.
        with pytest.raises(LinkError, match=r"media\.private_addresses|InvalidUrl"):
            await player_of(PATIENT, "https://192.0.2.1").play(url, Secret(TOKEN), Listener())

        assert running.asked_for == []


async def test_a_redirect_and_ss_follow_the_rule_too() -> None:
    rule = AddressRule(MediaOptions(), "https://198.51.100.1", lookup=only_the_page)
    async with service(Behaviour(), SOUND) as running:
        page = running.url.reveal().replace("127.0.0.1", "page.example")
        port = page.rpartition(":")[2].partition("/")[0]
        async with browser(straight(rule), None) as visitor:
            address = StreamAddress(f"ws://127.0.0.1:{port}", "http://page.example")
            with pytest.raises(LinkError, match=r"media\.private_addresses"):
                await visitor.connect(address, Secret(page), Secret(TOKEN))

        assert running.upgrades == []


async def only_the_page(host: str, _port: int) -> list[str]:
    """The look-up of a network in which only the page has a public address."""
    return ["198.51.100.7"] if host == "page.example" else ["127.0.0.1"]


@pytest.mark.parametrize("transport", ["?transport=tcp", ""])
async def test_servers_on_this_machine_are_not_asked_for_a_public_service(transport: str) -> None:
    rule = AddressRule(MediaOptions(), "https://192.0.2.1")
    servers = (
        IceServer((f"turn:127.0.0.1:3478{transport}",), "u", Secret("c")),
        IceServer(("stun:localhost:3478",)),
    )

    chosen, dropped = await checked_helpers(servers, Routes(rule, Proxies("none", {})), 1.0)

    assert chosen == []
    assert len(dropped) == 2
    assert all("media.private_addresses" in one for one in dropped)


FLOODS = {
    "pings": (b"\x89\x00", 100_000),
    "texts": (b"\x81\x02{}", 50_000),
    "fragments": (b"\x01\x00" + b"\x00\x00" * 1_000 + b"\x80\x00", 50),
}


@pytest.mark.usefixtures("uncollected")
@pytest.mark.parametrize("flood", FLOODS)
async def test_a_flood_on_the_socket_does_not_hold_the_loop(flood: str) -> None:
    frame, count = FLOODS[flood]
    turns: list[float] = []

    async def probe() -> None:
        while True:
            before = time.thread_time()
            await asyncio.sleep(0)
            turns.append(time.thread_time() - before)

    async with service(Behaviour(offers=False), SOUND) as running, asyncio.TaskGroup() as group:
        attempt = group.create_task(failure(running, LiveAudioOptions(connect_s=4.0)))
        await running.asked.wait()
        probing = group.create_task(probe())
        transport = running.upgrades[0].transport
        assert isinstance(transport, asyncio.WriteTransport)
        data = frame * count
        for at in range(0, len(data), 16_384):
            if transport.is_closing():
                break
            transport.write(data[at : at + 16_384])
            await asyncio.sleep(0)
        error = await attempt
        probing.cancel()

        assert ("without end" in str(error)) == (count > 1_000)

    # In the processor's time of the thread: other programs of the machine do not count.
    assert max(turns) < 0.1

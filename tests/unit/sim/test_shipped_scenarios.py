"""Each scenario that comes with the package does what its first line says."""

from __future__ import annotations

import asyncio
import json
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress

import pytest

from ravatard.core import events as ev
from ravatard.ports.network import SocketClosed, UpgradeRefused
from ravatard.sim.faults.microphone_faults import inject_faults
from ravatard.sim.faults.scenario import MicrophoneFault
from ravatard.sim.faults.scenario_file import load, shipped
from ravatard.sim.faults.stream_faults import inject_faults as inject_stream_faults
from ravatard.sim.network import MemorySocket
from ravatard.sim.sound.speech import Speech
from ravatard.sim.streaming.streams import Streams
from tests.unit.sim.night import Night, message
from tests.unit.sim.test_microphone import ear, heard


def _now() -> float:
    return asyncio.get_running_loop().time()


async def _heard(socket: MemorySocket, seconds: float) -> list[str]:
    """What arrives within so many seconds, as it came."""
    found: list[str] = []
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            while True:
                found.append(await socket.receive())
    return found


async def _lost(night: Night) -> int | None:
    """Open a socket and wait for its end; returns the close code."""
    async with night.network.socket(night.url, headers={}) as socket:
        with pytest.raises(SocketClosed) as closed:
            await _heard(socket, 1e4)
    return closed.value.code


async def _router_reboot(night: Night) -> None:
    assert await _lost(night) is None
    assert _now() == 20.0
    await asyncio.sleep(19)
    with pytest.raises(ConnectionRefusedError):
        await night.start()
    await asyncio.sleep(1)
    assert (await night.start())[0] == 200


async def _accept_then_close(night: Night) -> None:
    assert [await _lost(night) for _ in range(6)] == [1012] * 6
    async with night.network.socket(night.url, headers={}) as socket:
        assert len(await _heard(socket, 60)) == 1


async def _half_open(night: Night) -> None:
    assert await _lost(night) is None
    assert _now() == 20.0 + night.network.ping_s


async def _busy(night: Night) -> None:
    replies = [await night.start() for _ in range(3)]

    assert [status for status, _ in replies] == [200] * 3
    assert [body["status"] for _, body in replies] == [503, 503, 200]


async def _overload(night: Night) -> None:
    replies = [await night.ask("GET", "/connection") for _ in range(4)]

    assert [(one.status, one.retry_after) for one in replies] == [
        (503, "5"),
        (429, "3"),
        (504, None),
        (200, None),
    ]
    with pytest.raises(UpgradeRefused):
        await _lost(night)


async def _no_money(night: Night) -> None:
    assert [(await night.start())[0] for _ in range(2)] == [402, 200]


async def _token_dies(night: Night) -> None:
    await night.log_in()
    assert (await night.ask("GET", "/connection")).status == 403
    await night.log_in()
    assert [(await night.start())[0] for _ in range(2)] == [401, 200]
    with pytest.raises(UpgradeRefused):
        await _lost(night)


async def _licence_dies(night: Night) -> None:
    async with night.network.socket(night.url, headers={}) as socket:
        await night.start()
        for _ in range(3):
            await night.write(socket)
        told = [json.loads(one).get("message") for one in await _heard(socket, 5)]

    assert told.count("Session expired") == 1
    assert night.cloud.record.sessions[0].ended_by == "service"


async def _stream_errors(night: Night) -> None:
    async with night.network.socket(night.url, headers={}) as socket:
        await night.start()
        _, first, second, third, last = await _heard(socket, 100)

    assert first == "Something went wrong"
    assert json.loads(second)["message"] == "Connection timeout"
    assert third == "All AI assistants are busy at the moment"
    assert json.loads(last)["message"] == "Session expired"
    assert night.cloud.record.open_licences() == []


async def _babble(night: Night) -> None:
    async with night.network.socket(night.url, headers={}) as socket:
        greeting, unasked = await _heard(socket, 9)
        await night.write(socket)
        (cut,) = await _heard(socket, 10)
        await night.write(socket)
        (malformed,) = await _heard(socket, 10)
        (again,) = await _heard(socket, 5)

    assert (json.loads(greeting)["type"], json.loads(unasked)["type"]) == ("connection", "incoming")
    assert cut.startswith('{"type"')
    assert not cut.endswith("}")
    assert malformed == "\x07 not [JSON"
    assert json.loads(again)["type"] == "incoming"


async def _odd_replies(night: Night) -> None:
    with pytest.raises(ValueError, match="Unterminated"):
        await night.log_in()
    await night.log_in()
    assert not (await night.ask("GET", "/connection")).body.endswith(b"}")
    with pytest.raises(OSError, match="larger"):
        await night.ask("GET", "/connection")
    assert [(await night.ask("GET", "/connection")).status for _ in range(2)] == [500, 200]
    assert [(await night.start())[1]["status"] for _ in range(2)] == [-1, 200]


async def _oversize(night: Night) -> None:
    async with night.network.socket(night.url, headers={}) as socket:
        await _heard(socket, 1)
        for _ in range(3):
            await night.write(socket)
        with pytest.raises(SocketClosed) as closed:
            await _heard(socket, 60)

    assert closed.value.code == 1009


async def _slow(night: Night) -> None:
    waits = []
    for _ in range(20):
        before = _now()
        await night.ask("GET", "/connection")
        waits.append(_now() - before)

    assert 1.0 <= min(waits) < 1.5
    assert 2.5 < max(waits) <= 3.0
    async with night.network.socket(night.url, headers={}) as socket:
        assert (await message(socket))["type"] == "connection"


async def _silent_service(night: Night) -> None:
    async with night.network.socket(night.url, headers={}) as socket:
        await night.write(socket)
        assert await _heard(socket, 59) == []
        await asyncio.sleep(1)
        await night.write(socket)
        assert len(await _heard(socket, 5)) == 1


async def _lost_answers(night: Night) -> None:
    with pytest.raises(ConnectionResetError):
        await night.start()
    _, live = await night.start()
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(60):
            await night.call("POST", "/endLiveSession", {"LicenseId": live["LicenseId"]})

    lost, ended = night.cloud.record.sessions
    assert (lost.ended_by, ended.ended_by) == (None, "client")


async def _wrong_date(night: Night) -> None:
    for call in (night.start(), _lost(night)):
        with pytest.raises(ssl.SSLCertVerificationError, match="not-yet-valid"):
            await call
    await asyncio.sleep(30)
    assert (await night.start())[0] == 200


async def _bad_microphone(night: Night) -> None:
    room = ear()
    async with asyncio.TaskGroup() as group:
        group.create_task(inject_faults(room, night.scenario), name="trouble")
        found = await heard(room, 40)

    lost = [event.reason for _, event in found if isinstance(event, ev.MicrophoneLost)]
    names = [event.device for _, event in found if isinstance(event, ev.MicrophoneReady)]
    assert lost == ["its process died", "it was pulled out"]
    assert names == ["simulated microphone", "simulated microphone", "another simulated microphone"]
    assert not [at for at, _ in found if 20.2 < at < 23.0]


@asynccontextmanager
async def _streaming(night: Night) -> AsyncIterator[Streams]:
    """The streams of this night."""
    async with Streams(night.cloud.shared, speech=Speech(None)) as streaming:
        await night.start()
        async with asyncio.TaskGroup() as group:
            playing = group.create_task(inject_stream_faults(streaming, night.scenario), name="trouble")
            await asyncio.sleep(0.001)
            yield streaming
            playing.cancel()


async def _stream_missing(night: Night) -> None:
    async with _streaming(night) as streaming:
        lists = [streaming.listed(None) for _ in range(4)]
        refusals = [streaming.refusal("Streamer1", lists[-1][0]) for _ in range(3)]

    assert [len(one) for one in lists] == [0, 0, 0, 1]
    assert [bool(one) for one in refusals] == [True, True, False]


async def _stream_loss(night: Night) -> None:
    async with _streaming(night) as streaming:
        losses = []
        for wait_s in (5, 10, 30):
            await asyncio.sleep(wait_s)
            losses.append((streaming.impairment.loss, streaming.impairment.jitter_s))

    assert losses == [(0.0, 0.0), (0.05, 0.05), (0.0, 0.0)]


async def _stream_dies(night: Night) -> None:
    async with _streaming(night) as streaming:
        states = []
        for wait_s in (45, 15, 12, 10):
            await asyncio.sleep(wait_s)
            states.append((streaming.impairment.dead, len(streaming.listed(None))))

    assert states == [(True, 1), (False, 1), (False, 0), (False, 1)]


SHOWN: dict[str, Callable[[Night], Awaitable[None]]] = {
    "accept-then-close": _accept_then_close,
    "babble": _babble,
    "bad-microphone": _bad_microphone,
    "busy": _busy,
    "half-open": _half_open,
    "licence-dies": _licence_dies,
    "lost-answers": _lost_answers,
    "no-money": _no_money,
    "odd-replies": _odd_replies,
    "overload": _overload,
    "oversize": _oversize,
    "router-reboot": _router_reboot,
    "silent-service": _silent_service,
    "slow": _slow,
    "stream-dies": _stream_dies,
    "stream-errors": _stream_errors,
    "stream-loss": _stream_loss,
    "stream-missing": _stream_missing,
    "token-dies": _token_dies,
    "wrong-date": _wrong_date,
}


async def assert_shown(name: str) -> None:
    await SHOWN[name](Night(load(name)))


@pytest.mark.parametrize("name", list(shipped()))
async def test_a_scenario_does_what_its_first_line_says(name: str) -> None:
    await assert_shown(name)


def test_only_one_scenario_is_about_the_microphone() -> None:
    devices = [
        name for name in shipped() if any(isinstance(step.do, MicrophoneFault) for step in load(name).steps)
    ]

    assert devices == ["bad-microphone"]

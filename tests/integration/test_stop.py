"""Whenever the daemon is told to stop: the session is ended once, the light goes out, nothing is left."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from ravatard.sim.options import SimOptions
from ravatard.sim.server import SimServer
from tests.integration import recordings
from tests.integration.daemon import Config, Daemon
from tests.integration.feeder import feed
from tests.integration.gpio_rig import BUTTON_AND_LIGHT, Pins
from tests.integration.middlebox import Middlebox
from tests.integration.program import alive, until
from tests.integration.simulate import simulate

pytestmark = pytest.mark.integration

#: The issue's limits: when the service answers, and ever.
ANSWERING_S, EVER_S = 2.0, 10.0


def _talking(folder: Path) -> Config:
    """Somebody who does not stop talking."""
    return {"microphone": {"wav": str(recordings.write(folder / "long.wav", recordings.long_speech(30.0)))}}


def _quiet(folder: Path) -> Config:
    sound = recordings.write(folder / "quiet.wav", recordings.quiet(2.0))
    return {"microphone": {"wav": str(sound), "repeat": True}}


def _ended_once(server: SimServer) -> bool:
    """Every live session was ended by us, and only once."""
    counts = server.record.counts
    return (
        not server.record.open_licences()
        and counts["sessions_started"] == counts["sessions_ended"] == 1
        and not server.record.violations
    )


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_an_idle_daemon_stops_within_two_seconds(tmp_path: Path, number: signal.Signals) -> None:
    async with SimServer() as server, Daemon(tmp_path, server.base_url, _quiet(tmp_path)) as daemon:
        await daemon.ready()
        (sound,) = daemon.offspring()

        took_s = await daemon.stopped(number)

        assert took_s < ANSWERING_S
        assert not alive(sound)
        assert server.record.counts["sessions_started"] == 0
        assert not server.record.violations


async def test_a_sound_process_that_hangs_delays_nothing(tmp_path: Path) -> None:
    async with SimServer() as server, Daemon(tmp_path, server.base_url, _quiet(tmp_path)) as daemon:
        await daemon.ready()
        (sound,) = daemon.offspring()
        os.kill(sound, signal.SIGSTOP)

        took_s = await daemon.stopped()

        assert took_s < ANSWERING_S
        assert not alive(sound)


async def test_a_service_that_never_answered_is_not_waited_for(tmp_path: Path) -> None:
    async with (
        SimServer() as server,
        Middlebox(server.base_url) as box,
        Daemon(tmp_path, box.base_url, _quiet(tmp_path)) as daemon,
    ):
        box.hold("/jwt")
        await daemon.showing("connecting")
        # The library for the network is loaded meanwhile.
        await daemon.until(lambda: box.called("/jwt"), "it asks for a token")

        took_s = await daemon.stopped()

        assert took_s < ANSWERING_S


async def test_nothing_is_left_open_when_it_stops(tmp_path: Path) -> None:
    # Python's development mode tells of files, sockets and tasks that nobody closed.
    async with (
        SimServer() as server,
        Daemon(tmp_path, server.base_url, _talking(tmp_path), environ={"PYTHONDEVMODE": "1"}) as daemon,
    ):
        await daemon.until(lambda: server.record.counts["samples"], "speech arrives")

        await daemon.stopped()

        for complaint in ("ResourceWarning", "RuntimeWarning", "never retrieved", "was destroyed"):
            assert complaint not in daemon.stderr


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_in_the_middle_of_a_word_the_session_is_ended_and_the_light_goes_out(
    tmp_path: Path, number: signal.Signals
) -> None:
    pins = Pins(tmp_path)
    async with (
        SimServer() as server,
        Daemon(
            tmp_path, server.base_url, _talking(tmp_path), BUTTON_AND_LIGHT, launcher=pins.launcher
        ) as daemon,
    ):
        await daemon.until(lambda: server.record.counts["samples"] > 20_000, "speech arrives")

        took_s = await daemon.stopped(number)

        assert took_s < ANSWERING_S
        assert _ended_once(server)
        assert [colour for _, colour in pins.light_until_the_end()][-2:] == ["green", "dark"]


async def test_while_the_avatar_thinks_the_session_is_ended(tmp_path: Path) -> None:
    sound = recordings.write(tmp_path / "one.wav", recordings.one_request(3))
    config = {"microphone": {"wav": str(sound)}}
    async with (
        SimServer(SimOptions(think_s=60)) as server,
        Daemon(tmp_path, server.base_url, config) as daemon,
    ):
        await daemon.showing("thinking")

        took_s = await daemon.stopped()

        assert took_s < ANSWERING_S
        assert _ended_once(server)


async def test_a_session_that_is_still_being_started_is_ended_as_soon_as_it_is_known(tmp_path: Path) -> None:
    async with (
        SimServer() as server,
        Middlebox(server.base_url) as box,
        Daemon(tmp_path, box.base_url, _talking(tmp_path)) as daemon,
    ):
        box.hold("/startLiveSession")
        await daemon.until(lambda: box.called("/startLiveSession"), "a session is asked for")
        daemon.send(signal.SIGTERM)
        await daemon.until(lambda: daemon.told("STOPPING"), "it is stopping")
        assert server.record.counts["sessions_started"] == 0

        box.let_go("/startLiveSession")
        took_s = await daemon.stopped()

        assert took_s < ANSWERING_S
        assert _ended_once(server)


async def test_a_second_signal_while_stopping_changes_nothing(tmp_path: Path) -> None:
    async with (
        SimServer() as server,
        Middlebox(server.base_url) as box,
        Daemon(tmp_path, box.base_url, _talking(tmp_path)) as daemon,
    ):
        await daemon.until(lambda: server.record.counts["samples"], "speech arrives")
        box.hold("/endLiveSession")
        daemon.send(signal.SIGTERM)
        await daemon.until(lambda: box.called("/endLiveSession"), "the session is being ended")

        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            daemon.send(number)
        box.let_go("/endLiveSession")
        took_s = await daemon.stopped()

        assert took_s < ANSWERING_S
        assert _ended_once(server)
        assert len(box.called("/endLiveSession")) == 1


async def test_a_service_that_does_not_answer_delays_the_stop_but_never_beyond_ten_seconds(
    tmp_path: Path,
) -> None:
    async with (
        SimServer() as server,
        Middlebox(server.base_url) as box,
        Daemon(tmp_path, box.base_url, _talking(tmp_path), {"deadlines": {"end_s": 2.0}}) as daemon,
    ):
        await daemon.until(lambda: server.record.counts["samples"], "speech arrives")
        box.hold("/endLiveSession")

        took_s = await daemon.stopped(within_s=EVER_S)

        assert took_s < EVER_S
        assert "could not be ended" in daemon.stderr


async def test_a_service_that_has_frozen_does_not_keep_the_daemon(tmp_path: Path) -> None:
    # Not one byte comes back: the socket's goodbye and the session's end both run into their limits.
    async with simulate() as service, Daemon(tmp_path, service.base_url, _talking(tmp_path)) as daemon:
        await daemon.showing("listening")
        await daemon.until(lambda: "live session: live" in daemon.stderr, "a session is held")
        service.send(signal.SIGSTOP)

        took_s = await daemon.stopped(within_s=EVER_S)

        assert took_s < EVER_S


async def test_when_the_daemon_is_killed_nothing_it_started_is_left(tmp_path: Path) -> None:
    sound = recordings.write(tmp_path / "quiet.wav", recordings.quiet(1.0))
    config: Config = {"microphone": {"command": feed(sound)}}
    async with SimServer() as server, Daemon(tmp_path, server.base_url, config) as daemon:
        await daemon.ready()
        started = daemon.offspring()
        assert len(started) == 2

        daemon.send(signal.SIGKILL)
        status = await daemon.ended()

        assert status == -signal.SIGKILL
        await until(lambda: not any(map(alive, started)), "sound process and command have ended", 5)


async def test_a_start_that_hangs_is_left_after_nine_seconds_with_a_good_status(tmp_path: Path) -> None:
    async with (
        SimServer() as server,
        Middlebox(server.base_url) as box,
        Daemon(tmp_path, box.base_url, _talking(tmp_path)) as daemon,
    ):
        box.hold("/startLiveSession")
        await daemon.until(lambda: box.called("/startLiveSession"), "a session is asked for")

        assert await daemon.stopped(within_s=EVER_S) < EVER_S

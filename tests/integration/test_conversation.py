"""A person speaks, the installed daemon listens, the service answers: from real sound to licence ended."""

from __future__ import annotations

from pathlib import Path
from statistics import median

import numpy as np
import pytest

from ravatard.core.audio_format import CHUNK_SAMPLES, RATE_HZ
from ravatard.core.options.gate import GateOptions
from ravatard.sim.options import SimOptions
from ravatard.sim.server import SimServer
from tests.integration import recordings
from tests.integration.daemon import Config, Daemon
from tests.integration.feeder import feed
from tests.integration.gpio_rig import BUTTON_AND_LIGHT, Pins, colours
from tests.integration.middlebox import Middlebox
from tests.integration.recordings import Arrived, Samples, Speech
from tests.integration.virtual_audio import MICROPHONE, VirtualAudio

pytestmark = pytest.mark.integration

PREROLL = GateOptions().preroll_ms * RATE_HZ // 1000


def _two_requests() -> Samples:
    return np.concatenate([recordings.one_request(0, after_s=3.2), recordings.one_request(3, after_s=3.2)])


def _well_cut(begins_at: int, heard: Samples, speech: Speech) -> bool:
    """Whether an utterance begins before its first syllable, by the pre-roll at most, and lacks no end."""
    return (
        speech.first - PREROLL <= begins_at <= speech.first
        and begins_at + len(recordings.without_padding(heard)) >= speech.last
    )


def _nothing_owed(server: SimServer) -> bool:
    counts = server.record.counts
    return (
        not server.record.open_licences()
        and counts["sessions_started"] == counts["sessions_ended"] == 1
        and not server.record.violations
    )


def _answers(server: SimServer) -> int:
    return server.record.counts["answers"]


async def test_what_is_spoken_into_a_real_microphone_reaches_the_service_and_is_answered(
    tmp_path: Path, audio: VirtualAudio
) -> None:
    played = _two_requests()
    recording = recordings.write(tmp_path / "spoken.wav", played)
    pins = Pins(tmp_path)
    config: Config = {"microphone": {"device": MICROPHONE, "alsa_config": "system"}}
    environ = audio.environ({})
    async with (
        SimServer() as server,
        Daemon(
            tmp_path, server.base_url, config, BUTTON_AND_LIGHT, environ=environ, launcher=pins.launcher
        ) as daemon,
    ):
        await daemon.ready()
        audio.microphone.play(recording)
        await daemon.until(lambda: _answers(server) == 2 and daemon.shows("ready"), "both are answered", 30)
        await pins.shows("glow")
        await daemon.stopped()

        assert _nothing_owed(server)
        (session,) = server.record.sessions
        assert recordings.whole_messages(session)
        heard = recordings.arrived(session)
        assert len(heard) == 2
        for utterance, speech in zip(heard, recordings.requests_in(played), strict=True):
            likeness, begins_at = recordings.correlation(utterance.samples, played)
            assert likeness >= 0.99
            assert _well_cut(begins_at, utterance.samples, speech)
        light = colours(pins.light_until_the_end())
        assert light[-7:] == ["glow", *["green", "blue", "glow"] * 2]


async def test_every_sample_of_a_command_arrives_as_it_was_and_silence_follows_at_its_own_pace(
    tmp_path: Path,
) -> None:
    spoken = _two_requests()
    config: Config = {"microphone": {"command": feed(recordings.write(tmp_path / "spoken.wav", spoken))}}
    async with (
        SimServer(SimOptions(think_s=1.6)) as server,
        Daemon(tmp_path, server.base_url, config) as daemon,
    ):
        await daemon.until(lambda: _answers(server) == 2 and daemon.shows("ready"), "both are answered", 30)
        await daemon.stopped()

        assert _nothing_owed(server)
        (session,) = server.record.sessions
        assert recordings.whole_messages(session)
        heard = recordings.arrived(session)
        assert len(heard) == 2
        for utterance, speech in zip(heard, recordings.requests_in(spoken), strict=True):
            begins_at = recordings.place_of(recordings.without_padding(utterance.samples), spoken)
            assert begins_at is not None
            assert _well_cut(begins_at, utterance.samples, speech)
        assert median(_silence_periods(heard)) == pytest.approx(CHUNK_SAMPLES / RATE_HZ, abs=0.03)


def _silence_periods(heard: list[Arrived]) -> list[float]:
    periods = [float(period) for utterance in heard for period in np.diff(utterance.silences_at)]
    assert len(periods) >= 6
    return periods


async def test_what_is_said_while_the_session_is_being_started_is_kept_from_its_first_sample(
    tmp_path: Path,
) -> None:
    spoken = recordings.one_request(3, after_s=1.6)
    config: Config = {"microphone": {"command": feed(recordings.write(tmp_path / "spoken.wav", spoken))}}
    async with (
        SimServer() as server,
        Middlebox(server.base_url) as box,
        Daemon(tmp_path, box.base_url, config) as daemon,
    ):
        box.hold("/startLiveSession")
        await daemon.showing("thinking")
        assert box.called("/startLiveSession")
        assert server.record.counts["sessions_started"] == 0

        box.let_go("/startLiveSession")
        await daemon.until(lambda: _answers(server) == 1 and daemon.shows("ready"), "it is answered")
        await daemon.stopped()

        assert _nothing_owed(server)
        (utterance,) = recordings.arrived(server.record.sessions[0])
        begins_at = recordings.place_of(recordings.without_padding(utterance.samples), spoken)
        assert begins_at is not None
        assert _well_cut(begins_at, utterance.samples, recordings.requests_in(spoken)[0])


async def test_where_the_service_wants_a_button_the_voice_alone_opens_nothing(tmp_path: Path) -> None:
    recording = recordings.write(tmp_path / "spoken.wav", recordings.one_request(3, after_s=0.6))
    pins = Pins(tmp_path)
    config: Config = {"microphone": {"wav": str(recording), "repeat": True}}
    async with (
        SimServer(SimOptions(vad_enabled=False)) as server,
        Daemon(
            *(tmp_path, server.base_url, config, BUTTON_AND_LIGHT), launcher=pins.launcher, watchdog_s=1.0
        ) as daemon,
    ):
        await daemon.ready()
        # A beat every half second, and only while sound comes in: by now the request was spoken.
        await daemon.until(lambda: len(daemon.told("WATCHDOG")) >= 6, "three seconds were heard")
        await pins.tap(0.1)
        await daemon.until(lambda: len(daemon.told("WATCHDOG")) >= 8, "another second was heard")
        assert server.record.counts["sessions_started"] == 0

        pressed_at = await pins.down()
        await daemon.until(lambda: server.record.counts["turns"], "speech arrives")
        await pins.up()
        await daemon.until(lambda: _answers(server) == 1 and daemon.shows("ready"), "it is answered")
        await pins.shows("glow")
        await daemon.stopped()

        assert _nothing_owed(server)
        light = pins.light_until_the_end()
        lit_at = next(at for at, colour in light if at >= pressed_at and colour == "green")
        assert lit_at - pressed_at < 0.25
        assert colours(light)[-6:] == ["glow", "green", "glow", "green", "blue", "glow"]


async def test_with_both_the_voice_opens_and_so_does_the_button(tmp_path: Path) -> None:
    spoken = recordings.one_request(3, after_s=0.0)
    recording = recordings.write(tmp_path / "spoken.wav", np.concatenate([spoken, recordings.quiet(12.0)]))
    pins = Pins(tmp_path)
    config: Config = {"microphone": {"wav": str(recording)}, "gate": {"mode": "both"}}
    async with (
        SimServer(SimOptions(vad_enabled=False)) as server,
        Daemon(tmp_path, server.base_url, config, BUTTON_AND_LIGHT, launcher=pins.launcher) as daemon,
    ):
        await daemon.until(lambda: _answers(server) == 1 and daemon.shows("ready"), "the voice is answered")
        by_voice = server.record.counts["samples"]
        # Nothing is said any more: only the button can open now.
        await pins.down()
        await daemon.until(lambda: server.record.counts["samples"] > by_voice, "the quiet room is heard")
        await pins.up()
        await daemon.showing("thinking")
        await daemon.stopped()

        assert _nothing_owed(server)
        voice, button = recordings.arrived(server.record.sessions[0])
        assert recordings.requests_in(voice.samples)
        assert not recordings.requests_in(button.samples)

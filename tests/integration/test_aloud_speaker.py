"""What becomes of a conversation when the speaker, the voice, the session or the service goes away."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from ravatard.sim.options import SimOptions
from ravatard.sim.ravatar.cloud import SimCloud
from ravatard.sim.server import SimServer
from ravatard.sim.sound.synthesizer import Synthesizer
from tests.integration import recordings
from tests.integration.aloud_rig import (
    ALOUD,
    Appliance,
    Monitor,
    Recording,
    appliance,
    feedback,
    into_wav,
    pieces_found,
    speaker_rig,
)
from tests.integration.daemon import Config
from tests.integration.pixelstreamer import melody
from tests.integration.program import alive, until
from tests.integration.virtual_audio import MICROPHONE, VirtualAudio

pytestmark = pytest.mark.integration

SHORT = "I heard you. How interesting!"
LONG = " ".join(f"This is sentence number {number} of a long answer." for number in range(3))
CHAT: Config = {"ravatar": {"mode": "chat"}}
#: How far a shared machine may be late.
SLACK_S = 0.3


@pytest.fixture(scope="module")
def audio(tmp_path_factory: pytest.TempPathFactory) -> Iterator[VirtualAudio]:
    """One speaker for all tests of this file."""
    yield from speaker_rig(tmp_path_factory.mktemp("audio"))


def _chat(*answers: str) -> SimServer:
    options = SimOptions(think_s=0.02, licences=0, answers=answers)
    return SimServer(cloud=SimCloud(options, key=b"of this test", speak=Synthesizer().wav))


@pytest.mark.parametrize("how", ["killed", "unplugged"])
@pytest.mark.alone
async def test_a_speaker_that_is_lost_in_mid_answer_is_noticed_and_the_conversation_goes_on(
    tmp_path: Path, audio: VirtualAudio, how: str
) -> None:
    assert audio.speaker is not None
    async with (
        _chat(LONG, SHORT) as server,
        appliance(tmp_path, server.base_url, ALOUD, CHAT, environ=audio.environ({})) as daemon,
        Monitor(audio.speaker) as monitor,
    ):
        await daemon.say("speak")
        await monitor.loud(daemon.started_at)
        before = daemon.child("speaker.worker")
        assert before is not None
        lost_at = daemon.now
        if how == "killed":
            os.kill(before, signal.SIGKILL)
        else:
            audio.speaker.unplug()
        _, noticed_at = await daemon.reports(lambda it: it["counters"]["speaker_losses"], "it is noticed")
        if how == "unplugged":
            absent = await daemon.report()
            audio.speaker.plug_in()
            lost_at_or_back = daemon.now
        else:
            absent, lost_at_or_back = None, noticed_at
        _, back_at = await daemon.reports(lambda it: it["speaker"]["state"] == "open", "it is back")
        await daemon.idle()
        asked_at = daemon.now
        await daemon.say("speak again")
        async with Monitor(audio.speaker) as anew:
            await anew.loud(asked_at)
        await daemon.idle()
        await daemon.stopped()

    assert not alive(before)
    assert noticed_at - lost_at < 1.0 + SLACK_S
    assert back_at - lost_at_or_back < 2.0 + SLACK_S
    assert absent is None or absent["speaker"]["state"] == "absent"


async def test_the_volume_is_as_documented_and_kept_over_a_restart(tmp_path: Path) -> None:
    loudest: list[float] = []

    async def answer(daemon: Appliance) -> None:
        mark = recording.mark()
        await daemon.say("speak")
        await daemon.reports(lambda it: it["talk"] == "speaking", "it speaks")
        await daemon.idle()
        loudest.append(float(np.abs(recording.since(mark)).max()))

    recording = Recording(tmp_path)
    async with _chat(SHORT) as server:
        async with appliance(tmp_path, server.base_url, into_wav(tmp_path), CHAT) as daemon:
            await answer(daemon)
            turned = await daemon.run("volume", "30")
            await answer(daemon)
            await daemon.stopped()
        async with appliance(tmp_path, server.base_url, into_wav(tmp_path), CHAT) as daemon:
            shown = await daemon.run("volume")
            await answer(daemon)
            await daemon.stopped()

    # The cube of 0.3 is -31.4 dB.
    lower_db = 20 * np.log10(loudest[1] / loudest[0])
    assert lower_db == pytest.approx(-31.4, abs=0.1)
    assert loudest[2] == loudest[1]
    assert turned[0] == 0
    assert shown == (0, "30 %\n")


async def test_a_microphone_that_hears_the_speaker_opens_nothing_and_hears_the_person_after_it(
    tmp_path: Path, audio: VirtualAudio
) -> None:
    assert audio.speaker is not None
    microphone: Config = {"microphone": {"device": MICROPHONE, "alsa_config": "system"}}
    async with (
        _chat(SHORT) as server,
        appliance(tmp_path, server.base_url, ALOUD, CHAT, microphone, environ=audio.environ({})) as daemon,
    ):
        with feedback(audio, delay_ms=60, gain=0.3):
            for number in range(3):
                await daemon.say(f"number {number}")
                await daemon.reports(lambda it: it["talk"] == "speaking", "it speaks")
                await daemon.idle()
            await asyncio.sleep(0.5)
            alone = await daemon.report()

            request = recordings.write(tmp_path / "request.wav", recordings.one_request(0))
            audio.microphone.play(request)
            await daemon.reports(lambda it: it["counters"]["answers"] == 4, "the person is heard", 20)
            await daemon.idle()
            person = await daemon.report()

            # Without half duplex the same room is heard: the test could fail.
            daemon.configure({"audio": {"echo": "off"}})
            await daemon.ask(do="reload")
            await daemon.say("speak")
            await daemon.reports(lambda it: it["counters"]["utterances"] >= 2, "it hears itself", 20)
            daemon.configure()
            await daemon.ask(do="reload")
        await daemon.stopped()

    assert alone["counters"]["answers_heard"] == 3
    assert alone["counters"]["utterances"] == 0
    assert person["counters"]["utterances"] == 1


async def test_a_voice_that_is_lost_comes_back_and_the_conversation_never_ends(tmp_path: Path) -> None:
    quick: Config = {"live_audio": {"rtp_s": 0.5}, "speaker": {"wav": str(tmp_path / "heard.wav")}}
    async with (
        SimServer(SimOptions(think_s=0.05, answers=(SHORT,))) as server,
        appliance(tmp_path, server.base_url, quick) as daemon,
    ):
        await daemon.say("begin")
        await daemon.with_voice()
        await daemon.idle()
        server.streaming.close_sockets()
        await until(lambda: server.streaming.viewers == [], "the sockets are closed")
        await daemon.say("still there?")
        await daemon.reports(lambda it: it["talk"] == "speaking", "the sound goes on")
        await daemon.idle()
        before = (await daemon.report())["counters"]["turns"]["answered"]

        server.streaming.kill_media()
        await daemon.reports(lambda it: not it["speaker"]["live_voice"], "the silence is noticed", 5)
        await daemon.say("and now?")
        mute, _ = await daemon.reports(
            lambda it: it["counters"]["turns"]["answered"] > before, "it is answered in writing"
        )
        server.streaming.kill_media(dead=False)
        await daemon.with_voice()
        await daemon.idle()
        server.streaming.restart(0.3)
        await daemon.reports(lambda it: not it["speaker"]["live_voice"], "the restart is noticed", 5)
        await daemon.with_voice()
        await daemon.say("and now?")
        await daemon.reports(lambda it: it["talk"] == "speaking", "it is heard again")
        report = await daemon.report()
        await daemon.stopped()

        assert any("no live voice" in one for one in mute["degraded"])
        assert report["degraded"] == []
        assert server.record.counts["sessions_started"] == 1
        assert server.record.counts["lines_opened"] == 1


async def test_a_session_or_a_service_that_goes_away_leaves_no_player_behind(tmp_path: Path) -> None:
    heard: Config = {"speaker": {"wav": str(tmp_path / "heard.wav")}}
    options = SimOptions(think_s=0.05, answers=(SHORT,))
    async with SimServer(options) as server, appliance(tmp_path, server.base_url, heard) as daemon:
        for end in ("by us", "by the service", "socket broken"):
            await daemon.say("begin")
            await daemon.with_voice()
            # Words that wait for their answer would be sent anew in another session.
            await daemon.idle()
            assert daemon.udp_sockets() > 0
            if end == "by us":
                await daemon.ask(do="restart-session")
            elif end == "by the service":
                server.cloud.expire_licence(server.record.open_licences()[0], daemon.now)
            else:
                await server.__aexit__(None, None, None)
            await daemon.reports(lambda it: not it["speaker"]["live_voice"], f"{end}: its voice is over")
            await until(lambda: daemon.udp_sockets() == 0, f"{end}: no socket is open", 5.0, daemon.story)
            await until(lambda: server.streaming.viewers == [], f"{end}: nobody watches", 2.0)
            assert {player.state for player in server.streaming.players} == {"closed"}
        await daemon.stopped()


@pytest.mark.alone
async def test_a_speaker_sleeps_in_a_silent_session_and_a_voice_that_nobody_asked_for_is_heard_whole(
    tmp_path: Path,
) -> None:
    wav = {"speaker": {"wav": str(tmp_path / "heard.wav"), "idle_s": 1.0}}
    sound, recording = melody(2.0), Recording(tmp_path)
    alike: list[float] = []
    late_ms: list[float] = []
    async with (
        SimServer(SimOptions(think_s=0.05, answers=(SHORT,))) as server,
        appliance(tmp_path, server.base_url, wav) as daemon,
    ):
        await daemon.say("begin")
        await daemon.reports(lambda it: it["speaker"]["live_voice"], "the voice arrives")
        # A machine that stood still for as long as sound waits shifts all that follows.
        for _ in range(4):
            await daemon.reports(lambda it: it["speaker"]["state"] == "asleep", "it sleeps in the session")
            asleep = daemon.child("speaker.worker")
            mark = recording.mark()
            next(iter(server.streaming.streamers.values())).speech.say("unasked", sound.tobytes(), daemon.now)
            report, _ = await daemon.reports(lambda it: it["talk"] == "speaking", "it speaks")
            await daemon.idle()
            heard = recording.since(mark)
            # In a thread: the streamer lives in this one, and must not stand still.
            lags_ms, pieces = await asyncio.to_thread(pieces_found, heard, sound)
            alike.append(float(pieces.min()))
            late_ms.append(float(abs(lags_ms).max()))
            if alike[-1] >= 0.95:
                break
        await daemon.stopped()

    # What came while the speaker woke is made up for by single samples, and in the next pause.
    assert late_ms[-1] < 5.0
    assert asleep is None
    assert report["speaker"]["live_voice"]
    assert alike[-1] >= 0.95, alike

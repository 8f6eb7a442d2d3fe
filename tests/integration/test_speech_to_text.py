"""Digits are spoken into the installed daemon, a real recogniser writes them down, the service reads them."""

from __future__ import annotations

import asyncio
import audioop
import shutil
import subprocess
import sys
import wave
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import numpy as np
import pytest

from ravatard.core.audio_format import RATE_HZ
from ravatard.sim.avatar.options import AvatarSimOptions, SimTalkOptions
from ravatard.sim.avatar.server import AvatarSimServer
from ravatard.sim.options import SimOptions
from ravatard.sim.ravatar.cloud import SimCloud
from ravatard.sim.server import SimServer
from ravatard.sim.sound.speech import voice_of
from ravatard.sim.sound.synthesizer import Synthesizer
from tests.integration import recordings
from tests.integration.aloud_rig import Recording, into_wav, likeness
from tests.integration.daemon import Config, Daemon
from tests.integration.feeder import feed
from tests.integration.recordings import Samples

pytestmark = [
    pytest.mark.integration,
    pytest.mark.skipif(shutil.which("espeak-ng") is None, reason="digits need espeak-ng"),
]

ANSWER = "Three, one and four it is."
SPEECH = Synthesizer()
SERVER = Path(__file__).with_name("recogniser.py")


def spoken(folder: Path, text: str) -> Samples:
    """Digits, spoken slowly, in a quiet room."""
    file = folder / "digits.wav"
    subprocess.run(["espeak-ng", "-v", "en-us", "-s", "120", "-g", "6", "-w", file, text], check=True)
    with wave.open(str(file)) as source:
        pcm, rate_hz = source.readframes(source.getnframes()), source.getframerate()
    voice = np.frombuffer(audioop.ratecv(pcm, 2, 1, rate_hz, RATE_HZ, None)[0], "<i2")
    samples: Samples = np.concatenate([recordings.quiet(1.0), voice, recordings.quiet(2.0)])
    return samples


@asynccontextmanager
async def recogniser(uri: str) -> AsyncIterator[None]:
    """The recogniser's process, from when it takes connections."""
    pytest.importorskip("pocketsphinx", reason="its wheels are for some Pythons only")
    process = await asyncio.create_subprocess_exec(sys.executable, str(SERVER), uri)
    try:
        async with asyncio.timeout(30.0):
            # Nothing tells when its socket is there.
            while not Path(uri.removeprefix("unix://")).exists():  # noqa: ASYNC110, ASYNC240
                await asyncio.sleep(0.05)
        yield
    finally:
        process.kill()
        await process.wait()


def listening(folder: Path, text: str, uri: str, mode: str) -> Config:
    sound = recordings.write(folder / "spoken.wav", spoken(folder, text))
    return {
        "microphone": {"command": feed(sound)},
        "speech_to_text": {"uri": uri, "use": "always"},
        "ravatar": {"mode": mode},
    }


def written(server: SimServer) -> list[str]:
    """What the service read, line by line."""
    messages = server.record.messages
    return [str(one.fields["request"]) for one in messages if (one.direction, one.kind) == ("in", "text")]


def sounds(server: SimServer) -> int:
    return len(
        [one for one in server.record.messages if one.kind in ("pcm", "blob") and one.direction == "in"]
    )


@pytest.mark.parametrize("mode", ["live", "chat"])
async def test_digits_come_back_as_a_spoken_answer(tmp_path: Path, mode: str) -> None:
    uri = f"unix://{tmp_path}/recogniser"
    config = listening(tmp_path, "three one four", uri, mode)
    options = SimOptions(think_s=0.02, answers=(ANSWER,))
    recording = Recording(tmp_path)
    async with (
        recogniser(uri),
        SimServer(cloud=SimCloud(options, key=b"of this test", speak=SPEECH.wav)) as server,
        Daemon(tmp_path, server.base_url, config, into_wav(tmp_path)) as daemon,
    ):
        await daemon.ready()
        await daemon.until(lambda: server.record.counts["answers"] == 1, "the digits are answered", 30)
        if mode == "chat":
            await daemon.until(lambda: daemon.shows("speaking"), "the answer is heard")
        await daemon.until(lambda: daemon.shows("ready"), "all is said", 30)
        await daemon.stopped()

        assert written(server) == ["three one four"]
        assert sounds(server) == 0
        assert not server.record.open_licences()
        assert not server.record.violations
        if mode == "chat":
            assert likeness(recording.since(0), voice_of(SPEECH.wav(ANSWER))) >= 0.95


async def test_digits_come_back_as_a_spoken_answer_of_an_avatar_api(tmp_path: Path) -> None:
    uri = f"unix://{tmp_path}/recogniser"
    sound = recordings.write(tmp_path / "spoken.wav", spoken(tmp_path, "three one four"))
    config: Config = {
        "microphone": {"command": feed(sound)},
        "speech_to_text": {"uri": uri},
        "avatar": {"sole_client": True},
    }
    recording = Recording(tmp_path)
    talk = SimTalkOptions(think_s=0.02, answers=(ANSWER,))
    async with recogniser(uri), AvatarSimServer(AvatarSimOptions(talk=talk)) as server:
        service: Config = {"service": {"kind": "avatar", "socket_url": server.socket_url}}
        async with Daemon(tmp_path, server.api_url, service, config, into_wav(tmp_path)) as daemon:
            await daemon.ready()
            await daemon.until(lambda: daemon.shows("speaking"), "the answer is heard", 30)
            await daemon.until(lambda: daemon.shows("ready"), "all is said", 30)
            await daemon.stopped()

    asked = [one.fields for one in server.record.requests if one.path.endswith("chat.completions")]
    (said,) = [said for session in server.record.sessions for said in session.said]
    whole = audioop.ratecv(said.pcm, 2, 1, 24_000, 48_000, None)[0]
    assert [one["messages"] for one in asked] == [[{"role": "user", "content": "three one four"}]]
    assert sum(session.appends for session in server.record.sessions) == 0
    assert likeness(recording.since(0), whole) >= 0.95
    assert server.open_sessions == []


async def test_a_recogniser_that_is_away_is_shown_until_it_is_there(tmp_path: Path) -> None:
    uri = f"unix://{tmp_path}/recogniser"
    config = listening(tmp_path, "three one four", uri, "live")
    async with (
        SimServer(SimOptions(think_s=0.02)) as server,
        Daemon(tmp_path, server.base_url, config) as daemon,
    ):
        await daemon.until(lambda: daemon.shows("service deaf"), "the missing recogniser is shown", 30)
        shown = daemon.statuses[-1]
        async with recogniser(uri):
            await daemon.until(lambda: daemon.shows("ready"), "the recogniser is found", 60)
        await daemon.stopped()

        assert "speech_to_text.uri" in shown
        assert written(server) == []
        assert not server.record.open_licences()

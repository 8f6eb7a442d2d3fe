"""Chat mode aloud: answers that are files or bring their sound, in every container, and heard."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import numpy as np
import pytest

from ravatard.sim.options import ChatOptions, SimOptions
from ravatard.sim.ravatar.cloud import SimCloud
from ravatard.sim.server import SimServer
from ravatard.sim.sound.audio_codec import Container, Mp4
from ravatard.sim.sound.speech import voice_of
from ravatard.sim.sound.synthesizer import Synthesizer
from tests.integration.aloud_rig import (
    ALOUD,
    Monitor,
    Recording,
    appliance,
    into_wav,
    likeness,
    pieces_found,
    speaker_rig,
)
from tests.integration.daemon import Config
from tests.integration.program import until
from tests.integration.virtual_audio import VirtualAudio

pytestmark = pytest.mark.integration

SHORT = "Of course, my dear."
LONG = " ".join(f"This is sentence number {number} of a long answer." for number in range(8))
SPEECH = Synthesizer()
CHAT: Config = {"ravatar": {"mode": "chat"}}

Sound = Literal["file", "inline"]
PACKED: dict[str, tuple[Container, Mp4]] = {
    "wav": ("wav", "fragmented"),
    "mp3": ("mp3", "fragmented"),
    "mp4 in fragments": ("mp4", "fragmented"),
    "mp4 with its index last": ("mp4", "index-last"),
    "webm": ("webm", "fragmented"),
    "ogg": ("ogg", "fragmented"),
}


@pytest.fixture(scope="module")
def audio(tmp_path_factory: pytest.TempPathFactory) -> Iterator[VirtualAudio]:
    """One speaker for all tests of this file."""
    yield from speaker_rig(tmp_path_factory.mktemp("audio"))


def _chat(answer: str, chat: ChatOptions | None = None, *, licences: int = 0) -> SimServer:
    """A service that has no live sessions, or so many."""
    options = SimOptions(think_s=0.02, licences=licences, answers=(answer,))
    return SimServer(cloud=SimCloud(options, key=b"of this test", chat=chat, speak=SPEECH.wav))


@pytest.mark.parametrize("sound", ["file", "inline"])
async def test_an_answer_is_heard_whatever_it_is_packed_in(tmp_path: Path, sound: Sound) -> None:
    meant = voice_of(SPEECH.wav(SHORT))
    recording = Recording(tmp_path)
    found: dict[str, float] = {}
    async with (
        _chat(SHORT) as server,
        appliance(tmp_path, server.base_url, into_wav(tmp_path), CHAT) as daemon,
    ):
        for name, (container, mp4) in PACKED.items():
            server.cloud.shared.spoken.options = ChatOptions(sound=sound, container=container, mp4=mp4)
            mark = recording.mark()
            await daemon.say("speak")
            await daemon.reports(lambda it: it["talk"] == "speaking", f"{name} is heard")
            await daemon.idle()
            found[name] = likeness(recording.since(mark), meant)
        report = await daemon.report()
        await daemon.stopped()

    assert min(found.values()) >= 0.9, found
    assert found["wav"] >= 0.95, found
    assert report["counters"]["answers_heard"] == len(PACKED)
    assert report["counters"]["answers_unplayable"] == 0


async def test_with_all_live_sessions_taken_the_answer_is_heard_in_chat_mode(
    tmp_path: Path, audio: VirtualAudio
) -> None:
    assert audio.speaker is not None
    mode: Config = {"ravatar": {"mode": "auto"}}
    async with (
        _chat(SHORT) as server,
        appliance(tmp_path, server.base_url, ALOUD, mode, environ=audio.environ({})) as daemon,
        Monitor(audio.speaker) as monitor,
    ):
        asked_at = daemon.now
        await daemon.say("speak")
        await monitor.loud(asked_at)
        await daemon.idle()
        heard = monitor.since(asked_at)
        await daemon.stopped()

        # A sound server on a busy machine pauses in mid-word: piece by piece.
        _, alike = pieces_found(heard, np.frombuffer(voice_of(SPEECH.wav(SHORT)), "<i2"))
        assert float(np.median(alike)) >= 0.95
        assert server.record.counts["sessions_started"] == 0
        assert server.record.refusals["busy"] >= 1


@pytest.mark.alone
async def test_stopped_while_a_film_is_decoded_nothing_is_left(tmp_path: Path) -> None:
    film = ChatOptions(container="mp4", bytes_per_s=20_000)
    async with (
        _chat(LONG, film) as server,
        appliance(tmp_path, server.base_url, into_wav(tmp_path), CHAT) as daemon,
    ):
        await daemon.say("speak")
        await daemon.reports(lambda it: it["talk"] == "speaking", "it speaks")
        decoder, speaker = daemon.child("media.worker"), daemon.child("speaker.worker")

        took_s = await daemon.stopped()

        assert decoder is not None
        assert speaker is not None
        assert took_s < 2.0


async def test_a_press_ends_a_file_and_the_next_one_is_heard(tmp_path: Path) -> None:
    async with (
        _chat(LONG) as server,
        appliance(tmp_path, server.base_url, into_wav(tmp_path), CHAT) as daemon,
    ):
        await daemon.say("speak")
        await daemon.reports(lambda it: it["talk"] == "speaking", "it speaks")
        status, said = await daemon.run("press")
        report = await daemon.report()
        await daemon.say("speak again")
        await daemon.reports(lambda it: it["talk"] == "speaking", "it speaks again")
        await until(lambda: daemon.shows("speaking"), "it is shown")
        await daemon.stopped()

    assert (status, report["talk"], report["microphone"]["state"]) == (0, "idle", "open"), said

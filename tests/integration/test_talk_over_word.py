"""The wake word in a room in which the microphone hears the speaker: its earcon, and the answer's end."""

from __future__ import annotations

import asyncio
import importlib.util
import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from ravatard.devices.microphone.wakeword.model import LIBRARY
from tests.integration import recordings
from tests.integration.daemon import Config
from tests.integration.talk_over_rig import phrase, steady_audio, talking
from tests.integration.test_wakeword import the_word
from tests.integration.virtual_audio import VirtualAudio

pytestmark = [
    pytest.mark.integration,
    pytest.mark.skipif(shutil.which("espeak-ng") is None, reason="the word needs espeak-ng"),
    pytest.mark.skipif(importlib.util.find_spec(LIBRARY) is None, reason="the extra wakeword is not there"),
]

#: Its earcon is that of the defaults.
WORD: Config = {
    "gate": {"mode": "wakeword"},
    "wakeword": {"word": "okay_nabu"},
    "earcons": {"enabled": True},
}


@pytest.fixture(scope="module")
def audio(tmp_path_factory: pytest.TempPathFactory) -> Iterator[VirtualAudio]:
    """One speaker for all tests of this file."""
    yield from steady_audio(tmp_path_factory.mktemp("audio"))


@pytest.mark.parametrize("pause_s", [0.3, 0.6, 1.5])
async def test_in_a_room_what_follows_the_word_and_then_the_answer_is_heard(
    tmp_path: Path, audio: VirtualAudio, pause_s: float
) -> None:
    parts = [the_word(tmp_path), recordings.quiet(pause_s), phrase()]
    first = recordings.write(tmp_path / "word.wav", np.concatenate(parts))
    then = recordings.write(tmp_path / "then.wav", phrase(1))
    async with talking(tmp_path, audio, WORD, answer="I heard you.") as talk:
        await asyncio.to_thread(audio.microphone.play(first).wait, 20)
        await talk.daemon.reports(lambda it: it["talk"] == "speaking", "it is answered", 20)
        await talk.daemon.reports(lambda it: it["talk"] == "idle", "the answer is over", 20)
        await asyncio.to_thread(audio.microphone.play(then).wait, 20)
        await talk.daemon.reports(lambda it: it["counters"]["utterances"] == 2, "it is heard", 5)
        report = await talk.daemon.report()

    counts = report["counters"]
    assert (counts["wakes"], counts["wakes_unused"]) == (1, 0)


async def test_in_a_room_the_earcon_alone_is_no_request(tmp_path: Path, audio: VirtualAudio) -> None:
    word = recordings.write(tmp_path / "word.wav", the_word(tmp_path))
    async with talking(tmp_path, audio, WORD) as talk:
        await asyncio.to_thread(audio.microphone.play(word).wait, 20)
        await talk.daemon.reports(lambda it: it["counters"]["wakes"] == 1, "it is woken", 5)
        await talk.daemon.reports(lambda it: it["counters"]["wakes_unused"] == 1, "and given up", 12)
        report = await talk.daemon.report()

    assert report["counters"]["utterances"] == 0

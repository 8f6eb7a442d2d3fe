"""Talking over the avatar, through the whole daemon: a speaker that is fed back into the microphone."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from tests.integration import recordings
from tests.integration.program import until
from tests.integration.recordings import Samples
from tests.integration.talk_over_rig import Talk, like, phrase, steady_audio, talking
from tests.integration.virtual_audio import VirtualAudio

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def audio(tmp_path_factory: pytest.TempPathFactory) -> Iterator[VirtualAudio]:
    """One speaker for all tests of this file."""
    yield from steady_audio(tmp_path_factory.mktemp("audio"))


def _lost(times: int, report: Any) -> bool:
    return bool(report["counters"]["microphone_losses"] == times)


#: Of what the canceller leaves of the words while the avatar speaks, and of any other speech.
LIKE = 0.3
#: A user who was not found tries again, at most so often: a machine that is busy loses sound.
TRIES = 3
#: One on which a task is woken later than this loses sound: PulseAudio holds 20 to 50 ms of it here.
STARVED_S = 0.05


async def interrupted(talk: Talk, recording: Path, said: Samples) -> None:
    """Talk over the avatar until that was found, and it fell silent."""
    for _ in range(TRIES):
        interruption = await talk.interrupt(recording, said)
        if interruption.found and interruption.silent_ms is not None:
            return
    worst_s = talk.lateness.worst_s
    if worst_s > STARVED_S:
        pytest.skip(f"this machine is too busy: a task was woken {worst_s * 1000:.0f} ms late")
    pytest.fail(f"no user of {TRIES} was found")


async def test_a_user_who_talks_over_the_avatar_stops_it_and_the_first_words_are_sent(
    tmp_path: Path, audio: VirtualAudio
) -> None:
    said = phrase()
    recording = recordings.write(tmp_path / "user.wav", said)
    async with talking(tmp_path, audio) as talk:
        await interrupted(talk, recording, said)
        await until(talk.uploads, "something is sent", 15)

        # The first 600 ms of the words, and not only what came when the avatar was silent.
        likest = max(like(upload, said, 0.6)[0] for upload in talk.uploads())
        assert likest > LIKE


async def test_a_microphone_that_is_killed_in_the_middle_of_an_interruption_leaves_nothing_open(
    tmp_path: Path, audio: VirtualAudio
) -> None:
    said = phrase()
    recording = recordings.write(tmp_path / "user.wav", said)
    async with talking(tmp_path, audio) as talk:
        await interrupted(talk, recording, said)
        pid = talk.daemon.child("microphone.worker")
        assert pid is not None
        os.kill(pid, signal.SIGKILL)
        await talk.daemon.reports(partial(_lost, 1), "its loss is noticed")
        await talk.daemon.reports(lambda it: it["microphone"]["state"] != "lost", "it is back", 30)
        await talk.answer()
        report = await talk.daemon.report()

    assert report["degraded"] == []
    assert report["counters"]["turns"]["failed"] == 0


async def test_after_two_crashes_the_microphone_is_held_again_and_the_status_says_so(
    tmp_path: Path, audio: VirtualAudio
) -> None:
    async with talking(tmp_path, audio) as talk:
        daemon = talk.daemon
        for losses in (1, 2):
            pid = daemon.child("microphone.worker")
            assert pid is not None
            os.kill(pid, signal.SIGKILL)
            await daemon.reports(partial(_lost, losses), "its loss is noticed")
            await daemon.reports(lambda it: it["microphone"]["state"] == "open", "it is back", 30)
        await daemon.say("speak")
        held, _ = await daemon.reports(lambda it: it["talk"] == "speaking", "it speaks")

    assert held["microphone"]["state"] == "held"
    assert ["failed 2 times" in line for line in held["degraded"]] == [True]

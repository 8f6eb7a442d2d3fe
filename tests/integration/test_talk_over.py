"""Talking over the avatar, through the whole daemon: a speaker that is fed back into the microphone."""

from __future__ import annotations

import os
import signal
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from ravatard.sim.options import SimOptions
from ravatard.sim.ravatar.cloud import SimCloud
from ravatard.sim.server import SimServer
from ravatard.sim.sound.synthesizer import Synthesizer
from tests.integration.aloud_rig import ALOUD, Appliance, appliance, feedback, speaker_rig
from tests.integration.daemon import Config
from tests.integration.virtual_audio import MICROPHONE, VirtualAudio

pytestmark = pytest.mark.integration

#: Some ten seconds: time for the canceller to learn the room, and for a user to interrupt.
LONG = " ".join(f"This is sentence number {number} of a long answer." for number in range(5))
CHAT: Config = {"ravatar": {"mode": "chat"}}
TALKED_OVER: Config = {
    "audio": {"echo": "cancel", "barge_in": "voice"},
    "microphone": {"device": MICROPHONE, "alsa_config": "system"},
}


@pytest.fixture(scope="module")
def audio(tmp_path_factory: pytest.TempPathFactory) -> Iterator[VirtualAudio]:
    """One speaker for all tests of this file."""
    yield from speaker_rig(tmp_path_factory.mktemp("audio"))


@asynccontextmanager
async def talked_over(folder: Path, audio: VirtualAudio) -> AsyncIterator[Appliance]:
    """A daemon that speaks into its own microphone."""
    options = SimOptions(think_s=0.02, licences=0, answers=(LONG,))
    async with (
        SimServer(cloud=SimCloud(options, key=b"of this test", speak=Synthesizer().wav)) as server,
        appliance(folder, server.base_url, ALOUD, CHAT, TALKED_OVER, environ=audio.environ({})) as daemon,
    ):
        with feedback(audio, delay_ms=60, gain=0.3):
            yield daemon
        await daemon.stopped()


def _lost(times: int, report: Any) -> bool:
    return bool(report["counters"]["microphone_losses"] == times)


async def spoken(daemon: Appliance) -> None:
    """Let it speak one answer to its end."""
    await daemon.say("speak")
    await daemon.reports(lambda it: it["talk"] == "speaking", "it speaks")
    await daemon.idle(40)


async def test_the_avatar_does_not_interrupt_itself(tmp_path: Path, audio: VirtualAudio) -> None:
    async with talked_over(tmp_path, audio) as daemon:
        await spoken(daemon)
        report = await daemon.report()

    assert report["counters"]["utterances"] == 0
    assert report["microphone"]["state"] == "open"
    assert report["degraded"] == []


async def test_after_two_crashes_the_microphone_is_held_again_and_the_status_says_so(
    tmp_path: Path, audio: VirtualAudio
) -> None:
    async with talked_over(tmp_path, audio) as daemon:
        for losses in (1, 2):
            pid = daemon.child("microphone.worker")
            assert pid is not None
            os.kill(pid, signal.SIGKILL)
            await daemon.reports(partial(_lost, losses), "its loss is noticed")
            await daemon.reports(lambda it: it["microphone"]["state"] == "open", "it is back", 30)
        await daemon.say("speak")
        held, _ = await daemon.reports(lambda it: it["talk"] == "speaking", "it speaks")

    assert held["microphone"]["state"] == "held"
    assert ["crashed 2 times" in line for line in held["degraded"]] == [True]

"""Frames of an AvaTar API, few or many, small or huge, are dropped; they do not hold the daemon's loop."""

from __future__ import annotations

import asyncio
import time
from dataclasses import replace
from pathlib import Path

import pytest

from ravatard.sim.avatar.options import AvatarSimOptions, SimPictureOptions, SimTalkOptions
from ravatard.sim.avatar.server import AvatarSimServer
from tests.hostile import probe
from tests.integration.aloud_rig import Recording, appliance, into_wav, likeness
from tests.integration.daemon import Config
from tests.integration.program import until
from tests.integration.test_avatar_appliance import answers, at_48k, config, one_answer

pytestmark = pytest.mark.integration

TALK = SimTalkOptions(think_s=0.1, answers=("I heard you well.",))
#: A session is held from the beginning.
ALWAYS: Config = {"session": {"keep": "always"}}
#: In the processor's time of the loop's thread, without the garbage collector's: other programs do not count.
HELD_MS = 50.0
#: 480p.
FRAME_BYTES = 34_000


def held(folder: Path, since: float, until_at: float) -> list[probe.Turn]:
    """Turns of the loop that were too long, between two moments; there must have been turns at all."""
    turns, long = probe.found(folder)
    assert turns >= 100
    return [one for one in long if since <= one.at < until_at and one.cpu_ms - one.gc_ms > HELD_MS]


@pytest.mark.parametrize("frames_per_s", [10.0, 100.0, 1_000.0])
async def test_frames_do_not_hold_the_loop_and_an_answer_comes_between_them(
    tmp_path: Path, frames_per_s: float
) -> None:
    picture = SimPictureOptions(frames_per_s=frames_per_s, size_bytes=FRAME_BYTES)
    recording = Recording(tmp_path)
    async with (
        AvatarSimServer(AvatarSimOptions(talk=TALK, picture=picture)) as server,
        appliance(
            tmp_path,
            server.api_url,
            config(server),
            into_wav(tmp_path),
            ALWAYS,
            environ=probe.environ(tmp_path),
        ) as daemon,
    ):
        await until(lambda: server.record.sessions and server.record.sessions[0].frames, "frames come", 20.0)
        since = time.monotonic()
        await daemon.say("Hello?")
        said = await one_answer(server, daemon, 1)
        await asyncio.sleep(3.0)
        report = await daemon.report()
        until_at, heard = time.monotonic(), recording.since(0)
        await daemon.stopped()

    assert held(tmp_path, since, until_at) == []
    assert likeness(heard, at_48k(said.pcm)) >= 0.95
    counted = int(dict(report["service"])["picture in all"].split()[0])
    # A simulator on a busy machine sends fewer.
    assert counted >= min(frames_per_s, 100.0)
    assert len(server.record.sessions) == 1
    assert server.open_sessions == []


async def test_frames_of_20_mb_hold_no_loop_and_the_appliance_works_afterwards(
    tmp_path: Path,
) -> None:
    huge = SimPictureOptions(frames_per_s=1.0, size_bytes=20_000_000)
    options = AvatarSimOptions(talk=TALK, picture=huge)
    async with (
        AvatarSimServer(options) as server,
        appliance(
            tmp_path,
            server.api_url,
            config(server),
            into_wav(tmp_path),
            ALWAYS,
            environ=probe.environ(tmp_path),
        ) as daemon,
    ):
        since = time.monotonic()
        await until(
            lambda: server.record.sessions and server.record.sessions[0].sockets >= 3,
            "the socket was closed and opened again",
            30.0,
            daemon.story,
        )
        until_at = time.monotonic()
        # For sessions to come: this service never sends a smaller one in a session that is open.
        server.core.shared.options = replace(options, picture=SimPictureOptions(frames_per_s=5.0))
        await until(lambda: len(server.record.sessions) >= 2, "another session", 60.0, daemon.story)
        await daemon.reports(lambda it: it["session"]["state"] == "live", "it is live", 30.0)
        await daemon.say("Hello?")
        await until(lambda: [one for one in answers(server) if one.ended_at], "an answer", 20.0, daemon.story)
        await daemon.stopped()

    assert held(tmp_path, since, until_at) == []
    assert "the service sent a message that is too large" in daemon.stderr
    assert "of ours" not in daemon.stderr
    assert server.open_sessions == []

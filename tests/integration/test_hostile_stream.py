"""A stream that floods its player: the daemon stops in time, every session is ended, and the loop runs on."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from ravatard.sim.server import SimServer
from ravatard.sim.streaming.faults import StreamFlood
from ravatard.sim.streaming.options import SimStreamOptions
from tests.integration import recordings
from tests.integration.aloud_rig import into_wav
from tests.integration.daemon import Daemon

pytestmark = pytest.mark.integration

#: The unit's limit is 20 s; the daemon's own is nine.
STOPPED_S = 10.0
FLOODS: Mapping[str, StreamFlood] = {
    "offers of new streams": StreamFlood("offers", 2_000),
    "candidates": StreamFlood("candidates", 20_000),
    "pings": StreamFlood("pings", 50_000),
    "tiny messages": StreamFlood("texts", 50_000),
}


@pytest.mark.parametrize("flood", FLOODS)
async def test_a_stream_that_floods_does_not_delay_the_end_of_the_session(tmp_path: Path, flood: str) -> None:
    sound = recordings.write(tmp_path / "long.wav", recordings.long_speech(60.0))
    talking = {"microphone": {"wav": str(sound)}}
    async with (
        SimServer() as server,
        Daemon(tmp_path, server.base_url, talking, into_wav(tmp_path)) as daemon,
    ):
        await daemon.until(lambda: "the avatar's voice is connected" in daemon.stderr, "the voice", 30.0)
        server.streaming.flood(FLOODS[flood])

        took_s = await daemon.stopped(within_s=STOPPED_S)

        assert took_s < STOPPED_S
        assert not server.record.open_licences()
        assert len(daemon.stderr) < 100_000


async def test_a_signalling_server_of_5_1_is_heard_without_being_asked(tmp_path: Path) -> None:
    sound = recordings.write(tmp_path / "long.wav", recordings.long_speech(60.0))
    talking = {"microphone": {"wav": str(sound)}}
    async with (
        SimServer(stream=SimStreamOptions(old_server=True)) as server,
        Daemon(tmp_path, server.base_url, talking, into_wav(tmp_path)) as daemon,
    ):
        await daemon.until(lambda: "the avatar's voice is connected" in daemon.stderr, "the voice", 30.0)

        await daemon.stopped(within_s=STOPPED_S)
        assert not server.record.open_licences()

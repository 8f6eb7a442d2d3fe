"""WebRTC connection of a session: attempts, and when they are too many."""

from __future__ import annotations

import asyncio
from typing import NoReturn, cast

import pytest

from ravatard.cloud.avatar.address import ServiceAccess
from ravatard.cloud.avatar.live.calls import ServiceCalls
from ravatard.cloud.avatar.live.held import HeldSession
from ravatard.cloud.avatar.live.track import TrackMedia
from ravatard.cloud.options import DeadlineOptions
from ravatard.errors import LinkError, LinkTimeout
from ravatard.sim.avatar.service import AvatarSimService
from ravatard.sim.network import SimNetwork
from tests.unit.cloud.avatar.world import PLAIN, PieceSink


class SlowMedia(TrackMedia):
    """Each attempt fails only after some time."""

    attempts = 0
    lasts_s = 0.0

    async def _connection(self) -> NoReturn:
        self.attempts += 1
        await asyncio.sleep(self.lasts_s)
        raise LinkTimeout("the service did not answer")


@pytest.mark.parametrize("lasts_s", [0.0, 10.0, 30.0, 120.0])
async def test_attempts_that_hang_are_as_many_as_those_that_fail_at_once(lasts_s: float) -> None:
    calls = ServiceCalls(
        ServiceAccess("http://sim.example:8000/v1"),
        DeadlineOptions(),
        SimNetwork(AvatarSimService(PLAIN)),
        lambda: 0.5,
    )
    # Nothing is asked of the session.
    media = SlowMedia(calls, cast(HeldSession, None), PieceSink(), lambda: 0.5, sends=True)
    media.lasts_s = lasts_s

    with pytest.raises(LinkError, match="failed 3 times"):
        await media.run()

    assert media.attempts == 3

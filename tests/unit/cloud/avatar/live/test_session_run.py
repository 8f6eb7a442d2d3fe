"""Media connection of a session: one that failed is tried again with the next utterance."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import ClassVar, NoReturn

import pytest

from ravatard.cloud.avatar.live import track
from ravatard.cloud.avatar.live.track import TrackRefused
from ravatard.cloud.avatar.options import AvatarOptions
from ravatard.cloud.avatar.turns.microphone_path import MicrophonePath
from ravatard.core.events import ServiceHearing
from ravatard.errors import LinkError, RavatardError, TurnError
from tests.unit.cloud.avatar.world import CHUNK, AvatarWorld


@dataclass
class FakeMedia:
    """In the place of ``TrackMedia``: fails as listed, one after the other, and holds then."""

    sends: bool
    connected: asyncio.Event = field(default_factory=asyncio.Event)
    failures: ClassVar[list[RavatardError]] = []
    made: ClassVar[list[bool]] = []

    async def run(self) -> NoReturn:
        """See ``TrackMedia.run``."""
        self.made.append(self.sends)
        if self.failures:
            await asyncio.sleep(1.0)
            raise self.failures.pop(0)
        self.connected.set()
        await asyncio.Event().wait()
        raise AssertionError


@pytest.fixture(autouse=True)
def media(monkeypatch: pytest.MonkeyPatch) -> type[FakeMedia]:
    FakeMedia.failures, FakeMedia.made = [], []
    monkeypatch.setattr(track, "TrackMedia", lambda *_, sends: FakeMedia(sends))
    return FakeMedia


@pytest.mark.parametrize(
    "failures",
    [
        [LinkError("the service answers 500")],
        [TrackRefused("the service refuses WebRTC (501)")],
        [LinkError("no answer within 30 s"), TrackRefused("405"), LinkError("it ended")],
    ],
    ids=["failed", "refused", "in a row"],
)
async def test_a_connection_that_failed_is_tried_again_with_each_utterance(
    failures: list[RavatardError], media: type[FakeMedia]
) -> None:
    media.failures = list(failures)
    world = AvatarWorld(avatar=AvatarOptions(microphone="track"))

    async with world.connected() as connection:
        await world.cloud.start_session()
        await asyncio.sleep(60.0)
        idle = len(media.made)
        for _ in failures[1:]:
            with pytest.raises(TurnError, match="not up within"):
                await connection.send_audio(CHUNK)
            await asyncio.sleep(60.0)
        told = [one.deaf for one in world.said if isinstance(one, ServiceHearing)]
        # It is well now, in the same session.
        upload = world.cloud.run.media_for_microphone()
        found = await upload
        await found.connected.wait()

    assert idle == 1
    assert told == [True] * len(failures)
    assert media.made == [True] * (len(failures) + 1)


async def test_a_connection_for_the_voice_alone_is_made_anew_for_the_microphone(
    media: type[FakeMedia],
) -> None:
    world = AvatarWorld(avatar=AvatarOptions(microphone="socket", sound="track"))

    async with world.connected():
        await world.cloud.start_session()
        await asyncio.sleep(1.0)
        world.cloud.keeper.learned.trial.path = MicrophonePath.TRACK
        found = await world.cloud.run.media_for_microphone()
        await found.connected.wait()

    assert media.made == [False, True]

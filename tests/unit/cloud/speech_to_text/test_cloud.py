"""Any cloud with a recogniser before it is that cloud in everything else."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from inspect import getmembers, isfunction
from typing import Any, NoReturn

import pytest

from ravatard.cloud.speech_to_text.cloud import TranscribedCloud
from ravatard.cloud.speech_to_text.options import SpeechToTextOptions
from ravatard.cloud.speech_to_text.transcriber import Transcriber, transcriber_of
from ravatard.core import actions as act
from ravatard.core import events as ev
from ravatard.core.backoff import Backoff, BackoffOptions
from ravatard.ports.cloud import Directory, HistoryMessage, ServiceCloud
from ravatard.ports.voice import VoiceSink
from ravatard.secret import Secret
from ravatard.stages.mailbox import Inbox, Outbox
from ravatard.stages.playing.null_player import NullAnswerPlayer
from ravatard.stages.uplink import uplink
from tests.unit.cloud.speech_to_text.fakes import FakeRecogniser, Reader
from tests.unit.stages.fakes import running

CHUNK = bytes(8192)


class Service(Reader):
    """A service that remembers what was asked of it."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[object] = []

    async def about(self) -> Directory:
        self.asked.append("about")
        return Directory()

    async def history(
        self, since: datetime | None = None, per_page: int = 100
    ) -> AsyncIterator[HistoryMessage]:
        self.asked.append((since, per_page))
        messages: list[HistoryMessage] = []
        for message in messages:
            yield message

    async def voice(self, sink: VoiceSink) -> NoReturn:
        self.asked.append(sink)
        raise KeyError


def transcribed(service: Service, recogniser: FakeRecogniser) -> ServiceCloud:
    return TranscribedCloud(service, Transcriber(recogniser, "en", lambda: 0.5))


async def test_the_appliance_speaks_and_the_service_reads() -> None:
    service, inbox, outbox = Service(), Inbox(), Outbox()
    cloud = transcribed(service, FakeRecogniser("good morning"))

    async def run() -> None:
        await uplink(cloud, outbox, inbox, Backoff(BackoffOptions(), lambda: 1.0))

    async with running(run):
        for action in (
            *(act.StartSession(1), act.SendAudio(1, CHUNK, 7.0), act.SendAudio(1, CHUNK, None)),
            act.EndUtterance(1),
        ):
            outbox.put(action)
        told: list[Any] = []
        while not any(isinstance(one, ev.Answered) for one in told):
            told.append(await inbox.get())

    assert service.log[:3] == ["start", "started", "text good morning"]
    assert told[-1] == ev.Answered("you said good morning", heard="good morning")


async def test_a_connection_that_is_gone_before_it_was_served_costs_nothing() -> None:
    recogniser, service = FakeRecogniser(), Service()
    cloud = transcribed(service, recogniser)
    async with cloud.connect() as connection:
        await connection.send_audio(CHUNK)

    async with running(cloud.maintain):
        await asyncio.sleep(1.0)

    assert recogniser.open_now == 0


async def test_everything_else_is_that_of_the_service() -> None:
    service = Service()
    service.lines, service.pictures = (("health", "good"),), [None]
    cloud, sink = transcribed(service, FakeRecogniser()), NullAnswerPlayer(Inbox())
    since = datetime(2030, 1, 1, tzinfo=UTC)

    async with cloud.opened():
        await cloud.start_session()
        await cloud.end_session(gone=True)
        await cloud.about()
        assert [one async for one in cloud.history(since, 7)] == []
        with pytest.raises(KeyError):
            await cloud.voice(sink)
        assert await anext(cloud.picture()) is None

    assert service.log == ["start", "started", "forget"]
    assert service.asked == ["about", (since, 7), sink]
    assert cloud.details() == (("ear", "speech_to_text"), ("health", "good"))


def test_no_method_of_a_cloud_is_forgotten() -> None:
    wanted = {name for name, _ in getmembers(ServiceCloud, isfunction) if not name.startswith("_")}

    assert wanted <= {name for name, _ in getmembers(TranscribedCloud, isfunction)}


def test_a_new_credential_goes_to_a_service_that_takes_one() -> None:
    class Taking(Service):
        taken: Secret | None = None

        def renew_credential(self, credential: Secret | None) -> None:
            self.taken = credential

    taking, fixed = Taking(), transcribed(Service(), FakeRecogniser())
    cloud = transcribed(taking, FakeRecogniser())
    assert isinstance(cloud, TranscribedCloud)
    assert isinstance(fixed, TranscribedCloud)

    cloud.renew_credential(Secret("new"))
    fixed.renew_credential(Secret("new"))

    assert taking.taken == Secret("new")


def test_without_a_recogniser_there_is_none() -> None:
    assert transcriber_of(SpeechToTextOptions(), "en", lambda: 0.5) is None
    assert transcriber_of(SpeechToTextOptions(uri="unix:///run/x"), "en", lambda: 0.5) is not None

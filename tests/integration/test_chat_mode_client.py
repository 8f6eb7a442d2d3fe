"""Our client in chat mode, mode auto and the history, against a simulator behind real sockets."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from ravatard.cloud.http import AiohttpNetwork
from ravatard.cloud.kind import CloudResources
from ravatard.cloud.option_groups import CloudOptions
from ravatard.cloud.options import ServiceOptions
from ravatard.cloud.ravatar.options import RavatarOptions
from ravatard.cloud.ravatar.service import RavatarCloud
from ravatard.core.events import Answered, ServiceMessage
from ravatard.errors import BusyError
from ravatard.ports.cloud import Connection
from ravatard.secret import Secret
from tests.integration.recordings import one_request
from tests.integration.simulate import Simulator, simulate

pytestmark = pytest.mark.integration


@asynccontextmanager
async def client(simulator: Simulator, ravatar: RavatarOptions) -> AsyncIterator[RavatarCloud]:
    cloud = RavatarCloud(
        CloudOptions(
            service=ServiceOptions(base_url=simulator.base_url, project_id=Secret("proj-1")), ravatar=ravatar
        ),
        CloudResources(network=AiohttpNetwork(ping_s=5.0), user_id="kiosk-1", chance=lambda: 0.5),
    )
    async with cloud.opened():
        yield cloud


async def said(wire: Connection) -> ServiceMessage:
    async with asyncio.timeout(10.0):
        async for one in wire.receive():
            return one
    raise AssertionError("receive() ended")


async def test_text_and_voice_are_answered_without_a_session_and_kept_in_the_history() -> None:
    async with (
        simulate("--think", "0.1") as simulator,
        client(simulator, RavatarOptions(mode="chat")) as cloud,
    ):
        async with cloud.connect() as wire:
            await wire.send_text("Hello?")
            written = await said(wire)
            await wire.send_utterance(one_request(1).tobytes())
            spoken = await said(wire)
        told = [message async for message in cloud.history(per_page=1)]
        state = await simulator.state()

    assert isinstance(written, Answered)
    assert isinstance(spoken, Answered)
    assert "Hello?" in written.text
    assert spoken.text
    assert spoken.file_url.startswith(simulator.base_url)
    assert [message.direction for message in told] == ["incoming", "outgoing"] * 2
    assert [message.answer for message in told[::2]] == [spoken.text, written.text]
    assert (state["violations"], state["licences"]["open"]) == ([], [])
    assert "sessions_started" not in state["counts"]


async def test_a_minute_of_speech_arrives_whole() -> None:
    speech = one_request(1).tobytes()
    minute = (speech * (60 * 32_000 // len(speech) + 1))[: 60 * 32_000]

    async with (
        simulate("--think", "0.1") as simulator,
        client(simulator, RavatarOptions(mode="chat")) as cloud,
    ):
        async with cloud.connect() as wire:
            await wire.send_utterance(minute)
            answer = await said(wire)

    assert isinstance(answer, Answered)


async def test_auto_talks_in_chat_mode_while_no_avatar_is_free() -> None:
    auto = RavatarOptions(mode="auto")

    async with simulate("--licences", "0", "--think", "0.1") as simulator, client(simulator, auto) as cloud:
        async with cloud.connect() as live:
            with pytest.raises(BusyError):
                await cloud.start_session()
            async with asyncio.timeout(5.0):
                await live.outdated()
            async with cloud.connect() as chat:
                await chat.send_text("Hello?")
                answer = await said(chat)

    assert (live.capabilities.needs_session, chat.capabilities.needs_session) == (True, False)
    assert isinstance(answer, Answered)


async def test_avatars_and_languages_are_told_without_a_session() -> None:
    async with simulate() as simulator, client(simulator, RavatarOptions()) as cloud:
        about = await cloud.about()

    assert about.avatars
    assert "en" in [language.code for language in about.languages]

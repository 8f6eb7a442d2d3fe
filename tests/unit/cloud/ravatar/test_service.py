"""RAVATAR as a cloud, against the simulated service in memory and in virtual time."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest

from ravatard.cloud.kind import CloudResources
from ravatard.cloud.lease import MemoryLedger
from ravatard.cloud.option_groups import CloudOptions
from ravatard.cloud.options import ServiceOptions
from ravatard.cloud.ravatar.options import RavatarOptions
from ravatard.cloud.ravatar.rest import socket_url
from ravatard.cloud.ravatar.service import RavatarCloud
from ravatard.core.audio_format import silence
from ravatard.core.events import Answered, ServiceMessage, StreamBroke
from ravatard.core.states import Refusal
from ravatard.errors import AuthError, BusyError, DeniedError, LinkError, LinkTimeout, NoSessionError
from ravatard.ports.cloud import Connection
from ravatard.ports.host import Ledger, OwedSession
from ravatard.ports.voice import VoicePlayer
from ravatard.secret import Secret
from ravatard.sim.network import SimNetwork
from ravatard.sim.options import SimOptions
from ravatard.sim.ravatar.cloud import SimCloud

SERVICE = ServiceOptions(base_url="http://sim.example", project_id=Secret("proj-1"))


class World:
    """The simulated service, the network to it, and our client."""

    def __init__(
        self,
        options: SimOptions | None = None,
        service: ServiceOptions = SERVICE,
        key: bytes = b"one",
        ledger: Ledger | None = None,
        sim: SimCloud | None = None,
        ravatar: RavatarOptions | None = None,
        voice_player: VoicePlayer | None = None,
    ) -> None:
        self.sim = sim or SimCloud(options or SimOptions(), key=key)
        self.network = SimNetwork(self.sim)
        self.cloud = RavatarCloud(
            CloudOptions(service=service, ravatar=ravatar or RavatarOptions()),
            CloudResources(
                network=self.network,
                user_id="kiosk-1",
                chance=lambda: 0.0,
                ledger=ledger,
                voice_player=voice_player,
            ),
        )

    @asynccontextmanager
    async def wire(self) -> AsyncIterator[Connection]:
        async with self.cloud.opened(), self.cloud.connect() as wire:
            yield wire

    @property
    def violations(self) -> list[str]:
        return [violation.detail for violation in self.sim.record.violations]


async def first_answer(wire: Connection) -> ServiceMessage:
    async with asyncio.timeout(60.0):
        async for said in wire.receive():
            return said
    raise AssertionError("receive() ended")


async def test_connecting_tells_what_the_service_can_do() -> None:
    world = World(SimOptions(vad_enabled=False))

    async with world.wire() as wire:
        capabilities = wire.capabilities

    assert (capabilities.streams_audio, capabilities.needs_session) == (True, True)
    assert capabilities.answer_timeout_s == 30.0
    assert (capabilities.listens, capabilities.language) == (False, "en")
    assert world.violations == []


async def test_connecting_costs_no_money() -> None:
    world = World()

    async with world.wire():
        pass

    assert world.sim.record.counts["sessions_started"] == 0


async def test_text_in_live_mode_is_answered_and_the_session_ended() -> None:
    world = World()

    async with world.wire() as wire:
        await world.cloud.start_session()
        await wire.send_text("Hello?")
        answer = await first_answer(wire)

    assert isinstance(answer, Answered)
    assert "Hello?" in answer.text
    assert world.sim.record.open_licences() == []
    assert world.sim.record.counts["sessions_started"] == 1
    assert world.violations == []


async def test_chunks_arrive_sample_by_sample_the_last_one_padded() -> None:
    world = World()
    first, last = bytes(range(256)) * 32, bytes(range(256)) * 4

    async with world.wire() as wire:
        await world.cloud.start_session()
        await wire.send_audio(first)
        await wire.send_audio(last)
        await asyncio.sleep(0.01)
        (session,) = world.sim.record.sessions
        received = bytes(session.audio)

    assert received == first + last + silence(4096 - 512)
    assert world.violations == []


async def test_without_a_session_nothing_can_be_sent() -> None:
    world = World()

    async with world.wire() as wire:
        with pytest.raises(NoSessionError, match="no live session"):
            await wire.send_audio(silence(4096))
        with pytest.raises(NoSessionError, match="no live session"):
            await wire.send_text("Hello?")


async def test_a_new_session_speaks_under_its_own_licence() -> None:
    world = World()

    async with world.wire() as wire:
        for _ in range(2):
            await world.cloud.start_session()
            await wire.send_audio(silence(4096))
            await asyncio.sleep(0.01)
            await world.cloud.end_session()

    assert [session.samples for session in world.sim.record.sessions] == [4096, 4096]
    assert world.violations == []


async def test_a_session_the_service_ended_is_not_ended_again() -> None:
    world = World()

    async with world.wire():
        await world.cloud.start_session()
        await world.cloud.end_session(gone=True)

    assert world.violations == []
    assert len(world.sim.record.open_licences()) == 1


async def test_no_free_place_is_busy() -> None:
    world = World(SimOptions(licences=0))

    async with world.wire():
        with pytest.raises(BusyError, match="busy"):
            await world.cloud.start_session()


async def test_an_expired_token_is_renewed_once_and_the_call_repeated() -> None:
    world = World(SimOptions(token_lifetime_s=100.0))

    async with world.wire():
        await asyncio.sleep(101.0)
        await world.cloud.start_session()

    paths = [request.path for request in world.sim.record.requests]
    assert paths.count("/jwt") == 2
    assert world.sim.record.open_licences() == []


async def test_a_token_the_service_forgot_is_renewed_once_and_the_call_repeated() -> None:
    world = World()
    async with world.cloud.opened():
        async with world.cloud.connect():
            pass
        # A restarted service signs with another key.
        other = World(key=b"another")
        world.cloud._network = world.cloud._account._network = other.network

        async with world.cloud.connect() as wire:
            assert wire.capabilities.avatar

    statuses = [(r.path, r.status) for r in other.sim.record.requests if r.path in ("/jwt", "/connection")]
    assert statuses == [("/connection", 403), ("/jwt", 200), ("/connection", 200)]


async def test_a_token_refused_twice_needs_a_person() -> None:
    world = World(SimOptions(token_lifetime_s=0.0))

    with pytest.raises(ExceptionGroup) as caught:
        async with world.wire():
            pass

    assert caught.group_contains(AuthError, match="service.project_id")
    assert [r.path for r in world.sim.record.requests] == ["/jwt", "/connection"] * 2


@pytest.mark.parametrize(
    ("service", "match"),
    [
        (replace(SERVICE, avatar="Nobody"), "no avatar 'Nobody'"),
        (replace(SERVICE, language="xx"), "does not speak 'xx'"),
    ],
)
async def test_what_the_service_does_not_have_is_refused_with_what_it_has(
    service: ServiceOptions, match: str
) -> None:
    world = World(service=service)

    with pytest.raises(ExceptionGroup) as caught:
        async with world.wire():
            pass

    assert caught.group_contains(DeniedError, match=match)


async def test_an_unknown_project_needs_a_person() -> None:
    world = World(SimOptions(projects=("other",)))

    with pytest.raises(ExceptionGroup) as caught:
        async with world.wire():
            pass

    assert caught.group_contains(AuthError, match="service.project_id")


async def test_a_network_that_is_down_is_told_with_the_host() -> None:
    world = World()
    world.network.down = True

    with pytest.raises(ExceptionGroup) as caught:
        async with world.wire():
            pass

    assert caught.group_contains(LinkError, match=r"cannot reach sim\.example")


async def test_a_service_that_takes_too_long_is_given_up() -> None:
    world = World()
    world.network.latency_s = 60.0

    with pytest.raises(ExceptionGroup) as caught:
        async with world.wire():
            pass

    assert caught.group_contains(LinkTimeout, match="within 10 s")


async def test_a_closed_socket_ends_the_receiving() -> None:
    world = World()

    async with world.wire() as wire:
        world.network.drop_sockets(1001)
        with pytest.raises(LinkError, match="code 1001"):
            await first_answer(wire)


async def test_a_socket_closed_for_its_token_leads_to_a_new_token() -> None:
    world = World()
    async with world.cloud.opened():
        async with world.cloud.connect() as wire:
            world.network.drop_sockets(4401)
            with pytest.raises(LinkError, match="code 4401"):
                await first_answer(wire)
        async with world.cloud.connect():
            pass

    assert [r.path for r in world.sim.record.requests].count("/jwt") == 2


async def test_a_dead_licence_is_told_as_an_expired_session() -> None:
    world = World()

    async with world.wire() as wire:
        await world.cloud.start_session()
        (licence,) = world.sim.record.open_licences()
        common = {"Authorization": f"Bearer {(await world.cloud._account.tokens.token()).reveal()}"}
        await world.network.request(
            "POST",
            "http://sim.example/endLiveSession",
            headers={**common, "Content-Type": "application/json"},
            body=f'{{"LicenseId": "{licence}"}}'.encode(),
        )
        await wire.send_text("Hello?")
        said = await first_answer(wire)
        await world.cloud.end_session(gone=True)

    assert said == StreamBroke(Refusal.EXPIRED, "the live session has expired")


async def test_the_session_ends_though_its_start_was_cancelled() -> None:
    world = World()
    world.network.latency_s = 2.0

    async with world.wire():
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(1.0):
                await world.cloud.start_session()

    assert world.sim.record.counts["sessions_started"] == 1
    assert world.sim.record.open_licences() == []


async def test_an_end_that_failed_is_tried_again_while_connected() -> None:
    world = World()

    async with world.wire():
        await world.cloud.start_session()
        world.network.down = True
        await world.cloud.end_session()
        assert len(world.sim.record.open_licences()) == 1
        world.network.down = False
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(15.0):
                await world.cloud.maintain()

        assert world.sim.record.open_licences() == []

    assert world.violations == []


async def test_no_secret_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    world = World()

    with caplog.at_level(logging.DEBUG):
        async with world.wire() as wire:
            await world.cloud.start_session()
            (licence,) = world.sim.record.open_licences()
            token = (await world.cloud._account.tokens.token()).reveal()
            await wire.send_text("a private question")
            await first_answer(wire)

    for secret in (licence, token, "proj-1", "a private question"):
        assert secret not in caplog.text


@pytest.mark.parametrize(
    ("base", "socket"),
    [
        ("https://chat.rvtr.ai", "wss://chat.rvtr.ai/ws/chat"),
        ("http://127.0.0.1:8480/", "ws://127.0.0.1:8480/ws/chat"),
        ("https://proxy.example/ravatar", "wss://proxy.example/ravatar/ws/chat"),
    ],
)
def test_the_socket_lies_beside_the_base_url(base: str, socket: str) -> None:
    assert socket_url(base) == socket


# ------------------------------------------------------------------ what is on the ledger


async def left_behind(*services: ServiceOptions) -> tuple[SimCloud, MemoryLedger]:
    """A service with an open session of each of these clients, all of them killed."""
    sim, ledger = SimCloud(SimOptions(licences=9)), MemoryLedger()
    for service in services:
        world = World(service=service, sim=sim)
        async with world.wire():
            await world.cloud.start_session()
            held = world.cloud._lease.held
            assert held is not None
            ledger.add(held)
            world.network.down = True
    return sim, ledger


async def test_a_session_is_on_the_ledger_with_all_that_ending_it_needs() -> None:
    ledger = MemoryLedger()
    world = World(ledger=ledger)

    async with world.wire():
        await world.cloud.start_session()
        on_ledger = ledger.owed()
        await world.cloud.end_session()
        struck_off = ledger.owed() == []

    (licence,) = [session.licence for session in world.sim.record.sessions]
    assert on_ledger == [OwedSession("ravatar", Secret(licence), "http://sim.example", "kiosk-1")]
    assert struck_off


async def test_what_a_killed_run_has_left_is_ended_without_a_connection() -> None:
    sim, ledger = await left_behind(SERVICE, SERVICE)
    world = World(sim=sim, ledger=ledger)

    async with world.cloud.opened():
        await asyncio.sleep(1.0)

    assert sim.record.open_licences() == []
    assert sim.record.counts["sessions_ended"] == 2
    assert (world.violations, ledger.owed()) == ([], [])


async def test_sessions_of_another_user_and_another_address_are_ended_with_tokens_of_their_own() -> None:
    moved = replace(SERVICE, base_url="http://old.example/")
    renamed = replace(SERVICE, user_id="kiosk-before")
    sim, ledger = await left_behind(moved, renamed)
    world = World(sim=sim, ledger=ledger)

    async with world.wire():
        await asyncio.sleep(1.0)

    assert sim.record.open_licences() == []
    assert (world.violations, ledger.owed()) == ([], [])


async def test_a_session_that_cannot_be_ended_stays_on_the_ledger_with_one_warning(
    caplog: pytest.LogCaptureFixture,
) -> None:
    sim, ledger = await left_behind(replace(SERVICE, user_id="kiosk-before"))
    sim.shared.options = replace(sim.shared.options, projects=("other",))
    caplog.clear()
    world = World(sim=sim, ledger=ledger)

    async with world.cloud.opened():
        for _ in range(3):
            await asyncio.sleep(60.0)
            with pytest.raises(AuthError):
                async with world.cloud.connect():
                    pass

    told = [record for record in caplog.records if record.levelno == logging.WARNING]
    assert len(ledger.owed()) == 1
    assert ["service.project_id" in record.message for record in told] == [True]
    assert ledger.owed()[0].id.reveal() not in caplog.text


async def test_a_session_the_service_does_not_know_any_more_is_struck_off() -> None:
    ledger = MemoryLedger()
    ledger.add(OwedSession("ravatar", Secret("license-of-last-year"), "http://sim.example", "kiosk-1"))
    world = World(ledger=ledger)

    async with world.cloud.opened():
        await asyncio.sleep(1.0)

    assert ledger.owed() == []
    assert world.sim.record.refusals == {"unknown_licence": 1}


async def test_a_connection_is_outdated_when_its_token_was_renewed() -> None:
    world = World(SimOptions(token_lifetime_s=100.0))
    loop = asyncio.get_running_loop()

    async with world.wire() as wire, asyncio.TaskGroup() as group:
        maintaining = group.create_task(world.cloud.maintain())
        await wire.outdated()
        outdated_at = loop.time()
        maintaining.cancel()

    assert outdated_at == pytest.approx(80.0, abs=0.1)


async def test_two_connections_may_be_open_and_the_end_of_the_old_one_leaves_the_new_token_alone() -> None:
    world = World(SimOptions(token_lifetime_s=100.0))

    async with world.wire() as old:
        await world.cloud.start_session()
        await asyncio.sleep(90.0)
        async with world.cloud.connect() as new:
            await old.send_text("On the old one")
            assert isinstance(await first_answer(old), Answered)
            await new.send_text("On the new one")
            assert isinstance(await first_answer(new), Answered)
            world.network.drop_sockets(1008)
            with pytest.raises(LinkError, match="1008"):
                await first_answer(old)
            asked = [request.path for request in world.sim.record.requests].count("/jwt")
            await world.cloud.end_session()

    assert asked == [request.path for request in world.sim.record.requests].count("/jwt") == 2
    assert world.violations == []

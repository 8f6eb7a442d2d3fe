"""Sessions are paid for until a stop is proven: services whose answers are odd, late, or none."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import replace

import pytest

from ravatard.cloud.avatar.options import AvatarOptions
from ravatard.cloud.avatar.sessions.intents import Clocks, intent_at
from ravatard.cloud.lease import MemoryLedger
from ravatard.errors import RavatardError
from ravatard.ports.network import BrokenReply
from ravatard.sim.avatar.service import AvatarSimService
from ravatard.sim.exchange import Reply, Request, Service
from ravatard.sim.network import MemoryReply, SimNetwork
from tests.unit.cloud.avatar.world import PLAIN, SERVICE, AvatarWorld, read_clocks

JSON = {"content-type": "application/json"}
#: Changes the answer that the service gave to a call.
Change = Callable[[Reply], Reply]


class OddService(AvatarSimService):
    """Simulated service some of whose answers are others."""

    def __init__(self, instead: Mapping[str, Reply] | None = None, **changes: Change) -> None:
        """Name the last part of each call: ``new``, ``stop``, ``completions``.

        Args:
            instead: answers to calls that are not carried out.
            changes: changes of the answers to calls that are.
        """
        super().__init__(PLAIN)
        self.instead = dict(instead or {})
        self.changes = changes
        self.asked: list[str] = []

    def handle(self, request: Request, now: float) -> Reply:
        """See ``SimService.handle``."""
        call = request.path.rpartition(".")[2]
        self.asked.append(call)
        if call in self.instead:
            return self.instead[call]
        reply = super().handle(request, now)
        return self.changes[call](reply) if call in self.changes else reply


def refusal(status: int, body: object) -> Reply:
    return Reply(status, JSON, json.dumps(body).encode())


def _renamed(shape: str) -> Change:
    """Put the id that the service gave in the place of ID in ``shape``."""

    def change(reply: Reply) -> Reply:
        session_id = json.loads(reply.body)["session_id"]
        return replace(reply, body=shape.replace("ID", session_id).encode())

    return change


@pytest.mark.parametrize(
    "shape",
    [
        '{"session_id":"ID","ice_servers":[',
        '/* c */{"session_id":"ID"}',
        ")]}',\n" + '{"session_id":"ID"}',
        "{'session_id':'ID'}",
        '[{"session_id":"ID"}]',
        '{"data":{"data":{"session_id":"ID"}}}',
        '{"result":{"session_id":"ID"}}',
        '{"session":{"id":"ID"}}',
        '{"sessionId":"ID"}',
        '{"id":"ID"}',
        '{"session_id":"ID","session_id":null}',
        '{"session_id":["ID"]}',
    ],
)
async def test_a_session_is_used_and_ended_in_whatever_shape_its_id_comes(shape: str) -> None:
    world = AvatarWorld(OddService(new=_renamed(shape)))

    async with world.connected() as connection:
        await world.cloud.start_session()
        await connection.send_text("Hello?")
        await asyncio.sleep(5.0)
        open_then = len(world.sim.record.open_sessions)
        await world.cloud.end_session()

    assert open_then == 1
    assert world.sim.record.open_sessions == []
    assert world.ledger.owed() == []


@pytest.mark.parametrize("status", [302, 400, 401, 404, 409, 429, 500, 503])
@pytest.mark.parametrize(
    "shape",
    ['{"session_id":"ID"}', '{"error":{"code":"X","message":"m","details":{"session_id":"ID"}}}'],
)
async def test_a_session_that_a_refusal_names_is_ended(status: int, shape: str) -> None:
    renamed = _renamed(shape)
    world = AvatarWorld(OddService(new=lambda reply: replace(renamed(reply), status=status)))

    async with world.connected():
        with pytest.raises(RavatardError):
            await world.cloud.start_session()
        await asyncio.sleep(5.0)
        open_then = len(world.sim.record.open_sessions)

    assert world.session_count >= 1
    assert open_then == 0
    assert world.ledger.owed() == []


@pytest.mark.parametrize("length", [300, 7_000, 100_000])
async def test_a_session_whose_id_fits_no_address_is_stopped_until_it_has_ended(length: int) -> None:
    made = "x" * length
    service = OddService(
        {
            "new": refusal(200, {"session_id": made}),
            "stop": refusal(503, {"detail": "later"}),
            "sessions": refusal(404, {"detail": "Not Found"}),
        }
    )
    world = AvatarWorld(service)

    async with world.connected():
        with pytest.raises(RavatardError):
            await world.cloud.start_session()
        await asyncio.sleep(1.0)
        owed_then = [entry.id.reveal() for entry in world.cloud.ledger.owed()]
        service.instead["stop"] = refusal(200, {"status": "stopped"})
        await asyncio.sleep(20.0)

    assert owed_then == [made]
    assert world.cloud.ledger.owed() == []


async def test_further_sessions_of_an_answer_are_ended_and_the_documented_one_is_used() -> None:
    world = AvatarWorld(OddService(new=_renamed('{"session_id":"ID","others":{"session_id":"other"}}')))

    async with world.connected():
        await world.cloud.start_session()
        await asyncio.sleep(1.0)
        open_then = len(world.sim.record.open_sessions)
        stops = world.calls("streaming.stop")

    assert (open_then, stops) == (1, 1)
    assert world.ledger.owed() == []


@pytest.mark.parametrize("status", [404, 409, 410])
@pytest.mark.parametrize(
    "body", [{"detail": "Not Found"}, {"error": {"code": "BUSY"}}, {"error": {"code": "SESSION_NOT_FOUND"}}]
)
async def test_a_question_that_is_refused_as_if_the_session_were_gone_leaves_none_open(
    status: int, body: object
) -> None:
    world = AvatarWorld(OddService({"completions": refusal(status, body)}))

    async with world.connected() as connection:
        for _ in range(3):
            await world.cloud.start_session()
            with suppress(RavatardError):
                await connection.send_text("Hello?")
            await asyncio.sleep(5.0)
            await world.cloud.end_session(gone=True)
        await asyncio.sleep(5.0)
        open_then = len(world.sim.record.open_sessions)

    assert world.session_count == 3
    assert open_then == 0


@pytest.mark.parametrize(
    "answer",
    [
        Reply(200, {"content-type": "text/html"}, b"<html>hi</html>"),
        Reply(404, {"content-type": "text/html"}, b"<html>hi</html>"),
        refusal(404, {"detail": "Not Found"}),
        refusal(409, {"error": {"code": "SESSION_STARTING"}}),
        refusal(202, {"status": "queued"}),
        refusal(503, {"detail": "later"}),
    ],
)
async def test_a_stop_that_did_not_reach_the_service_is_made_again(answer: Reply) -> None:
    service = OddService({"stop": answer})
    world = AvatarWorld(service)

    async with world.connected():
        await world.cloud.start_session()
        await world.cloud.end_session()
        owed_then = len(world.ledger.owed())
        service.instead.clear()
        await asyncio.sleep(5.0)
        open_then = len(world.sim.record.open_sessions)

    assert owed_then == 1
    assert open_then == 0
    assert world.ledger.owed() == []


@pytest.mark.parametrize("late_s", [0.5, 20.0, 40.0])
@pytest.mark.parametrize("starts", [1, 2])
async def test_sessions_that_are_made_after_their_client_was_killed_are_found_and_ended(
    late_s: float, starts: int
) -> None:
    sim = AvatarSimService(PLAIN)
    ledger = MemoryLedger()
    for _ in range(starts):
        await asyncio.sleep(1.0)
        ledger.add(intent_at(read_clocks(), SERVICE.base_url))
    world = AvatarWorld(sim, avatar=AvatarOptions(sole_client=True), ledger=ledger)

    async with world.connected():
        await asyncio.sleep(late_s)
        body = b'{"quality":"low"}'
        for _ in range(starts):
            await world.network.request("POST", f"{SERVICE.base_url}/streaming.new", headers=JSON, body=body)
        # Meanwhile our own start, and the session that is held, are none of them.
        await world.cloud.start_session()
        await asyncio.sleep(200.0)
        open_then = [one.session_id for one in sim.record.open_sessions]
        held = [one.id.reveal() for one in world.ledger.owed()]

    assert len(sim.record.sessions) == starts + 1
    assert open_then == held
    assert sim.record.open_sessions == []
    assert world.ledger.owed() == []


@pytest.mark.parametrize("off_s", [0.0, -60.0, -600.0, -3_600.0, -1_000_000.0, 60.0, 86_400.0, 1e9])
@pytest.mark.parametrize("uptime_s", [15.0, 400.0])
async def test_a_session_of_an_earlier_boot_is_found_and_ended_whatever_the_clocks_say(
    off_s: float, uptime_s: float
) -> None:
    sim = AvatarSimService(PLAIN)
    ledger = MemoryLedger()
    loop = asyncio.get_running_loop()
    ledger.add(intent_at(Clocks(1_000_000.0 + loop.time(), "earlier-boot", 77.0), SERVICE.base_url))
    killed_at = loop.time()

    def now() -> Clocks:
        return Clocks(1_000_000.0 + loop.time() + off_s, "this-boot", loop.time() - killed_at)

    world = AvatarWorld(sim, avatar=AvatarOptions(sole_client=True), ledger=ledger, now=now)
    await world.network.request(
        "POST", f"{SERVICE.base_url}/streaming.new", headers=JSON, body=b'{"quality":"low"}'
    )
    await asyncio.sleep(uptime_s)

    async with world.connected():
        await asyncio.sleep(200.0)
        open_then = sim.record.open_sessions
        owed_then = ledger.owed()

    assert (len(sim.record.sessions), open_then, owed_then) == (1, [], [])


async def test_a_session_is_not_given_up_where_the_list_is_only_a_part() -> None:
    page = refusal(200, {"sessions": [], "total": 3})
    service = OddService({"sessions": page})
    ledger = MemoryLedger()
    ledger.add(intent_at(read_clocks(), SERVICE.base_url))
    world = AvatarWorld(service, avatar=AvatarOptions(sole_client=True), ledger=ledger)
    await world.network.request(
        "POST", f"{SERVICE.base_url}/streaming.new", headers=JSON, body=b'{"quality":"low"}'
    )

    async with world.connected():
        await asyncio.sleep(400.0)
        owed_then = len(ledger.owed())
        service.instead.clear()
        await asyncio.sleep(20.0)

    assert owed_then == 1
    assert (service.record.open_sessions, ledger.owed()) == ([], [])


class _Halting(MemoryReply):
    """Reply whose body comes as far as the id, and then in some other way."""

    def __init__(self, reply: MemoryReply, then: str) -> None:
        self.__dict__.update(reply.__dict__)
        self._then = then
        self._cut = False

    async def read(self) -> bytes:
        """Return the beginning; then nothing, blanks, or a fault."""
        if not self._cut:
            self._cut = True
            whole = await super().read()
            begun = whole[: whole.index(b",") + 1]
            if self._then == "fault at once":
                raise BrokenReply("a bad chunk", begun)
            return begun
        if self._then == "fault":
            raise ConnectionError("a bad chunk")
        await asyncio.sleep(1.0 if self._then == "blanks" else 1e6)
        return b" "


class HaltingNetwork(SimNetwork):
    """Network on which the answers to ``streaming.new`` do not come to their end."""

    def __init__(self, service: Service, then: str) -> None:
        super().__init__(service)
        self._then = then

    @asynccontextmanager
    async def stream(
        self, method: str, url: str, *, headers: Mapping[str, str], body: bytes | None = None
    ) -> AsyncIterator[MemoryReply]:
        """See ``SimNetwork.stream``."""
        async with super().stream(method, url, headers=headers, body=body) as reply:
            yield _Halting(reply, self._then) if url.endswith("streaming.new") else reply


@pytest.mark.parametrize("then", ["silence", "blanks", "fault", "fault at once"])
async def test_an_id_that_came_is_used_to_end_its_session_though_the_answer_does_not_end(then: str) -> None:
    world = AvatarWorld(network=lambda service: HaltingNetwork(service, then))

    async with world.connected():
        with pytest.raises(RavatardError):
            await world.cloud.start_session()
        await asyncio.sleep(5.0)
        open_then = world.sim.record.open_sessions

    assert (world.session_count, open_then, world.ledger.owed()) == (1, [], [])


async def test_a_run_that_ends_while_an_answer_comes_leaves_the_id_on_the_list() -> None:
    world = AvatarWorld(network=lambda service: HaltingNetwork(service, "silence"))

    async with world.connected(), asyncio.TaskGroup() as group:
        start = group.create_task(world.cloud.start_session())
        await asyncio.sleep(0.1)
        start.cancel()

    ids = [one.session_id for one in world.sim.record.open_sessions]
    assert ids == [one.id.reveal() for one in world.ledger.owed()]


@pytest.mark.parametrize("header", ["X-Session-Id", "session_id", "Avatar-Session-ID"])
async def test_an_id_in_a_header_alone_ends_its_session(header: str) -> None:
    def moved(reply: Reply) -> Reply:
        session_id = json.loads(reply.body)["session_id"]
        return replace(reply, headers={**reply.headers, header: session_id}, body=b"{}")

    world = AvatarWorld(OddService(new=moved))

    async with world.connected():
        with pytest.raises(RavatardError):
            await world.cloud.start_session()
        await asyncio.sleep(5.0)
        open_then = world.sim.record.open_sessions

    assert (world.session_count, open_then, world.ledger.owed()) == (1, [], [])


async def test_many_starts_without_an_answer_do_not_flood_the_service_and_all_are_settled() -> None:
    service = OddService({"sessions": refusal(200, {"sessions": [], "total": 3})})
    ledger = MemoryLedger()
    for number in range(12):
        ledger.add(intent_at(Clocks(1_000_000.0, "this-boot", float(number)), SERVICE.base_url))
    world = AvatarWorld(service, ledger=ledger)

    async with world.connected():
        await asyncio.sleep(95.0)
        asked = service.asked.count("sessions")
        owed_then = len(ledger.owed())
        service.instead.clear()
        await asyncio.sleep(40.0)

    assert (asked, owed_then, ledger.owed()) == (50, 12, [])

"""Every header that a service may send, at every call, to the real client: it raises our errors alone."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress

import pytest

from ravatard.cloud.http import AiohttpNetwork
from ravatard.cloud.kind import CloudResources
from ravatard.cloud.lease import MemoryLedger
from ravatard.cloud.option_groups import CloudOptions
from ravatard.cloud.options import DeadlineOptions, ServiceOptions
from ravatard.cloud.ravatar.options import RavatarOptions
from ravatard.cloud.ravatar.service import RavatarCloud
from ravatard.errors import RavatardError
from tests.assertions import assert_raises_only
from tests.hostile.bodies import PAGE, Fields
from tests.hostile.heads import BROKEN, HEADERS
from tests.hostile.replies import Reply, good, plain, send
from tests.hostile.sockets import PeerSocket, upgrade

pytestmark = pytest.mark.integration

GOOD: Mapping[str, Fields] = {
    "/jwt": {"result": "success", "jwt": "a.b.c"},
    "/connection": {"avatars_info": [{"_id": "a-1", "name": "Ava", "hasLiveMode": True}], "languages": []},
    "/startLiveSession": {"status": 200, "LicenseId": "lic-1", "streamingUrl": ""},
    "/endLiveSession": {"status": "success"},
    "/chat": {"payload": [], "has_more_messages": False},
}
#: All others go the way of the second.
CALLS = ["/jwt", "/startLiveSession", "/ws/chat"]
DEADLINES = DeadlineOptions(connect_s=5.0, token_s=5.0, request_s=5.0, start_s=5.0, end_s=5.0)


class Planned:
    """A service with one call that is answered as planned, once; every other answer is good."""

    def __init__(self) -> None:
        self.base_url = ""
        self.call = ""
        self.reply: Reply | None = None
        self.ended: set[str] = set()

    async def connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError, asyncio.IncompleteReadError):
            while await self._request(reader, writer):
                pass
        writer.close()

    async def _request(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        lines = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        headers = {
            name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines[1:])
        }
        body = await reader.readexactly(int(headers.get("content-length") or 0))
        path = lines[0].split(" ")[1].partition("?")[0]
        if path == self.call and self.reply is not None:
            reply, self.reply = self.reply, None
            return await send(reply, writer)
        if path == "/ws/chat":
            await send(upgrade(headers, bad=False), writer)
            await PeerSocket(reader, writer).receive()
            return False
        if path == "/endLiveSession":
            self.ended.add(json.loads(body)["LicenseId"])
        return await send(good(GOOD[path]), writer)


@asynccontextmanager
async def planned() -> AsyncIterator[Planned]:
    service = Planned()
    server = await asyncio.start_server(service.connected, "127.0.0.1", 0)
    service.base_url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield service
    finally:
        server.close()


async def _whole_life(service: Planned) -> None:
    """Make every call twice: the first time one of them is answered as planned."""
    ledger = MemoryLedger()
    network = AiohttpNetwork(ping_s=5.0)
    options = CloudOptions(
        service=ServiceOptions(base_url=service.base_url), deadlines=DEADLINES, ravatar=RavatarOptions()
    )
    client = RavatarCloud(
        options, CloudResources(network=network, user_id="kiosk-1", chance=lambda: 0.0, ledger=ledger)
    )
    async with client.opened():
        with assert_raises_only(RavatardError):
            async with client.connect():
                await client.start_session()
                await client.end_session()
        with assert_raises_only(RavatardError):
            await anext(client.history(), None)
        service.reply = None
        async with client.connect():
            await client.start_session()
        await anext(client.history(), None)
    assert ledger.owed() == []
    assert service.ended == {"lic-1"}


async def _life_with(call: str, name: str, reply: Reply, faults: list[str]) -> None:
    async with planned() as service:
        service.call, service.reply = call, reply
        try:
            await _whole_life(service)
        except Exception as error:  # noqa: BLE001 - all faults are listed at once
            faults.append(f"{name}: {error!r}")


async def _lives(call: str, replies: Sequence[tuple[str, Reply]]) -> list[str]:
    """Faults of as many lives as there are replies, side by side: most of a life is waiting."""
    faults: list[str] = []
    async with asyncio.TaskGroup() as group:
        for name, reply in replies:
            group.create_task(_life_with(call, name, reply, faults))
    return faults


@pytest.mark.parametrize("call", CALLS)
async def test_no_header_of_any_call_is_more_than_our_error(call: str) -> None:
    status, body = (200, json.dumps(GOOD[call]).encode()) if call in GOOD else (503, PAGE)
    replies = [(name, plain(status, body, list(headers))) for name, headers in HEADERS.items()]

    assert await _lives(call, replies) == []


@pytest.mark.parametrize("call", CALLS)
async def test_no_broken_head_of_any_call_is_more_than_our_error(call: str) -> None:
    replies = [(name, Reply(data, after="close")) for name, data in BROKEN.items()]

    assert await _lives(call, replies) == []

"""A client of the simulated network on a bad night."""

from __future__ import annotations

import json
from typing import Any

from ravatard.ports.network import HttpReply
from ravatard.sim.faults.faulty_service import FaultyService
from ravatard.sim.faults.scenario import Scenario
from ravatard.sim.faults.scenario_file import parse
from ravatard.sim.network import MemorySocket, SimNetwork
from ravatard.sim.ravatar.cloud import SimCloud
from tests.unit.sim.caller import ADA, Caller

BASE = "http://cloud.sim"


class Night:
    """A user of a service that misbehaves. His token is from before the night."""

    def __init__(self, faults: str | Scenario) -> None:
        self.cloud = SimCloud()
        self.caller = Caller(self.cloud)
        self.scenario = parse(faults.encode()) if isinstance(faults, str) else faults
        self.network = SimNetwork(FaultyService(self.cloud, self.scenario, began=0.0))

    @property
    def url(self) -> str:
        return f"ws://cloud.sim/ws/chat?token={self.caller.token}"

    async def ask(self, method: str, path: str, body: object = None) -> HttpReply:
        sent = None if body is None else json.dumps(body).encode()
        headers = {"Authorization": f"Bearer {self.caller.token}"}
        return await self.network.request(method, BASE + path, headers=headers, body=sent)

    async def call(self, method: str, path: str, body: object = None) -> tuple[int, Any]:
        reply = await self.ask(method, path, body)
        return reply.status, json.loads(reply.body)

    async def log_in(self) -> str:
        _, body = await self.call("POST", "/jwt", {"user_id": self.caller.user_id})
        self.caller.token = body["jwt"]
        return self.caller.token

    async def start(self) -> tuple[int, Any]:
        return await self.call("POST", "/startLiveSession", {"avatar_id": ADA})

    async def write(self, socket: MemorySocket, text: str = "Hello!") -> None:
        await socket.send(json.dumps(self.caller.text(text)))


async def message(socket: MemorySocket) -> Any:
    """The next message, which is JSON."""
    return json.loads(await socket.receive())

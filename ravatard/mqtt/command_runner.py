"""Commands from the broker: refused when retained, carried out by the control protocol, and answered."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Mapping
from contextlib import aclosing, asynccontextmanager
from typing import Any

from ravatard.core.control.protocol import BadRequest, ControlHandler
from ravatard.core.homeassistant.commands import HostCommand, command_of
from ravatard.core.homeassistant.report import payload_of
from ravatard.core.homeassistant.topics import Topics
from ravatard.mqtt.beginning import begin
from ravatard.mqtt.software import CommandFailedError, Software
from ravatard.ports.broker import BrokerConnection, BrokerMessage, Publication

log = logging.getLogger(__name__)

#: Commands at work at once: a press may be held for minutes, and mute must not wait for it.
MOST_AT_ONCE = 4
#: Characters of a topic that an answer is sent to.
_LONGEST_REPLY_TOPIC = 200
_LONGEST_CORRELATION = 128

_RETAINED = (
    "a retained command is refused: it would be obeyed again at every start; publish it without retain"
)


class CommandRunner:
    """Runs the commands of one connection.

    Attributes:
        dropped: commands that came while too many were at work.
    """

    def __init__(self, topics: Topics, handler: ControlHandler, software: Software) -> None:
        """Prepare.

        Args:
            topics: of the appliance.
            handler: carries out requests.
            software: carries out updates.
        """
        self._topics = topics
        self._handler = handler
        self._software = software
        self.dropped = 0
        self._at_work = 0
        self._told: set[str] = set()

    def take(self, message: BrokerMessage, connection: BrokerConnection, group: asyncio.TaskGroup) -> None:
        """Begin the command in ``message``, as a task of ``group``. One too many at once is dropped."""
        name = self._topics.command(message.topic)
        if name is None:
            return
        if message.retained and not message.payload:
            return
        if self._at_work >= MOST_AT_ONCE:
            self.dropped += 1
            self._tell("commands come faster by MQTT than they can be carried out; some are dropped")
            return
        self._at_work += 1
        begin(group, self._run(name, message, connection), "mqtt command")

    def _tell(self, sentence: str) -> None:
        """Log a warning once per connection."""
        if sentence not in self._told:
            self._told.add(sentence)
            log.warning("%s", sentence)

    async def _run(self, name: str, message: BrokerMessage, connection: BrokerConnection) -> None:
        try:
            if message.retained:
                self._tell(_RETAINED)
                await self._answer(name, {"ok": False, "error": _RETAINED}, message, connection)
                return
            async with self._carried_out(name, message.payload) as outcome:
                await self._answer(name, outcome, message, connection)
        finally:
            self._at_work -= 1

    async def _answer(
        self, name: str, outcome: Mapping[str, Any], message: BrokerMessage, connection: BrokerConnection
    ) -> None:
        result = payload_of({"do": name, **outcome})
        await connection.publish(Publication(self._topics.of("result"), result))
        if _may_be_answered(message):
            await connection.publish(Publication(message.reply_to, result, correlation=message.correlation))

    @asynccontextmanager
    async def _carried_out(self, name: str, payload: bytes) -> AsyncIterator[Mapping[str, Any]]:
        """Carry a command out, and give its outcome. A restart begins when that has been dealt with."""
        try:
            command = command_of(name, payload)
            installed = await self._software.install() if isinstance(command, HostCommand) else ""
        except (BadRequest, CommandFailedError) as error:
            yield {"ok": False, "error": str(error)}
            return
        if isinstance(command, HostCommand):
            yield {"ok": True, "says": installed}
            return
        async with aclosing(self._handler.answers(command)) as replies:
            reply: dict[str, Any] = json.loads(await anext(replies))
            yield {key: reply[key] for key in ("ok", "says", "error") if key in reply}


def _may_be_answered(message: BrokerMessage) -> bool:
    """Return True if the sender's own topic for the answer can be one."""
    topic = message.reply_to
    plain = bool(topic) and len(topic) <= _LONGEST_REPLY_TOPIC and not {"#", "+", "\0"} & set(topic)
    return plain and not topic.startswith("$") and len(message.correlation) <= _LONGEST_CORRELATION

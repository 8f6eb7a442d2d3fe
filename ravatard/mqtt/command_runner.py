"""Commands from the broker: refused when retained, carried out by the control protocol, and answered."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping
from typing import Any

from ravatard.core.control.protocol import BadRequest, ControlHandler, first_reply
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

    def __init__(
        self,
        topics: Topics,
        handler: ControlHandler,
        software: Software,
        restart: Callable[[], None],
    ) -> None:
        """Prepare.

        Args:
            topics: of the appliance.
            handler: carries out requests.
            software: carries out updates.
            restart: has the daemon stopped, and so started again by the service manager.
        """
        self._topics = topics
        self._handler = handler
        self._software = software
        self._restart = restart
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
                outcome: Mapping[str, Any] = {"ok": False, "error": _RETAINED}
            else:
                outcome = await self._carried_out(name, message.payload)
            result = payload_of({"do": name, **outcome})
            await connection.publish(Publication(self._topics.of("result"), result))
            if _may_be_answered(message):
                await connection.publish(
                    Publication(message.reply_to, result, correlation=message.correlation)
                )
        finally:
            self._at_work -= 1

    async def _carried_out(self, name: str, payload: bytes) -> Mapping[str, Any]:
        try:
            command = command_of(name, payload)
            if isinstance(command, HostCommand):
                return {"ok": True, "says": await self._on_host(command.do)}
        except (BadRequest, CommandFailedError) as error:
            return {"ok": False, "error": str(error)}
        reply = await first_reply(self._handler, command)
        if reply is None:
            return {"ok": False, "error": "no reply"}
        return {key: reply[key] for key in ("ok", "says", "error") if key in reply}

    async def _on_host(self, do: str) -> str:
        if do == "update":
            return await self._software.install()
        # Not before the answer is on its way.
        asyncio.get_running_loop().call_later(0.5, self._restart)
        return "the appliance restarts"


def _may_be_answered(message: BrokerMessage) -> bool:
    """Return True if the sender's own topic for the answer can be one."""
    topic = message.reply_to
    plain = bool(topic) and len(topic) <= _LONGEST_REPLY_TOPIC and not {"#", "+", "\0"} & set(topic)
    return plain and not topic.startswith("$") and len(message.correlation) <= _LONGEST_CORRELATION

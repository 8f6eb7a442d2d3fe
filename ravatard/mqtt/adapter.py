"""MQTT adapter: connects to the broker again and again, and tells why when it is not connected."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from typing import NoReturn
from uuid import uuid4

from ravatard.cancellation import pass_on_cancellation
from ravatard.core.backoff import Backoff, BackoffOptions
from ravatard.core.control.protocol import ControlHandler
from ravatard.core.events import Event
from ravatard.errors import InternalError, LinkError, RavatardError
from ravatard.mqtt.beginning import begin
from ravatard.mqtt.group_channel import GroupChannel
from ravatard.mqtt.home import HomeAssistant, HomeParts
from ravatard.ports.broker import (
    TWIN,
    Broker,
    BrokerConnection,
    BrokerMessage,
    KeptRecord,
    KeptTopics,
    Publication,
    TakenOverError,
)

log = logging.getLogger(__name__)

#: Least pause after another client took our id, and after a refusal: neither passes at once.
SULK_S = 30.0
#: Longest pause between attempts: a broker in the house is asked more often than a service that many share,
#: so that all is back within half a minute of its return.
LONGEST_PAUSE_S = 25.0
#: For the way of a message to the broker and back.
ECHO_S = 5.0
#: A mark that did not come back is sent again so often.
MARK_AGAIN_S = 300.0
#: For the last word before a stop. A paid session is ended after it.
FAREWELL_S = 0.5


def patience_of(options: BackoffOptions) -> BackoffOptions:
    """Return the pauses between attempts at the broker, for those of the service."""
    longest_s = min(options.longest_s, LONGEST_PAUSE_S)
    return replace(options, longest_s=longest_s, first_s=min(options.first_s, longest_s))


class MqttAdapter:
    """Adapter for a broker. A :class:`ravatard.ports.adapter.Adapter`.

    Attributes:
        name: name of its task.
        group: way to the other appliances of the room; None: there is none.
    """

    name = "mqtt"

    def __init__(
        self,
        broker: Broker,
        parts: HomeParts,
        backoff: Callable[[], Backoff],
        kept: tuple[KeptRecord | None, KeptTopics],
        group: GroupChannel | None = None,
    ) -> None:
        """Prepare; nothing is connected yet.

        Args:
            broker: the broker.
            parts: of Home Assistant's side.
            backoff: makes the pauses between attempts.
            kept: record of the topics the broker keeps, None for a run that leaves none behind; and those of
                this configuration.
            group: way to the other appliances of the room.
        """
        self.group = group
        self._broker = broker
        self._parts = parts
        self._backoff = backoff
        self._record, self._kept = kept
        self._fault = "not connected to the MQTT broker yet"
        # Of this process: another one on the broker is that of a twin, once ours was there.
        self._instance = uuid4().hex.encode()
        self._was_there = False
        #: Our mark came back on the connection that is up.
        self._echoed = asyncio.Event()
        self._up_since: float | None = None
        self._dropped = 0
        #: Parts of the connection that is up, which count messages that are not looked at.
        self._dropping: tuple[BrokerConnection | HomeAssistant, ...] = ()

    @property
    def faults(self) -> tuple[str, ...]:
        """The reason why there is no connection."""
        return (self._fault,) if self._fault else ()

    @property
    def counts(self) -> Mapping[str, int]:
        """Number of the broker's messages that were dropped because too many came, since the start."""
        return {"mqtt_dropped": self._dropped + sum(one.dropped for one in self._dropping)}

    def on_event(self, event: Event, now: float) -> None:
        """The hub is about to handle ``event``."""
        self._parts.events.on_event(event, now)

    def on_action(self, action: object, now: float) -> None:
        """The hub has asked for ``action``."""
        self._parts.events.on_action(action, now)

    async def serve(self, handler: ControlHandler) -> NoReturn:
        """Be connected, for ever. Cancelled, the broker is told that the appliance goes."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._parts.software.watch(), name="mqtt software")
            await self._stay_connected(handler)
        raise AssertionError  # neither ends on its own

    async def _stay_connected(self, handler: ControlHandler) -> NoReturn:
        backoff, clock = self._backoff(), asyncio.get_running_loop().time
        while True:
            pause_s, self._up_since = None, None
            try:
                await self._connection(handler)
            except RavatardError as error:
                if isinstance(error, InternalError):
                    raise
                self._lost(error)
                pause_s = _pause_after(error)
            up_s = None if self._up_since is None else clock() - self._up_since
            await asyncio.sleep(backoff.failed(up_s=up_s, retry_after_s=pause_s))

    def _lost(self, error: RavatardError) -> None:
        fault = f"no MQTT: {error}"
        if fault != self._fault:
            log.warning("%s. Trying again", fault)
        self._fault = fault
        if self.group is not None:
            # Also when there never was a connection.
            self.group.disconnected()

    async def _connection(self, handler: ControlHandler) -> None:
        """Be connected once.

        Raises:
            RavatardError: why that is over.
        """
        topics = self._parts.topics
        will = Publication(topics.of("availability"), b"offline", sure=True, retained=True)
        gone: list[BaseException] = []
        try:
            async with self._broker.connected(will) as connection:
                home = HomeAssistant(self._parts, connection, handler)
                self._dropping = (connection, home)
                try:
                    async with asyncio.TaskGroup() as group:
                        # First: whatever waits for the broker ends with the connection.
                        receiving = self._receive(connection, home, group)
                        group.create_task(receiving, name="mqtt messages")
                        await self._begin(connection, home)
                        home.start(group)
                        begin(group, self._await_echo(connection), "mqtt echo")
                        if self.group is not None:
                            begin(group, self.group.send(connection), "mqtt group")
                        # In the body: a group that fails while it is left cancels this task for good (3.11).
                        await asyncio.Event().wait()
                finally:
                    self._dropped, self._dropping = self.counts["mqtt_dropped"], ()
                    if self.group is not None:
                        self.group.disconnected()
                    await _farewell(connection, will, self._kept.topics if self._record is None else ())
        except* RavatardError as errors:
            gone += _leaves(errors)
        pass_on_cancellation()
        raise gone[0] if gone else InternalError("a connection to the broker ended by itself")

    async def _await_echo(self, connection: BrokerConnection) -> None:
        """Wait for our own mark: a broker may confirm what it takes, and by its rules pass on nothing.

        Until it comes, that is a fault.

        Raises:
            LinkError: the connection failed.
        """
        if await self._echoed_within(ECHO_S):
            return
        ours = self._parts.topics.of("#")
        self._fault = (
            f"no MQTT: the broker takes our messages and passes on none; correct its rules: "
            f"this user has to read and write {ours}"
        )
        log.warning("%s", self._fault)
        while not await self._echoed_within(MARK_AGAIN_S):
            # Its rules may have been corrected, and a mark of before is not passed on by that.
            await connection.publish(self._mark)
        self._fault = ""
        log.info("the MQTT broker passes our messages on")

    async def _echoed_within(self, limit_s: float) -> bool:
        try:
            async with asyncio.timeout(limit_s):
                await self._echoed.wait()
        except TimeoutError:
            return False
        return True

    async def _begin(self, connection: BrokerConnection, home: HomeAssistant) -> None:
        """Subscribe and announce.

        Raises:
            RavatardError: the broker does not have it.
        """
        filters = [*home.filters, self._instance_topic]
        if self.group is not None:
            filters.append(self.group.topic)
        await connection.subscribe(*filters)
        await self._take_back(connection)
        await home.announce()
        self._echoed.clear()
        await connection.publish(self._mark)
        self._was_there = True
        log.info("connected to the MQTT broker as %s", self._parts.topics.id)
        self._fault = ""
        self._up_since = asyncio.get_running_loop().time()
        if self.group is not None:
            self.group.connected()

    async def _take_back(self, connection: BrokerConnection) -> None:
        """Take back what the broker keeps from another configuration, and note what it will keep."""
        if self._record is None:
            return
        before = self._record.read()
        same = before is not None and (before.host, before.port) == (self._kept.host, self._kept.port)
        if before is not None and same:
            for topic in before.topics:
                if topic not in self._kept.topics:
                    await connection.publish(Publication(topic, b"", sure=True, retained=True))
        if before != self._kept:
            try:
                # In a thread: it is flushed to the disk, and a card may take a second for that.
                await asyncio.to_thread(self._record.write, self._kept)
            except RuntimeError as error:
                raise LinkError(
                    f"this machine does not let us note what the broker keeps ({error})"
                ) from error

    async def _receive(
        self, connection: BrokerConnection, home: HomeAssistant, group: asyncio.TaskGroup
    ) -> None:
        async for message in connection.messages():
            if message.topic == self._instance_topic:
                self._compare(message)
            elif self.group is not None and message.topic == self.group.topic:
                self.group.received(message)
            else:
                home.take(message, group)

    @property
    def _instance_topic(self) -> str:
        return self._parts.topics.of("instance")

    @property
    def _mark(self) -> Publication:
        return Publication(self._instance_topic, self._instance, sure=True, retained=True)

    def _compare(self, message: BrokerMessage) -> None:
        """Compare the mark of the client that was connected last under our id with our own.

        Raises:
            TakenOverError: it was another one, after us.
        """
        if message.payload == self._instance:
            self._echoed.set()
        elif self._was_there and message.payload:
            raise TakenOverError(TWIN)


async def _farewell(connection: BrokerConnection, offline: Publication, cleared: Collection[str]) -> None:
    """Say that we go, if that is possible within a moment; otherwise the will says it.

    Topics in ``cleared`` are then taken from the broker.
    """
    try:
        async with asyncio.timeout(FAREWELL_S):
            await connection.publish(offline)
            for topic in cleared:
                await connection.publish(Publication(topic, b"", sure=True, retained=True))
    except (TimeoutError, RavatardError):
        return


def _pause_after(error: RavatardError) -> float | None:
    """Return the least pause after an error in seconds; None for one that may pass at once."""
    if isinstance(error, LinkError) and not isinstance(error, TakenOverError):
        return error.retry_after_s
    return SULK_S


def _leaves(group: BaseExceptionGroup[BaseException]) -> list[BaseException]:
    """Return the exceptions of a group, without the groups between."""
    found: list[BaseException] = []
    for one in group.exceptions:
        found += _leaves(one) if isinstance(one, BaseExceptionGroup) else [one]
    return found

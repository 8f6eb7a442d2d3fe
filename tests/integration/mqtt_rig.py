"""Debian's mosquitto, and a client that sees everything it passes on."""

from __future__ import annotations

import asyncio
import json
import signal
import socket
import subprocess
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiomqtt

from ravatard.core.audio.progress import Progress
from ravatard.core.control.status import Reporter
from ravatard.core.conversation.conversation import Conversation
from ravatard.core.events import (
    AnsweredElsewhere,
    Event,
    LinkOnline,
    MicrophoneClosed,
    MicrophoneReady,
    UtteranceOpened,
)
from ravatard.core.options.conversation import ConversationOptions, SessionOptions, TurnOptions
from ravatard.core.options.gate import GateOptions
from ravatard.core.states import Cause, TalkState
from ravatard.mqtt.aiomqtt_broker import AiomqttBroker
from ravatard.mqtt.group_channel import GroupChannel
from ravatard.mqtt.options import MqttOptions
from ravatard.ports.broker import Publication
from ravatard.ports.group import GroupLink, Room
from ravatard.stages.control import ControlSurroundings, HubControlHandler
from ravatard.stages.converse import Hub
from ravatard.stages.group.room import RoomStage
from ravatard.stages.mailbox import Inbox, Latest, Outbox
from ravatard.stages.playing.content import AnnouncementContents
from ravatard.stages.playing.null_player import NullAnswerPlayer
from ravatard.stages.playing.requests import AnnouncementRequests
from tests.integration.debian_programs import found
from tests.integration.program import PATIENCE_S, until
from tests.unit.stages.fakes import CAPABILITIES, FakeEar

OPTIONS = ConversationOptions(SessionOptions(), TurnOptions(), GateOptions(), has_button=False)


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return int(taken.getsockname()[1])


class Mosquitto:
    """A broker that can be killed and started again on the same port."""

    def __init__(self, folder: Path, *lines: str, port: int | None = None) -> None:
        """``lines``: further lines of its configuration."""
        self.port = port or free_port()
        self._config = folder / f"mosquitto-{self.port}.conf"
        # A password makes strangers unwelcome; without one everybody may come.
        anonymous = "false" if any(line.startswith("password_file") for line in lines) else "true"
        # Started by root it would become a user who may not read the folder of a test.
        text = [f"listener {self.port} 127.0.0.1", f"allow_anonymous {anonymous}", "user root", *lines]
        self._config.write_text("\n".join(text) + "\n")
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        self._process = subprocess.Popen(
            [found("mosquitto"), "-c", str(self._config)], stderr=subprocess.DEVNULL
        )
        give_up_at = time.monotonic() + PATIENCE_S
        while not self._answers():
            assert time.monotonic() < give_up_at, "the broker does not answer"
            time.sleep(0.01)

    def _answers(self) -> bool:
        try:
            socket.create_connection(("127.0.0.1", self.port), 1.0).close()
        except OSError:
            return False
        return True

    def freeze(self) -> None:
        """Have it do nothing any more, with all connections open."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        assert self._process is not None
        self._process.send_signal(signal.SIGCONT)

    def stop(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None


@asynccontextmanager
async def mosquitto(folder: Path, *lines: str) -> AsyncIterator[Mosquitto]:
    broker = Mosquitto(folder, *lines)
    broker.start()
    try:
        yield broker
    finally:
        broker.stop()


@dataclass
class Seen:
    """What a client saw: topics with their payloads, oldest first."""

    client: aiomqtt.Client
    messages: list[aiomqtt.Message] = field(default_factory=list)

    def of(self, end: str) -> list[str]:
        """Payloads of topics that end like this."""
        found = [one.payload for one in self.messages if str(one.topic).endswith(end)]
        return [payload.decode() for payload in found if isinstance(payload, bytes)]

    def last(self, end: str) -> str | None:
        return self.of(end)[-1] if self.of(end) else None

    async def until(self, end: str, payload: str, within_s: float = 30.0) -> None:
        await until(
            lambda: self.last(end) == payload, f"{end} is {payload}", within_s, lambda: str(self.messages)
        )

    async def say(self, topic: str, payload: str | bytes, **more: Any) -> None:
        await self.client.publish(topic, payload, **more)


@asynccontextmanager
async def watching(port: int, *topics: str, outlives: bool = False, **more: Any) -> AsyncIterator[Seen]:
    """A client of the broker that sees everything, or these topics; ``outlives``: the broker may go."""
    async with aiomqtt.Client("127.0.0.1", port, **more) as client, asyncio.TaskGroup() as group:
        seen = Seen(client)
        for topic in topics or ("#",):
            await client.subscribe(topic)

        async def read() -> None:
            try:
                async for message in client.messages:
                    seen.messages.append(message)
            except aiomqtt.MqttError:
                if not outlives:
                    raise

        task = group.create_task(read())
        yield seen
        task.cancel()


class RoomAlone:
    """A real hub and its control handler, with fakes around; every request of the protocol works."""

    def __init__(self, around: ControlSurroundings | None = None) -> None:
        self.inbox = Inbox()
        self.conversation = Conversation(OPTIONS)
        ear = FakeEar()
        reporter = Reporter(self.conversation, OPTIONS, 0.0, Progress())
        announcements = AnnouncementRequests(self.inbox, AnnouncementContents(lambda: 0.0), None)
        self.handler = HubControlHandler(
            self.inbox,
            self.conversation,
            reporter,
            asyncio.Event(),
            announcements,
            around or ControlSurroundings(),
        )
        self._hub = Hub(
            self.conversation,
            ear,
            Outbox(),
            Latest(self.conversation.indication),
            NullAnswerPlayer(Inbox()),
            [self.handler, self],
        )
        self.inbox.put(MicrophoneReady("USB"))

    def on_event(self, event: object, now: float) -> None:
        """Nothing to do."""

    def on_action(self, action: object, now: float) -> None:
        """Close and open the device as it is asked to, at once."""
        del now
        if type(action).__name__ == "Mute":
            muted = getattr(action, "muted", False)
            self.inbox.put(MicrophoneClosed() if muted else MicrophoneReady("USB"))

    async def run(self) -> None:
        await self._hub.run(self.inbox)


def fields(payload: str | None) -> Mapping[str, Any]:
    """A payload that is JSON."""
    return dict(json.loads(payload or "{}"))


async def carry(channel: GroupChannel, port: int, name: str) -> None:
    """Carry the messages of a room's channel over the broker, as the client ``name``, until cancelled."""
    will = Publication(f"house/{name}", b"gone")
    async with (
        AiomqttBroker(MqttOptions(host="127.0.0.1", port=port), name).connected(will) as connection,
        asyncio.TaskGroup() as group,
    ):
        await connection.subscribe(channel.topic)
        channel.connected()
        group.create_task(channel.send(connection))
        async for message in connection.messages():
            channel.received(message)


class RoomMember:
    """One appliance of a room: its stage, and a conversation that a test has talk or not."""

    def __init__(self, number: int, link: GroupLink, began: list[int]) -> None:
        """``began`` gets the number of each that begins a turn."""
        self._number, self._began = number, began
        self._conversation = Conversation(OPTIONS)
        room = Room(link, f"member-{number}", "lobby")
        self.stage = RoomStage(room, self._inbox_of(), self._conversation)
        self._utterances = 0
        for event in (MicrophoneReady("usb"), LinkOnline(CAPABILITIES)):
            self._handle(event)

    def _inbox_of(self) -> Inbox:
        member = self

        class Handling(Inbox):
            def put(self, event: Event) -> None:
                member.take(event)

        return Handling()

    def take(self, event: Event) -> None:
        if isinstance(event, UtteranceOpened):
            self._began.append(self._number)
        self._handle(event)

    def _handle(self, event: Event) -> None:
        now = asyncio.get_running_loop().time()
        self.stage.on_event(event, now)
        for action in self._conversation.handle(event, now):
            self.stage.on_action(action, now)

    def hear(self) -> None:
        self._utterances += 1
        for event in self.stage.admit(UtteranceOpened(self._utterances, Cause.VOICE, 0)):
            self.take(event)

    def fall_silent(self) -> None:
        self._handle(AnsweredElsewhere())

    @property
    def talks(self) -> bool:
        return self._conversation.talk is not TalkState.IDLE

    @property
    def knows(self) -> int:
        """Number of others it has heard of."""
        return len(self.stage._claims._others)

    @property
    def owner(self) -> str | None:
        return self.stage._claims.owner(asyncio.get_running_loop().time())

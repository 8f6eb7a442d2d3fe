"""Wiring: connects the parts of the appliance, and ends them in order when the daemon stops."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import NoReturn

from ravatard.core.backoff import Backoff, BackoffOptions
from ravatard.core.control.status import Reporter
from ravatard.core.conversation.conversation import Conversation
from ravatard.core.events import TextGiven
from ravatard.core.options.conversation import ConversationOptions
from ravatard.ports.cloud import Cloud
from ravatard.ports.display import Display
from ravatard.ports.host import ControlServer, Notifier, Observer
from ravatard.ports.media import Decoder, Fetch
from ravatard.ports.microphone import Microphone
from ravatard.ports.panel import Button, Lamp
from ravatard.ports.speaker import Speaker
from ravatard.stages.capture import Progress, capture
from ravatard.stages.control import HubControlHandler, control
from ravatard.stages.converse import Hub
from ravatard.stages.display import OnDisplay, display
from ravatard.stages.heartbeat import heartbeat
from ravatard.stages.indicate import indicate
from ravatard.stages.mailbox import Inbox, Latest, Outbox
from ravatard.stages.playback import NullAnswerPlayer, Playback
from ravatard.stages.press import press
from ravatard.stages.pulse import HubPulse
from ravatard.stages.reload import reload
from ravatard.stages.uplink import uplink


@dataclass(frozen=True, slots=True)
class Parts:
    """Parts of the appliance: real devices and a real cloud, or a simulated world.

    ``without``: a sentence for each configured part that is missing; ``sound``: None without speaker;
    ``screen``: None without display.
    """

    microphone: Microphone
    cloud: Cloud
    lamp: Lamp
    notifier: Notifier
    chance: Callable[[], float]
    button: Button | None = None
    observers: Sequence[Observer] = ()
    without: tuple[str, ...] = ()
    sound: SoundOutput | None = None
    screen: Display | None = None


@dataclass(frozen=True, slots=True)
class SoundOutput:
    """Parts that play the avatar's answers.

    Attributes:
        speaker: the loudspeaker.
        fetch: downloads answers that are files.
        decoder: decodes them.
    """

    speaker: Speaker
    fetch: Fetch
    decoder: Decoder


@dataclass(frozen=True, slots=True)
class Controls:
    """Controls of a running appliance, for a signal handler, a test or the demo.

    Attributes:
        stop: set to end it.
        reload: set to read the configuration anew.
        inbox: where :meth:`say` puts text.
        server: serves control requests of other processes; None for none.
    """

    stop: asyncio.Event = field(default_factory=asyncio.Event)
    reload: asyncio.Event = field(default_factory=asyncio.Event)
    inbox: Inbox = field(default_factory=Inbox)
    server: ControlServer | None = None

    def say(self, text: str) -> None:
        """Send text to the avatar in the user's place."""
        self.inbox.put(TextGiven(text))


class _Stop(Exception):
    """Not an error: ends the group of endless tasks when the appliance is to stop."""


async def _stopped(controls: Controls, notifier: Notifier) -> NoReturn:
    await controls.stop.wait()
    notifier.notify("STOPPING=1", "STATUS=stopping")
    raise _Stop


async def run(
    parts: Parts,
    options: ConversationOptions,
    reconnect: BackoffOptions,
    controls: Controls,
    reread: Callable[[], ConversationOptions],
) -> None:
    """Run the appliance until ``controls.stop`` is set.

    However it ends, the microphone is closed, the live session is ended and the lights are off.

    Raises:
        ExceptionGroup: a bug (InternalError among them); the process should end, and be restarted.
    """
    inbox, outbox = controls.inbox, Outbox()
    sound = parts.sound
    player: Playback | NullAnswerPlayer
    if sound is not None:
        player = Playback(sound.speaker, sound.fetch, sound.decoder, inbox)
    else:
        player = NullAnswerPlayer(inbox)
    conversation = Conversation(options)
    shown = Latest(conversation.indication)
    progress = Progress()
    reporter = Reporter(conversation, options, asyncio.get_running_loop().time(), parts.without)
    handler = HubControlHandler(inbox, conversation, reporter, controls.reload)
    pulse = HubPulse(conversation, progress, inbox)
    observers = [*parts.observers, handler, pulse]
    if parts.screen is not None:
        observers.append(OnDisplay(parts.screen))
    hub = Hub(conversation, parts.microphone, outbox, shown, player, observers)
    async with asyncio.TaskGroup() as closing, parts.cloud.opened():
        try:
            async with asyncio.TaskGroup() as stages:
                start = stages.create_task
                start(capture(parts.microphone, inbox, progress), name="capture")
                start(hub.run(inbox), name="converse")
                start(uplink(parts.cloud, outbox, inbox, Backoff(reconnect, parts.chance)), name="uplink")
                start(indicate(shown, parts.lamp), name="indicate")
                start(heartbeat(parts.notifier, pulse), name="heartbeat")
                start(reload(controls.reload, handler.reading(reread), inbox, parts.notifier), name="reload")
                start(parts.cloud.voice(player), name="voice")
                if parts.screen is not None:
                    start(display(parts.screen, parts.cloud), name="display")
                if isinstance(player, Playback):
                    start(player.run(), name="playback")
                if controls.server is not None:
                    start(control(controls.server, handler), name="control")
                if parts.button is not None:
                    start(press(parts.button, inbox), name="press")
                await _stopped(controls, parts.notifier)
        except* _Stop:
            pass
        finally:
            # Concurrently: the session costs money by the second, and the microphone must stop listening.
            closing.create_task(parts.microphone.close(), name="close microphone")
            if sound is not None:
                closing.create_task(sound.speaker.close(), name="close speaker")
                closing.create_task(sound.decoder.close(), name="close decoder")
            parts.lamp.close()
            if parts.button is not None:
                parts.button.close()

"""Wiring: connects the parts of the appliance, and ends them in order when the daemon stops."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterator, Sequence
from dataclasses import dataclass, field
from typing import NoReturn

from ravatard.appliance_parts import Parts, SoundOutput
from ravatard.core.backoff import Backoff, BackoffOptions
from ravatard.core.control.status import Reporter
from ravatard.core.conversation.conversation import Conversation
from ravatard.core.events import TextGiven
from ravatard.core.options.conversation import ConversationOptions
from ravatard.ports.cloud import Endings
from ravatard.ports.host import ControlServer, Follower, Notifier, Observer
from ravatard.ports.page import Appliance
from ravatard.stages.capture import Admit, all_of, capture
from ravatard.stages.control import ControlSurroundings, HubControlHandler, control
from ravatard.stages.converse import Hub
from ravatard.stages.display import OnDisplay, display
from ravatard.stages.group.room import RoomStage
from ravatard.stages.heartbeat import heartbeat
from ravatard.stages.indicate import indicate
from ravatard.stages.mailbox import Inbox, Latest, Outbox
from ravatard.stages.network import network
from ravatard.stages.playback import Playback
from ravatard.stages.playing.content import AnnouncementContents
from ravatard.stages.playing.null_player import NullAnswerPlayer
from ravatard.stages.playing.requests import AnnouncementRequests
from ravatard.stages.press import press
from ravatard.stages.pulse import HubPulse
from ravatard.stages.quiet import QuietWatch
from ravatard.stages.reload import NewOptions, ReadAgain, reload
from ravatard.stages.uplink import uplink


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


def _optional_stages(
    parts: Parts, controls: Controls, handler: HubControlHandler, room: RoomStage | None
) -> Iterator[tuple[str, Coroutine[None, None, None]]]:
    """Yield the stages of parts that not every appliance has, by name."""
    inbox = controls.inbox
    if controls.server is not None:
        yield "control", control(controls.server, handler)
    if room is not None:
        yield "room", room.run()
    for adapter in parts.adapters:
        yield adapter.name, control(adapter, handler)
    if parts.screen is not None:
        yield "display", display(parts.screen, parts.cloud, inbox)
    if parts.wakeword is not None:
        yield "wakeword", parts.wakeword(inbox)
    if parts.network_changes is not None:
        yield "network", network(parts.network_changes, inbox)
    if parts.button is not None:
        yield "press", press(parts.button, inbox, _takes_press(parts))
    if parts.page is not None:
        yield "page", parts.page.serve(_seen_by_page(parts, handler))


def _optional_observers(parts: Parts, room: RoomStage | None) -> Iterator[Observer]:
    """Yield the observers of parts that not every appliance has."""
    yield from parts.adapters
    if parts.screen is not None:
        yield OnDisplay(parts.screen)
    if room is not None:
        yield room


def _admit(room: RoomStage | None) -> Admit:
    """Return what decides which events of the microphone the hub gets."""
    return all_of if room is None else room.admit


def _show(conversation: Conversation, observers: Sequence[Observer]) -> None:
    """Show ``conversation`` to the observers that look at it."""
    for observer in observers:
        if isinstance(observer, Follower):
            observer.follow(conversation)


def _ending_again(reread: ReadAgain, endings: Endings) -> ReadAgain:
    """Return ``reread`` as a function that also tries failed endings again: their cause may be mended."""

    async def read() -> NewOptions:
        new = await reread()
        endings.retry()
        return new

    return read


def _player(
    sound: SoundOutput | None, inbox: Inbox, contents: AnnouncementContents
) -> Playback | NullAnswerPlayer:
    if sound is None:
        return NullAnswerPlayer(inbox)
    return Playback(sound.speaker, sound.fetch, sound.decoder, inbox, contents)


def _takes_press(parts: Parts) -> Callable[[], bool]:
    """Return a function that is True for a press that is meant for the owner's page."""
    return parts.page.takes_press if parts.page is not None else lambda: False


def _seen_by_page(parts: Parts, handler: HubControlHandler) -> Appliance:
    """Return the running appliance, as the page sees it."""
    return Appliance(
        control=handler,
        progress=parts.microphone.progress,
        has_button=parts.button is not None,
        has_speaker=parts.sound is not None,
        mute_wishes=lambda: handler.mute_wishes,
        watch_level=lambda watched: parts.microphone.watch_level(watched=watched),
        on_trial=parts.on_trial,
    )


def _close(parts: Parts, closing: asyncio.TaskGroup) -> None:
    """Close the devices, beside the end of the session, which costs money by the second."""
    # At once: the microphone must stop listening.
    closing.create_task(parts.microphone.close(), name="close microphone")
    if parts.sound is not None:
        closing.create_task(parts.sound.speaker.close(), name="close speaker")
        closing.create_task(parts.sound.decoder.close(), name="close decoder")
    parts.lamp.close()
    if parts.button is not None:
        parts.button.close()


async def run(
    parts: Parts,
    options: ConversationOptions,
    reconnect: BackoffOptions,
    controls: Controls,
    reread: ReadAgain,
) -> None:
    """Run the appliance until ``controls.stop`` is set.

    However it ends, the microphone is closed, the live session is ended and the lights are off.

    Raises:
        ExceptionGroup: a bug (InternalError among them); the process should end, and be restarted.
    """
    inbox, outbox = controls.inbox, Outbox()
    clock, sound = asyncio.get_running_loop().time, parts.sound
    contents = AnnouncementContents(clock)
    player = _player(sound, inbox, contents)
    conversation = Conversation(options)
    _show(conversation, parts.observers)
    shown, progress = Latest(conversation.indication), parts.microphone.progress
    reporter = Reporter(conversation, options, clock(), progress, parts.report())
    read = _ending_again(reread, parts.cloud.endings)
    announcements = AnnouncementRequests(inbox, contents, None if sound is None else sound.fetch)
    around = ControlSurroundings(_takes_press(parts), parts.restart_refusal, controls.stop.set)
    handler = HubControlHandler(inbox, conversation, reporter, controls.reload, announcements, around)
    pulse = HubPulse(conversation, progress, inbox)
    quiet = QuietWatch(options.equipment.quiet, parts.local_time, inbox)
    room = None if parts.room is None else RoomStage(parts.room, inbox, conversation)
    observers: list[Observer] = [*parts.observers, handler, announcements, pulse, quiet]
    observers += _optional_observers(parts, room)
    hub = Hub(conversation, parts.microphone, outbox, shown, player, observers)
    async with asyncio.TaskGroup() as closing, parts.cloud.opened():
        try:
            async with asyncio.TaskGroup() as stages:
                start = stages.create_task
                start(capture(parts.microphone, inbox, _admit(room)), name="capture")
                start(hub.run(inbox), name="converse")
                start(uplink(parts.cloud, outbox, inbox, Backoff(reconnect, parts.chance)), name="uplink")
                start(indicate(shown, parts.lamp), name="indicate")
                start(heartbeat(parts.notifier, pulse), name="heartbeat")
                start(reload(controls.reload, handler.reading(read), inbox, parts.notifier), name="reload")
                start(parts.cloud.voice(player), name="voice")
                start(quiet.run(), name="quiet")
                if isinstance(player, Playback):
                    start(player.run(), name="playback")
                for name, stage in _optional_stages(parts, controls, handler, room):
                    start(stage, name=name)
                await _stopped(controls, parts.notifier)
        except* _Stop:
            pass
        finally:
            _close(parts, closing)

"""Requests become events of the hub, and replies say what is then true."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing, asynccontextmanager
from dataclasses import replace
from typing import Any

import pytest

from ravatard.core import actions as act
from ravatard.core import events as ev
from ravatard.core.control import protocol as asking
from ravatard.core.control.status import Reporter
from ravatard.core.conversation.conversation import Conversation
from ravatard.core.options.conversation import ConversationOptions, SessionOptions, TurnOptions
from ravatard.core.options.gate import GateOptions
from ravatard.core.states import Refusal
from ravatard.errors import ConfigError, InternalError
from ravatard.stages.control import ControlSurroundings, HubControlHandler, control
from ravatard.stages.converse import Hub
from ravatard.stages.mailbox import Inbox, Latest, Outbox
from ravatard.stages.playing.content import AnnouncementContents
from ravatard.stages.playing.null_player import NullAnswerPlayer
from ravatard.stages.playing.requests import AnnouncementRequests
from ravatard.stages.reload import NewOptions, reload
from tests.unit.stages.fakes import CAPABILITIES, FakeEar, FakeNotifier, running

OPTIONS = ConversationOptions(
    SessionOptions(), TurnOptions(), GateOptions(mode="auto", longest_s=60.0), has_button=False
)


class ClosingEar(FakeEar):
    """An ear that needs ``takes_s`` to close its device, and to open it."""

    def __init__(self, inbox: Inbox) -> None:
        super().__init__()
        self.takes_s: float = 0.3
        self.missing = False
        self._inbox = inbox

    def command(self, command: act.MicrophoneCommand) -> None:
        super().command(command)
        if isinstance(command, act.Mute):
            asyncio.get_running_loop().call_later(self.takes_s, self._report, command.muted)

    def _report(self, muted: bool) -> None:
        opened = ev.MicrophoneLost("unplugged") if self.missing else ev.MicrophoneReady("USB")
        self._inbox.put(ev.MicrophoneClosed() if muted else opened)


class Room:
    """A hub at work with a desk beside it."""

    def __init__(
        self, options: ConversationOptions = OPTIONS, around: ControlSurroundings | None = None
    ) -> None:
        self.inbox = Inbox()
        self.ear = ClosingEar(self.inbox)
        self.mind = Conversation(options)
        self.outbox = Outbox()
        self.reload = asyncio.Event()
        reporter = Reporter(self.mind, options, 0.0, self.ear.progress)
        self.desk = HubControlHandler(
            self.inbox,
            self.mind,
            reporter,
            self.reload,
            AnnouncementRequests(self.inbox, AnnouncementContents(lambda: 0.0), None),
            around or ControlSurroundings(),
        )
        shown, player = Latest(self.mind.indication), NullAnswerPlayer(Inbox())
        self.hub = Hub(self.mind, self.ear, self.outbox, shown, player, [self.desk])
        self.error: ConfigError | None = None

    async def read(self) -> NewOptions:
        if self.error is not None:
            raise self.error
        return NewOptions(OPTIONS, "speaker.device waits for a restart")

    async def asked(self, do: str, **fields: Any) -> dict[str, Any]:
        """The one reply."""
        line = json.dumps({"do": do, **fields}).encode()
        (reply,) = [json.loads(reply) async for reply in self.desk.answers(line)]
        return dict(reply)


@asynccontextmanager
async def room(
    *,
    hub: bool = True,
    options: ConversationOptions = OPTIONS,
    around: ControlSurroundings | None = None,
) -> AsyncIterator[Room]:
    made = Room(options, around)
    if not hub:
        yield made
        return
    made.inbox.put(ev.MicrophoneReady("USB"))
    made.inbox.put(ev.LinkConnecting())
    made.inbox.put(ev.LinkOnline(CAPABILITIES))
    async with (
        running(lambda: made.hub.run(made.inbox)),
        running(lambda: reload(made.reload, made.desk.reading(made.read), made.inbox, FakeNotifier())),
    ):
        yield made


def now() -> float:
    return asyncio.get_running_loop().time()


async def test_status_is_the_report() -> None:
    async with room() as made:
        reply = await made.asked("status")

    assert reply["ok"] is True
    assert reply["says"] == reply["status"]["status"] == "ready: Ava (en)"
    assert reply["status"]["working"] is True


async def test_a_wrong_request_is_refused_in_words() -> None:
    async with room() as made:
        assert (await made.asked("dance"))["error"].startswith('"do" is one of')


async def test_mute_is_answered_when_the_device_is_closed() -> None:
    async with room() as made:
        began = now()
        reply = await made.asked("mute")

        assert now() - began == pytest.approx(0.3)
        assert made.ear.commands == [act.Mute(True)]

    assert reply == {
        **{"ok": True, "says": "muted: the microphone is closed"},
        **{"muted": True, "microphone": "muted"},
    }


async def test_unmute_is_answered_when_the_device_is_open() -> None:
    async with room() as made:
        await made.asked("mute")
        began = now()
        reply = await made.asked("unmute")

        assert now() - began == pytest.approx(0.3)

    assert (reply["says"], reply["microphone"]) == ("not muted: the microphone is open", "open")


async def test_what_is_so_already_is_answered_at_once() -> None:
    async with room() as made:
        began = now()
        reply = await made.asked("unmute")

        assert now() == began
        assert made.ear.commands == []
        assert reply["ok"] is True


async def test_toggling_goes_to_and_fro() -> None:
    async with room() as made:
        replies = [await made.asked("toggle-mute") for _ in range(3)]

    assert [reply["muted"] for reply in replies] == [True, False, True]
    assert all(reply["ok"] for reply in replies)


async def test_every_wish_to_mute_is_counted_whatever_it_changes() -> None:
    async with room() as it:
        for count, do in enumerate(("mute", "mute", "unmute", "toggle-mute"), 1):
            await it.asked(do)
            assert it.desk.mute_wishes == count
        # By a long press of the button, which is no request.
        it.desk.on_event(ev.ButtonReleased(now()), now())
        it.desk.on_action(act.Mute(False), now())

        assert it.desk.mute_wishes == 5


async def test_a_device_that_does_not_close_is_told_after_two_seconds() -> None:
    async with room() as made:
        made.ear.takes_s = 10.0
        began = now()
        reply = await made.asked("mute")

        assert now() - began == pytest.approx(2.0)

    assert reply == {
        **{"ok": False, "error": "the microphone is not closed after 2 s; it is still being tried"},
        **{"muted": True, "microphone": "open"},
    }


async def test_unmuting_without_a_microphone_says_that_there_is_none() -> None:
    async with room() as made:
        await made.asked("mute")
        made.ear.missing = True
        reply = await made.asked("unmute")

    assert reply["error"] == "not muted, but there is no microphone: unplugged"


async def test_who_is_overruled_is_told_so() -> None:
    async with room() as made, asyncio.TaskGroup() as group:
        first = group.create_task(made.asked("mute"))
        await asyncio.sleep(0.1)
        second = group.create_task(made.asked("unmute"))

    assert first.result()["error"] == "another request unmuted it meanwhile"
    assert second.result()["ok"] is True


async def test_a_hub_that_stands_still_is_told_of() -> None:
    async with room(hub=False) as made:
        reply = await made.asked("mute")

    assert reply["error"] == "the appliance did not react within 2 s"


async def test_the_volume_is_answered_with_what_it_is_then() -> None:
    async with room() as made:
        replies = [
            await made.asked("volume", percent=40),
            await made.asked("volume", by=-30),
            await made.asked("volume", by=-30),
            await made.asked("volume", by=100),
        ]

    assert [reply["volume"] for reply in replies] == [40, 10, 0, 100]
    assert [reply["says"] for reply in replies] == [
        "volume 40 %",
        "volume 10 %",
        "volume 0 %",
        "volume 100 %",
    ]


async def test_a_hub_that_stands_still_changes_no_volume() -> None:
    async with room(hub=False) as made:
        began = now()
        reply = await made.asked("volume", percent=40)

        assert now() - began == pytest.approx(2.0)

    assert reply == {"ok": False, "error": "the appliance did not react within 2 s"}


async def test_what_is_said_becomes_a_turn() -> None:
    async with room() as made:
        reply = await made.asked("say", text="good morning")
        await asyncio.sleep(0.1)

        assert reply == {"ok": True, "says": "said"}
        assert isinstance(await made.outbox.get(), act.StartSession)
        assert await made.outbox.get() == act.SendText(1, "good morning")


async def test_what_is_said_to_a_service_that_refuses_sessions_may_be_in_vain_and_that_is_told() -> None:
    async with room() as made:
        made.inbox.put(ev.SessionRefused(Refusal.DENIED, "no (401 at streaming.new)"))
        await asyncio.sleep(0.1)

        reply = await made.asked("say", text="hello")

    assert reply["ok"] is False
    assert "may be in vain" in reply["error"]
    assert "401 at streaming.new" in reply["error"]


async def test_what_is_said_while_offline_is_kept_and_that_is_told() -> None:
    async with room() as made:
        made.inbox.put(ev.LinkOffline("no route.", 3.0))
        await asyncio.sleep(0.1)
        reply = await made.asked("say", text="hello")

    assert reply["says"] == "kept for as long as an answer may take: offline: no route."


@pytest.mark.parametrize("ms", [0, 700])
async def test_a_press_is_released_in_time(ms: int) -> None:
    async with room(hub=False) as made:
        began = now()
        reply = await made.asked("press", ms=ms)

        assert ("pressed for 700 ms" if ms else "pressed and released") in str(reply)
        assert await made.inbox.get() == ev.ButtonPressed(began)
        assert await made.inbox.get() == ev.ButtonReleased(began + ms / 1000)


@pytest.mark.parametrize(
    ("mode", "ms", "reply"),
    [
        ("both", 700, {"ok": True, "says": "pressed for 700 ms"}),
        ("wakeword-or-button", 0, {"ok": True, "says": "pressed and released"}),
        (
            "wakeword",
            700,
            {
                "ok": False,
                "error": "pressed for 700 ms, but a press is not listened to: the wake word opens the gate; "
                "gate.mode wakeword-or-button takes presses, too, and needs button.pin",
            },
        ),
        (
            "vad",
            0,
            {
                "ok": True,
                "says": "pressed and released, but a press is not listened to: speech opens the gate; "
                "gate.mode both takes presses, too, and needs button.pin",
            },
        ),
        # It mutes.
        ("wakeword", 1_500, {"ok": True, "says": "pressed for 1500 ms"}),
    ],
)
async def test_where_no_press_opens_the_gate_the_reply_says_so(
    mode: Any, ms: int, reply: dict[str, Any]
) -> None:
    async with room(options=replace(OPTIONS, gate=GateOptions(mode=mode))) as made:
        await asyncio.sleep(0.1)

        assert await made.asked("press", ms=ms) == reply


@pytest.mark.parametrize("ms", [0, 700])
async def test_a_press_that_stops_what_is_heard_is_not_called_vain(ms: int) -> None:
    async with room(options=replace(OPTIONS, gate=GateOptions(mode="vad"))) as made:
        made.inbox.put(ev.PlaybackStarted(now()))
        await asyncio.sleep(0.1)
        assert made.mind.state.playback.since is not None

        reply = await made.asked("press", ms=ms)

        assert reply == {"ok": True, "says": f"pressed for {ms} ms" if ms else "pressed and released"}
        await asyncio.sleep(0.1)
        assert made.mind.state.playback.since is None


async def test_a_button_cannot_be_pressed_twice_at_once() -> None:
    async with room(hub=False) as made, asyncio.TaskGroup() as group:
        first = group.create_task(made.asked("press", ms=700))
        await asyncio.sleep(0.1)
        second = await made.asked("press")

    assert second["error"] == "the button is being pressed already"
    assert "pressed for 700 ms" in str(first.result())


async def test_a_cancelled_press_is_released() -> None:
    async with room(hub=False) as made:
        async with running(lambda: made.asked("press", ms=700)):
            assert isinstance(await made.inbox.get(), ev.ButtonPressed)

        assert isinstance(await made.inbox.get(), ev.ButtonReleased)


async def test_a_press_that_is_meant_for_the_page_reaches_no_hub() -> None:
    taken = [False, True]
    async with room(hub=False, around=ControlSurroundings(taken=taken.pop)) as made:
        reply = await made.asked("press", ms=700)
        await made.asked("press")

        assert "six digits" in reply["says"]
        assert isinstance(await made.inbox.get(), ev.ButtonPressed)
        assert isinstance(await made.inbox.get(), ev.ButtonReleased)


async def test_a_restart_ends_the_daemon_behind_its_reply_and_only_if_it_is_started_again() -> None:
    refusals = ["nothing would"]
    stopped: list[str] = []

    async def refusal() -> str:
        return refusals.pop() if refusals else ""

    async with room() as made:
        by_hand = await made.asked("restart")
    around = ControlSurroundings(restart_refusal=refusal, stop=lambda: stopped.append("stopped"))
    async with room(around=around) as made:
        refused = await made.asked("restart")
        assert stopped == []
        replies = made.desk.answers(b'{"do": "restart"}')
        reply = json.loads(await anext(replies))
        assert stopped == []
        await replies.aclose()

    assert by_hand == {"ok": False, "error": asking.STARTED_BY_HAND}
    assert refused == {"ok": False, "error": "nothing would"}
    assert reply["ok"]
    assert stopped == ["stopped"]


async def test_restarting_a_session_says_whether_there_was_one() -> None:
    async with room() as made:
        none = await made.asked("restart-session")
        await made.asked("say", text="hello")
        await asyncio.sleep(0.1)
        made.inbox.put(ev.SessionStarted())
        await asyncio.sleep(0.1)
        held = await made.asked("restart-session")
        await asyncio.sleep(0.1)

        actions = [await made.outbox.get() for _ in range(len(made.outbox))]

    assert none["says"].startswith("no live session is held")
    assert held["says"].startswith("the live session is being ended")
    assert isinstance(actions[-1], act.EndSession)


async def test_a_reload_says_what_came_of_it() -> None:
    async with room() as made:
        good = await made.asked("reload")
        made.error = ConfigError("idle_s is too low")
        bad = await made.asked("reload")
        made.error = None
        again = await made.asked("reload")

    assert good == again
    assert good["says"] == "configuration reloaded: speaker.device waits for a restart"
    assert bad["error"] == (
        "the configuration is not reloaded; the old one stays in force: idle_s is too low"
    )


async def test_a_reload_nobody_does_is_told_of() -> None:
    async with room(hub=False) as made:
        began = now()
        reply = await made.asked("reload")

        assert now() - began == pytest.approx(5.0)

    assert reply["error"] == "the configuration was not read within 5 s"


async def test_a_watcher_is_told_at_once_and_at_every_change_of_what_can_be_seen() -> None:
    async with room() as made, aclosing(made.desk.answers(b'{"do": "watch"}')) as replies:
        seen = [json.loads(await anext(replies))["says"]]
        loop = asyncio.get_running_loop()
        put: list[Callable[[], None]] = [
            lambda: made.inbox.put(ev.Listened(1, -40.0, -60.0)),
            lambda: made.inbox.put(ev.LinkOffline("cut.", 1.0)),
            lambda: made.inbox.put(ev.LinkDenied("unknown project", Refusal.DENIED)),
        ]
        for second, act in enumerate(put):
            loop.call_later(second + 1.0, act)
        began = now()
        for _ in range(2):
            seen.append(json.loads(await anext(replies))["says"])

        assert now() - began == pytest.approx(3.0)

    assert seen == ["ready: Ava (en)", "offline: cut.", "needs a person: unknown project"]


async def test_a_socket_that_ends_is_a_bug() -> None:
    class Broken:
        async def serve(self, desk: asking.ControlHandler) -> None:
            return

    with pytest.raises(InternalError, match="ended"):
        await control(Broken(), Room().desk)

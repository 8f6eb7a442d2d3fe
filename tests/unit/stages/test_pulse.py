"""What the watchdog feels is what is so."""

from __future__ import annotations

import asyncio

from ravatard.core import events as ev
from ravatard.core.audio.progress import Progress
from ravatard.core.capabilities import Capabilities
from ravatard.stages.pulse import HubPulse
from tests.unit.stages.test_converse import Desk


def pulse_of(desk: Desk) -> tuple[HubPulse, Progress]:
    progress = Progress()
    pulse = HubPulse(desk.conversation, progress, desk.inbox)
    desk.watched_by(pulse)
    return pulse, progress


async def test_ready_is_the_first_look_after_starting() -> None:
    desk = Desk()
    pulse, _ = pulse_of(desk)
    desk.hub.handle(ev.Tick(), 0.0)
    before = pulse.ready

    desk.hub.handle(ev.MicrophoneReady("usb"), 0.0)
    desk.hub.handle(ev.LinkConnecting(), 0.0)

    assert (before, pulse.ready, pulse.changed.is_set(), pulse.status) == (False, True, True, "connecting")


async def test_a_nudge_makes_the_hub_turn() -> None:
    desk = Desk()
    pulse, _ = pulse_of(desk)

    pulse.nudge()
    desk.hub.handle(await desk.inbox.get(), 0.0)

    assert pulse.events_handled == 1


async def test_a_missing_microphone_is_excused_and_an_open_one_is_not() -> None:
    desk = Desk()
    pulse, progress = pulse_of(desk)
    before = pulse.microphone_excused

    desk.hub.handle(ev.MicrophoneReady("usb"), 0.0)
    progress.note(ev.MicrophoneReady("usb"))

    assert (before, pulse.microphone_excused, pulse.samples) == (True, False, 1)


async def test_a_microphone_that_was_closed_on_purpose_need_not_progress() -> None:
    desk = Desk()
    pulse, _ = pulse_of(desk)
    for event in (ev.MicrophoneReady("usb"), ev.MuteAsked(True), ev.MicrophoneClosed()):
        desk.hub.handle(event, 0.0)

    assert pulse.microphone_excused


async def test_a_state_over_its_deadline_is_named() -> None:
    desk = Desk()
    pulse, _ = pulse_of(desk)
    desk.hub.handle(ev.LinkOnline(_without_session()), 0.0)
    desk.hub.handle(ev.TextGiven("hello"), 0.0)
    before = pulse.overdue

    await asyncio.sleep(40.0)

    assert before is None
    assert "thinking" in str(pulse.overdue)


def _without_session() -> Capabilities:
    return Capabilities(
        True, needs_session=False, listens=True, answer_timeout_s=30.0, avatar="", language=""
    )

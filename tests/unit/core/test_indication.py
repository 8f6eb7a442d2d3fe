"""What is shown, in its order of precedence, and that each look has a light of its own."""

from __future__ import annotations

from dataclasses import astuple, replace

import pytest

from ravatard.core.indication import LIGHTS, WORDS, Condition, Look, look_for
from ravatard.core.states import LinkState, MicrophoneStatus, Refusal, TalkState

READY = Condition(started=True, link=LinkState.ONLINE, microphone=MicrophoneStatus.OPEN)


@pytest.mark.parametrize(
    ("condition", "look"),
    [
        (Condition(), Look.STARTING),
        (READY, Look.READY),
        (replace(READY, talk=TalkState.SPEAKING), Look.SPEAKING),
        (replace(READY, talk=TalkState.THINKING), Look.THINKING),
        (replace(READY, talk=TalkState.LISTENING), Look.LISTENING),
        (replace(READY, pressed=True), Look.LISTENING),
        (replace(READY, busy=True), Look.BUSY),
        (replace(READY, busy=True, deaf=True, talk=TalkState.LISTENING), Look.SERVICE_DEAF),
        (replace(READY, link=LinkState.CONNECTING), Look.CONNECTING),
        (replace(READY, link=LinkState.OFFLINE), Look.OFFLINE),
        (replace(READY, microphone=MicrophoneStatus.ABSENT), Look.NO_MICROPHONE),
        (replace(READY, microphone=MicrophoneStatus.MUTED), Look.MUTED),
        (replace(READY, link=LinkState.DENIED, denied=Refusal.MONEY), Look.NO_MONEY),
        (replace(READY, link=LinkState.DENIED, denied=Refusal.DENIED), Look.FAULT),
        (replace(READY, microphone=MicrophoneStatus.HELD), Look.READY),
    ],
)
def test_each_condition_has_its_look(condition: Condition, look: Look) -> None:
    assert look_for(condition) is look


def test_what_needs_a_person_goes_before_everything_that_passes_by_itself() -> None:
    everything = Condition(
        started=True,
        link=LinkState.DENIED,
        talk=TalkState.LISTENING,
        microphone=MicrophoneStatus.MUTED,
        pressed=True,
        busy=True,
        denied=Refusal.DENIED,
    )

    seen = []
    for calmer in (
        {},
        {"link": LinkState.OFFLINE},
        {"microphone": MicrophoneStatus.ABSENT},
        {"microphone": MicrophoneStatus.OPEN},
        {"link": LinkState.ONLINE},
        {"busy": False},
        {"talk": TalkState.THINKING, "pressed": False},
        {"talk": TalkState.SPEAKING},
        {"talk": TalkState.IDLE},
    ):
        everything = replace(everything, **calmer)
        seen.append(look_for(everything))

    order = list(Look)
    assert seen == sorted(seen, key=order.index)
    assert len(set(seen)) == len(seen)


def test_every_look_has_a_light_and_words() -> None:
    assert set(LIGHTS) == set(WORDS) == set(Look)


def test_no_two_looks_are_lit_alike() -> None:
    assert len({astuple(light) for light in LIGHTS.values()}) == len(Look)


def test_a_single_led_tells_every_look_apart_by_its_rhythm() -> None:
    def rhythm(look: Look) -> tuple[float, float, bool]:
        light = LIGHTS[look]
        on_s = light.on_s if light.plain_on_s is None else light.plain_on_s
        off_s = light.off_s if light.plain_off_s is None else light.plain_off_s
        return on_s, off_s, any(light.colour)

    assert len({rhythm(look) for look in Look}) == len(Look)

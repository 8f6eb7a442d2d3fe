"""A simulated microphone on a bad night."""

from __future__ import annotations

import asyncio

from ravatard.core import events as ev
from ravatard.core.states import CloseReason
from ravatard.sim.faults.microphone_faults import inject_faults
from ravatard.sim.faults.scenario_file import parse
from tests.unit.core.sounds import quiet, voice
from tests.unit.sim.test_microphone import ear, heard


async def _night(
    steps: str, seconds: float = 12.0, sound: bytes = b""
) -> list[tuple[float, ev.MicrophoneEvent]]:
    room = ear()
    room.sound(sound)
    async with asyncio.TaskGroup() as group:
        group.create_task(inject_faults(room, parse(steps.encode())))
        found = await heard(room, seconds)
    return found


def _samples(found: list[tuple[float, ev.MicrophoneEvent]], until: float) -> int:
    return max(event.samples for at, event in found if isinstance(event, ev.Listened) and at <= until)


async def test_a_hanging_microphone_says_nothing_and_then_goes_on() -> None:
    found = await _night("[{when: {after_s: 2}, do: microphone-hang, for_s: 5}]")

    times = [at for at, _ in found]
    assert not [at for at in times if 2.1 < at < 7.0]
    assert max(times) > 11.0
    assert 16_000 * 6.5 < _samples(found, 12.0) < 16_000 * 7.1
    assert not [event for _, event in found if isinstance(event, ev.MicrophoneLost)]


async def test_a_hanging_microphone_can_be_pulled_out() -> None:
    found = await _night(
        "[{when: {after_s: 2}, do: microphone-hang}, {when: {after_s: 4}, do: microphone-crash, for_s: 3}]"
    )

    assert [at for at, event in found if isinstance(event, ev.MicrophoneLost)] == [4.0]


async def test_a_crash_closes_the_utterance_is_told_and_passes() -> None:
    found = await _night("[{when: {after_s: 2}, do: microphone-crash}]", sound=quiet(500) + voice(9000))

    closed = next(event for _, event in found if isinstance(event, ev.UtteranceClosed))
    assert closed.reason is CloseReason.LOST
    (lost,) = [(at, event) for at, event in found if isinstance(event, ev.MicrophoneLost)]
    assert lost[1] == ev.MicrophoneLost("its process died")
    assert lost[0] < 2.1
    assert [at for at, event in found if isinstance(event, ev.MicrophoneReady)] == [0.0, 3.0]


async def test_zeros_are_silence_whatever_is_said() -> None:
    found = await _night(
        "[{when: {after_s: 0}, do: microphone-zeros, for_s: 5}]", sound=quiet(500) + voice(3000)
    )

    assert not [event for _, event in found if isinstance(event, ev.UtteranceOpened)]
    assert any(isinstance(event, ev.Listened) for _, event in found)


async def test_a_double_rate_brings_twice_the_samples_for_a_while() -> None:
    found = await _night("[{when: {after_s: 2}, do: microphone-double-rate, for_s: 4}]")

    assert 16_000 * 15 < _samples(found, 12.0) < 16_000 * 16.1


async def test_a_card_comes_back_under_another_name() -> None:
    found = await _night(
        "[{when: {after_s: 2}, do: {microphone-rename: {name: other}}, for_s: 3}, {do: refuse}]"
    )

    ready = [(at, event) for at, event in found if isinstance(event, ev.MicrophoneReady)]
    assert ready[1] == (5.0, ev.MicrophoneReady("other"))

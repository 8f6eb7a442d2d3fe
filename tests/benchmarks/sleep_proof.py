"""The speaker after a minute of sleep: its first sound whole, a press, half duplex, the echo reference."""

from __future__ import annotations

import asyncio
import os
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from ravatard.core.events import PlaybackEnded, PlaybackStarted, SpeakerAsleep, SpeakerAwake
from ravatard.core.states import Earcon
from ravatard.devices.echo.ring import EchoRing, make_ring
from tests.benchmarks.report import Aim, Row, Table, at_least, at_most, percentile, ratios, spread
from tests.benchmarks.sleeper import (
    LISTENING,
    PROGRAM,
    PULSEAUDIO,
    RECORDING,
    Sleeper,
    likeness,
    sleeper,
)
from tests.integration.test_speaker import speech
from tests.integration.virtual_audio import VirtualAudio, missing

_LEAST_ALIKE = 0.99
_MOST_LAG_MS, _MOST_SILENCE_MS = 10, 50
#: A sound server that gets no processor for a moment drops sound, asleep or not.
_ATTEMPTS = 3
#: Sound before the answer, in the echo reference.
_BEFORE = 4_800
_SYLLABLE = 48 * 300


@dataclass(slots=True)
class _Presses:
    """Answers that were stopped, in ms.

    Attributes:
        silence: from the stop to the last block that could be heard.
        began: from when the daemon was told that sound begins to when it was heard.
        ended: from when it was told that sound ends to when it was heard last.
    """

    silence: list[float] = field(default_factory=list)
    began: list[float] = field(default_factory=list)
    ended: list[float] = field(default_factory=list)


@dataclass(slots=True)
class _Found:
    """One kind of speaker: likenesses, the echo reference, presses."""

    answer: float = 0.0
    earcon: float = 0.0
    attempts: int = 0
    echo: float = 0.0
    echo_lag_ms: float = 0.0
    awake: _Presses = field(default_factory=_Presses)
    woken: _Presses = field(default_factory=_Presses)


async def measure(*, asleep_s: float, presses: int) -> list[Table]:
    """One table: each kind of speaker after ``asleep_s`` of sleep; ``presses`` awake, and after a sleep."""
    found: dict[str, _Found] = {}
    notes = []
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        audio = None
        if lacks := missing():
            notes.append(f"No PulseAudio: virtual sound needs {', '.join(lacks)}.")
        else:
            (folder / "audio").mkdir()
            audio = stack.enter_context(VirtualAudio(folder / "audio", speaker=True))
        kinds = [PROGRAM, RECORDING, *([PULSEAUDIO] if audio else [])]
        async with asyncio.TaskGroup() as group:
            for kind in kinds:
                found[kind] = _Found()
                group.create_task(_slept(found[kind], kind, folder, audio, asleep_s), name=kind)
        # One at a time: what is timed here is not to wait for another one's sound.
        for kind in kinds:
            if kind != RECORDING:
                async with sleeper(kind, folder, audio, timed=True) as one:
                    await _pressed(found[kind], one, presses)
    return [_table(found, asleep_s, presses, notes)]


async def _slept(found: _Found, kind: str, folder: Path, audio: VirtualAudio | None, asleep_s: float) -> None:
    fd = make_ring()
    try:
        async with sleeper(kind, folder, audio, echo_fd=fd) as one:
            ring = EchoRing(fd)
            for attempt in range(1, _ATTEMPTS + 1):
                found.attempts = attempt
                await _first_sounds(found, one, ring, attempt, asleep_s)
                if min(found.answer, found.earcon, found.echo) >= _LEAST_ALIKE:
                    break
    finally:
        os.close(fd)


async def _first_sounds(found: _Found, one: Sleeper, ring: EchoRing, voice: int, asleep_s: float) -> None:
    """An answer after a sleep, the echo reference beside it, an earcon after another sleep."""
    sound = speech(1)
    await asyncio.sleep(asleep_s)
    one.listener.clear()
    one.speaker.begin(voice, live=False)
    one.speaker.feed(voice, sound.tobytes())
    one.speaker.finish(voice)
    started = await one.told(PlaybackStarted)
    await asyncio.sleep(0.8)
    state = ring.state()
    if state is None:
        raise RuntimeError("the echo reference has no state while an answer is played")
    first = round(state.frame_at(started.at)) - _BEFORE
    # Longer than a syllable at the time that was told: it may begin a little later.
    reference = np.frombuffer(ring.read(first, 2 * _BEFORE + _SYLLABLE), "<i2")
    loud = np.flatnonzero(np.abs(reference) > 200)
    found.echo = min(likeness(reference, sound))
    found.echo_lag_ms = abs(int(loud[0]) - _BEFORE) / 48 if len(loud) else float("inf")
    await one.told(SpeakerAsleep)
    found.answer = min(likeness(one.listener.sound(), sound))

    await asyncio.sleep(asleep_s)
    one.listener.clear()
    one.speaker.cue(Earcon.LISTENING)
    await one.told(SpeakerAwake)
    await one.told(SpeakerAsleep)
    found.earcon = min(likeness(one.listener.sound(), LISTENING))


async def _pressed(found: _Found, one: Sleeper, presses: int) -> None:
    """Answers that are stopped: after a sleep, and then awake, in turn."""
    sound = speech(5).tobytes()
    for number in range(presses):
        await _stopped(found.woken, one, 2 * number + 1, sound)
        one.speaker.keep_awake(True)
        await _stopped(found.awake, one, 2 * number + 2, sound)
        one.speaker.keep_awake(False)
        await one.told(SpeakerAsleep)
        one.listener.clear()


async def _stopped(found: _Presses, one: Sleeper, voice: int, sound: bytes) -> None:
    asked_at = time.monotonic()
    one.speaker.begin(voice, live=False)
    one.speaker.feed(voice, sound)
    started = await one.told(PlaybackStarted)
    await asyncio.sleep(0.3)
    stopped_at = time.monotonic()
    one.speaker.stop()
    ended = await one.told(PlaybackEnded)
    await asyncio.sleep(0.3)
    loud_at = [at for at in one.listener.loud_at() if at > asked_at]
    if not loud_at:
        raise RuntimeError("an answer was not heard")
    found.silence.append((loud_at[-1] - stopped_at) * 1000)
    found.began.append((loud_at[0] - started.at) * 1000)
    found.ended.append((loud_at[-1] - ended.at) * 1000)


def _table(found: dict[str, _Found], asleep_s: float, presses: int, notes: Sequence[str]) -> Table:
    every = list(found.values())
    timed = [one for one in every if one.awake.silence]

    def alike(what: str, value: Callable[[_Found], float]) -> Row:
        values = [value(one) for one in every]
        return Row(what, [f"{one:.4f}" for one in values], at_least(min(values), _LEAST_ALIKE))

    def times(what: str, values: Callable[[_Found], list[float]], aim: Aim | None = None) -> Row:
        return Row(what, [spread(values(one), 1) for one in every], aim or Aim())

    def paired(one: _Found) -> list[float]:
        fit = min([*one.woken.silence, *one.awake.silence]) > 0
        return ratios(one.woken.silence, one.awake.silence) if fit else []

    silent = times(
        "press -> silence after a sleep, ms",
        lambda one: one.woken.silence,
        at_most(max(percentile(one.woken.silence, 50) for one in timed), _MOST_SILENCE_MS, "ms"),
    )
    beside = {f"after a sleep / awake, {kind}": paired(one) for kind, one in found.items() if one in timed}
    rows = [
        alike("answer, its first 20, 150 and 300 ms: least likeness", lambda one: one.answer),
        alike("earcon: the same", lambda one: one.earcon),
        alike("echo reference beside the answer: the same", lambda one: one.echo),
        Row(
            "   beside the time that was told, ms",
            [f"{one.echo_lag_ms:.1f}" for one in every],
            at_most(max(one.echo_lag_ms for one in every), _MOST_LAG_MS, "ms"),
        ),
        Row("   attempts", [str(one.attempts) for one in every]),
        times("press -> silence awake, ms", lambda one: one.awake.silence),
        Row(silent.what, silent.figures, silent.aim, beside),
        times("told that sound begins -> heard, awake, ms", lambda one: one.awake.began),
        times("   after a sleep", lambda one: one.woken.began),
        times("told that sound ends -> heard last, awake, ms", lambda one: one.awake.ended),
        times("   after a sleep", lambda one: one.woken.ended),
    ]
    return Table(
        "The speaker after a sleep, by kind",
        list(found),
        rows,
        (
            f"Answer and earcon after {asleep_s:g} s of sleep each, a real process, correlated from the",
            f"first sample on with what was to be played; at most {_ATTEMPTS} attempts. {presses} presses",
            "each, as an answer is stopped 0.3 s after its beginning. Half duplex holds the microphone",
            "between what is told. PulseAudio's recorder adds its 10 ms, and the sink its 20 ms.",
            *notes,
        ),
    )

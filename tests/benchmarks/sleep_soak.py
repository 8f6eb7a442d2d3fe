"""Random sleep and waking: ``--only sleep-hour --minutes N``; nothing may be lost at a beginning."""

from __future__ import annotations

import asyncio
import random
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from enum import Enum, unique
from pathlib import Path

import numpy as np

from ravatard.core.events import PlaybackEnded, Played, SpeakerAsleep, SpeakerEvent
from ravatard.core.states import Earcon
from tests.benchmarks.report import Aim, Row, Table, at_least
from tests.benchmarks.sleeper import (
    LISTENING,
    NEVER_ASLEEP,
    PROGRAM,
    PULSEAUDIO,
    RECORDING,
    Sleeper,
    likeness,
    sleeper,
)
from tests.integration.test_speaker import speech
from tests.integration.virtual_audio import VirtualAudio, missing

#: Of the random schedule, so that a failure can be seen again.
_SEED = 9
_LEAST_ALIKE = 0.99
#: From just asleep, or nearly, to long asleep, in seconds.
_SHORTEST_S, _LONGEST_S = 0.0, 12.0
#: What is looked at of a beginning: the first syllable, and how an answer goes on.
_SYLLABLE_MS, _SECOND_MS = (20, 150, 300), (1000,)
_ANSWER = speech(1.5)
#: An answer in pieces comes this long ahead of what is played.
_AHEAD_S, _PIECE_S = 0.5, 0.1
#: Louder than the noise of PulseAudio's virtual device.
_LOUD = 200
#: The recorder has all of an earcon by then.
_AWAKE_S = 2.0


@unique
class Waking(Enum):
    """What wakes it."""

    ANSWER = "an answer"
    PIECES = "an answer in pieces"
    EARCON = "an earcon"
    CONVERSATION = "a conversation, then an answer"
    FALLING = "an answer as it falls asleep"


@dataclass(slots=True)
class _Found:
    """One kind of speaker.

    Attributes:
        wakings: how often it was woken by what.
        least: the least likeness of any first syllable.
        cut: first syllables that are less alike than they should be, in words.
        late: earcons that were left out, because the speaker opened more than a second after the press.
        later: answers with a hole in the rest of their first second.
        underruns: voices that ran dry, by the speaker's own count.
        losses: of the device.
        restarts: of the process.
    """

    wakings: dict[Waking, int] = field(default_factory=lambda: dict.fromkeys(Waking, 0))
    least: float = 1.0
    cut: list[str] = field(default_factory=list)
    late: int = 0
    later: int = 0
    underruns: int = 0
    losses: int = 0
    restarts: int = 0


async def measure(*, minutes: float) -> list[Table]:
    """One table: every kind of speaker at the same time, on schedules of their own."""
    found: dict[str, _Found] = {}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        async with AsyncExitStack() as stack:
            kinds: dict[str, VirtualAudio | None] = {PROGRAM: None, RECORDING: None}
            if not missing():
                for kind in (PULSEAUDIO, NEVER_ASLEEP):
                    own = folder / f"audio-{len(kinds)}"
                    own.mkdir()
                    kinds[kind] = stack.enter_context(VirtualAudio(own, speaker=True))
            until = time.monotonic() + minutes * 60
            async with asyncio.TaskGroup() as group:
                for number, (kind, audio) in enumerate(kinds.items()):
                    found[kind] = _Found()
                    schedule = random.Random(_SEED + number)
                    group.create_task(_sleeps(found[kind], kind, folder, audio, schedule, until), name=kind)
    return [_table(found, minutes)]


async def _sleeps(
    found: _Found,
    kind: str,
    folder: Path,
    audio: VirtualAudio | None,
    schedule: random.Random,
    until: float,
) -> None:
    async with sleeper(kind, folder, audio) as one:
        pid, voice, underruns = one.pid, 0, 0
        while time.monotonic() < until:
            voice += 1
            waking = schedule.choice(list(Waking))
            slept_s = schedule.uniform(_SHORTEST_S, _LONGEST_S)
            await asyncio.sleep(slept_s)
            one.listener.clear()
            try:
                told = await _woken(one, waking, voice, schedule, sleeps=kind != NEVER_ASLEEP)
            except TimeoutError:
                # Told nothing of it for half a minute: as bad as one that is cut.
                found.cut.append(f"{waking.value}, {slept_s:.1f} s asleep: not told; lost: {one.losses[-1:]}")
                print(f"{kind}: {found.cut[-1]}", file=sys.stderr, flush=True)
                continue
            heard, sound = one.listener.sound(), LISTENING if waking is Waking.EARCON else _ANSWER
            *syllable, second = await asyncio.to_thread(likeness, heard, sound, _SYLLABLE_MS + _SECOND_MS)
            alike = min(syllable)
            found.wakings[waking] += 1
            found.restarts += one.pid != pid
            pid, found.losses = one.pid, len(one.losses)
            if waking is Waking.EARCON and np.abs(heard.astype(int)).max(initial=0) < _LOUD:
                # By design (preopen_buffer.EARCON_S): it would be taken for the answer to the next press.
                found.late += 1
                continue
            found.least = min(found.least, alike)
            found.later += alike >= _LEAST_ALIKE > second
            count = max((event.underruns for event in told if isinstance(event, Played)), default=0)
            found.underruns += count > underruns
            # The count is that of the process.
            underruns = max(count, underruns)
            if alike < _LEAST_ALIKE:
                found.cut.append(f"{waking.value}, {slept_s:.1f} s asleep: {alike:.3f}")
                print(f"{kind}: {found.cut[-1]}", file=sys.stderr, flush=True)


async def _woken(
    one: Sleeper, waking: Waking, voice: int, schedule: random.Random, *, sleeps: bool
) -> list[SpeakerEvent]:
    """Wake it, play, and wait until it sleeps again if it ever does; what was told meanwhile."""
    speaker, sound = one.speaker, _ANSWER.tobytes()
    if waking is Waking.EARCON:
        speaker.cue(Earcon.LISTENING)
    elif waking is Waking.PIECES:
        await _in_pieces(one, voice, sound)
    else:
        if waking is Waking.CONVERSATION:
            speaker.keep_awake(True)
            await asyncio.sleep(schedule.uniform(0.0, 2.0))
        if waking is Waking.FALLING:
            # Awake for a moment: the silence that sends it to sleep is over about a second later.
            speaker.keep_awake(True)
            speaker.keep_awake(False)
            await asyncio.sleep(schedule.uniform(0.9, 2.1))
        speaker.begin(voice, live=False)
        speaker.feed(voice, sound)
        speaker.finish(voice)
        if waking is Waking.CONVERSATION:
            speaker.keep_awake(False)
    told: list[SpeakerEvent] = []
    if waking is not Waking.EARCON:
        _, told = await one.told_with(PlaybackEnded)
    if not sleeps:
        await asyncio.sleep(_AWAKE_S)
        return told
    _, after = await one.told_with(SpeakerAsleep)
    return told + after


async def _in_pieces(one: Sleeper, voice: int, sound: bytes) -> None:
    """Feed an answer as it comes from a service, a little ahead of what is played."""
    one.speaker.begin(voice, live=False)
    begun = time.monotonic()
    ahead, size = round(_AHEAD_S * 96_000), round(_PIECE_S * 96_000)
    # What a service sends before its answer sounds comes in one: no task of this loop may come between.
    one.speaker.feed(voice, sound[:ahead])
    for number, at in enumerate(range(ahead, len(sound), size), 1):
        await asyncio.sleep(max(0.0, begun + number * _PIECE_S - time.monotonic()))
        one.speaker.feed(voice, sound[at : at + size])
    one.speaker.finish(voice)


def _table(found: dict[str, _Found], minutes: float) -> Table:
    every = list(found.values())
    awake = found.get(NEVER_ASLEEP)
    # A server that drops sound of a speaker that never sleeps says nothing about one that does.
    fit = (PROGRAM, RECORDING) if awake and awake.cut else (PROGRAM, RECORDING, PULSEAUDIO)
    judged_ones = [found[kind] for kind in fit if kind in found]

    def none(what: str, value: Callable[[_Found], int], *, judged: bool = True) -> Row:
        aim = Aim("none", not any(map(value, judged_ones))) if judged else Aim()
        return Row(what, [str(value(one)) for one in every], aim)

    rows = [Row(f"woken by {waking.value}", [str(one.wakings[waking]) for one in every]) for waking in Waking]
    rows += [
        Row(
            "first syllables: least likeness, from the first sample on",
            [f"{one.least:.4f}" for one in every],
            at_least(min(one.least for one in judged_ones), _LEAST_ALIKE),
        ),
        none("first syllables that were cut", lambda one: len(one.cut)),
        none("earcons left out: the speaker opened a second late", lambda one: one.late, judged=False),
        none("answers with a hole in the rest of their first second", lambda one: one.later, judged=False),
        none("answers that ran dry, by the speaker's own count", lambda one: one.underruns),
        none("devices lost", lambda one: one.losses),
        none("processes started again", lambda one: one.restarts, judged=False),
    ]
    cut = [f"{kind}: {what}." for kind, one in found.items() for what in one.cut[:5]]
    return Table(
        f"Random sleep and waking, {minutes:g} minutes",
        list(found),
        rows,
        (
            f"Between wakings {_SHORTEST_S:g} to {_LONGEST_S:g} s of sleep, by chance (seed {_SEED}). A",
            f"syllable is the first {', '.join(map(str, _SYLLABLE_MS))} ms of an answer or an earcon,",
            "correlated with what was to be played. PulseAudio's server has no real-time priority here:",
            "one that gets no processor for a moment drops sound, asleep or not: PulseAudio is judged",
            "where one that never slept lost nothing.",
            *cut,
        ),
    )

"""Talking over the avatar: false interruptions, and users found, on room models; for `python -m`.

``python -m tests.benchmarks.talk_over [--quick] [--cells REGEX]``

The avatar speaks for 12 s and pauses for 3 s, again and again; the microphone hears it through
:mod:`tests.benchmarks.room`. The real parts judge: the ring and the reference that the two sound processes
share, on two clocks with late readings, the canceller, and the gate. Then users speak over it: recorded and
synthetic voices, each beginning 5 to 7 s into an answer.
"""

from __future__ import annotations

import argparse
import importlib.util
import os
import random
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
import soxr

from ravatard.core.audio.echo.talk_over_gate import LONGEST_PREROLL_MS, TalkOverGate
from ravatard.core.audio.endpointing.opening import GateExtras
from ravatard.core.audio.gate import Gate
from ravatard.core.audio_format import RATE_HZ, SAMPLE_BYTES, VOICE_RATE_HZ, samples_in
from ravatard.core.events import GateEvent, UtteranceOpened
from ravatard.core.options.gate import GateOptions, VoiceOptions
from ravatard.core.states import GateMode
from ravatard.devices.echo.canceller import open_canceller
from ravatard.devices.echo.reference import EchoReference
from ravatard.devices.echo.ring import EchoRing, EchoWriter, make_ring
from ravatard.devices.microphone.vad import speech_detector
from tests.benchmarks.gate_quality import speech_folder
from tests.benchmarks.report import Aim, Row, Table, at_most, percentile
from tests.benchmarks.room import ECHO_DB, NOISE_DB, ROOMS, Room, RoomModel, Sound, active_rms, as_s16

TURN_S, PAUSE_S = 12.0, 3.0
_TURNS, _PHRASES = 110, 60
#: Blocks of the microphone's source, of the speaker's device, and the latency that the device reports.
_BLOCK_S, _PERIOD_S, _LATENCY_S = 0.02, 0.01, 0.03
#: Readings are late by up to this, and now and then by ten times that.
_JITTER_S = 0.002
_TEXTS = (
    "The museum was built in the year eighteen ninety two, and has been changed many times since then.",
    "You will find the tickets at the counter on the left side, behind the large green door.",
    "Our bakery opens at six in the morning. The bread comes out of the oven at about half past six.",
    "If it rains tomorrow, we should rather stay at home, drink tea, and play a game of chess together.",
    "Of course I can explain that. The engine turns heat into motion, and some of the heat is always lost.",
    "Die Ausstellung ist im zweiten Stock, gleich neben der Treppe, und kostet heute keinen Eintritt.",
    "Le train pour Lyon part du quai numero sept dans vingt minutes, avec un petit retard.",
    "She sells sea shells on the sea shore, and the shells that she sells are sea shells for sure.",
)
_VOICES = ("en+f3", "en+m3", "en-us+f4", "en-us+m1", "de+f2", "de+m5", "fr+f1", "en-gb-scotland+m7")
_USER_TEXTS = (
    "Stop, please, I have another question.",
    "Wait a moment, what did you say?",
    "No, that is not what I meant.",
    "Can you tell me the price instead?",
    "Thank you, that is enough for now.",
    "Excuse me, where is the exit?",
)
_USER_VOICES = ("en+m4", "en+f5", "en-us+m6", "en-us+f2")


def spoken(text: str, voice: str, speed: int = 160) -> Sound:
    """Synthesise by espeak-ng; 22,050 Hz."""
    done = subprocess.run(
        ["espeak-ng", "-v", voice, "-s", str(speed), "--stdout", text], check=True, capture_output=True
    )
    return np.frombuffer(done.stdout[44:], "<i2").astype(np.float64) / 32768


def avatar_turns(count: int) -> Iterator[Sound]:
    """Yield answers of 12 s and the pause behind each, at 48 kHz."""
    chance = random.Random(7)
    for number in range(count):
        parts: list[Sound] = []
        while sum(len(part) for part in parts) < TURN_S * 22_050:
            text = chance.choice(_TEXTS)
            parts.append(spoken(text, _VOICES[number % len(_VOICES)], chance.randrange(135, 185)))
        sound = soxr.resample(
            np.concatenate(parts)[: int(TURN_S * 22_050)], 22_050, VOICE_RATE_HZ, quality="HQ"
        )
        sound *= 10 ** (-20 / 20) / active_rms(sound, VOICE_RATE_HZ // 50)
        fade = VOICE_RATE_HZ // 100
        sound[-fade:] *= np.linspace(1, 0, fade)
        whole = np.zeros(int((TURN_S + PAUSE_S) * VOICE_RATE_HZ))
        whole[: len(sound)] = np.clip(sound, -0.99, 0.99)[: len(whole)]
        yield whole


@dataclass(frozen=True, slots=True)
class Phrase:
    """A user's words at 16 kHz, active level 1, and where in them speech begins."""

    source: str
    sound: Sound
    onset: int


def phrases(count: int) -> list[Phrase]:
    """Return phrases of users: recorded ones first, at most 3 s of each, then synthetic ones."""
    folder = speech_folder()
    spec = importlib.util.spec_from_file_location("make_corpus", folder / "make_corpus.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    found = []
    for name, sound, islands, recorded in module.utterances():
        if recorded:
            found.append((name, sound[: islands[0][0] + 3 * RATE_HZ], islands[0][0]))
    chance = random.Random(3)
    chance.shuffle(found)
    made = found[: count * 3 // 4]
    while len(made) < count:
        number = len(made)
        text, voice = _USER_TEXTS[number % len(_USER_TEXTS)], _USER_VOICES[number % len(_USER_VOICES)]
        sound = soxr.resample(spoken(text, voice), 22_050, RATE_HZ)
        loud = np.nonzero(np.abs(sound) > 0.02 * np.abs(sound).max())[0]
        made.append((f"{voice}: {text}", sound[: 3 * RATE_HZ], int(loud[0])))
    return [Phrase(name, sound / active_rms(sound, RATE_HZ // 50), onset) for name, sound, onset in made]


class Reference:
    """The real ring and reference, on simulated clocks.

    Attributes:
        echo: of the microphone's process.
        spent_s: processor time that it has taken.
    """

    def __init__(self, room: Room, seed: int) -> None:
        self._fd = make_ring()
        self._writer = EchoWriter(self._fd)
        self.echo = EchoReference(EchoRing(self._fd), decimated=False)
        self.spent_s = 0.0
        self._chance = random.Random(seed)
        self._rate_hz = RATE_HZ * (1 + room.drift_ppm * 1e-6)
        self._written = self._read = 0
        # CLOCK_MONOTONIC of the first frame at the converter.
        self._began = 1_000.0

    def close(self) -> None:
        """Give the memory back."""
        os.close(self._fd)

    def _late(self) -> float:
        return self._chance.random() * _JITTER_S * (10 if self._chance.random() < 0.01 else 1)

    def blocks(self, played: Sound, heard: Sound) -> Iterator[tuple[bytes, bytes, float]]:
        """Yield (microphone, reference, read_at) block by block, in the order of time."""
        period, block = int(_PERIOD_S * VOICE_RATE_HZ), int(_BLOCK_S * RATE_HZ)
        pcm, microphone = as_s16(played), as_s16(heard)
        at = 0
        for first in range(0, len(heard) - block + 1, block):
            read_at = self._began + (self._read + block) / self._rate_hz + 0.002
            while at < len(pcm):
                taken_at = self._began + self._written / VOICE_RATE_HZ - _LATENCY_S
                if taken_at > read_at:
                    break
                piece = pcm[at : at + period * SAMPLE_BYTES]
                at += len(piece)
                samples = len(piece) // SAMPLE_BYTES
                self._writer.write(
                    piece if any(piece) else None, samples, taken_at + self._late(), _LATENCY_S
                )
                self._written += samples
            read_at += self._late()
            begun = time.thread_time()
            reference = self.echo.block(read_at, block, _BLOCK_S + 0.002)
            self.spent_s += time.thread_time() - begun
            self._read += block
            yield microphone[first * 2 : (first + block) * 2], reference, read_at
        # The rest of a block is left out of the next piece: 20 ms in 15 s that the two stay aligned through.
        rest = len(heard) % block
        if rest:
            read_at = self._began + (self._read + rest) / self._rate_hz + 0.002
            self._read += rest
            yield microphone[-rest * 2 :], self.echo.block(read_at, rest, rest / RATE_HZ + 0.002), read_at


class Slipped(Reference):
    """A reference by a naive queue: the two clocks are joined by whole blocks of 10 ms."""

    def __init__(self, room: Room, seed: int) -> None:
        super().__init__(room, seed)
        self._behind = 0.0
        self._drift = room.drift_ppm * 1e-6
        self._queue = b""

    def blocks(self, played: Sound, heard: Sound) -> Iterator[tuple[bytes, bytes, float]]:
        """See the base class."""
        self._queue += as_s16(played)
        microphone, block = as_s16(heard), int(_BLOCK_S * RATE_HZ)
        slip = VOICE_RATE_HZ // 100
        for first in range(0, len(heard), block):
            piece = microphone[first * 2 : (first + block) * 2]
            self._behind += len(piece) // 2 * 3 * self._drift
            if self._behind > slip:
                # The microphone is fast: the queue ran empty, and a block of silence stands in.
                self._behind -= slip
                self._queue = bytes(slip * 2) + self._queue
            wanted = len(piece) * 3
            reference, self._queue = self._queue[:wanted].ljust(wanted, b"\0"), self._queue[wanted:]
            self._read += len(piece) // 2
            yield piece, reference, self._read / RATE_HZ


@dataclass(frozen=True, slots=True)
class Cell:
    """Conditions of one line."""

    name: str
    room: Room
    slips: bool = False


CELLS = [
    Cell("onesample", ROOMS["onesample"]),
    Cell("nodrift", ROOMS["nodrift"]),
    Cell("hard1", ROOMS["hard1"]),
    Cell("typical", ROOMS["onesample"], slips=True),
    Cell("easy", ROOMS["easy"]),
    Cell("late", ROOMS["late"]),
    Cell("fast", ROOMS["fast"]),
    Cell("clipped", ROOMS["clipped"]),
]


def new_gate() -> TalkOverGate:
    """Return the gate as the microphone's process builds it."""
    options, voice = GateOptions(), VoiceOptions()
    return TalkOverGate(
        lambda judge: Gate(
            options,
            voice,
            judge,
            mode=GateMode.VAD,
            extras=GateExtras(interrupt_preroll_ms=LONGEST_PREROLL_MS),
        ),
        open_canceller(),
        is_speech=speech_detector(voice.aggressiveness),
        is_voice=speech_detector(3),
        may_be_voice=speech_detector(2),
    )


@dataclass(slots=True)
class Cost:
    """Processor time of the microphone's process for so much sound."""

    sound_s: float = 0.0
    spent_s: float = 0.0

    def add(self, sound_s: float, spent_s: float) -> None:
        """Count more of it."""
        self.sound_s += sound_s
        self.spent_s += spent_s

    @property
    def ms_a_second(self) -> float:
        """Milliseconds for each second of sound."""
        return self.spent_s / self.sound_s * 1000 if self.sound_s else 0.0


@dataclass(slots=True)
class Outcome:
    """Counts of one cell, and the price of sound while the avatar is heard and while it is not."""

    turns: int = 0
    hit: int = 0
    hits: list[float] = field(default_factory=list)
    heard: Cost = field(default_factory=Cost)
    silent: Cost = field(default_factory=Cost)


def self_triggers(cell: Cell, turns: list[Sound], seed: int = 1) -> Outcome:
    """Play the turns; count those in which the gate opens."""
    model, outcome, gate = RoomModel(cell.room, seed), Outcome(), new_gate()
    reference = (Slipped if cell.slips else Reference)(cell.room, seed)
    for number, played in enumerate(turns):
        heard = model.hear(played)
        opened: list[GateEvent] = []
        jumps, spent_s = reference.echo.jumps, reference.spent_s
        for pcm, far, read_at in reference.blocks(played, heard):
            begun = time.thread_time()
            if reference.echo.jumps != jumps:
                jumps = reference.echo.jumps
                gate.disturbed()
            for event in gate.feed(pcm, far, read_at):
                if isinstance(event, UtteranceOpened):
                    opened.append(event)
                    outcome.hits.append(number * (TURN_S + PAUSE_S) + (event.first_sample / RATE_HZ) % 15)
            spent = time.thread_time() - begun + reference.spent_s - spent_s
            spent_s = reference.spent_s
            (outcome.heard if gate.guarded else outcome.silent).add(samples_in(pcm) / RATE_HZ, spent)
        outcome.turns += 1
        outcome.hit += bool(opened)
    reference.close()
    return outcome


@dataclass(slots=True)
class Found:
    """Users of one cell at one level: latencies of those found, ms, and counts."""

    latencies: list[float] = field(default_factory=list)
    phrases: int = 0
    masked: int = 0
    missed: list[str] = field(default_factory=list)


def users_found(cell: Cell, turns: list[Sound], said: list[Phrase], level_db: float, seed: int = 2) -> Found:
    """Have a user speak over each turn; ``level_db``: of the voice over the echo, at the microphone."""
    model, found, gate = RoomModel(cell.room, seed), Found(), new_gate()
    reference = (Slipped if cell.slips else Reference)(cell.room, seed)
    chance = random.Random(seed)
    gain = 10 ** ((ECHO_DB + level_db) / 20)
    hush = as_s16(np.random.default_rng(seed).standard_normal(RATE_HZ) * 10 ** (NOISE_DB / 20))
    for number, phrase in enumerate([None, *said]):
        played = turns[number % len(turns)]
        begins = int(chance.uniform(5, 7) * RATE_HZ)
        beside = None
        if phrase is not None:
            beside = np.concatenate([np.zeros(begins), phrase.sound * gain])
            found.phrases += 1
        heard = model.hear(played, beside)
        base = model.recorded - len(heard)
        opened_at: int | None = None
        fed, jumps = base, reference.echo.jumps
        # Judged by when the gate opens, not by the pre-roll.
        for pcm, far, read_at in reference.blocks(played, heard):
            fed += len(pcm) // SAMPLE_BYTES
            if reference.echo.jumps != jumps:
                jumps = reference.echo.jumps
                gate.disturbed()
            if opened_at is not None:
                # The avatar fell silent, and the user says no more.
                gate.feed(hush[: len(pcm)], bytes(len(far)), read_at)
                continue
            if any(isinstance(event, UtteranceOpened) for event in gate.feed(pcm, far, read_at)):
                opened_at = fed
        if phrase is None:
            continue
        onset = base + begins + phrase.onset
        if opened_at is None or opened_at > onset + len(phrase.sound):
            found.missed.append(phrase.source)
        elif opened_at < onset:
            found.masked += 1
        else:
            found.latencies.append((opened_at - onset) / RATE_HZ * 1000)
    reference.close()
    return found


_TITLE = "Talking over the avatar, on room models"
_COLUMNS = ("answers hit", "ms/s heard/silent", "users at 0 dB", "users at -10 dB")
_NOTES = (
    f"Answers hit: of so many of {TURN_S:g} s, in how many the avatar's own voice opened the gate; with the",
    "reference that the sound processes share, but in `typical`, whose queue slips by blocks of 10 ms.",
    "Users: share found before the phrase ends, @ median/95th percentile of the time from its onset in ms,",
    "by sound; the avatar goes on until then.",
    "ms/s: processor time for reference, canceller and gate while the avatar is heard, and while it is not.",
    "Voices are synthetic and recorded, rooms are models: a ranking, no promise for a living room.",
)
#: Cells in which no answer may be hit; and the share that may in `typical`, %.
_CLEAN, _TYPICAL_PCT = ("onesample", "nodrift", "hard1"), 3.0


def report(cells: list[Cell], turns: list[Sound], said: list[Phrase]) -> Iterator[Row]:
    """Yield a line for each cell."""
    for cell in cells:
        alone = self_triggers(cell, turns)
        figures = [
            f"{alone.hit} of {alone.turns}",
            f"{alone.heard.ms_a_second:.1f}/{alone.silent.ms_a_second:.1f}",
        ]
        for level_db in (0.0, -10.0):
            figures.append(_found(users_found(cell, turns, said, level_db)))
        hit_pct = 100 * alone.hit / alone.turns
        limit = 0.0 if cell.name in _CLEAN else _TYPICAL_PCT if cell.name == "typical" else None
        row = Row(cell.name, figures, Aim() if limit is None else at_most(hit_pct, limit, "% hit"))
        print(f"{cell.name}: {', '.join(figures)}", file=sys.stderr, flush=True)
        yield row


def _found(found: Found) -> str:
    if not found.latencies:
        return f"0 of {found.phrases}"
    share = 100 * len(found.latencies) / found.phrases
    middle, late = (percentile(found.latencies, percent) for percent in (50, 95))
    masked = f", {found.masked} masked" if found.masked else ""
    return f"{share:.0f} % @ {middle:.0f}/{late:.0f}{masked}"


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=f"{_TITLE}.")
    parser.add_argument("--quick", action="store_true", help="a fifth of the answers and phrases")
    parser.add_argument("--cells", default=".", metavar="REGEX", help="only these cells")
    arguments = parser.parse_args()
    share = 5 if arguments.quick else 1
    turns, said = list(avatar_turns(_TURNS // share)), phrases(_PHRASES // share)
    cells = [cell for cell in CELLS if re.search(arguments.cells, cell.name)]
    print(Table(_TITLE, _COLUMNS, list(report(cells, turns, said)), _NOTES))


if __name__ == "__main__":
    main()

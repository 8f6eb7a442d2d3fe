"""Talking over the avatar when something goes wrong in mid-answer, on a room model; for `python -m`.

``python -m tests.benchmarks.talk_over_mishaps [--answers N] [--only REGEX]``

As :mod:`tests.benchmarks.talk_over` has it, but in each answer something happens after some seconds. The
avatar's own voice must not open the gate; where it does twice in a row, the daemon holds the microphone.
"""

from __future__ import annotations

import argparse
import random
import re
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import groupby

import numpy as np

from ravatard.core.audio.echo.talk_over_gate import TalkOverGate
from ravatard.core.audio_format import RATE_HZ, SAMPLE_BYTES, VOICE_RATE_HZ
from ravatard.core.events import UtteranceOpened
from ravatard.devices.echo.reference import EchoReference
from ravatard.devices.echo.ring import EchoRing, EchoWriter
from tests.benchmarks.report import Row, Table, at_most, percentile
from tests.benchmarks.room import ECHO_DB, ROOMS, RoomModel, Sound
from tests.benchmarks.talk_over import Phrase, Reference, avatar_turns, new_gate, phrases
from tests.benchmarks.wake_word_sounds import speech_folder

#: Answers before the first mishap: the room is known by then.
_LEARNT = 2
_MOST_IN_A_ROW = 1


class Disturbed(Reference):
    """Clocks, ring and sound processes to which things happen.

    Attributes:
        gate: of the microphone's process.
    """

    def __init__(self, seed: int) -> None:
        super().__init__(ROOMS["onesample"], seed)
        self.gate: TalkOverGate = new_gate()

    def restart_microphone(self) -> None:
        """Its process was killed, and another one goes on."""
        self.gate = new_gate()
        self.echo = EchoReference(EchoRing(self._fd), decimated=False)

    def step_clock(self) -> None:
        """The machine slept for a minute, by a clock that goes on meanwhile."""
        self._began += 60.0

    def pass_by(self, frames: int) -> None:
        """The speaker's clock went on by so many frames in which nothing was written."""
        self._written += frames

    def replug_speaker(self) -> None:
        """Its process has opened the device again."""
        self._writer = EchoWriter(self._fd)


@dataclass(frozen=True, slots=True)
class Mishap:
    """Something that happens in an answer.

    Attributes:
        name: for the table.
        happens: to the processes, when it is over.
        lost_s: so much sound is lost on the way to the loudspeaker, and no clock shows it; negative: silence
            comes in between.
        unplugged_s: so long the speaker plays nothing, and takes nothing.
        within_s: where in an answer it happens.
        louder_db: somebody turns the loudspeaker's own knob by so much, and back in the next answer.
    """

    name: str
    happens: Callable[[Disturbed], None] = lambda _: None
    lost_s: float = 0.0
    unplugged_s: float = 0.0
    within_s: tuple[float, float] = (4.0, 8.0)
    louder_db: float = 0.0


MISHAPS = (
    Mishap("nothing"),
    *(Mishap(f"sound lost: {ms:g} ms", lost_s=ms / 1000) for ms in (0.5, 1, 2, 4, 20)),
    *(Mishap(f"sound late: {ms:g} ms", lost_s=-ms / 1000) for ms in (1, 4, 20)),
    Mishap("microphone's process killed", Disturbed.restart_microphone),
    Mishap("process starts with the answer", Disturbed.restart_microphone, within_s=(0.1, 0.1)),
    Mishap("clock goes on by 60 s", Disturbed.step_clock),
    Mishap("loudspeaker turned by 12 dB", louder_db=12.0),
    Mishap("speaker unplugged for 2 s", Disturbed.replug_speaker, unplugged_s=2.0),
)


def without(sound: Sound, at: int, frames: int) -> Sound:
    """Return ``sound`` without so many frames from ``at`` on, or with silence there; as long as before."""
    if frames >= 0:
        return np.concatenate([sound[:at], sound[at + frames :], np.zeros(frames)])
    return np.concatenate([sound[:at], np.zeros(-frames), sound[at : len(sound) + frames]])


def _openings(reference: Disturbed, played: Sound, heard: Sound) -> Iterator[int]:
    """Feed sound to the gate; yield at which sample of it the gate opened."""
    jumps, fed = reference.echo.jumps, 0
    for pcm, far, read_at in reference.blocks(played, heard):
        fed += len(pcm) // SAMPLE_BYTES
        if reference.echo.jumps != jumps:
            jumps = reference.echo.jumps
            reference.gate.disturbed()
        for event in reference.gate.feed(pcm, far, read_at):
            if isinstance(event, UtteranceOpened):
                yield fed


def hit_answers(mishap: Mishap, turns: list[Sound], seed: int = 21) -> list[bool]:
    """Return for each answer behind the first ones if the avatar's own voice opened the gate in it."""
    model, reference, chance = RoomModel(ROOMS["onesample"], seed), Disturbed(seed), random.Random(seed)
    block = int(0.02 * RATE_HZ)
    hits = []
    for number, played in enumerate(turns):
        at = int(chance.uniform(*mishap.within_s) * 50)
        frames = at * block * VOICE_RATE_HZ // RATE_HZ
        sounds = played
        if number >= _LEARNT and mishap.lost_s:
            # To and fro, or the delay would grow out of what any canceller looks for.
            sign = 1 if number % 2 else -1
            sounds = without(played, frames, round(sign * mishap.lost_s * VOICE_RATE_HZ))
        if number >= _LEARNT and mishap.louder_db:
            gain = 10 ** (mishap.louder_db / 20)
            before, behind = (gain, 1.0) if number % 2 else (1.0, gain)
            sounds = np.concatenate([played[:frames] * before, played[frames:] * behind])
        gap = round(mishap.unplugged_s * VOICE_RATE_HZ) if number >= _LEARNT else 0
        if gap:
            sounds = np.concatenate([played[:frames], np.zeros(gap), played[frames + gap :]])
        heard = model.hear(sounds)
        opened = [*_openings(reference, played[:frames], heard[: at * block])]
        if gap:
            opened += _openings(reference, np.zeros(0), heard[at * block : at * block + gap // 3])
            reference.pass_by(gap)
        if number >= _LEARNT:
            mishap.happens(reference)
        opened += _openings(reference, played[frames + gap :], heard[at * block + gap // 3 :])
        if number >= _LEARNT:
            hits.append(bool(opened))
    reference.close()
    return hits


def users_behind(
    mishap: Mishap, turns: list[Sound], said: list[Phrase], seed: int = 22
) -> list[float | None]:
    """Have a user talk over each answer 0.1 to 2.5 s behind lost sound.

    Returns for each how long it took from the beginning of the words, ms; None: not found in them.
    """
    model, reference, chance = RoomModel(ROOMS["onesample"], seed), Disturbed(seed), random.Random(seed)
    took: list[float | None] = []
    gain = 10 ** (ECHO_DB / 20)
    for number, played in enumerate(turns):
        phrase = said[number % len(said)]
        lost_at = chance.uniform(*mishap.within_s)
        begins = int((lost_at + chance.uniform(0.1, 2.5)) * RATE_HZ)
        sign = 1 if number % 2 else -1
        lost = round(sign * mishap.lost_s * VOICE_RATE_HZ) if number >= _LEARNT else 0
        sounds = without(played, int(lost_at * VOICE_RATE_HZ), lost)
        beside = np.concatenate([np.zeros(begins), phrase.sound * gain]) if number >= _LEARNT else None
        heard = model.hear(sounds, beside)
        onset, opened = begins + phrase.onset, [*_openings(reference, played, heard)]
        if number >= _LEARNT:
            # One that opened before was the avatar's own voice, and the user was not looked for.
            is_in_words = opened and onset <= opened[0] <= onset + len(phrase.sound)
            took.append((opened[0] - onset) / RATE_HZ * 1000 if is_in_words else None)
    reference.close()
    return took


def _found(mishap: Mishap, turns: list[Sound], said: list[Phrase]) -> str:
    if not mishap.lost_s or not said:
        return "-"
    took = users_behind(mishap, turns, said)
    times = sorted(one for one in took if one is not None)
    middle = f" @ {percentile(times, 50):.0f}/{percentile(times, 95):.0f}" if times else ""
    return f"{len(times)} of {len(took)}{middle}"


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="Talking over the avatar when something goes wrong.")
    parser.add_argument("--answers", type=int, default=20, help="in which it does, for each mishap")
    parser.add_argument("--only", default=".", metavar="REGEX", help="only these mishaps")
    arguments = parser.parse_args()
    turns, rows = list(avatar_turns(arguments.answers + _LEARNT)), []
    said = phrases(arguments.answers) if speech_folder() else []
    for mishap in MISHAPS:
        if not re.search(arguments.only, mishap.name):
            continue
        hits = hit_answers(mishap, turns)
        in_a_row = max((len([*run]) for hit, run in groupby(hits) if hit), default=0)
        figures = (f"{sum(hits)} of {len(hits)}", f"{in_a_row}", _found(mishap, turns, said))
        print(f"{mishap.name}: {', '.join(figures)}", file=sys.stderr, flush=True)
        rows.append(Row(mishap.name, figures, at_most(in_a_row, _MOST_IN_A_ROW, "in a row")))
    notes = (
        "Answers of 12 s, in each of which this happens, mostly after 4 to 8 s: in how many the avatar's own",
        "voice opened the gate, and in how many in a row; at the second one the daemon holds the microphone.",
        "Users behind it: found in their words, at 0 dB, which begin 0.1 to 2.5 s behind it; @ median/95th",
        "percentile of the time from their onset, ms. It takes the recordings beside the repository.",
    )
    print(
        Table(
            "Talking over the avatar when something goes wrong",
            ("answers hit", "in a row", "users behind it"),
            rows,
            notes,
        )
    )


if __name__ == "__main__":
    main()

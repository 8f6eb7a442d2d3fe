"""How well the wake word is heard, and how seldom by mistake, through the appliance's own gate.

``python -m tests.benchmarks.wake_word [--hours H | --long] [--word okay_nabu ...] [--sensitivity normal]
[--words DIR] [--minutes M] [--only hits]``

Hits: the word by synthetic voices (tests/benchmarks/wake_word_voices.py says which, by what rule; those that
are not installed are left out) and by recordings in DIR; alone, with a request right behind it, after other
talk and after an answer, clean and in noise. Beside them stand the hits of the detector alone on the whole
sound: what the gate loses is ours, the rest is the model's.

False hits: recordings beside the repository (or in $RAVATARD_SPEECH) in random order like a dialogue, and an
avatar's answers by the same synthetic voices and in other languages, each for ``--hours``; with ``--long`` 10
hours of the avatar, 3 of the dialogue, and the labelled scenes, in two processes. Synthetic voices are no
people: read the table as a ranking and as a list of failures.
"""

from __future__ import annotations

import argparse
import asyncio
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from itertools import chain
from pathlib import Path

import numpy as np

from ravatard.core.wakeword.options import WakeWordOptions
from tests.benchmarks.wake_word_avatar import answers
from tests.benchmarks.wake_word_false import FalseHits, near_misses, plain_cpu
from tests.benchmarks.wake_word_hits import (
    CLEAN,
    GOES_ON,
    NOISY,
    Tally,
    self_wakes,
    spoken,
    summed,
)
from tests.benchmarks.wake_word_parts import (
    AVATAR,
    DIALOGUE,
    SCENES,
    Part,
    Word,
    all_false,
    all_hits,
    ear_for,
    model_of,
    parts,
)
from tests.benchmarks.wake_word_sounds import speech_folder
from tests.benchmarks.wake_word_voices import Voices

_AVATAR_HOURS, _DIALOGUE_HOURS = 10.0, 3.0
_MINUTES = 90.0
#: The aims: percent of the words of voices that a person was recorded for, and ms, false hits an hour.
_CLEAN_AIM, _NOISY_AIM, _OPEN_AIM_MS, _FALSE_AIM = 90.0, 75.0, 250.0, 0.5


#: Loads what the sound process loads, with the model or without, and prints its PSS in kB.
_FOOTPRINT = """
import sys
from pathlib import Path
import ravatard.devices.microphone.worker
if len(sys.argv) > 1:
    from ravatard.devices.microphone.detectors.wake_word import MicroDetector
    detector = MicroDetector(Path(sys.argv[1]), 5)
    for _ in range(200):
        detector.score(bytes(640))
rollup = Path("/proc/self/smaps_rollup").read_text()
print(next(line.split()[1] for line in rollup.splitlines() if line.startswith("Pss:")))
"""


def footprint_mb(model: Path | None) -> float:
    """Return the memory of a sound process, MB."""
    command = [sys.executable, "-c", _FOOTPRINT, *([str(model)] if model else [])]
    return int(subprocess.run(command, check=True, capture_output=True, timeout=120).stdout) / 1024


def hit_lines(words: list[Word]) -> Iterator[str]:
    """Yield how well each of ``words`` is heard."""
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        voices = Voices(folder)
        for word, found in zip(words, all_hits(words), strict=True):
            ear = ear_for(word)
            yield f"{word.name}, sensitivity {word.sensitivity}: a hit from a score of {ear.threshold:.2f}"
            yield from _hit_lines(found, voices)
            woken = self_wakes(ear, spoken(voices, word.name))
            yield f"half duplex, the avatar says the word: {woken} self-wakes"
            yield near_misses(ear, voices)


def false_lines(words: list[Word], hours: float | None, minutes: float) -> Iterator[str]:
    """Yield how often other sound is taken for each of ``words``, and what the detector costs.

    Args:
        words: that are listened for, on the same sounds.
        hours: of each sound that is not the word; None: all that ``--long`` names.
        minutes: the longest for those sounds.
    """
    listened = [FalseHits() for _ in words]
    for name, made_of in all_false(words, _others(hours), minutes).items():
        for number, one in enumerate(made_of):
            yield f"{words[number].name}, {name}, {one}"
            if name != AVATAR:
                listened[number] += one
    for word, one in zip(words, listened, strict=True):
        rate = one.texts.total() / max(one.hours, 1e-9)
        met = _verdict(rate <= _FALSE_AIM)
        yield f"aim {_FALSE_AIM:g} false an hour, {word.name}, where only people speak: {rate:.2f}{met}"
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        plain = plain_cpu(answers(Voices(folder), np.random.default_rng(3)), 120.0)
        yield f"a gate without a wake word on the avatar's answers: {plain:.1f} ms/s"
        model = folder / "model.tflite"
        model.write_bytes(model_of(words[0]).content)
        without, loaded = footprint_mb(None), footprint_mb(model)
        yield f"memory of the sound process: {without:.1f} MB, with the model {loaded:.1f} MB"


def _verdict(met: bool) -> str:
    return ": met" if met else ": not met"


def _hit_lines(found: dict[str, dict[str, Tally]], voices: Voices) -> Iterator[str]:
    """Yield the hits of each condition, those of each voice, and the aims."""
    people: dict[str, Tally] = {}
    for name, tallies in found.items():
        recorded = {voice: one for voice, one in tallies.items() if voices.is_person(voice)}
        people[name] = summed(recorded)
        later = {voice: one for voice, one in recorded.items() if not voices.is_diphones(voice)}
        formants = summed({voice: one for voice, one in tallies.items() if not voices.is_person(voice)})
        yield people[name].row(name) + people[name].delays()
        yield summed(later).row("    without diphones")
        yield formants.row("    formant synthesis")
    names = [CLEAN.name, *(condition.name for condition in NOISY)]
    yield f"hits by voice: {'; '.join(names)}"
    for voice in found[CLEAN.name]:
        counts = "  ".join(f"{found[name][voice].hits:2d} of {found[name][voice].said:2d}" for name in names)
        kind = "diphones" if voices.is_diphones(voice) else "" if voices.is_person(voice) else "formants"
        yield f"    {voice:32} {counts}{kind and f'  ({kind})'}"
    for name, least in (*((name, _NOISY_AIM) for name in names[1:]), (CLEAN.name, _CLEAN_AIM)):
        share = people[name].share
        yield f"aim {least:g} % {name}: {share:.1f} %{_verdict(share >= least)}"
    if late := people[GOES_ON.name].open_ms:
        middle = float(np.median(late))
        yield f"aim {_OPEN_AIM_MS:g} ms to the opening: {middle:.0f} ms{_verdict(middle <= _OPEN_AIM_MS)}"


def _others(hours: float | None) -> list[Part]:
    """Return the parts of what is not the word."""
    found = parts(AVATAR, hours or _AVATAR_HOURS)
    if speech_folder() is None:
        return found
    # What people say first: it is judged.
    found = [*parts(DIALOGUE, hours or _DIALOGUE_HOURS), *found]
    return found if hours else [*parts(SCENES, 0), *found]


async def measure(*, quick: bool, hours: float | None) -> list[str]:
    """Return the report for the list of all figures; nothing where a synthesizer is missing."""
    if shutil.which("espeak-ng") is None:
        return ["the wake word needs espeak-ng"]
    length = hours or (0.02 if quick else 1.0)
    words = [Word(WakeWordOptions().word, "normal")]
    return await asyncio.to_thread(lambda: [*hit_lines(words), *false_lines(words, length, _MINUTES)])


def main() -> None:
    """Print the report."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--word", nargs="+", default=[WakeWordOptions().word])
    parser.add_argument("--sensitivity", default="normal")
    parser.add_argument("--only", choices=("hits", "false"), help="one half of the figures")
    length = parser.add_mutually_exclusive_group()
    length.add_argument("--hours", type=float, default=1.0)
    length.add_argument(
        "--long", action="store_true", help="10 h of an avatar, 3 h of a dialogue, the scenes"
    )
    parser.add_argument("--minutes", type=float, default=_MINUTES, help="the longest for what is no word")
    parser.add_argument("--words", type=Path, metavar="DIR", help="recordings WORD.VOICE.ANYTHING.wav")
    arguments = parser.parse_args()
    words = [Word(name, arguments.sensitivity, arguments.words) for name in arguments.word]
    hours = None if arguments.long else arguments.hours
    hits = hit_lines(words) if arguments.only != "false" else iter(())
    false = false_lines(words, hours, arguments.minutes) if arguments.only != "hits" else iter(())
    for line in chain(hits, false):
        print(line, flush=True)


if __name__ == "__main__":
    main()

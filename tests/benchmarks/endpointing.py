"""Silence against cuts: fixed silences beside the one that follows the speaker's pauses.

``python -m tests.benchmarks.endpointing [--seed N] [--corpus DIR] [--voices DIR] [--keep FILE]``

The appliance's own ``Gate`` hears the labelled scenes of ``gate_quality.py``, and those of ``hesitant.py``
in which half of the speakers pause for 300 to 1,200 ms. A cut is an utterance that was ended within. With
``--voices`` the speech is that of other recordings (``recordings.py``). The seed by default was used for no
decision. ``--keep`` writes what ``tests/make_endpointing_picture.py`` draws.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any

from ravatard.core.audio.gate import Gate
from ravatard.core.audio_format import bytes_for, samples_in
from ravatard.core.events import UtteranceClosed, UtteranceOpened
from ravatard.core.options.gate import GateOptions, VoiceOptions
from ravatard.core.states import GateMode
from ravatard.devices.microphone.vad import speech_detector
from tests.benchmarks import hesitant, recordings
from tests.benchmarks.gate_quality import BLOCK_BYTES, Span, corpus, scene_sound, scorer, speech_folder

HELD_OUT_SEED = 4_711
#: None: the silence that is learned.
SILENCES_MS = (None, 300, 400, 500, 600, 700, 900, 1_200)
#: Scenes of the corpus by condition; babble is in the tables of ``gate_quality.py``.
STEADY = ("white", "pink", "hum", "fan", "room")
CONDITIONS = {
    "quiet": ("clean", "levels", "zero"),
    **{f"{snr_db} dB": tuple(f"{kind}{snr_db:02}" for kind in STEADY) for snr_db in (20, 10, 5)},
}
#: Of hesitant speakers, the first utterances after another speaker's are told apart: nothing is learned yet.
FIRST = 2


@dataclass(slots=True)
class Figures:
    """What became of the utterances of one condition.

    Attributes:
        utterances: their number.
        cuts: ends within one of them.
        ends_ms: times from the end of an utterance to that of its last part.
        missed: samples of speech that were not sent.
        speech: samples of speech.
    """

    utterances: int = 0
    cuts: int = 0
    ends_ms: list[float] = field(default_factory=list)
    missed: int = 0
    speech: int = 0

    def kept(self) -> dict[str, float]:
        """Return the figures as they are printed and kept."""
        ends = sorted(self.ends_ms)

        def part(share: float) -> float:
            return round(ends[min(len(ends) - 1, int(share * len(ends)))]) if ends else -1

        return {
            "utterances": self.utterances,
            "cuts_per_100": round(100 * self.cuts / self.utterances, 2),
            "median_ms": part(0.5),
            "p95_ms": part(0.95),
            "missed_pct": round(100 * self.missed / self.speech, 2),
        }


def module(folder: Path) -> ModuleType:
    """Return the corpus's generator, loaded."""
    spec = importlib.util.spec_from_file_location("make_corpus", folder / "make_corpus.py")
    if spec is None or spec.loader is None:
        sys.exit(f"{folder / 'make_corpus.py'} cannot be loaded")
    made = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(made)
    return made


def decisions(pcm: bytes) -> list[bool]:
    """Return the detector's decision on each frame: the same for every silence."""
    is_speech = speech_detector(VoiceOptions().aggressiveness)
    size = bytes_for(VoiceOptions().frame_ms)
    return [is_speech(pcm[at : at + size]) for at in range(0, len(pcm) - size + 1, size)]


def spans(pcm: bytes, decided: list[bool], silence_ms: int | None) -> list[Span]:
    """Return [open_at, from, close_at, to] of each opening of the appliance's gate."""
    known = iter(decided)
    options = GateOptions(silence_ms=silence_ms, longest_s=1e6)
    gate = Gate(options, VoiceOptions(), lambda _: next(known), mode=GateMode.VAD)
    found: list[Span] = []
    for at in range(0, len(pcm), BLOCK_BYTES):
        for event in gate.feed(pcm[at : at + BLOCK_BYTES], 0.0):
            if isinstance(event, UtteranceOpened):
                found.append([gate.samples, event.first_sample, 0, 0])
            elif isinstance(event, UtteranceClosed):
                found[-1][2:] = [event.end_sample] * 2
    if gate.is_open:
        found[-1][2:] = [samples_in(pcm)] * 2
    return found


def groups(scene: dict[str, Any]) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """Yield each condition that a scene shows, with its utterances."""
    name, utterances = scene["name"], scene["utterances"]
    for condition, scenes in CONDITIONS.items():
        if name in scenes:
            yield condition, utterances
    if name in hesitant.SCENES:
        snr_db = hesitant.SCENES[name]
        where = "quiet" if snr_db is None else f"{snr_db} dB"
        hesitating = [one for one in utterances if one["habit_ms"]]
        yield f"fluent, {where}", [one for one in utterances if not one["habit_ms"]]
        yield f"hesitant, {where}", hesitating
        yield f"hesitant, {where}, first {FIRST}", [one for one in hesitating if one["count"] < FIRST]
        yield f"hesitant, {where}, later", [one for one in hesitating if one["count"] >= FIRST]


def count(score: ModuleType, scene: dict[str, Any], found: list[Span], into: dict[str, Figures]) -> None:
    """Add one scene's utterances to the figures of its conditions, by the corpus's own scorer."""
    for condition, utterances in groups(scene):
        figures = into[condition]
        # One utterance after the other: what follows another condition's utterance is no concern of this one.
        for one in utterances:
            near = [span for span in found if span[1] < one["offset"] and span[3] > one["onset"]]
            result = score.score_scene({**scene, "utterances": [one]}, near)
            figures.utterances += 1
            figures.cuts += result["cuts"]
            figures.ends_ms += result["endp"]
            figures.missed += result["missed"]
            figures.speech += result["speech"]


def scenes_of(folder: Path, seed: int, chosen: Path | None, voices: Path | None) -> list[tuple[Path, Any]]:
    """Return the folder and the label of each scene, made when it is not there yet."""
    generator = module(folder)
    cache = Path(os.environ.get("XDG_CACHE_HOME", tempfile.gettempdir()))
    pool = generator.utterances() if voices is None else recordings.utterances(generator, voices)
    hesitating = cache / f"ravatard-hesitant-{seed}{'' if voices is None else '-voices'}"
    if not (hesitating / "manifest.json").is_file():
        hesitant.make(generator, pool, hesitating, seed)
    if voices is None:
        plain = chosen or corpus(folder, quick=False, seed=seed)
    else:
        plain = cache / f"ravatard-voices-{seed}"
        if not (plain / "manifest.json").is_file():
            recordings.make(generator, pool, plain, seed)
    found = []
    for place in (plain, hesitating):
        manifest = json.loads((place / "manifest.json").read_text())
        found += [(place, scene) for scene in manifest["scenes"] if any(True for _ in groups(scene))]
    return found


def measure(scenes: list[tuple[Path, Any]], score: ModuleType) -> dict[str, dict[str, dict[str, float]]]:
    """Return the figures of each silence, of each condition."""
    into: dict[str, dict[str, Figures]] = {
        name_of(silence_ms): defaultdict(Figures) for silence_ms in SILENCES_MS
    }
    for place, scene in scenes:
        pcm = scene_sound(place / scene["file"])
        decided = decisions(pcm)
        for silence_ms in SILENCES_MS:
            count(score, scene, spans(pcm, decided, silence_ms), into[name_of(silence_ms)])
    return {
        name: {condition: figures.kept() for condition, figures in conditions.items()}
        for name, conditions in into.items()
    }


def name_of(silence_ms: int | None) -> str:
    """Return the name of a silence in the table."""
    return "learned" if silence_ms is None else f"{silence_ms} ms"


def table(measured: dict[str, dict[str, dict[str, float]]]) -> str:
    """Return a line for each condition, a column for each silence: cuts per 100, end-point p50/p95."""
    conditions = list(next(iter(measured.values())))
    lines = [f"| condition (utterances) | {' | '.join(measured)} |", f"|{' --- |' * (len(measured) + 1)}"]
    for condition in conditions:
        cells = [
            f"{one[condition]['cuts_per_100']:.1f}; {one[condition]['median_ms']:.0f}"
            f"/{one[condition]['p95_ms']:.0f} ms"
            for one in measured.values()
        ]
        number = next(iter(measured.values()))[condition]["utterances"]
        lines.append(f"| {condition} ({number:.0f}) | {' | '.join(cells)} |")
    return "\n".join(lines)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--seed", type=int, default=HELD_OUT_SEED, help="of the scenes")
    parser.add_argument("--corpus", type=Path, help="scenes made before, with their manifest.json")
    parser.add_argument("--voices", type=Path, help="a folder of recordings to make the scenes of")
    parser.add_argument("--keep", type=Path, help="write the figures to this file too")
    chosen = parser.parse_args()
    folder = speech_folder()
    scenes = scenes_of(folder, chosen.seed, chosen.corpus, chosen.voices)
    measured = measure(scenes, scorer(folder))
    print("cuts per 100 utterances; end-point median/p95\n\n" + table(measured))
    if chosen.keep is not None:
        chosen.keep.write_text(json.dumps({"seed": chosen.seed, "silences": measured}, indent=1) + "\n")


if __name__ == "__main__":
    main()

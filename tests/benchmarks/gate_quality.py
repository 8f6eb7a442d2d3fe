"""How well the gate tells speech from the rest, beside plain webrtcvad with the usual N-of-M rule.

``python -m tests.benchmarks.gate_quality [--quick] [--corpus DIR] [--scenes REGEX] [--seed N]``

Makes labelled scenes from the recordings beside the repository (or in $RAVATARD_SPEECH), runs the appliance's
own ``Gate`` and the plain rule over them, and prints a table. Scenes are kept in a
cache directory between runs. The recordings' own generator and scorer are used, unchanged.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import re
import subprocess
import sys
import tempfile
import time
import wave
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import Any

from ravatard.core.audio.gate import Gate
from ravatard.core.audio_format import RATE_HZ, bytes_for, samples_for, samples_in
from ravatard.core.events import UtteranceClosed, UtteranceOpened
from ravatard.core.options.gate import GateOptions, VoiceOptions
from ravatard.core.states import GateMode
from ravatard.devices.microphone.vad import speech_detector

BLOCK_BYTES = bytes_for(60)
DEFAULT_SEED = 20_260_801
QUIET = "quiet room (clean, levels, zero)"

Span = list[int]
#: A gate under test: the whole sound of a scene in, [open_at, from, close_at, to] of each opening out.
Judge = Callable[[bytes], list[Span]]


@dataclass(frozen=True, slots=True)
class Entrant:
    """One line of the table."""

    name: str
    make: Callable[[], Judge]


def ours(silence_ms: int | None) -> Judge:
    """The appliance's gate, fed as the sound process feeds it in quiet; all but the silence as by default."""
    gate = Gate(
        GateOptions(silence_ms=silence_ms, longest_s=1e6),
        VoiceOptions(),
        speech_detector(VoiceOptions().aggressiveness),
        mode=GateMode.VAD,
    )

    def judge(pcm: bytes) -> list[Span]:
        spans: list[Span] = []
        for at in range(0, len(pcm), BLOCK_BYTES):
            for event in gate.feed(pcm[at : at + BLOCK_BYTES], 0.0):
                if isinstance(event, UtteranceOpened):
                    spans.append([gate.samples, event.first_sample, 0, 0])
                elif isinstance(event, UtteranceClosed):
                    spans[-1][2:] = [event.end_sample, event.end_sample]
        if gate.is_open:
            spans[-1][2:] = [samples_in(pcm)] * 2
        return spans

    return judge


def plain(aggressiveness: int, silence_ms: int) -> Judge:
    """Plain webrtcvad: opens on 3 of 4 frames of 20 ms, closes after ``silence_ms`` without speech."""
    is_speech = speech_detector(aggressiveness)
    frame_bytes, frame = bytes_for(20), samples_for(20)
    limit, preroll = silence_ms // 20, samples_for(GateOptions().preroll_ms)

    def judge(pcm: bytes) -> list[Span]:
        spans: list[Span] = []
        window: deque[bool] = deque(maxlen=4)
        quiet, is_open, ended = 0, False, 0
        for at in range(0, len(pcm) - frame_bytes + 1, frame_bytes):
            speech, now = is_speech(pcm[at : at + frame_bytes]), at // 2 + frame
            if is_open:
                quiet = 0 if speech else quiet + 1
                if quiet >= limit:
                    spans[-1][2:], is_open, ended = [now, now], False, now
            else:
                window.append(speech)
                if sum(window) >= 3:
                    spans.append([now, max(ended, now - preroll), 0, 0])
                    is_open, quiet = True, 0
                    window.clear()
        if is_open:
            spans[-1][2:] = [samples_in(pcm)] * 2
        return spans

    return judge


def entrants() -> list[Entrant]:
    """The lines of the table, the appliance's first."""
    lines = [
        Entrant(f"ravatard, {'learned' if ms is None else f'{ms} ms'}", partial(ours, ms))
        for ms in (GateOptions().silence_ms, 900, 500)
    ]
    lines += [
        Entrant(f"webrtcvad {a} 3of4, {ms} ms", partial(plain, a, ms)) for ms in (900, 500) for a in (1, 2, 3)
    ]
    return lines


def speech_folder() -> Path:
    """Where the recordings are.

    Raises:
        SystemExit: nowhere.
    """
    named = os.environ.get("RAVATARD_SPEECH")
    folder = Path(named) if named else Path(__file__).resolve().parents[2].parent / "shared" / "speech"
    if not (folder / "make_corpus.py").is_file():
        sys.exit(f"no speech recordings in {folder}: set RAVATARD_SPEECH to the folder with make_corpus.py")
    return folder


def corpus(folder: Path, *, quick: bool, seed: int) -> Path:
    """The scenes, made when they are not there yet."""
    cache = Path(os.environ.get("XDG_CACHE_HOME", tempfile.gettempdir()))
    target = cache / f"ravatard-scenes-{seed}{'-quick' if quick else ''}"
    if not (target / "manifest.json").is_file():
        print(f"making scenes in {target} …", file=sys.stderr)
        command = [sys.executable, str(folder / "make_corpus.py"), "--out", str(target), "--seed", str(seed)]
        subprocess.run([*command, *(["--quick"] if quick else [])], check=True, stdout=sys.stderr)
    return target


def scorer(folder: Path) -> ModuleType:
    """The recordings' own scorer."""
    spec = importlib.util.spec_from_file_location("score_gate", folder / "score_gate.py")
    if spec is None or spec.loader is None:
        sys.exit(f"{folder / 'score_gate.py'} cannot be loaded")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def scene_sound(path: Path) -> bytes:
    """The samples of one scene, s16le mono 16 kHz."""
    with wave.open(str(path), "rb") as source:
        return source.readframes(source.getnframes())


def run(entrant: Entrant, scenes: dict[str, Path]) -> tuple[dict[str, list[Span]], float, float]:
    """Decisions per scene, CPU ms per second of audio in all of them, and in the one of mere room noise."""
    decisions: dict[str, list[Span]] = {}
    spent = heard = room = 0.0
    for name, path in scenes.items():
        pcm = scene_sound(path)
        judge = entrant.make()
        before = time.process_time()
        decisions[name] = judge(pcm)
        cpu_s, sound_s = time.process_time() - before, samples_in(pcm) / RATE_HZ
        spent, heard = spent + cpu_s, heard + sound_s
        if name == "ns-mic":
            room = 1000 * cpu_s / sound_s
    return decisions, 1000 * spent / heard, room


def row(name: str, score: dict[str, Any], cpu_ms: float, room_ms: float) -> list[str]:
    """One line of the table; "-" for what the chosen scenes do not show."""

    def cells(groups: tuple[str, ...], field: str) -> str:
        values = [(score[group] or {}).get(field) for group in groups]
        return " / ".join("-" if value is None else f"{value:g}" for value in values)

    def spread(field: str) -> str:
        values = (score[QUIET] or {}).get(field)
        return " / ".join(f"{value:.0f}" for value in values) if values else "-"

    stationary = tuple(f"stationary {snr} dB" for snr in (20, 10, 5))
    kinds = tuple(f"non-speech{kind}" for kind in (", stationary", ", transient", ", tonal", ""))
    clipped = [(score[group] or {}).get("clip_ms", [None, None])[1] for group in (QUIET, *stationary)]
    return [
        name,
        cells((QUIET, *stationary), "missed_speech_pct"),
        " / ".join("-" if value is None else f"{value:g}" for value in clipped),
        spread("trigger_ms"),
        spread("endpoint_ms"),
        cells((QUIET, "all speech"), "cuts_per_100"),
        cells((*stationary, "babble 20 dB", "babble 10 dB"), "never_closed_pct"),
        cells(kinds, "false_per_h_quiet"),
        f"{cpu_ms:.2f} / {room_ms:.2f}",
    ]


HEADINGS = [
    "gate",
    "missed speech %, quiet/20/10/5 dB",
    "clipped onset p95 ms, same",
    "onset to open ms p50/p95",
    "end-point ms p5/p50/p95",
    "cuts/100 quiet/all",
    "never closed %, 20/10/5 dB, babble 20/10",
    "false/h stationary/transient/tonal/all",
    "CPU ms/s, all/room noise",
]


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="a quarter of the utterances")
    parser.add_argument("--corpus", type=Path, help="scenes made before, with their manifest.json")
    parser.add_argument("--scenes", default=".", help="only scenes whose name matches this expression")
    parser.add_argument("--seed", type=int, default=DEFAULT_SEED, help="other scenes of the same kinds")
    parser.add_argument("--by-scene", action="store_true", help="false openings per hour of each scene too")
    chosen = parser.parse_args()
    folder = speech_folder()
    made = chosen.corpus or corpus(folder, quick=chosen.quick, seed=chosen.seed)
    manifest = json.loads((made / "manifest.json").read_text())
    scenes = {s["name"]: made / s["file"] for s in manifest["scenes"] if re.search(chosen.scenes, s["name"])}
    if not scenes:
        sys.exit(f"no scene matches {chosen.scenes!r}; manifest.json in {made} lists their names")
    score = scorer(folder).score
    print(f"| {' | '.join(HEADINGS)} |\n|{' --- |' * len(HEADINGS)}")
    for entrant in entrants():
        decisions, cpu_ms, room_ms = run(entrant, scenes)
        result = score(manifest, decisions, by_condition=True)
        print(f"| {' | '.join(row(entrant.name, result, cpu_ms, room_ms))} |", flush=True)
        if chosen.by_scene:
            for name, values in result["scenes"].items():
                print(f"    {name}: {json.dumps(values)}")


if __name__ == "__main__":
    main()

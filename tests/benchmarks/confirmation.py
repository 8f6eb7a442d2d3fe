"""The voice gate with and without confirmation: what it opens for, how late it is, and what it costs.

``python -m tests.benchmarks.confirmation [--seed N] [--quick] [--scenes REGEX] [--paced SECONDS]``

Scenes and scores are those of ``tests.benchmarks.gate_quality``. Its default seed chose the constants,
so that another one shows what to expect. The cost is measured twice: of the gate in a tight loop, and of two
sound processes side by side in real time, which pay for waking up and for cold caches too.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import re
import statistics
import sys
import tempfile
import time
import wave
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from ravatard.core.audio.endpointing.confirmation import WINDOW_SAMPLES, Confirmation
from ravatard.core.audio.endpointing.opening import GateExtras
from ravatard.core.audio.gate import Gate
from ravatard.core.audio_format import RATE_HZ, samples_in
from ravatard.core.events import MicrophoneReady, UtteranceClosed, UtteranceOpened
from ravatard.core.options.gate import GateOptions, VoiceOptions
from ravatard.core.states import GateMode
from ravatard.devices.microphone.child import MicrophoneChild
from ravatard.devices.microphone.detectors.neural_vad import neural_vad
from ravatard.devices.microphone.options import CaptureOptions, MicrophoneOptions
from ravatard.devices.microphone.protocol import Start
from ravatard.devices.microphone.vad import speech_detector
from ravatard.devices.process.piped import child_environ
from tests.benchmarks import gate_quality, procfs, scenes
from tests.benchmarks.gate_quality import BLOCK_BYTES, QUIET, Span
from tests.benchmarks.report import Aim, Row, Table, at_most, percentile, spread

Confirm = Literal["none", "neural"]
CONFIRMS: tuple[Confirm, ...] = ("none", "neural")
SILENCES_MS = (900, 500)
#: Seconds between a process's first sound and the window in which it is measured.
_SETTLE_S = 2.0


@dataclass(frozen=True, slots=True)
class Heard:
    """What came of one scene.

    Attributes:
        spans: [open_at, from, close_at, to] of each opening, in samples.
        judged: share of the scene that the detector judged, what it judged twice counted twice.
        cpu_ms: processor time per second of sound, milliseconds.
    """

    spans: list[Span]
    judged: float
    cpu_ms: float


def hear(pcm: bytes, confirm: Confirm, silence_ms: int) -> Heard:
    """Run the appliance's gate over a scene, as the sound process does in quiet."""
    judged = 0
    detector = neural_vad() if confirm == "neural" else None

    def counted(window: bytes) -> float:
        nonlocal judged
        judged += 1
        return 0.0 if detector is None else detector(window)

    voice = VoiceOptions()
    gate = Gate(
        GateOptions(silence_ms=silence_ms, longest_s=1e6),
        voice,
        speech_detector(voice.aggressiveness),
        mode=GateMode.VAD,
        extras=GateExtras(Confirmation(counted if detector else None, voice.frame_ms)),
    )
    spans: list[Span] = []
    before = time.process_time()
    for at in range(0, len(pcm), BLOCK_BYTES):
        for event in gate.feed(pcm[at : at + BLOCK_BYTES], 0.0):
            if isinstance(event, UtteranceOpened):
                spans.append([gate.samples, event.first_sample, 0, 0])
            elif isinstance(event, UtteranceClosed):
                spans[-1][2:] = [event.end_sample, event.end_sample]
    cpu_s = time.process_time() - before
    samples = samples_in(pcm)
    if gate.is_open:
        spans[-1][2:] = [samples, samples]
    return Heard(spans, judged * WINDOW_SAMPLES / samples, 1000 * cpu_s * RATE_HZ / samples)


def _weighted(heard: Mapping[str, Heard], samples: Mapping[str, int], field: str) -> float:
    total = sum(samples[name] for name in heard)
    return sum(float(getattr(one, field)) * samples[name] for name, one in heard.items()) / total


def quality(chosen: argparse.Namespace) -> Table:
    """The table of what opens, and what it costs in a tight loop."""
    folder = gate_quality.speech_folder()
    made = gate_quality.corpus(folder, quick=chosen.quick, seed=chosen.seed)
    manifest = json.loads((made / "manifest.json").read_text())
    named = {s["name"]: made / s["file"] for s in manifest["scenes"] if re.search(chosen.scenes, s["name"])}
    if not named:
        sys.exit(f"no scene matches {chosen.scenes!r}; manifest.json in {made} lists their names")
    samples = {s["name"]: s["samples"] for s in manifest["scenes"]}
    score = gate_quality.scorer(folder).score
    columns, results, costs = [], [], []
    for silence_ms in SILENCES_MS:
        for confirm in CONFIRMS:
            heard = {
                name: hear(gate_quality.scene_sound(path), confirm, silence_ms)
                for name, path in named.items()
            }
            columns.append(f"{confirm} {silence_ms} ms")
            results.append(
                score(manifest, {name: one.spans for name, one in heard.items()}, by_condition=True)
            )
            costs.append((heard, samples))
    return Table(
        f"The gate with voice.confirm none and neural, seed {chosen.seed}",
        columns,
        [*_scored(results), *_spent(costs)],
        ["The columns with their silence_ms; aims are those of the confirmation, in its worst column."],
    )


def _scored(results: list[dict[str, Any]]) -> list[Row]:
    """One row for each figure of the score; the confirmed columns are every second one."""

    def row(what: str, group: str, field: str, limit: float | None = None, unit: str = "") -> Row:
        values = [(one.get(group) or {}).get(field) for one in results]
        confirmed = [value for value in values[1::2] if isinstance(value, int | float)]
        aim = Aim() if limit is None else at_most(max(confirmed, default=None), limit, unit)
        return Row(what, [_shown(value) for value in values], aim)

    rows = [row("missed speech, %: quiet", QUIET, "missed_speech_pct", 0.15, "%")]
    for snr in (20, 10, 5):
        rows.append(row(f"   steady noise, {snr} dB", f"stationary {snr} dB", "missed_speech_pct"))
    rows.append(row("clipped onset, ms p50/p95: quiet", QUIET, "clip_ms"))
    rows.append(row("onset to open, ms p50/p95: quiet", QUIET, "trigger_ms"))
    rows.append(row("end of speech to close, ms p5/p50/p95: quiet", QUIET, "endpoint_ms"))
    rows.append(row("cuts per 100: quiet", QUIET, "cuts_per_100"))
    rows.append(row("   all speech", "all speech", "cuts_per_100"))
    for snr in (20, 10, 5):
        rows.append(row(f"open till the next, %: babble {snr} dB", f"babble {snr} dB", "never_closed_pct"))
    for kind in ("stationary", "transient", "tonal"):
        rows.append(row(f"false openings an hour: {kind}", f"non-speech, {kind}", "false_per_h_quiet"))
    rows.append(row("   all hard non-speech", "non-speech", "false_per_h_quiet", 5, "an hour"))
    rows.append(row("talk in the background, % sent", "background babble", "sent_pct"))
    return rows


def _shown(value: float | list[float] | None) -> str:
    if isinstance(value, list):
        return " / ".join(f"{one:.0f}" for one in value)
    return "-" if value is None else f"{value:g}"


def _spent(costs: list[tuple[dict[str, Heard], dict[str, int]]]) -> list[Row]:
    rows = []
    for what, field, name, limit in (
        ("judged by the detector, %: all scenes", "judged", None, 45.0),
        ("   a quiet room (ns-mic)", "judged", "ns-mic", 5.0),
        ("   speech in quiet (clean)", "judged", "clean", None),
        ("   music", "judged", "ns-music", None),
        ("   talk in the background", "judged", "bg-babble", None),
        ("CPU in a tight loop, ms per second: all scenes", "cpu_ms", None, None),
        ("   a quiet room", "cpu_ms", "ns-mic", None),
        ("   speech in quiet", "cpu_ms", "clean", None),
    ):
        values: list[float | None] = []
        for heard, samples in costs:
            kept = heard if name is None else {name: heard[name]} if name in heard else {}
            factor = 100 if field == "judged" else 1
            values.append(factor * _weighted(kept, samples, field) if kept else None)
        worst = max((value for value in values[1::2] if value is not None), default=None)
        aim = Aim() if limit is None else at_most(worst, limit, "%")
        rows.append(Row(what, ["-" if value is None else f"{value:.2f}" for value in values], aim))
    return rows


# ---------------------------------------------------------------------- in real time


@dataclass(frozen=True, slots=True)
class Ran:
    """One sound process from outside: seconds to its first sound, CPU in ms per second, memory in MB."""

    start_s: float
    cpu_ms: float
    anonymous_mb: float
    alone_mb: float
    threads: int


async def _run(recording: Path, confirm: Confirm, seconds: float) -> Ran:
    """Run the real sound process on a recording for a while."""
    start = Start(
        MicrophoneOptions(wav=str(recording), repeat=True),
        CaptureOptions(),
        GateOptions(),
        VoiceOptions(confirm=confirm),
        GateMode.VAD,
    )
    begun = time.monotonic()
    child = MicrophoneChild(child_environ(os.environ, slim=True), start)
    try:
        while not any(isinstance(one, MicrophoneReady) for one in await child.receive(20)):
            pass
        start_s = time.monotonic() - begun
        await _hear(child, _SETTLE_S)
        before, since = procfs.cpu_s(child.pid), time.monotonic()
        await _hear(child, seconds)
        cpu_ms = 1000 * (procfs.cpu_s(child.pid) - before) / (time.monotonic() - since)
        memory = procfs.memory([child.pid])
        return Ran(start_s, cpu_ms, memory.anonymous, memory.alone, procfs.threads(child.pid))
    finally:
        child.kill()
        await child.reaped(5)


async def _hear(child: MicrophoneChild, seconds: float) -> None:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        await child.receive(5)


async def paced(seconds: float, rounds: int) -> Table:
    """The table of the sound process in real time; the two kinds run at the same time, on the same sound."""
    rows: list[Row] = []
    with tempfile.TemporaryDirectory() as name:
        for what, pcm in (
            ("a quiet room", scenes.quiet_room(20)),
            ("a conversation, a third speech", scenes.conversation(30)),
        ):
            recording = Path(name) / f"{len(rows)}.wav"
            with wave.open(str(recording), "wb") as file:
                file.setparams((1, 2, RATE_HZ, 0, "NONE", ""))
                file.writeframes(pcm)
            runs = [
                await asyncio.gather(*(_run(recording, confirm, seconds) for confirm in CONFIRMS))
                for _ in range(rounds)
            ]
            for unit, field, digits in (
                ("CPU, ms per second", "cpu_ms", 2),
                ("start to first sound, ms", "start_ms", 0),
                ("memory alone, MB", "alone_mb", 1),
                ("anonymous memory, MB", "anonymous_mb", 1),
                ("threads", "threads", 0),
            ):
                pairs = [[_figure(ran, field) for ran in pair] for pair in runs]
                ratio = statistics.median(second / first for first, second in pairs)
                figures = [spread([pair[at] for pair in pairs], digits) for at in range(2)]
                rows.append(Row(f"{what}: {unit}", [*figures, f"{ratio:.2f}"]))
    return Table(
        "The microphone's process in real time, with voice.confirm none and neural",
        ["none", "neural", "ratio"],
        rows,
        ["Side by side on one recording: the ratio is the median of those of the rounds."],
    )


def _figure(ran: Ran, field: str) -> float:
    return ran.start_s * 1000 if field == "start_ms" else float(getattr(ran, field))


async def library(rounds: int) -> Table:
    """The table of the library alone: loading it, and one window."""
    program = (
        "import time, sys\n"
        "from ravatard.devices.microphone.detectors.neural_vad import neural_vad\n"
        "cpu, wall = time.process_time(), time.monotonic()\n"
        "detector = neural_vad()\n"
        "loaded = time.process_time() - cpu, time.monotonic() - wall\n"
        "cpu = time.process_time()\n"
        "for _ in range(1000): detector(bytes(1024))\n"
        "print(*loaded, (time.process_time() - cpu) / 1000)\n"
    )
    found: list[list[float]] = []
    for _ in range(rounds):
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-c", program, stdout=asyncio.subprocess.PIPE
        )
        out, _ = await process.communicate()
        found.append([float(word) for word in out.split()])
    columns = list(zip(*found, strict=True))
    rows = [
        Row("loading it: CPU, ms", [spread([one * 1e3 for one in columns[0]], 1)]),
        Row("loading it: wall time, ms", [spread([one * 1e3 for one in columns[1]], 1)]),
        Row("one window of 32 ms: CPU, µs", [spread([one * 1e6 for one in columns[2]], 0)]),
        Row("   95th percentile of the rounds", [f"{percentile([one * 1e6 for one in columns[2]], 95):.0f}"]),
    ]
    return Table("The library of voice.confirm: neural", ["figure"], rows)


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="a quarter of the utterances")
    parser.add_argument("--scenes", default=".", help="only scenes whose name matches this expression")
    parser.add_argument(
        "--seed", type=int, default=gate_quality.DEFAULT_SEED, help="other scenes of the same kinds"
    )
    parser.add_argument(
        "--paced", type=float, default=20.0, help="seconds of each window in real time; 0: none"
    )
    parser.add_argument("--rounds", type=int, default=5, help="how often real time and loading are measured")
    chosen = parser.parse_args()
    print(quality(chosen), flush=True)
    print(f"\n{asyncio.run(library(chosen.rounds))}", flush=True)
    if chosen.paced:
        print(f"\n{asyncio.run(paced(chosen.paced, chosen.rounds))}")


if __name__ == "__main__":
    main()

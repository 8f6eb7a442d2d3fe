"""Speech of other voices than the corpus's, from a folder of recordings: one utterance each.

Debian has some, of professional speakers in five languages with the pauses of their sentences, 16 kHz:
``apt-get download asterisk-core-sounds-en-g722`` (es, fr, it, ru), unpacked and converted to WAV. The name of
a file before its last "-" is the speaker's.
"""

from __future__ import annotations

import json
from pathlib import Path
from types import ModuleType

from tests.benchmarks import hesitant
from tests.benchmarks.gate_quality import scene_sound

#: Scenes like those of the corpus in quiet and pink noise, by their names there.
SCENES = {"clean": None, "pink20": 20, "pink10": 10, "pink05": 5}

#: The corpus labels its recordings by the same rule: what is above the noise by so much, and below the loud
#: part (of 100 levels the 92nd) by no more than this.
ABOVE_NOISE_DB = 9.0
BELOW_LOUD_DB = 32.0
#: Of 100 levels of 10 ms this one is the recording's own noise.
NOISE_PERCENTILE = 3
LEAD_S = 0.04


def utterances(corpus: ModuleType, folder: Path) -> list[hesitant.Utterance]:
    """Return each file as an utterance in the form of ``make_corpus.utterances``."""
    numpy, rate = corpus.np, corpus.SR
    step, lead = rate // 100, int(LEAD_S * rate)
    pool = []
    for path in sorted(folder.glob("*.wav")):
        sound = corpus.highpass_dc(numpy.frombuffer(scene_sound(path), "<i2").astype(numpy.float64) / 32_768)
        blocks = sound[: len(sound) // step * step].reshape(-1, step)
        levels = 10 * numpy.log10((blocks**2).mean(1) + 1e-9)
        noise, loud = numpy.percentile(levels, NOISE_PERCENTILE), numpy.percentile(levels, 92)
        above = numpy.flatnonzero(levels > max(noise + ABOVE_NOISE_DB, loud - BELOW_LOUD_DB))
        if not len(above):
            continue
        onset, offset = int(above[0]) * step, int(above[-1] + 1) * step
        source = "#".join(path.stem.rsplit("-", 1))
        first, last = max(0, onset - lead), min(len(sound), offset + lead)
        said = sound[first:last].copy()
        said *= corpus.db(corpus.SPEECH_DB) / corpus.active_rms(sound[onset:offset])
        said *= min(1.0, 0.98 / numpy.abs(said).max())
        pool.append((source, said, [[onset - first, offset - first]], True))
    return pool


def make(corpus: ModuleType, pool: list[hesitant.Utterance], target: Path, seed: int) -> None:
    """Write scenes in which the recordings follow each other in any order, and manifest.json."""
    target.mkdir(parents=True, exist_ok=True)
    scenes = []
    for number, (name, snr_db) in enumerate(SCENES.items()):
        random = corpus.np.random.RandomState(seed + 1_000 * number)
        sound, labels = corpus.speech_scene(random, pool)
        hesitant.write(corpus, target, name, sound + hesitant.noise(corpus, random, len(sound), snr_db))
        scene = {
            "name": name,
            "file": f"{name}.wav",
            "samples": len(sound),
            "kind": "speech",
            "snr_db": snr_db,
        }
        scenes.append({**scene, "utterances": labels})
    (target / "manifest.json").write_text(json.dumps({"seed": seed, "rate": corpus.SR, "scenes": scenes}))

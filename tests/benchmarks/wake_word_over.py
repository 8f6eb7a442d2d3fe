"""The wake word over the avatar's voice, on room models: a user who says it, and an avatar that does.

``python -m tests.benchmarks.wake_word_over [--quick] [--words DIR]``

The gate is that of ``audio.echo: cancel``, with the real ring, reference, canceller and detectors
(:mod:`tests.benchmarks.talk_over`). Beside it stands a detector on the microphone's sound as it is, which is
what half duplex has. Recordings in DIR are WORD.VOICE.ANYTHING.wav; without them synthetic voices speak.
"""

from __future__ import annotations

import argparse
import os
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soxr

from ravatard.core.actions import FollowUp
from ravatard.core.audio.echo.own_word import OwnWord
from ravatard.core.audio.echo.talk_over_gate import LONGEST_PREROLL_MS, TalkOverGate
from ravatard.core.audio.endpointing.opening import GateExtras
from ravatard.core.audio.gate import Gate
from ravatard.core.audio_format import RATE_HZ, VOICE_RATE_HZ
from ravatard.core.events import Woken
from ravatard.core.options.gate import GateOptions, VoiceOptions
from ravatard.core.states import GateMode
from ravatard.core.wakeword.options import WakeWordOptions
from ravatard.core.wakeword.watch import WakeWord
from ravatard.devices.echo.canceller import open_canceller
from ravatard.devices.microphone.detectors.wake_word import MicroDetector, load_content
from ravatard.devices.microphone.vad import speech_detector
from ravatard.devices.microphone.wakeword.trial import find_and_try
from ravatard.devices.microphone.wakeword.tried import TriedModel
from tests.benchmarks.room import ECHO_DB, ROOMS, RoomModel, Sound, active_rms
from tests.benchmarks.talk_over import PAUSE_S, TURN_S, Reference, avatar_turns
from tests.benchmarks.wake_word_sounds import recorded_words
from tests.benchmarks.wake_word_voices import SPEEDS, Voices

WORD = "okay_nabu"
#: Voices that the model finds in quiet (tests/benchmarks/wake_word.py): what is missed is the avatar's doing.
_FOUND = ("mbrola en1", "mbrola us1", "mbrola us2", "mbrola us3", "RHVoice alan", "RHVoice bdl")
_CELLS = ("onesample", "hard1")
_LEVELS_DB = (10.0, 0.0, -10.0)
#: Level of what the avatar plays, of full scale.
_PLAYED = 0.1


@dataclass(slots=True)
class Found:
    """Counts of one line."""

    said: int = 0
    woken: int = 0
    plain: int = 0

    def __str__(self) -> str:
        return f"{self.woken} of {self.said} wake; without a canceller and an own word {self.plain}"


class Appliance:
    """A room with an avatar in it, the gate that listens there, and a detector beside it."""

    def __init__(self, cell: str, tried: TriedModel, seed: int) -> None:
        self._model = RoomModel(ROOMS[cell], seed)
        self._reference = Reference(ROOMS[cell], seed)
        self._threshold = tried.threshold
        heard, own, self._plain = (load_content(tried.content, tried.outputs) for _ in range(3))
        voice = VoiceOptions()
        self._gate = TalkOverGate(
            lambda judge: Gate(
                GateOptions(),
                voice,
                judge,
                mode=GateMode.WAKEWORD,
                extras=GateExtras(word=self._word(heard), interrupt_preroll_ms=LONGEST_PREROLL_MS),
            ),
            open_canceller(),
            is_speech=speech_detector(voice.aggressiveness),
            is_voice=speech_detector(3),
            may_be_voice=speech_detector(2),
            own_word=OwnWord(self._word(own)),
        )

    def _word(self, detector: MicroDetector) -> WakeWord:
        return WakeWord(detector, self._threshold)

    def plays(self, played: Sound, found: Found, beside: Sound | None = None) -> None:
        """Play ``played`` to the room, with a user's voice ``beside`` it; count into ``found``."""
        woken, highest = False, 0.0
        heard = self._model.hear(played, beside)
        jumps = self._reference.echo.jumps
        for pcm, far, read_at in self._reference.blocks(played, heard):
            if self._reference.echo.jumps != jumps:
                jumps = self._reference.echo.jumps
                self._gate.disturbed()
            for event in self._gate.feed(pcm, far, read_at):
                woken = woken or isinstance(event, Woken)
            highest = max(highest, self._plain.score(pcm))
        self._gate.command(FollowUp(allowed=False), 0.0)
        found.said += 1
        found.woken += woken
        found.plain += highest > self._threshold

    def close(self) -> None:
        """Give the memory back."""
        self._reference.close()


def lines(words: list[Sound], tried: TriedModel, *, turns: int) -> Iterator[str]:
    """Yield the report, line by line."""
    answers = list(avatar_turns(turns))
    for cell in _CELLS:
        for level_db in _LEVELS_DB:
            appliance, found = Appliance(cell, tried, 2), Found()
            appliance.plays(answers[0], Found())
            rng = np.random.default_rng(1)
            for number, word in enumerate(words):
                user = word / active_rms(word, RATE_HZ // 50) * 10 ** ((ECHO_DB + level_db) / 20)
                beside = np.concatenate([np.zeros(round(rng.uniform(4, 8) * RATE_HZ)), user])
                appliance.plays(answers[number % turns], found, beside)
            appliance.close()
            yield f"{cell}, a user {level_db:+.0f} dB over the echo: {found}"
        appliance, found, other = Appliance(cell, tried, 3), Found(), Found()
        appliance.plays(answers[0], Found())
        for word in words:
            appliance.plays(_answer_with(word), found)
        for answer in answers:
            appliance.plays(answer, other)
        appliance.close()
        yield f"{cell}, the avatar says the word: {found}"
        yield f"{cell}, the avatar says other words, {turns * TURN_S / 60:.0f} min: {other}"


def _answer_with(word: Sound) -> Sound:
    """Return an answer with the word in it, 48 kHz."""
    said = soxr.resample(word, RATE_HZ, VOICE_RATE_HZ)
    said = said * _PLAYED / active_rms(said, VOICE_RATE_HZ // 50)
    pause = np.zeros(VOICE_RATE_HZ)
    return np.concatenate([pause, said, np.zeros(round(PAUSE_S * VOICE_RATE_HZ))])


def main() -> None:
    """Print the report."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--words", type=Path, metavar="DIR")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as made:
        tried = find_and_try(WakeWordOptions(word=WORD), Path(made), os.environ)
        voices = Voices(Path(made))
        words = [word for each in recorded_words(arguments.words, WORD).values() for word in each]
        found = [name for name in _FOUND if name in voices.names]
        words = words or [voices.say(name, "okay nahboo", speed) for name in found for speed in SPEEDS]
        if arguments.quick:
            words = words[::3]
        for line in lines(words, tried, turns=10 if arguments.quick else 110):
            print(line, flush=True)


if __name__ == "__main__":
    main()

"""An avatar's answers for the benchmark of the wake word: in several languages, without the word."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from ravatard.core.audio_format import RATE_HZ
from tests.benchmarks.wake_word_sounds import Said
from tests.benchmarks.wake_word_voices import SPEEDS, Voices

#: What an avatar says; with the words of the models in no sentence.
SENTENCES = (
    "Good morning, and welcome to the museum. How can I help you today?",
    "The exhibition on the second floor is open until six o'clock in the evening.",
    "Okay, now you can take the lift on the left, or the stairs behind the counter.",
    "I am sorry, I did not understand that. Could you please say it again?",
    "The weather tomorrow will be sunny, with a little wind from the north.",
    "You may have heard that the harbour was built in eighteen hundred and seventy two.",
    "Hey, that is a very good question. Let me think about it for a moment.",
    "There are three cafes nearby, and the nearest one is just across the street.",
)
_ROOT = Path(__file__).parents[2]
#: Texts of the repository in English: every third sentence is one of SENTENCES, the others are theirs.
_DOCUMENTS = (
    "README.md",
    "CHANGELOG.md",
    "ravatard/README.md",
    "hardware/README.md",
    ".github/CONTRIBUTING.md",
)
#: The texts of the owner's page: those in other languages.
_PAGES = _ROOT / "ravatard" / "web" / "page" / "static" / "languages"
_LANGUAGES = ("de", "es", "fr", "ru", "uk")
#: Of the answers, those in English.
_ENGLISH_SHARE = 0.5
_MOST_SENTENCES = 5
_MARKS = re.compile(r"[`*_|(){}\[\]/]")
_SENTENCE = re.compile(r"[A-Z][A-Za-z0-9 ,'-]{25,160}[.:;]")
_WORD = re.compile("nabu|jarvis|mycroft|alexa", re.IGNORECASE)
_SHORTEST = 20


def answers(voices: Voices, rng: np.random.Generator) -> Iterator[Said]:
    """Yield for ever: one to five sentences by one voice."""
    texts = {"en": _english(), **{language: _abroad(language) for language in _LANGUAGES}}
    while True:
        english = rng.random() < _ENGLISH_SHARE
        language = "en" if english else _LANGUAGES[rng.integers(len(_LANGUAGES))]
        names = voices.of(language)
        voice, speed = names[rng.integers(len(names))], SPEEDS[rng.integers(len(SPEEDS))]
        said = []
        for _ in range(rng.integers(1, _MOST_SENTENCES + 1)):
            among = SENTENCES if english and rng.integers(3) == 0 else texts[language]
            said.append(among[rng.integers(len(among))])
        text = " ".join(said)
        pause = np.zeros(round(rng.uniform(0.2, 0.8) * RATE_HZ))
        yield Said(f"{voice}: {text}", np.concatenate([voices.say_once(voice, text, speed), pause]))


def _english() -> tuple[str, ...]:
    text = " ".join(_MARKS.sub(" ", (_ROOT / name).read_text()) for name in _DOCUMENTS)
    text = " ".join(text.split())
    found = {sentence.group() for sentence in _SENTENCE.finditer(text)}
    return tuple(sorted(sentence for sentence in found if not _WORD.search(sentence)))


def _abroad(language: str) -> tuple[str, ...]:
    texts = json.loads((_PAGES / f"{language}.json").read_text()).values()
    return tuple(
        text for text in texts if len(text) >= _SHORTEST and "{" not in text and not _WORD.search(text)
    )

"""Question about the wake word: whether one opens the gate, and which."""

from __future__ import annotations

from ravatard.cli.setup.answers import Answers
from ravatard.cli.setup.environment import SetupEnvironment
from ravatard.installation import adding


def ask_wake_word(answers: Answers, environment: SetupEnvironment) -> None:
    """Ask whether a wake word opens the gate, after the board, which may bring a button.

    Without the extra nothing is asked, and one sentence says how to add it.
    """
    asker = answers.asker
    words = environment.wake_words()
    if not words:
        asker.say(f"A wake word needs the extra wakeword, on 64 bits; to add it, {adding('wakeword')}.")
        return
    options = answers.base.options
    takes_word = options.gate.takes_word
    if not asker.confirm(
        "Shall nothing be sent before a wake word is said (Hey Jarvis, for example)?", default=takes_word
    ):
        if takes_word:
            answers.set("gate.mode", "auto")
        return
    answers.choose("wakeword.word", "Wake word", words)
    if not takes_word:
        has_button = options.button.pin is not None
        answers.set("gate.mode", "wakeword-or-button" if has_button else "wakeword")

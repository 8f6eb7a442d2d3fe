"""Model of the wake word that works, on its way to the sound process, which imports no more than this."""

from __future__ import annotations

import os
from dataclasses import dataclass

#: The models of the library have 50 to 81 kB; its format is made for microcontrollers with 512 kB.
LARGEST_MODEL_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class TriedModel:
    """A model that a process of its own has loaded and run, kept in memory: its file may change meanwhile.

    Attributes:
        word: its name in the configuration.
        fd: file in memory with the content of the TensorFlow Lite file.
        outputs: a score is the mean of so many outputs.
        threshold: score from which a sound counts as the word.
    """

    word: str
    fd: int
    outputs: int
    threshold: float

    @property
    def content(self) -> bytes:
        """Content of the TensorFlow Lite file."""
        return os.pread(self.fd, LARGEST_MODEL_BYTES, 0)

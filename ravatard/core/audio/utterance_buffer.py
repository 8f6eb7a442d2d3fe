"""Utterance buffer: the pre-roll while the gate is closed, chunks of one size while it is open."""

from __future__ import annotations

from collections.abc import Sequence

from ravatard.core.audio.microphone_events import ChunkCaptured, UtteranceClosed, UtteranceOpened
from ravatard.core.audio_format import SAMPLE_BYTES
from ravatard.core.states import Cause, CloseReason

BufferEvent = UtteranceOpened | ChunkCaptured | UtteranceClosed

#: While closed the memory is trimmed when it is a second too long, not at every piece.
SLACK_BYTES = 32_000


class UtteranceBuffer:
    """Addresses each sample by its index, and hands out those of an utterance once, in order, in chunks.

    While closed its owner bounds the memory with :meth:`trim`.

    Attributes:
        end: index one past the newest sample.
        opened_at: index of the first sample of the open utterance, or None while closed.
    """

    def __init__(self, chunk_samples: int, preroll_samples: int, memory_samples: int = 0) -> None:
        """``memory_samples``: kept while closed, where more than the pre-roll may be asked for."""
        self.end = 0
        self.opened_at: int | None = None
        self._chunk_samples = chunk_samples
        self._preroll = preroll_samples
        self._memory = max(preroll_samples, memory_samples)
        self._sound = bytearray()
        self._first = 0
        self._utterances = 0
        self._chunks = 0
        self._read_at = 0.0

    @property
    def missing(self) -> int:
        """Samples until the next chunk is complete, while open."""
        return self._chunk_samples - (self.end - self._first)

    def add(self, pcm: bytes, read_at: float) -> Sequence[BufferEvent]:
        """Append whole samples (s16le mono), the last read at ``read_at``."""
        self._sound += pcm
        self.end += len(pcm) // SAMPLE_BYTES
        self._read_at = read_at
        return () if self.opened_at is None else self._complete()

    def trim(self) -> None:
        """While closed: forget what no utterance that opens from now on can reach."""
        if len(self._sound) > self._memory * SAMPLE_BYTES + SLACK_BYTES:
            self._drop_before(self.end - self._memory)

    def skip(self, to: int) -> None:
        """While closed: forget everything; the next sample has index ``to``."""
        self._sound.clear()
        self._first = self.end = to

    def open(self, cause: Cause, at: int) -> list[BufferEvent]:
        """Open an utterance, decided now, that begins with what there is of the pre-roll of sample ``at``."""
        return self.open_from(cause, at - self._preroll)

    def open_from(self, cause: Cause, first: int) -> list[BufferEvent]:
        """Open an utterance, decided now, that begins with sample ``first`` if that is still there."""
        self._drop_before(first)
        self.opened_at = self._first
        self._utterances += 1
        self._chunks = 0
        return [UtteranceOpened(self._utterances, cause, self._first), *self._complete()]

    def close(self, reason: CloseReason, speech_ms: float, quiet_ms: float = 0.0) -> list[BufferEvent]:
        """Close the utterance now: the rest of its sound, then its end."""
        rest = [self._chunk()] if self._sound else []
        self.opened_at = None
        closed = UtteranceClosed(self._utterances, reason, self.end, speech_ms, quiet_ms=quiet_ms)
        return [*rest, closed]

    def _complete(self) -> list[BufferEvent]:
        """Return every chunk that is complete."""
        chunks: list[BufferEvent] = []
        while self.end - self._first >= self._chunk_samples:
            chunks.append(self._chunk())
        return chunks

    def _chunk(self) -> ChunkCaptured:
        first = self._first
        pcm = bytes(self._sound[: self._chunk_samples * SAMPLE_BYTES])
        self._drop_before(first + len(pcm) // SAMPLE_BYTES)
        self._chunks += 1
        return ChunkCaptured(self._utterances, self._chunks - 1, first, pcm, self._read_at)

    def _drop_before(self, index: int) -> None:
        if index > self._first:
            del self._sound[: (index - self._first) * SAMPLE_BYTES]
            self._first = index

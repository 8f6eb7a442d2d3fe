"""A short memory while closed, chunks of one size while open."""

from __future__ import annotations

from ravatard.core.audio.utterance_buffer import SLACK_BYTES, UtteranceBuffer
from ravatard.core.events import ChunkCaptured, UtteranceClosed, UtteranceOpened
from ravatard.core.states import Cause, CloseReason


def numbered(first: int, count: int) -> bytes:
    """Samples that say their own index."""
    return b"".join((at % 65_536).to_bytes(2, "little") for at in range(first, first + count))


def test_an_utterance_begins_with_the_preroll_in_whole_chunks() -> None:
    recorder = UtteranceBuffer(chunk_samples=4, preroll_samples=6)
    recorder.add(numbered(0, 10), 1.0)

    events = recorder.open(Cause.VOICE, 10)

    assert events == [
        UtteranceOpened(1, Cause.VOICE, first_sample=4),
        ChunkCaptured(1, 0, 4, numbered(4, 4), 1.0),
    ]
    assert (recorder.opened_at, recorder.end) == (4, 10)


def test_a_chunk_comes_the_moment_it_is_complete() -> None:
    recorder = UtteranceBuffer(chunk_samples=4, preroll_samples=0)
    recorder.open(Cause.BUTTON, 0)

    events = [list(recorder.add(numbered(at, 3), float(at))) for at in (0, 3, 6)]

    assert events == [
        [],
        [ChunkCaptured(1, 0, 0, numbered(0, 4), 3.0)],
        [ChunkCaptured(1, 1, 4, numbered(4, 4), 6.0)],
    ]


def test_the_last_chunk_may_be_short() -> None:
    recorder = UtteranceBuffer(chunk_samples=4, preroll_samples=0)
    recorder.open(Cause.BUTTON, 0)
    recorder.add(numbered(0, 6), 2.0)

    events = recorder.close(CloseReason.RELEASED, 20.0)

    assert events == [
        ChunkCaptured(1, 1, 4, numbered(4, 2), 2.0),
        UtteranceClosed(1, CloseReason.RELEASED, end_sample=6, speech_ms=20.0),
    ]
    assert recorder.opened_at is None


def test_an_empty_chunk_is_never_handed_out() -> None:
    recorder = UtteranceBuffer(chunk_samples=4, preroll_samples=0)
    recorder.open(Cause.BUTTON, 0)
    recorder.add(numbered(0, 4), 2.0)

    events = recorder.close(CloseReason.RELEASED, 0.0)

    assert events == [UtteranceClosed(1, CloseReason.RELEASED, 4, 0.0)]


def test_a_preroll_does_not_reach_into_the_utterance_before() -> None:
    recorder = UtteranceBuffer(chunk_samples=4, preroll_samples=6)
    recorder.open(Cause.VOICE, 0)
    recorder.add(numbered(0, 8), 1.0)
    recorder.close(CloseReason.SILENCE, 0.0)
    recorder.add(numbered(8, 2), 2.0)

    events = recorder.open(Cause.VOICE, 10)

    assert events == [UtteranceOpened(2, Cause.VOICE, first_sample=8)]
    assert recorder.end == 10


def test_a_preroll_does_not_reach_back_over_a_skip() -> None:
    recorder = UtteranceBuffer(chunk_samples=4, preroll_samples=6)
    recorder.add(numbered(0, 10), 1.0)

    recorder.skip(10**12)

    assert recorder.open(Cause.VOICE, 10**12) == [UtteranceOpened(1, Cause.VOICE, 10**12)]


def test_while_closed_the_memory_is_bounded_and_keeps_the_preroll() -> None:
    recorder = UtteranceBuffer(chunk_samples=100_000, preroll_samples=4_800)

    for at in range(0, 320_000, 320):
        recorder.add(numbered(at, 320), 0.0)
        recorder.trim()

    assert len(recorder._sound) <= 4_800 * 2 + SLACK_BYTES
    recorder.open(Cause.VOICE, 320_000)
    chunk = recorder.close(CloseReason.SILENCE, 0.0)[0]
    assert isinstance(chunk, ChunkCaptured)
    assert (chunk.first_sample, chunk.pcm) == (315_200, numbered(315_200, 4_800))

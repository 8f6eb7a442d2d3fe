from __future__ import annotations

from ravatard.core.events import ChunkCaptured, UtteranceClosed, UtteranceOpened
from ravatard.core.states import Cause, CloseReason
from ravatard.devices.microphone.utterance_numbers import UtteranceNumbers

OPENED = UtteranceOpened(1, Cause.VOICE, 1_000)
CHUNK = ChunkCaptured(1, 0, 1_000, bytes(8_192), 3.0)
CLOSED = UtteranceClosed(1, CloseReason.SILENCE, 5_096, 200.0)


def test_the_first_process_counts_as_it_does() -> None:
    utterances = UtteranceNumbers()

    assert [utterances.numbered(event) for event in (OPENED, CHUNK, CLOSED)] == [OPENED, CHUNK, CLOSED]
    assert utterances.lost() is None


def test_the_next_process_goes_on_counting() -> None:
    utterances = UtteranceNumbers()
    utterances.numbered(OPENED)
    utterances.restart()

    parts = [utterances.numbered(event) for event in (OPENED, CHUNK, CLOSED)]

    assert [part.utterance for part in parts] == [2, 2, 2]


def test_an_utterance_left_open_ends_where_its_last_chunk_did_and_only_once() -> None:
    utterances = UtteranceNumbers()
    utterances.numbered(OPENED)
    utterances.numbered(CHUNK)

    assert utterances.lost() == UtteranceClosed(1, CloseReason.LOST, 5_096, 0.0)
    assert utterances.lost() is None

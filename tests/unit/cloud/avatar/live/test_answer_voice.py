"""Pieces of one answer are one voice: held for a moment, played once, kept in doubt, and dropped."""

from __future__ import annotations

import base64

import pytest

from ravatard.cloud.avatar.events import AudioPiece
from ravatard.cloud.avatar.live.answer_voice import PREFILL_S, AnswerVoice
from tests.unit.cloud.avatar.world import PieceSink

HALF_A_SECOND = AudioPiece(base64.b64encode(b"\x10\x20" * 12_000).decode(), 0.5, 24_000)


async def test_an_answer_waits_for_its_pre_fill_and_is_whole() -> None:
    voice, sink = AnswerVoice(), PieceSink()
    voice.sink = sink
    voice.begin(10.0, hold_back=False)

    await voice.add(HALF_A_SECOND)
    before = sink.seconds
    assert voice.starts_at == 10.0 + PREFILL_S
    voice.start()
    await voice.add(HALF_A_SECOND)
    voice.end()

    assert before == [0.0]
    assert sink.seconds == [pytest.approx(1.0, abs=0.001)]
    assert sink.ended == 1
    assert voice.seconds == pytest.approx(1.0, abs=0.001)


async def test_a_short_answer_is_played_when_it_ends_within_the_pre_fill() -> None:
    voice, sink = AnswerVoice(), PieceSink()
    voice.sink = sink
    voice.begin(0.0, hold_back=False)
    await voice.add(HALF_A_SECOND)

    voice.end()

    assert sink.seconds == [pytest.approx(0.5, abs=0.001)]


async def test_in_doubt_half_a_second_is_played_and_the_rest_kept_until_it_is_released() -> None:
    voice, sink = AnswerVoice(), PieceSink()
    voice.sink = sink
    voice.begin(0.0, hold_back=True)
    voice.start()
    for _ in range(4):
        await voice.add(HALF_A_SECOND)
    in_doubt = sink.seconds

    voice.release()
    voice.end()

    assert in_doubt == [pytest.approx(0.5, abs=0.001)]
    assert sink.seconds == [pytest.approx(2.0, abs=0.001)]


async def test_a_dropped_answer_is_not_heard_any_more() -> None:
    voice, sink = AnswerVoice(), PieceSink()
    voice.sink = sink
    voice.begin(0.0, hold_back=True)
    voice.start()
    await voice.add(HALF_A_SECOND)
    await voice.add(HALF_A_SECOND)

    voice.drop()
    await voice.add(HALF_A_SECOND)
    voice.end()

    assert sink.seconds == [pytest.approx(0.5, abs=0.001)]
    assert sink.ended == 1


async def test_a_piece_that_is_no_sound_costs_itself_and_is_told_once(
    caplog: pytest.LogCaptureFixture,
) -> None:
    voice, sink = AnswerVoice(), PieceSink()
    voice.sink = sink
    voice.begin(0.0, hold_back=False)

    for data in ("%%%", HALF_A_SECOND.data, "%%%"):
        await voice.add(AudioPiece(data, None, 24_000))
    voice.end()

    assert sink.seconds == [pytest.approx(0.5, abs=0.001)]
    assert caplog.text.count("a part of an answer cannot be played") == 1

"""One utterance on its stream."""

from __future__ import annotations

import pytest
from wyoming.asr import TranscriptChunk

from ravatard.cloud.speech_to_text.recognition import MOST_EVENTS, WyomingRecognition
from ravatard.errors import LinkError
from tests.unit.cloud.speech_to_text.fakes import Peer, encoded, transcript


@pytest.mark.parametrize("before", [0, 1, MOST_EVENTS - 1])
async def test_the_words_are_found_behind_what_is_none(before: int) -> None:
    peer = Peer(encoded(*[TranscriptChunk("na").event()] * before) + transcript("one"))
    recognition = WyomingRecognition(*await peer.dial(""), "en", 10.0)

    await recognition.feed(bytes(100))

    assert await recognition.text() == "one"


async def test_a_recogniser_that_raves_is_given_up() -> None:
    peer = Peer(encoded(*[TranscriptChunk("na").event()] * MOST_EVENTS) + transcript("one"))

    with pytest.raises(LinkError, match="without words"):
        await WyomingRecognition(*await peer.dial(""), "en", 10.0).text()


async def test_the_request_goes_out_once() -> None:
    peer = Peer()
    recognition = WyomingRecognition(*await peer.dial(""), "en", 10.0)

    await recognition.feed(bytes(100))
    await recognition.feed(bytes(100))

    assert peer.kinds == ["transcribe", "audio-start", "audio-chunk", "audio-chunk"]

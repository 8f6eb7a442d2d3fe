"""A recogniser on the network, whatever it answers, and whenever."""

from __future__ import annotations

import asyncio
import sys

import pytest
from wyoming.asr import TranscriptChunk
from wyoming.error import Error

from ravatard.cloud import speech_to_text
from ravatard.cloud.speech_to_text.options import SpeechToTextOptions
from ravatard.cloud.speech_to_text.recogniser import WyomingRecogniser
from ravatard.errors import LinkError, LinkTimeout
from tests.unit.cloud.speech_to_text.fakes import Peer, encoded, transcript

URI = "tcp://recogniser.example:10300"
PCM = bytes(range(256)) * 32


def now() -> float:
    return asyncio.get_running_loop().time()


async def recognised(peer: Peer, pieces: int = 2) -> str:
    async with WyomingRecogniser(URI, 10.0, peer.dial).open("en") as recognition:
        for _ in range(pieces):
            await recognition.feed(PCM)
        return await recognition.text()


async def test_an_utterance_goes_out_as_it_comes_and_its_words_come_back() -> None:
    peer = Peer(transcript("one two three"))

    assert await recognised(peer) == "one two three"
    assert peer.kinds == ["transcribe", "audio-start", "audio-chunk", "audio-chunk", "audio-stop"]
    assert peer.sound == PCM * 2
    assert peer.open == 0


async def test_an_utterance_that_is_given_up_is_closed() -> None:
    peer = Peer()

    async with WyomingRecogniser(URI, 10.0, peer.dial).open("en") as recognition:
        await recognition.feed(PCM)

    assert peer.open == 0


async def test_trying_to_reach_it_sends_nothing() -> None:
    peer = Peer()

    async with WyomingRecogniser(URI, 10.0, peer.dial).open("en"):
        pass

    assert peer.heard == []


async def test_the_first_of_two_transcripts_counts_and_the_second_answers_nothing_later() -> None:
    peer = Peer(transcript("one") + transcript("two"))

    assert [await recognised(peer), await recognised(peer)] == ["one", "one"]


async def test_what_streaming_recognisers_say_before_is_passed_over() -> None:
    peer = Peer(encoded(TranscriptChunk("on").event(), TranscriptChunk("e").event()) + transcript("one"))

    assert await recognised(peer) == "one"


@pytest.mark.parametrize(
    ("answer", "then", "told"),
    [
        (b"", "ends", "ended the connection before"),
        (transcript("one")[:20], "ends", "ended the connection before"),
        (b"", "breaks", "broke off"),
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", "open", "cannot be read"),
        (b"x" * 200_000, "open", "line of the recogniser's answer is too long"),
        (b'{"type":"transcript","payload_length":900000000}\n', "open", "announces 900000000 bytes"),
        (encoded(Error("out of memory").event()), "open", "reports: out of memory"),
        (encoded(TranscriptChunk("na").event()) * 10_001, "open", "10000 events without words"),
    ],
)
async def test_nonsense_is_told_and_closed(answer: bytes, then: str, told: str) -> None:
    peer = Peer(answer, then)

    with pytest.raises(LinkError, match=told):
        await recognised(peer)
    assert peer.open == 0


@pytest.mark.parametrize("answer", [None, encoded(TranscriptChunk("na").event())])
async def test_words_that_do_not_come_are_waited_for_so_long(answer: bytes | None) -> None:
    peer = Peer(answer)
    begun = now()

    with pytest.raises(LinkTimeout, match="no words within 10 s"):
        await recognised(peer)
    assert now() - begun == pytest.approx(10.0)


async def test_a_recogniser_that_takes_nothing_is_waited_for_so_long() -> None:
    peer = Peer(transcript("one"))
    peer.takes = False

    with pytest.raises(LinkTimeout, match="took no sound within 10 s"):
        await recognised(peer)


async def test_a_recogniser_that_cannot_be_reached_is_named_with_the_setting() -> None:
    peer = Peer()
    peer.refuses = ConnectionRefusedError(111, "Connection refused")

    with pytest.raises(LinkError, match=r":10300 \(speech_to_text.uri\) .*Connection refused"):
        await recognised(peer)


async def test_a_recogniser_that_does_not_answer_the_call_is_waited_for_so_long() -> None:
    peer = Peer()
    peer.connect_s = 60.0

    with pytest.raises(LinkTimeout, match="cannot be reached within 10 s"):
        await recognised(peer)


async def test_a_stream_that_breaks_while_sound_is_sent_is_told() -> None:
    peer = Peer()

    peer.takes_in = _broken  # type: ignore[method-assign]

    with pytest.raises(LinkError, match="broke off"):
        await recognised(peer)


def _broken(data: bytes, reader: asyncio.StreamReader) -> None:
    raise BrokenPipeError(32, "Broken pipe")


async def test_without_the_package_the_remedy_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("recognition", "wire"):
        monkeypatch.delitem(sys.modules, f"{speech_to_text.__name__}.{name}", raising=False)
        monkeypatch.delattr(speech_to_text, name, raising=False)
    monkeypatch.setitem(sys.modules, "wyoming.asr", None)

    with pytest.raises(LinkError, match="extra speech-to-text"):
        await recognised(Peer())


@pytest.mark.parametrize(
    ("configured", "service", "code"),
    [(None, "en-US", "en"), (None, "pt_BR", "pt"), (None, "DE", "de"), ("en-GB", "de", "en-GB")],
)
def test_the_recogniser_gets_its_own_language_else_that_of_the_service(
    configured: str | None, service: str, code: str
) -> None:
    assert SpeechToTextOptions(language=configured).code(service) == code

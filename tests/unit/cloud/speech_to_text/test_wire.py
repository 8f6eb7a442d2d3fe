"""Events of the protocol: ours as its own package reads them, a recogniser's within bounds."""

from __future__ import annotations

import io
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from wyoming.asr import Transcribe, Transcript, TranscriptChunk
from wyoming.audio import AudioChunk, AudioStart
from wyoming.error import Error
from wyoming.event import read_event

from ravatard.cloud.speech_to_text import wire
from ravatard.core.audio_format import CHUNK_BYTES
from ravatard.errors import LinkError, PeerError
from tests.unit.cloud.speech_to_text.fakes import encoded


def test_an_utterance_is_read_by_the_packages_own_reader() -> None:
    pcm = bytes(range(256)) * 100
    stream = io.BytesIO(wire.request("de") + wire.sound(pcm) + wire.end())

    events = list(iter(lambda: read_event(stream), None))

    assert [event.type for event in events] == [
        *("transcribe", "audio-start"),
        *["audio-chunk"] * (len(pcm) // CHUNK_BYTES + 1),
        "audio-stop",
    ]
    assert Transcribe.from_event(events[0]).language == "de"
    start = AudioStart.from_event(events[1])
    assert (start.rate, start.width, start.channels) == (16_000, 2, 1)
    assert b"".join(AudioChunk.from_event(event).audio for event in events[2:-1]) == pcm


def test_without_a_language_the_recogniser_chooses() -> None:
    event = read_event(io.BytesIO(wire.request("")))

    assert event is not None
    assert Transcribe.from_event(event).language is None


def read(data: bytes) -> str | None:
    line, _, rest = data.partition(b"\n")
    event = wire.head(line + b"\n")
    return wire.words(event, rest[: event.data_bytes])


@pytest.mark.parametrize("text", ["one two", "", "Grüße", "two\nlines"])
def test_the_words_of_a_transcript_are_one_line(text: str) -> None:
    assert read(encoded(Transcript(text).event())) == text.replace("\n", " ")


def test_data_in_the_line_itself_is_read_too() -> None:
    assert read(b'{"type":"transcript","data":{"text":"one"}}\n') == "one"


def test_what_is_no_transcript_has_no_words() -> None:
    assert read(encoded(TranscriptChunk("one").event())) is None


def test_an_error_of_the_recogniser_is_told_in_one_line() -> None:
    with pytest.raises(LinkError, match="reports: no model for this language"):
        read(encoded(Error("no model\nfor this language").event()))


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"HTTP/1.1 400 Bad Request\r\n",
        b"[]\n",
        b"null\n",
        b'{"type":7}\n',
        b'{"data":{}}\n',
        b'{"type":"transcript","data":[]}\n'.replace(b"[]", b"[1]"),
        b'{"type":"transcript","data":{"text":7}}\n',
        b'{"type":"transcript","data":{}}\n',
        b'{"type":"transcript","data_length":-1}\n',
        b'{"type":"transcript","data_length":1e9}\n',
        b'{"type":"transcript","data_length":70000}\n',
        b'{"type":"transcript","payload_length":9999999999999}\n',
        b'{"type":"transcript","payload_length":"many"}\n',
        b"[" * 50_000,
        b"\xff\xfe{}\n",
        b'{"type":"transcript","data_length":2}\n[]',
        b'{"type":"transcript","data_length":3}\n{"a',
        json.dumps({"type": "transcript", "data": {"text": "a" * 9_000}}).encode(),
    ],
)
def test_nonsense_is_an_error_of_the_peer(line: bytes) -> None:
    with pytest.raises(PeerError):
        read(line)


@given(st.binary(max_size=200), st.binary(max_size=50))
def test_whatever_comes_is_words_none_or_our_error(line: bytes, data: bytes) -> None:
    try:
        words = wire.words(wire.head(line), data)
    except (PeerError, LinkError):
        return
    assert words is None or "\n" not in words

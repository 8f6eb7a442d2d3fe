"""Wyoming events as bytes and back: a line of JSON, JSON data behind it, sound behind that. No I/O.

The package ``wyoming`` is loaded with this module. Its own reader is not used: it takes every length that the
peer states, and tells a broken message from the end of the stream by nothing.
"""

from __future__ import annotations

import io
import json
from dataclasses import dataclass
from typing import Any

from wyoming.asr import Transcribe, Transcript
from wyoming.audio import AudioChunk, AudioStart, AudioStop
from wyoming.error import Error
from wyoming.event import Event, Eventable, write_event

from ravatard.cloud.border import foreign, plain
from ravatard.cloud.speech_to_text.recogniser import LONGEST_BYTES
from ravatard.core.audio_format import CHUNK_BYTES, RATE_HZ, SAMPLE_BYTES
from ravatard.errors import LinkError, PeerError

#: Longer words are not those of one utterance.
LONGEST_TEXT = 8_000
_WHAT = "the recogniser's answer"


@dataclass(frozen=True, slots=True)
class EventHead:
    """First line of an event, and what follows it.

    Attributes:
        kind: type of the event.
        data: data in the line itself.
        data_bytes: bytes of JSON behind the line.
        payload_bytes: bytes of sound behind those.
    """

    kind: str
    data: dict[str, Any]
    data_bytes: int
    payload_bytes: int


def request(language: str) -> bytes:
    """Return the events that ask for the words of the sound that follows; ``language`` may be ""."""
    start = AudioStart(rate=RATE_HZ, width=SAMPLE_BYTES, channels=1)
    return _encoded(Transcribe(language=language or None), start)


def sound(pcm: bytes) -> bytes:
    """Return s16le mono 16 kHz as events of at most one chunk each."""
    pieces = [pcm[at : at + CHUNK_BYTES] for at in range(0, len(pcm), CHUNK_BYTES)]
    chunks = [AudioChunk(rate=RATE_HZ, width=SAMPLE_BYTES, channels=1, audio=one) for one in pieces]
    return _encoded(*chunks)


def end() -> bytes:
    """Return the event that follows the last sound."""
    return _encoded(AudioStop())


def _encoded(*events: Eventable) -> bytes:
    out = io.BytesIO()
    for event in events:
        write_event(event.event(), out)
    return out.getvalue()


def head(line: bytes) -> EventHead:
    """Return the meaning of a first line.

    Raises:
        PeerError: it is none, or announces more than it may.
    """
    with foreign(_WHAT):
        fields = json.loads(line)
        kind, data = fields["type"], fields.get("data") or {}
        lengths = [fields.get(name) or 0 for name in ("data_length", "payload_length")]
        if not isinstance(kind, str) or not isinstance(data, dict):
            raise PeerError(f"{_WHAT} is no event")
        for length in lengths:
            if not isinstance(length, int) or not 0 <= length <= LONGEST_BYTES:
                raise PeerError(f"{_WHAT} announces {length!s:.20} bytes, of at most {LONGEST_BYTES}")
        return EventHead(kind, data, *lengths)


def words(event: EventHead, data: bytes) -> str | None:
    """Return the words of a transcript; None for an event that is none.

    Args:
        event: its first line.
        data: the JSON behind it, b"" for none.

    Raises:
        LinkError: the recogniser reports an error.
        PeerError: it cannot be understood.
    """
    with foreign(_WHAT):
        whole = Event(event.kind, {**event.data, **(json.loads(data) if data else {})})
        if Error.is_type(event.kind):
            raise LinkError(f"the recogniser reports: {plain(str(whole.data.get('text')), 200)}")
        if not Transcript.is_type(event.kind):
            return None
        text = Transcript.from_event(whole).text
        if not isinstance(text, str):
            raise PeerError(f"{_WHAT} has no words in its text")
        if len(text) > LONGEST_TEXT:
            raise PeerError(f"{_WHAT} has {len(text)} characters, of at most {LONGEST_TEXT}")
        return plain(text, LONGEST_TEXT)

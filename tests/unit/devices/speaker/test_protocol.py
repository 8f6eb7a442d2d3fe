from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ravatard.core.events import PlaybackEnded, PlaybackStarted, SpeakerReady
from ravatard.core.states import Earcon
from ravatard.devices.process.records import RecordDecoder
from ravatard.devices.speaker.options import SpeakerOptions
from ravatard.devices.speaker.protocol import (
    PROTOCOL,
    Begin,
    FallAsleep,
    Feed,
    FellAsleep,
    Finish,
    Heartbeat,
    Pause,
    Play,
    PlayFailed,
    PlayRecord,
    SetEarcon,
    SoundEarcon,
    Stop,
    Volume,
    WakeUp,
    encode,
)
from ravatard.errors import DeviceError

EVERY: list[PlayRecord] = [
    Play(SpeakerOptions(device="USB", volume=40), 30, fresh=False, echo_fd=5),
    Play(SpeakerOptions(command="aplay -t raw"), 100),
    SetEarcon(Earcon.MUTED, b"\1\2"),
    Begin(7, live=True),
    Begin(8, live=False),
    Feed(7, b"\1\2\3\4"),
    Finish(7),
    Stop(),
    Pause(paused=True),
    SoundEarcon(Earcon.NO_MONEY),
    Volume(55),
    SpeakerReady("Lautsprecher", 12.5),
    PlaybackStarted(1.25),
    PlaybackEnded(2.5),
    Heartbeat(True, 1, 2, 3, 4, -5),
    PlayFailed(True, "no speaker"),
    FallAsleep(),
    FellAsleep(),
    WakeUp(),
]


@pytest.mark.parametrize("record", EVERY, ids=lambda record: type(record).__name__)
def test_every_record_arrives_as_it_was_sent(record: PlayRecord) -> None:
    assert RecordDecoder(PROTOCOL).feed(encode(record)) == [record]


@given(st.lists(st.integers(1, 50), max_size=30))
def test_records_arrive_however_the_pipe_cuts_them(sizes: list[int]) -> None:
    data, decoder, found = b"".join(encode(record) for record in EVERY), RecordDecoder(PROTOCOL), []

    for size in [*sizes, len(data)]:
        found += decoder.feed(data[:size])
        data = data[size:]

    assert found == EVERY


def said_of(data: bytes) -> str:
    """What is said when ``data`` is refused; "" when it is not."""
    try:
        RecordDecoder(PROTOCOL).feed(data)
    except DeviceError as error:
        return str(error)
    return ""


@given(st.binary(max_size=200))
def test_nonsense_is_refused_in_words_and_never_otherwise(data: bytes) -> None:
    said = said_of(data)

    assert not said or "protocol" in said or "cannot be decoded" in said


@given(st.sampled_from(sorted(PROTOCOL.unpackers)), st.binary(max_size=100))
def test_a_record_that_makes_no_sense_is_refused(number: int, payload: bytes) -> None:
    said = said_of(bytes([number]) + len(payload).to_bytes(4, "little") + payload)

    assert not said or "cannot be decoded" in said

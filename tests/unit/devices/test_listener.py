from __future__ import annotations

import os
import struct
from collections.abc import Iterator

import pytest

from ravatard.core.audio import SPEECH, AudioFormat
from ravatard.core.events import (
    ChunkCaptured,
    Hold,
    Listened,
    MicrophoneEnded,
    MicrophoneLost,
    MicrophoneReady,
    Press,
    Release,
    UtteranceClosed,
    UtteranceOpened,
)
from ravatard.core.gate import Gate
from ravatard.core.gate_options import GateOptions, VoiceOptions
from ravatard.core.states import CloseReason, GateMode
from ravatard.devices.earpipes import DaemonGone, Inbox, Outbox
from ravatard.devices.earwire import Decoder, Failed, RawBlock, Record, Trouble, encode
from ravatard.devices.listener import Listener
from ravatard.devices.liveness import Liveness
from ravatard.errors import HouseError

BLOCK = bytes(1_920)  # 60 ms


class Daemon:
    """The daemon's ends of a listener's pipes."""

    def __init__(
        self,
        gate: Gate | None,
        channel: int | None = None,
        *,
        zeros_s: float | None = None,
        doubt: Trouble | None = None,
    ) -> None:
        theirs_in, self._tell = os.pipe()
        self._hear, theirs_out = os.pipe()
        self._fds = [theirs_in, self._tell, self._hear, theirs_out]
        self._decoder = Decoder()
        os.set_blocking(self._hear, False)
        self.listener = Listener(
            gate,
            channel,
            Inbox(theirs_in),
            Outbox(theirs_out),
            liveness=lambda shape: Liveness(shape, zeros_s, doubt),
            clock=lambda: 5.0,
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

    daemon.listener.hear(BLOCK, 1.0)

    assert before == []
    assert daemon.hears() == [MicrophoneReady("USB Mic")]


def test_a_sign_of_life_goes_out_every_half_second_of_sound(daemon: Daemon) -> None:
    daemon.listener.opened("USB Mic", SPEECH)

    for block in range(50):
        daemon.listener.hear(BLOCK, 0.06 * block, overran=block == 7)

    beats = [record for record in daemon.hears() if isinstance(record, Listened)]
    assert [beat.samples for beat in beats[:5]] == [8_640, 16_320, 24_000, 32_640, 40_320]
    assert len(beats) == 6
    assert [beat.overruns for beat in beats[:3]] == [1, 1, 1]


def test_a_block_that_is_late_by_seconds_is_one_sign_of_life(daemon: Daemon) -> None:
    daemon.listener.hear(bytes(64_000), 1.0)
    daemon.listener.hear(BLOCK, 1.0)

    assert [type(record) for record in daemon.hears()] == [MicrophoneReady, Listened]


def test_commands_reach_the_gate_while_sound_is_waited_for(daemon: Daemon) -> None:
    daemon.listener.hear(BLOCK, 0.0)
    daemon.says(Press())

    woken = daemon.listener.wait(10.0)
    attentive = daemon.listener.attentive
    for block in range(10):
        daemon.listener.hear(BLOCK, 0.06 * block)
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
    with pytest.raises(HouseError, match="MicrophoneEnded, which is no command"):
        daemon.listener.obey([MicrophoneEnded()])


def test_when_the_sound_is_lost_the_utterance_is_closed_first_and_the_next_sound_is_ready_again(
    daemon: Daemon,
) -> None:
    daemon.listener.opened("FIFO mic", SPEECH)
    daemon.listener.obey([Press()])
    for block in range(10):
        daemon.listener.hear(BLOCK, 0.06 * block)
    daemon.hears()

    daemon.listener.tell(MicrophoneLost("nobody writes"))
    lost = daemon.hears()
    daemon.listener.hear(bytes(16_000), 9.0)
    again = daemon.hears()

    assert isinstance(lost[-2], UtteranceClosed)
    assert lost[-2].reason is CloseReason.LOST
    assert lost[-1] == MicrophoneLost("nobody writes")
    assert again[0] == MicrophoneReady("FIFO mic")
    assert isinstance(again[1], Listened)
    assert again[1].samples == 8_000


def test_the_end_of_a_recording_closes_nothing(daemon: Daemon) -> None:
    daemon.listener.hear(BLOCK, 0.0)

    daemon.listener.tell(MicrophoneEnded())

    assert daemon.hears() == [MicrophoneReady(""), MicrophoneEnded()]


def test_a_failure_is_the_last_word(daemon: Daemon) -> None:
    daemon.listener.tell(Failed(Trouble.OPENING, "no such card"))

    assert daemon.hears() == [Failed(Trouble.OPENING, "no such card")]


def test_without_a_gate_blocks_go_out_as_they_are_and_commands_are_nothing(raw: Daemon) -> None:
    raw.listener.obey([Press()])
    raw.listener.hear(b"\x01\x02", 1.5)
    raw.listener.tell(MicrophoneLost("gone"))

    assert raw.listener.attentive is False
    assert raw.hears() == [MicrophoneReady(""), RawBlock(1.5, b"\x01\x02"), MicrophoneLost("gone")]


def test_other_shapes_are_converted_before_they_are_heard() -> None:
    daemon = Daemon(None, channel=1)
    daemon.listener.opened("Array", AudioFormat(16_000, 2, "s16le"))

    daemon.listener.hear(struct.pack("<4h", 1, 2, 3, 4), 1.0)
    heard = daemon.hears()
    daemon.close()

    assert heard[1] == RawBlock(1.0, struct.pack("<2h", 2, 4))


def deliver(daemon: Daemon, block: bytes, blocks: int, *, begun: float = 0.0) -> float:
    """Hand on blocks of 60 ms at their own pace; when the last one was read."""
    for number in range(blocks):
        daemon.listener.hear(block, begun + 0.06 * number)
    return begun + 0.06 * blocks


def test_a_microphone_that_only_delivers_zeros_fails_after_the_end_of_what_was_open() -> None:
    gate = Gate(GateOptions(), VoiceOptions(), lambda _: False, mode=GateMode.BUTTON)
    daemon = Daemon(gate, zeros_s=1.2)
    daemon.listener.opened("USB Mic", SPEECH)
    daemon.listener.obey([Press()])

    deliver(daemon, BLOCK, 30)
    heard = daemon.hears()
    daemon.close()

    closed, failed, *after = [record for record in heard if not isinstance(record, Listened)][-2:]
    assert isinstance(closed, UtteranceClosed)
    assert closed.reason is CloseReason.LOST
    assert isinstance(failed, Failed)
    assert failed.trouble is Trouble.SILENT
    assert after == []


def test_in_doubt_there_are_signs_of_life_and_the_first_sound_makes_it_ready() -> None:
    gate = Gate(GateOptions(), VoiceOptions(), lambda _: False, mode=GateMode.BUTTON)
    daemon = Daemon(gate, zeros_s=2.0, doubt=Trouble.SILENT)
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

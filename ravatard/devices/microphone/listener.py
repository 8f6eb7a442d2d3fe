"""Sink of every microphone source: passes sound through the gate to the daemon, and commands to the gate."""

from __future__ import annotations

import _thread
import select
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from ravatard.core.audio.gate import Gate
from ravatard.core.audio.gate_commands import FollowUp, Hold, Overlook, Press, Release, SetGate
from ravatard.core.audio.microphone_events import (
    ConfirmationLost,
    EchoRemoved,
    GateEvent,
    Listened,
    MicrophoneEnded,
    MicrophoneLost,
    MicrophoneReady,
)
from ravatard.core.audio_format import RATE_HZ, SPEECH, AudioFormat, samples_for, samples_in, seconds_of
from ravatard.devices.microphone.liveness import Liveness
from ravatard.devices.microphone.protocol import (
    ChannelsCancel,
    EchoBlock,
    FailureKind,
    HeartbeatEvery,
    RawBlock,
    Record,
    SourceFailed,
    encode,
)
from ravatard.devices.process.pipes import PipeWriter, RecordReader
from ravatard.errors import DeviceError, InternalError

if TYPE_CHECKING:
    from ravatard.core.audio.echo.talk_over_gate import TalkOverGate
    from ravatard.devices.echo.reference import EchoReference
    from ravatard.devices.microphone.convert import Converter

#: A heartbeat twice a second of sound: each one wakes the daemon.
HEARTBEAT_SAMPLES = RATE_HZ // 2
#: Interval by the clock while the source delivers no proper sound.
_FAULT_HEARTBEAT_S = 0.25
_NO_LEVEL_DB = float("-inf")


class Listener:
    """The :class:`ravatard.devices.microphone.source.Sink` of the sound process.

    Sound may come from PortAudio's thread while commands come in ours, hence the lock.

    Attributes:
        is_ready: the source has delivered sound, and was not lost since.
    """

    def __init__(  # noqa: PLR0913 - both pipes, and one option for each thing that a listener can do
        self,
        gate: Gate | TalkOverGate | None,
        channel: int | None,
        inbox: RecordReader[Record],
        outbox: PipeWriter,
        *,
        liveness: Callable[[AudioFormat], Liveness],
        clock: Callable[[], float] = time.monotonic,
        echo: EchoReference | None = None,
        echo_removed: EchoRemoved | None = None,
        heartbeat_samples: int = HEARTBEAT_SAMPLES,
    ) -> None:
        """Without a gate every block of sound is sent as it is.

        Args:
            gate: decides which sound is meant for the avatar.
            channel: channel to use, counted from 0; None takes the mean of all.
            inbox: commands from the daemon.
            outbox: records to the daemon.
            liveness: makes the check of a source that delivers a given shape.
            clock: seconds on the monotonic clock.
            echo: sound that the speaker played; without a gate it is sent beside each block.
            echo_removed: sent when the microphone is ready.
            heartbeat_samples: sound between two heartbeats.
        """
        self._gate = gate
        self._echo = echo
        self._echo_removed = b"" if echo_removed is None else encode(echo_removed)
        self._jumps = 0
        self._channel = channel
        self._inbox = inbox
        self._outbox = outbox
        self.now = clock
        self._lock = _thread.allocate_lock()
        self._commands = select.poll()
        self._commands.register(inbox.fd, select.POLLIN)
        self._polls: dict[int, select.poll] = {}
        self._device = ""
        self._converter: Converter | None = None
        self._channels = 1
        self._choice_reported = False
        self._unconfirmed_reported = False
        self._make_liveness = liveness
        self._liveness = liveness(SPEECH)
        self._fault_heartbeat_at = -1.0
        self.is_ready = False
        self._overruns = 0
        self._heartbeat_samples = self._heartbeat_at = heartbeat_samples

    @property
    def attentive(self) -> bool:
        """True while a user speaks or the button is down."""
        return self._gate is not None and self._gate.attentive

    def opened(self, device: str, shape: AudioFormat) -> None:
        """The source is open.

        Raises:
            DeviceError: the extra that converts ``shape`` is not installed.
        """
        self._device = device
        self._liveness = self._make_liveness(shape)
        if shape != SPEECH:
            from ravatard.devices.microphone.convert import converter_for

            self._converter = converter_for(shape, self._channel)
            self._channels = shape.channels

    def write(self, pcm: bytes, read_at: float, overran: bool = False, age_s: float | None = None) -> None:
        """Take sound of the source's shape; see :meth:`ravatard.devices.microphone.source.Sink.write`.

        Raises:
            DaemonGone: the daemon closed its end.
        """
        with self._lock:
            self._overruns += overran
            failed = self._liveness.examine(pcm, read_at)
            if self._liveness.fault is not None:
                self._outbox.put(self._lost(failed) if failed else self._fault_heartbeat(read_at))
                return
            out = b"" if self.is_ready else encode(MicrophoneReady(self._device)) + self._echo_removed
            if self._converter is not None:
                pcm = self._converter.convert(pcm)
                if self._converter.chosen is not None and not self._choice_reported:
                    self._choice_reported = True
                    out += encode(ChannelsCancel(self._converter.chosen, self._channels))
            self.is_ready = True
            reference = b""
            if self._echo is not None:
                samples = samples_in(pcm)
                age_s = seconds_of(samples) if age_s is None else age_s
                reference = self._echo.block(read_at, samples, age_s)
            if self._gate is None:
                out += encode(self._block(pcm, reference, read_at))
            else:
                if isinstance(self._gate, Gate):
                    out += _encoded(self._gate.feed(pcm, read_at))
                else:
                    out += self._feed(self._gate, pcm, reference, read_at)
                if self._gate.confirmation_fault and not self._unconfirmed_reported:
                    self._unconfirmed_reported = True
                    out += encode(ConfirmationLost(self._gate.confirmation_fault))
                if self._gate.samples >= self._heartbeat_at:
                    out += self._heartbeat(self._gate)
            if out or self._outbox.pending:
                self._outbox.put(out)

    def _block(self, pcm: bytes, reference: bytes, read_at: float) -> RawBlock | EchoBlock:
        if self._echo is None:
            return RawBlock(read_at, pcm)
        return EchoBlock(read_at, pcm, reference, self._echo.drift_ppm)

    def _feed(self, gate: TalkOverGate, pcm: bytes, reference: bytes, read_at: float) -> bytes:
        """Feed the gate behind the canceller; return the records of what comes out."""
        if self._echo is not None and self._echo.jumps != self._jumps:
            self._jumps = self._echo.jumps
            gate.disturbed()
        try:
            return _encoded(gate.feed(pcm, reference, read_at))
        except DeviceError as error:
            # A process that was started again has a new one.
            return self._lost(SourceFailed(FailureKind.CANCELLER, str(error)))

    def _heartbeat(self, gate: Gate | TalkOverGate) -> bytes:
        # On a grid of its own, so that blocks of 60 ms do not stretch it to 300 ms.
        step = self._heartbeat_samples
        self._heartbeat_at += ((gate.samples - self._heartbeat_at) // step + 1) * step
        score = gate.take_wake_score()
        return encode(Listened(gate.samples, gate.level_db, gate.floor_db, self._overruns, score))

    def _beat_every(self, samples: int) -> None:
        """Send a heartbeat after so many samples, the first one counted from the last."""
        self._heartbeat_at += samples - self._heartbeat_samples
        self._heartbeat_samples = samples

    def _fault_heartbeat(self, read_at: float) -> bytes:
        """Return a heartbeat for a source that delivers no proper sound: no samples count."""
        if read_at < self._fault_heartbeat_at:
            return b""
        self._fault_heartbeat_at = read_at + _FAULT_HEARTBEAT_S
        return encode(Listened(0, _NO_LEVEL_DB, _NO_LEVEL_DB, self._overruns))

    def _lost(self, record: MicrophoneLost | SourceFailed) -> bytes:
        """Return ``record``, after the end of an utterance that the gate had open."""
        self.is_ready = self._unconfirmed_reported = False
        self._heartbeat_at = self._heartbeat_samples
        out = b"" if self._gate is None else _encoded(self._gate.lost(self.now()))
        return out + encode(record)

    def report(self, record: MicrophoneEnded | MicrophoneLost | SourceFailed) -> None:
        """Send a change of the source. If no sound follows, an open utterance is closed first.

        Raises:
            DaemonGone: the daemon closed its end.
        """
        with self._lock:
            self._liveness.interrupted()
            self._outbox.put(encode(record) if isinstance(record, MicrophoneEnded) else self._lost(record))
            if isinstance(record, SourceFailed):
                self._outbox.drain()

    def wait(self, seconds: float | None, fd: int | None = None) -> bool:
        """Wait until ``fd`` can be read (True), or the time is over or a command came (False).

        Raises:
            DaemonGone: the daemon closed its end.
        """
        if fd is None:
            poll = self._commands
        elif (known := self._polls.get(fd)) is not None:
            poll = known
        else:
            poll = self._polls[fd] = select.poll()
            poll.register(self._inbox.fd, select.POLLIN)
            poll.register(fd, select.POLLIN)
        readable = False
        for number, _ in poll.poll(None if seconds is None else max(0.0, seconds * 1000)):
            if number == fd:
                readable = True
            else:
                self.handle(self._inbox.read())
        return readable

    def handle(self, records: list[Record]) -> None:
        """Pass commands to the gate; the interval of heartbeats is the listener's own.

        Raises:
            DaemonGone: the daemon closed its end.
            InternalError: these are no commands.
        """
        with self._lock:
            for record in records:
                if isinstance(record, HeartbeatEvery):
                    self._beat_every(samples_for(record.ms) if record.ms else HEARTBEAT_SAMPLES)
                    continue
                if not isinstance(record, SetGate | Press | Release | Hold | FollowUp | Overlook):
                    raise InternalError(f"the daemon sent {type(record).__name__}, which is no command")
                if self._gate is not None:
                    self._outbox.put(_encoded(self._gate.command(record, self.now())))


def _encoded(events: list[GateEvent]) -> bytes:
    return b"".join([encode(event) for event in events])

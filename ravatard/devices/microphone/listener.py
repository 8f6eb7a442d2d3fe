"""Sound through the gate to the daemon, and the daemon's commands to the gate."""

from __future__ import annotations

import _thread
import select
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from ravatard.core.actions import Hold, Press, Release, SetGate
from ravatard.core.audio.gate import Gate
from ravatard.core.audio_format import RATE_HZ, SPEECH, AudioFormat, samples_in, seconds_of
from ravatard.core.events import GateEvent, Listened, MicrophoneEnded, MicrophoneLost, MicrophoneReady
from ravatard.devices.microphone.liveness import Liveness
from ravatard.devices.microphone.pipes import CommandReader, PipeWriter
from ravatard.devices.microphone.protocol import EchoBlock, RawBlock, Record, SourceFailed, encode
from ravatard.errors import InternalError

if TYPE_CHECKING:
    from ravatard.devices.echo.reference import EchoReference

#: A sign of life twice a second of sound: each one wakes the daemon.
HEARTBEAT_SAMPLES = RATE_HZ // 2
#: The same while what comes is no proper sound, by the clock.
_DOUBT_BEAT_S = 0.25
_NOTHING_DB = float("-inf")


class Listener:
    """Sound through the gate to the daemon, and the daemon's commands to the gate: the sink of every source.

    Sound may come from PortAudio's thread while commands come in ours, hence the lock.
    """

    def __init__(  # noqa: PLR0913 - one thing to talk to a side, and what a listener can be made to do
        self,
        gate: Gate | None,
        channel: int | None,
        inbox: CommandReader,
        outbox: PipeWriter,
        *,
        liveness: Callable[[AudioFormat], Liveness],
        clock: Callable[[], float] = time.monotonic,
        echo: EchoReference | None = None,
        cancel: Callable[[bytes, bytes], bytes] | None = None,
        beat_samples: int = HEARTBEAT_SAMPLES,
    ) -> None:
        """Without a gate every block of sound goes out as it is.

        Args:
            gate: decides what is meant for the avatar.
            channel: the channel to use of several.
            inbox: commands.
            outbox: what is heard.
            liveness: makes what judges sound of a shape.
            clock: seconds on the monotonic clock.
            echo: what the speaker played; without a gate it goes out beside each block.
            cancel: takes it out of a block: (block, reference) to a block as long, s16le mono 16 kHz.
            beat_samples: of sound between two signs of life.
        """
        self._gate = gate
        self._echo = echo
        self._cancel = cancel
        self._channel = channel
        self._inbox = inbox
        self._outbox = outbox
        self.now = clock
        self._lock = _thread.allocate_lock()
        self._commands = select.poll()
        self._commands.register(inbox.fd, select.POLLIN)
        self._both: dict[int, select.poll] = {}
        self._device = ""
        self._convert: Callable[[bytes], bytes] | None = None
        self._judge = liveness
        self._liveness = liveness(SPEECH)
        self._doubt_beat_at = -1.0
        self.heard = False
        self._overruns = 0
        self._beat_samples = self._beat_at = beat_samples

    @property
    def attentive(self) -> bool:
        """Whether somebody speaks or a button is down."""
        return self._gate is not None and self._gate.attentive

    def opened(self, device: str, shape: AudioFormat) -> None:
        """The source is open.

        Raises:
            DeviceError: the extra that converts ``shape`` is not installed.
        """
        self._device = device
        self._liveness = self._judge(shape)
        if shape != SPEECH:
            from ravatard.devices.microphone.convert import converter_for

            converter = converter_for(shape, self._channel)
            self._convert = converter.convert if converter else None

    def hear(self, pcm: bytes, read_at: float, overran: bool = False, age_s: float | None = None) -> None:
        """Sound of the source's shape, whole frames; see :class:`ravatard.devices.microphone.sink.Sink`.

        Raises:
            DaemonGone: nobody wants it any more.
        """
        with self._lock:
            self._overruns += overran
            failed = self._liveness.examine(pcm, read_at)
            if self._liveness.doubt is not None:
                self._outbox.put(self._gone(failed) if failed else self._doubt_beat(read_at))
                return
            if self._convert is not None:
                pcm = self._convert(pcm)
            out = b"" if self.heard else encode(MicrophoneReady(self._device))
            self.heard = True
            reference = b""
            if self._echo is not None:
                samples = samples_in(pcm)
                age_s = seconds_of(samples) if age_s is None else age_s
                reference = self._echo.block(read_at, samples, age_s)
                pcm = pcm if self._cancel is None else self._cancel(pcm, reference)
            if self._gate is None:
                out += encode(EchoBlock(read_at, pcm, reference) if self._echo else RawBlock(read_at, pcm))
            else:
                for event in self._gate.feed(pcm, read_at):
                    out += encode(event)
                if self._gate.samples >= self._beat_at:
                    out += self._heartbeat(self._gate)
            if out or self._outbox.pending:
                self._outbox.put(out)

    def _heartbeat(self, gate: Gate) -> bytes:
        # On a grid of its own, so that blocks of 60 ms do not stretch it to 300 ms.
        beat = self._beat_samples
        self._beat_at += ((gate.samples - self._beat_at) // beat + 1) * beat
        return encode(Listened(gate.samples, gate.level_db, gate.floor_db, self._overruns))

    def _doubt_beat(self, read_at: float) -> bytes:
        """The source lives, but what it delivers is no proper sound: no samples count."""
        if read_at < self._doubt_beat_at:
            return b""
        self._doubt_beat_at = read_at + _DOUBT_BEAT_S
        return encode(Listened(0, _NOTHING_DB, _NOTHING_DB, self._overruns))

    def _gone(self, record: MicrophoneLost | SourceFailed) -> bytes:
        """``record``, after the end of what the gate had open."""
        self.heard = False
        self._beat_at = self._beat_samples
        out = b"" if self._gate is None else _encoded(self._gate.lost(self.now()))
        return out + encode(record)

    def tell(self, record: MicrophoneEnded | MicrophoneLost | SourceFailed) -> None:
        """What is not sound. What the gate had open is closed first when there will be no more.

        Raises:
            DaemonGone: nobody wants to know.
        """
        with self._lock:
            self._liveness.interrupted()
            self._outbox.put(encode(record) if isinstance(record, MicrophoneEnded) else self._gone(record))
            if isinstance(record, SourceFailed):
                self._outbox.drain()

    def wait(self, seconds: float | None, fd: int | None = None) -> bool:
        """Wait until ``fd`` can be read (True), or the time is over or a command came (False).

        Raises:
            DaemonGone: the daemon closed its end.
        """
        if fd is None:
            poll = self._commands
        elif (known := self._both.get(fd)) is not None:
            poll = known
        else:
            poll = self._both[fd] = select.poll()
            poll.register(self._inbox.fd, select.POLLIN)
            poll.register(fd, select.POLLIN)
        readable = False
        for number, _ in poll.poll(None if seconds is None else max(0.0, seconds * 1000)):
            if number == fd:
                readable = True
            else:
                self.obey(self._inbox.read())
        return readable

    def obey(self, records: list[Record]) -> None:
        """Hand commands to the gate.

        Raises:
            DaemonGone: nobody wants to know what came of it.
            InternalError: these are no commands.
        """
        with self._lock:
            for record in records:
                if not isinstance(record, SetGate | Press | Release | Hold):
                    raise InternalError(f"the daemon sent {type(record).__name__}, which is no command")
                if self._gate is not None:
                    self._outbox.put(_encoded(self._gate.command(record, self.now())))


def _encoded(events: list[GateEvent]) -> bytes:
    return b"".join([encode(event) for event in events])

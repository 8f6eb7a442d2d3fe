"""Records between the daemon and the microphone's sound process, as bytes and back; no I/O.

Decode with a :class:`ravatard.devices.process.records.RecordDecoder` of :data:`PROTOCOL`.
"""

from __future__ import annotations

import json
import struct
from dataclasses import asdict, dataclass, field
from enum import Enum, unique

from ravatard.core.actions import GateCommand, Hold, Press, Release, SetGate
from ravatard.core.audio_format import SAMPLE_BYTES
from ravatard.core.events import (
    ChunkCaptured,
    GateEvent,
    Listened,
    MicrophoneEnded,
    MicrophoneLost,
    MicrophoneReady,
    PressIgnored,
    UtteranceClosed,
    UtteranceOpened,
)
from ravatard.core.options.gate import GateOptions, VoiceOptions
from ravatard.core.states import Cause, CloseReason, GateMode
from ravatard.devices.microphone.options import CaptureOptions, MicrophoneOptions
from ravatard.devices.process.records import RecordCodec, RecordProtocol


@unique
class FailureKind(Enum):
    """State of the source when it failed."""

    OPENING = "opening"
    """The source could not be opened: another ALSA configuration may know it."""
    RUNNING = "running"
    """It was open, and then stopped."""
    SILENT = "silent"
    """It is open and delivers nothing but zeros."""
    OFF_RATE = "off rate"
    """It is open and delivers much more or much less than it should."""

    @property
    def is_fault_of_sound(self) -> bool:
        """True if the source seems to work, so that only its sound can disprove the fault."""
        return self in (FailureKind.SILENT, FailureKind.OFF_RATE)


@dataclass(frozen=True, slots=True)
class Start:
    """Parent to child, once: capture sound.

    Attributes:
        mode: the gate's mode; None runs no gate and sends every block as a :class:`RawBlock`.
        fault: SILENT or OFF_RATE if that ended the previous process: the microphone is not ready until its
            sound disproves it, and meanwhile only sends heartbeats.
        echo_fd: ring of the speaker's sound (:mod:`ravatard.devices.echo.ring`); None: no echo reference.
        heartbeat_ms: sound between two heartbeats; None: twice a second. A level meter wants more of them.
    """

    microphone: MicrophoneOptions
    capture: CaptureOptions
    gate: GateOptions
    voice: VoiceOptions
    mode: GateMode | None
    fault: FailureKind | None = None
    echo_fd: int | None = None
    heartbeat_ms: int | None = None


@dataclass(frozen=True, slots=True)
class ListDevices:
    """Parent to child, once: list the devices, and end."""


@dataclass(frozen=True, slots=True)
class RawBlock:
    """Child to parent: sound as it was read, if no gate runs in the child.

    Attributes:
        read_at: when it was read, seconds on the monotonic clock.
        pcm: s16le mono 16 kHz, any length.
    """

    read_at: float
    pcm: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class EchoBlock:
    """Child to parent: a :class:`RawBlock` and the sound that the speaker played meanwhile.

    Attributes:
        read_at: when it was read, seconds on the monotonic clock.
        pcm: s16le mono 16 kHz, any length.
        reference: s16le mono 16 kHz, as long as ``pcm``.
    """

    read_at: float
    pcm: bytes = field(repr=False)
    reference: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Listing:
    """Child to parent: the devices, as JSON text made by ``devices.cards.portaudio.listing``."""

    text: str


@dataclass(frozen=True, slots=True)
class SourceFailed:
    """Child to parent, its last record: the reason as one sentence."""

    kind: FailureKind
    reason: str


#: Records of a capturing sound process. Only the daemon knows that a microphone was closed on purpose.
MicrophoneReport = MicrophoneReady | MicrophoneLost | MicrophoneEnded | Listened | GateEvent | SourceFailed
Record = MicrophoneReport | GateCommand | Start | ListDevices | RawBlock | EchoBlock | Listing

_LISTENED = struct.Struct("<QddI")
_OPENED = struct.Struct("<QBQQ")
_CHUNK = struct.Struct("<QIQd")
_CLOSED = struct.Struct("<QBQdQ")
_NUMBER = struct.Struct("<d")
_FLAG = struct.Struct("<B")

_CAUSES = tuple(Cause)
_CLOSE_REASONS = tuple(CloseReason)
_MODES = tuple(GateMode)
_FAILURE_KINDS = tuple(FailureKind)


def _pack_start(start: Start) -> bytes:
    options = {name: asdict(getattr(start, name)) for name in ("microphone", "capture", "gate", "voice")}
    mode = start.mode.value if start.mode else None
    fault = start.fault.value if start.fault else None
    rest = {"mode": mode, "fault": fault, "echo_fd": start.echo_fd, "heartbeat_ms": start.heartbeat_ms}
    return json.dumps(options | rest).encode()


def _unpack_start(payload: bytes) -> Start:
    fields = json.loads(payload)
    return Start(
        microphone=MicrophoneOptions(**fields["microphone"]),
        capture=CaptureOptions(**fields["capture"]),
        gate=GateOptions(**fields["gate"]),
        voice=VoiceOptions(**fields["voice"]),
        mode=None if fields["mode"] is None else GateMode(fields["mode"]),
        fault=None if fields["fault"] is None else FailureKind(fields["fault"]),
        echo_fd=fields["echo_fd"],
        heartbeat_ms=fields["heartbeat_ms"],
    )


def _unpack_opened(payload: bytes) -> UtteranceOpened:
    utterance, cause, first, decided = _OPENED.unpack(payload)
    return UtteranceOpened(utterance, _CAUSES[cause], first, decided)


def _unpack_chunk(payload: bytes) -> ChunkCaptured:
    utterance, sequence, first, read_at = _CHUNK.unpack_from(payload)
    return ChunkCaptured(utterance, sequence, first, payload[_CHUNK.size :], read_at)


def _unpack_closed(payload: bytes) -> UtteranceClosed:
    utterance, reason, end, speech_ms, decided = _CLOSED.unpack(payload)
    return UtteranceClosed(utterance, _CLOSE_REASONS[reason], end, speech_ms, decided)


def _unpack_echo(payload: bytes) -> EchoBlock:
    sound = payload[_NUMBER.size :]
    half, odd = divmod(len(sound), 2)
    if odd or half % SAMPLE_BYTES:
        raise ValueError(f"{len(sound)} bytes are not two blocks of the same length")
    return EchoBlock(_NUMBER.unpack_from(payload)[0], sound[:half], sound[half:])


_CODECS: dict[type, RecordCodec[Record]] = {
    MicrophoneReady: RecordCodec(1, lambda r: r.device.encode(), lambda p: MicrophoneReady(p.decode())),
    MicrophoneLost: RecordCodec(2, lambda r: r.reason.encode(), lambda p: MicrophoneLost(p.decode())),
    MicrophoneEnded: RecordCodec(3, lambda _: b"", lambda _: MicrophoneEnded()),
    Listened: RecordCodec(
        4,
        lambda r: _LISTENED.pack(r.samples, r.level_db, r.floor_db, r.overruns),
        lambda p: Listened(*_LISTENED.unpack(p)),
    ),
    UtteranceOpened: RecordCodec(
        5,
        lambda r: _OPENED.pack(r.utterance, _CAUSES.index(r.cause), r.first_sample, r.decided_at_sample),
        _unpack_opened,
    ),
    ChunkCaptured: RecordCodec(
        6, lambda r: _CHUNK.pack(r.utterance, r.sequence, r.first_sample, r.read_at) + r.pcm, _unpack_chunk
    ),
    UtteranceClosed: RecordCodec(
        7,
        lambda r: _CLOSED.pack(
            r.utterance, _CLOSE_REASONS.index(r.reason), r.end_sample, r.speech_ms, r.decided_at_sample
        ),
        _unpack_closed,
    ),
    PressIgnored: RecordCodec(
        8, lambda r: _NUMBER.pack(r.held_ms), lambda p: PressIgnored(_NUMBER.unpack(p)[0])
    ),
    RawBlock: RecordCodec(
        9,
        lambda r: _NUMBER.pack(r.read_at) + r.pcm,
        lambda p: RawBlock(_NUMBER.unpack_from(p)[0], p[_NUMBER.size :]),
    ),
    SourceFailed: RecordCodec(
        10,
        lambda r: _FLAG.pack(_FAILURE_KINDS.index(r.kind)) + r.reason.encode(),
        lambda p: SourceFailed(_FAILURE_KINDS[p[0]], p[1:].decode()),
    ),
    EchoBlock: RecordCodec(12, lambda r: _NUMBER.pack(r.read_at) + r.pcm + r.reference, _unpack_echo),
    Listing: RecordCodec(11, lambda r: r.text.encode(), lambda p: Listing(p.decode())),
    Start: RecordCodec(32, _pack_start, _unpack_start),
    ListDevices: RecordCodec(33, lambda _: b"", lambda _: ListDevices()),
    SetGate: RecordCodec(
        34,
        lambda r: _FLAG.pack(_MODES.index(r.mode)),
        lambda p: SetGate(_MODES[_FLAG.unpack(p)[0]]),
    ),
    Press: RecordCodec(35, lambda _: b"", lambda _: Press()),
    Release: RecordCodec(36, lambda _: b"", lambda _: Release()),
    Hold: RecordCodec(37, lambda r: _FLAG.pack(r.held), lambda p: Hold(bool(_FLAG.unpack(p)[0]))),
}

PROTOCOL: RecordProtocol[Record] = RecordProtocol(_CODECS)
encode = PROTOCOL.encode

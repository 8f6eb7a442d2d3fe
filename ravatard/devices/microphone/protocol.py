"""The wire between the daemon and its sound process: records in, bytes out, and back; no I/O.

Hand what a pipe delivers, cut anywhere, to :meth:`SoundRecordDecoder.feed`; the framing is that of
:mod:`ravatard.devices.process.records`.
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
from ravatard.devices.process.records import RecordCodec, RecordDecoder, RecordProtocol


@unique
class Trouble(Enum):
    """How far the sound process came before it failed."""

    OPENING = "opening"
    """The source could not be opened: another ALSA configuration may know it."""
    RUNNING = "running"
    """It was open, and then stopped."""
    SILENT = "silent"
    """It is open and delivers nothing but zeros."""
    OFF_PACE = "off pace"
    """It is open and delivers much more or much less than it should."""

    @property
    def leaves_doubt(self) -> bool:
        """Whether the source works as far as one can see, so that only its sound can disprove the fault."""
        return self in (Trouble.SILENT, Trouble.OFF_PACE)


@dataclass(frozen=True, slots=True)
class Start:
    """Parent to child, once: capture sound.

    Attributes:
        mode: the gate's mode; None runs no gate and sends every block as a :class:`RawBlock`.
        doubt: SILENT or OFF_PACE when that ended the process before: the microphone is not ready until its
            sound disproves it, and meanwhile only gives signs of life.
        echo_fd: the ring of what the speaker plays (:mod:`ravatard.devices.echo.ring`), when it is
            wanted.
        beat_ms: sound between two signs of life; None: twice a second. A level meter wants more of them.
    """

    microphone: MicrophoneOptions
    capture: CaptureOptions
    gate: GateOptions
    voice: VoiceOptions
    mode: GateMode | None
    doubt: Trouble | None = None
    echo_fd: int | None = None
    beat_ms: int | None = None


@dataclass(frozen=True, slots=True)
class ListDevices:
    """Parent to child, once: say which devices there are, and end."""


@dataclass(frozen=True, slots=True)
class RawBlock:
    """Child to parent: sound as it was read, when no gate runs in the child.

    Attributes:
        read_at: when it was read, seconds on the monotonic clock.
        pcm: s16le mono 16 kHz, any length.
    """

    read_at: float
    pcm: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class EchoBlock:
    """Child to parent: a :class:`RawBlock` with what the speaker played while it was recorded.

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
    """Child to parent: the devices there are, as JSON text (``devices.cards.portaudio`` makes it)."""

    text: str


@dataclass(frozen=True, slots=True)
class SourceFailed:
    """Child to parent, its last word: one sentence."""

    trouble: Trouble
    reason: str


#: What an ear may be told by its sound process. That it was closed on purpose only the daemon knows.
Heard = MicrophoneReady | MicrophoneLost | MicrophoneEnded | Listened | GateEvent | SourceFailed
Record = Heard | GateCommand | Start | ListDevices | RawBlock | EchoBlock | Listing

_LISTENED = struct.Struct("<QddI")
_OPENED = struct.Struct("<QBQ")
_CHUNK = struct.Struct("<QIQd")
_CLOSED = struct.Struct("<QBQd")
_NUMBER = struct.Struct("<d")
_FLAG = struct.Struct("<B")

_CAUSES = tuple(Cause)
_CLOSE_REASONS = tuple(CloseReason)
_MODES = tuple(GateMode)
_TROUBLES = tuple(Trouble)


def _pack_start(start: Start) -> bytes:
    options = {name: asdict(getattr(start, name)) for name in ("microphone", "capture", "gate", "voice")}
    mode = start.mode.value if start.mode else None
    doubt = start.doubt.value if start.doubt else None
    rest = {"mode": mode, "doubt": doubt, "echo_fd": start.echo_fd, "beat_ms": start.beat_ms}
    return json.dumps(options | rest).encode()


def _unpack_start(payload: bytes) -> Start:
    said = json.loads(payload)
    return Start(
        microphone=MicrophoneOptions(**said["microphone"]),
        capture=CaptureOptions(**said["capture"]),
        gate=GateOptions(**said["gate"]),
        voice=VoiceOptions(**said["voice"]),
        mode=None if said["mode"] is None else GateMode(said["mode"]),
        doubt=None if said["doubt"] is None else Trouble(said["doubt"]),
        echo_fd=said["echo_fd"],
        beat_ms=said["beat_ms"],
    )


def _unpack_opened(payload: bytes) -> UtteranceOpened:
    utterance, cause, first = _OPENED.unpack(payload)
    return UtteranceOpened(utterance, _CAUSES[cause], first)


def _unpack_chunk(payload: bytes) -> ChunkCaptured:
    utterance, sequence, first, read_at = _CHUNK.unpack_from(payload)
    return ChunkCaptured(utterance, sequence, first, payload[_CHUNK.size :], read_at)


def _unpack_closed(payload: bytes) -> UtteranceClosed:
    utterance, reason, end, speech_ms = _CLOSED.unpack(payload)
    return UtteranceClosed(utterance, _CLOSE_REASONS[reason], end, speech_ms)


def _unpack_echo(payload: bytes) -> EchoBlock:
    sound = payload[_NUMBER.size :]
    half, odd = divmod(len(sound), 2)
    if odd or half % SAMPLE_BYTES:
        raise ValueError(f"{len(sound)} bytes are no two blocks of the same length")
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
        lambda r: _OPENED.pack(r.utterance, _CAUSES.index(r.cause), r.first_sample),
        _unpack_opened,
    ),
    ChunkCaptured: RecordCodec(
        6, lambda r: _CHUNK.pack(r.utterance, r.sequence, r.first_sample, r.read_at) + r.pcm, _unpack_chunk
    ),
    UtteranceClosed: RecordCodec(
        7,
        lambda r: _CLOSED.pack(r.utterance, _CLOSE_REASONS.index(r.reason), r.end_sample, r.speech_ms),
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
        lambda r: _FLAG.pack(_TROUBLES.index(r.trouble)) + r.reason.encode(),
        lambda p: SourceFailed(_TROUBLES[p[0]], p[1:].decode()),
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

WIRE: RecordProtocol[Record] = RecordProtocol(_CODECS)
encode = WIRE.encode


class SoundRecordDecoder(RecordDecoder[Record]):
    """Bytes, cut anywhere, into records."""

    def __init__(self) -> None:
        super().__init__(WIRE)

"""Records between the daemon and the microphone's sound process, as bytes and back; no I/O.

Decode with a :class:`ravatard.devices.process.records.RecordDecoder` of :data:`PROTOCOL`.
"""

from __future__ import annotations

import json
import struct
from dataclasses import asdict, dataclass, field
from enum import Enum, unique
from typing import TYPE_CHECKING, Any

from ravatard.core.audio.gate_commands import FollowUp, GateCommand, Hold, Overlook, Press, Release, SetGate
from ravatard.core.audio.microphone_events import (
    ChunkCaptured,
    ConfirmationLost,
    EchoRemoved,
    GateEvent,
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
from ravatard.core.audio_format import SAMPLE_BYTES
from ravatard.core.options.gate import GateOptions, VoiceOptions
from ravatard.core.states import Cause, CloseReason, GateMode
from ravatard.devices.microphone.options import CaptureOptions, MicrophoneOptions
from ravatard.devices.process.records import RecordCodec, RecordProtocol, record

if TYPE_CHECKING:
    from ravatard.devices.microphone.wakeword.tried import TriedModel


@unique
class FailureKind(Enum):
    """State of the source when it failed."""

    OPENING = "opening"
    """The source could not be opened: another ALSA configuration may know it."""
    RUNNING = "running"
    """It was open, and then stopped."""
    SILENT = "silent"
    """It is open and delivers nothing but zeros."""
    CANCELLER = "canceller"
    """It is open, and the echo canceller failed."""
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
        word: model of the wake word, tried before; None: no wake word, and nothing for one is loaded.
        talk_over: "cancel" or "external" as ``audio.echo`` has it: a user may talk over the avatar, which
            needs ``echo_fd``; "": the daemon holds the gate meanwhile.
    """

    microphone: MicrophoneOptions
    capture: CaptureOptions
    gate: GateOptions
    voice: VoiceOptions
    mode: GateMode | None
    fault: FailureKind | None = None
    echo_fd: int | None = None
    heartbeat_ms: int | None = None
    word: TriedModel | None = None
    talk_over: str = ""


#: Sound between two heartbeats while the level is watched: a meter ten times a second.
WATCHED_MS = 100


@dataclass(frozen=True, slots=True)
class HeartbeatEvery:
    """Parent to child: from now on send a heartbeat after so much sound.

    Attributes:
        ms: milliseconds of it; 0: twice a second.
    """

    ms: int

    @classmethod
    def for_level(cls, *, watched: bool) -> HeartbeatEvery:
        """Return the interval for a level that is ``watched``, or not."""
        return cls(WATCHED_MS if watched else 0)


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
        drift_ppm: excess of the speaker's clock over the microphone's, as far as is known.
    """

    read_at: float
    pcm: bytes = field(repr=False)
    reference: bytes = field(repr=False)
    drift_ppm: float = 0.0


@dataclass(frozen=True, slots=True)
class Listing:
    """Child to parent: the devices, as JSON text made by ``devices.cards.portaudio.listing``."""

    text: str


@dataclass(frozen=True, slots=True)
class ChannelsCancel:
    """Child to parent: the ``channels`` cancel each other; from here on only ``channel`` is used."""

    channel: int
    channels: int

    @property
    def text(self) -> str:
        """Sentence for the owner."""
        return (
            f"the microphone's {self.channels} channels cancel each other; only channel {self.channel} is "
            "used now: set capture.channel to it, or to another"
        )


@dataclass(frozen=True, slots=True)
class SourceFailed:
    """Child to parent, its last record: the reason as one sentence."""

    kind: FailureKind
    reason: str


#: Records of a capturing sound process. Only the daemon knows that a microphone was closed on purpose.
MicrophoneReport = (
    MicrophoneReady
    | MicrophoneLost
    | MicrophoneEnded
    | ConfirmationLost
    | EchoRemoved
    | Listened
    | GateEvent
    | SourceFailed
    | ChannelsCancel
)
Record = (
    MicrophoneReport | GateCommand | HeartbeatEvery | Start | ListDevices | RawBlock | EchoBlock | Listing
)

_READ_AT = struct.Struct("<d")
_READ_AND_DRIFT = struct.Struct("<dd")


def _pack_start(start: Start) -> bytes:
    options = {name: asdict(getattr(start, name)) for name in ("microphone", "capture", "gate", "voice")}
    mode = start.mode.value if start.mode else None
    fault = start.fault.value if start.fault else None
    rest: dict[str, Any] = {
        "mode": mode,
        "fault": fault,
        **{name: getattr(start, name) for name in ("echo_fd", "heartbeat_ms", "talk_over")},
    }
    rest["word"] = asdict(start.word) if start.word else None
    return json.dumps(options | rest).encode()


def _tried_model(fields: dict[str, Any]) -> TriedModel:
    # Few wait for a word.
    from ravatard.devices.microphone.wakeword.tried import TriedModel

    return TriedModel(**fields)


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
        word=None if fields["word"] is None else _tried_model(fields["word"]),
        talk_over=fields["talk_over"],
    )


def _pack_echo(block: EchoBlock) -> bytes:
    return _READ_AND_DRIFT.pack(block.read_at, block.drift_ppm) + block.pcm + block.reference


def _unpack_echo(payload: bytes) -> EchoBlock:
    sound = payload[_READ_AND_DRIFT.size :]
    half, odd = divmod(len(sound), 2)
    if odd or half % SAMPLE_BYTES:
        raise ValueError(f"{len(sound)} bytes are not two blocks of the same length")
    read_at, drift_ppm = _READ_AND_DRIFT.unpack_from(payload)
    return EchoBlock(read_at, sound[:half], sound[half:], drift_ppm)


PROTOCOL: RecordProtocol[Record] = RecordProtocol(
    [
        record(1, MicrophoneReady, device=str),
        record(2, MicrophoneLost, reason=str),
        record(3, MicrophoneEnded),
        record(4, Listened, samples="Q", level_db="d", floor_db="d", overruns="I", wake_score="d"),
        record(5, UtteranceOpened, utterance="Q", cause=Cause, first_sample="Q"),
        record(6, ChunkCaptured, utterance="Q", sequence="I", first_sample="Q", read_at="d", pcm=bytes),
        record(
            7,
            UtteranceClosed,
            utterance="Q",
            reason=CloseReason,
            end_sample="Q",
            speech_ms="d",
            proven="?",
            quiet_ms="d",
        ),
        record(8, PressIgnored, held_ms="d"),
        record(9, RawBlock, read_at="d", pcm=bytes),
        record(10, SourceFailed, kind=FailureKind, reason=str),
        record(11, Listing, text=str),
        RecordCodec(12, EchoBlock, _pack_echo, _unpack_echo),
        record(13, ChannelsCancel, channel="B", channels="B"),
        record(14, ConfirmationLost, reason=str),
        record(15, Woken, score="d"),
        record(16, WakeMissed, score="d"),
        record(17, WakeUnused),
        record(18, EchoRemoved, works="?", reason=str),
        record(19, WakeWordLost, reason=str),
        RecordCodec(32, Start, _pack_start, _unpack_start),
        record(33, ListDevices),
        record(34, SetGate, mode=GateMode),
        record(35, Press),
        record(36, Release),
        record(37, Hold, held="?"),
        record(38, FollowUp, allowed="?"),
        record(39, Overlook, length_ms="I"),
        record(40, HeartbeatEvery, ms="I"),
    ]
)
encode = PROTOCOL.encode

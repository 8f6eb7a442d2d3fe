"""Records between the daemon and the speaker's sound process, as bytes and back; no I/O."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field

from ravatard.core.audio.speaker_events import PlaybackEnded, PlaybackStarted, SpeakerReady
from ravatard.core.states import Earcon
from ravatard.devices.process.records import RecordCodec, RecordProtocol, record
from ravatard.devices.speaker.options import SpeakerOptions

#: Longest piece of sound on the pipe: a third of a second, so that little sound precedes a stop.
LONGEST_FEED = 1 << 15


@dataclass(frozen=True, slots=True)
class Play:
    """Parent to child, once: open the speaker.

    Attributes:
        options: section ``speaker``.
        volume: percent to begin with.
        fresh: begin a new recording; False continues it after a restart.
        echo_fd: ring that takes the played sound (:mod:`ravatard.devices.echo.ring`); None: no reference.
    """

    options: SpeakerOptions
    volume: int
    fresh: bool = True
    echo_fd: int | None = None


@dataclass(frozen=True, slots=True)
class SetEarcon:
    """Parent to child: the sound of an earcon."""

    earcon: Earcon
    pcm: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Begin:
    """Parent to child: a voice follows; a live one arrives as fast as it is spoken."""

    voice: int
    live: bool


@dataclass(frozen=True, slots=True)
class Feed:
    """Parent to child: the next piece of a voice."""

    voice: int
    pcm: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Finish:
    """Parent to child: the voice is complete."""

    voice: int


@dataclass(frozen=True, slots=True)
class Stop:
    """Parent to child: discard the buffered sound."""


@dataclass(frozen=True, slots=True)
class Pause:
    """Parent to child: fall silent and keep the buffered sound (True), or go on with it (False)."""

    paused: bool


@dataclass(frozen=True, slots=True)
class SoundEarcon:
    """Parent to child: play an earcon."""

    earcon: Earcon


@dataclass(frozen=True, slots=True)
class Volume:
    """Parent to child: the volume from now on."""

    percent: int


@dataclass(frozen=True, slots=True)
class FallAsleep:
    """Parent to child: close the device; nothing is to be played."""


@dataclass(frozen=True, slots=True)
class WakeUp:
    """Parent to child, after :class:`FallAsleep`: open the device again and say that it is ready."""


@dataclass(frozen=True, slots=True)
class FellAsleep:
    """Child to parent: the device is closed. No heartbeats come before the child was woken."""


@dataclass(frozen=True, slots=True)
class Heartbeat:
    """Child to parent, twice a second: the device still takes sound.

    Attributes:
        active: sound is buffered or plays.
        underruns: as :class:`ravatard.core.events.Played` counts them.
        buffered: samples in the buffer.
        dropped: samples discarded because the buffer was full.
        received: bytes of sound received from the parent.
        slips: samples dropped or doubled because two clocks differ.
    """

    active: bool
    underruns: int
    buffered: int
    dropped: int
    received: int
    slips: int = 0


@dataclass(frozen=True, slots=True)
class PlayFailed:
    """Child to parent, its last record.

    Attributes:
        opening: it never played: another ALSA configuration may know the device.
        reason: one sentence.
    """

    opening: bool
    reason: str


#: Records of the sound process.
SpeakerReport = SpeakerReady | PlaybackStarted | PlaybackEnded | Heartbeat | FellAsleep | PlayFailed
#: Records of the daemon.
SpeakerCommand = (
    Play | SetEarcon | Begin | Feed | Finish | Stop | Pause | SoundEarcon | Volume | FallAsleep | WakeUp
)
PlayRecord = SpeakerReport | SpeakerCommand


def _pack_play(play: Play) -> bytes:
    return json.dumps(asdict(play)).encode()


def _unpack_play(payload: bytes) -> Play:
    fields = json.loads(payload)
    if not isinstance(fields, dict):
        raise TypeError("no object")
    return Play(SpeakerOptions(**fields.pop("options")), **fields)


PROTOCOL: RecordProtocol[PlayRecord] = RecordProtocol(
    [
        record(1, SpeakerReady, latency_ms="d", device=str),
        record(2, PlaybackStarted, at="d"),
        record(3, PlaybackEnded, at="d"),
        record(4, Heartbeat, active="?", underruns="Q", buffered="Q", dropped="Q", received="Q", slips="q"),
        record(5, PlayFailed, opening="?", reason=str),
        record(6, FellAsleep),
        RecordCodec(32, Play, _pack_play, _unpack_play),
        record(33, SetEarcon, earcon=Earcon, pcm=bytes),
        record(34, Feed, voice="q", pcm=bytes),
        record(35, Finish, voice="q"),
        record(36, Stop),
        record(37, SoundEarcon, earcon=Earcon),
        record(38, Volume, percent="B"),
        record(39, Begin, voice="q", live="?"),
        record(40, FallAsleep),
        record(41, WakeUp),
        record(42, Pause, paused="?"),
    ]
)
encode = PROTOCOL.encode

"""Records between the daemon and the speaker's sound process, as bytes and back; no I/O."""

from __future__ import annotations

import json
import struct
from dataclasses import asdict, dataclass, field

from ravatard.core.events import PlaybackEnded, PlaybackStarted, SpeakerReady
from ravatard.core.states import Earcon
from ravatard.devices.process.records import RecordCodec, RecordProtocol
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
class PlayEarcon:
    """Parent to child: play an earcon."""

    earcon: Earcon


@dataclass(frozen=True, slots=True)
class Volume:
    """Parent to child: the volume from now on."""

    percent: int


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
SpeakerReport = SpeakerReady | PlaybackStarted | PlaybackEnded | Heartbeat | PlayFailed
PlayRecord = SpeakerReport | Play | SetEarcon | Begin | Feed | Finish | Stop | PlayEarcon | Volume

_NUMBER = struct.Struct("<d")
_VOICE = struct.Struct("<q")
_BYTE = struct.Struct("<B")
_BEGIN = struct.Struct("<q?")
_HEARTBEAT = struct.Struct("<?QQQQq")
_EARCONS = tuple(Earcon)


def _pack_play(play: Play) -> bytes:
    return json.dumps(asdict(play)).encode()


def _unpack_play(payload: bytes) -> Play:
    fields = json.loads(payload)
    if not isinstance(fields, dict):
        raise TypeError("no object")
    return Play(SpeakerOptions(**fields.pop("options")), **fields)


def _unpack_feed(payload: bytes) -> Feed:
    return Feed(_VOICE.unpack_from(payload)[0], payload[_VOICE.size :])


PROTOCOL: RecordProtocol[PlayRecord] = RecordProtocol(
    {
        SpeakerReady: RecordCodec(
            1,
            lambda r: _NUMBER.pack(r.latency_ms) + r.device.encode(),
            lambda p: SpeakerReady(p[_NUMBER.size :].decode(), _NUMBER.unpack_from(p)[0]),
        ),
        PlaybackStarted: RecordCodec(
            2, lambda r: _NUMBER.pack(r.at), lambda p: PlaybackStarted(_NUMBER.unpack(p)[0])
        ),
        PlaybackEnded: RecordCodec(
            3, lambda r: _NUMBER.pack(r.at), lambda p: PlaybackEnded(_NUMBER.unpack(p)[0])
        ),
        Heartbeat: RecordCodec(
            4,
            lambda r: _HEARTBEAT.pack(r.active, r.underruns, r.buffered, r.dropped, r.received, r.slips),
            lambda p: Heartbeat(*_HEARTBEAT.unpack(p)),
        ),
        PlayFailed: RecordCodec(
            5,
            lambda r: _BYTE.pack(r.opening) + r.reason.encode(),
            lambda p: PlayFailed(bool(p[0]), p[1:].decode()),
        ),
        Play: RecordCodec(32, _pack_play, _unpack_play),
        SetEarcon: RecordCodec(
            33,
            lambda r: _BYTE.pack(_EARCONS.index(r.earcon)) + r.pcm,
            lambda p: SetEarcon(_EARCONS[p[0]], p[1:]),
        ),
        Feed: RecordCodec(34, lambda r: _VOICE.pack(r.voice) + r.pcm, _unpack_feed),
        Finish: RecordCodec(35, lambda r: _VOICE.pack(r.voice), lambda p: Finish(_VOICE.unpack(p)[0])),
        Stop: RecordCodec(36, lambda _: b"", lambda _: Stop()),
        PlayEarcon: RecordCodec(
            37,
            lambda r: _BYTE.pack(_EARCONS.index(r.earcon)),
            lambda p: PlayEarcon(_EARCONS[_BYTE.unpack(p)[0]]),
        ),
        Begin: RecordCodec(39, lambda r: _BEGIN.pack(r.voice, r.live), lambda p: Begin(*_BEGIN.unpack(p))),
        Volume: RecordCodec(38, lambda r: _BYTE.pack(r.percent), lambda p: Volume(_BYTE.unpack(p)[0])),
    }
)
encode = PROTOCOL.encode

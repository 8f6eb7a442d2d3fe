"""The wire between the daemon and the speaker's sound process: records in, bytes out, and back; no I/O."""

from __future__ import annotations

import json
import struct
from dataclasses import asdict, dataclass, field

from ravatard.core.events import PlaybackEnded, PlaybackStarted, SpeakerReady
from ravatard.core.states import Earcon
from ravatard.devices.process.records import RecordCodec, RecordProtocol
from ravatard.devices.speaker.options import SpeakerOptions

#: A piece of sound on the pipe is no longer: a third of a second, so that a stop has little before it.
LONGEST_FEED = 1 << 15


@dataclass(frozen=True, slots=True)
class Play:
    """Parent to child, once: open the speaker.

    Attributes:
        options: section ``speaker``.
        volume: percent to begin with.
        fresh: a recording is begun anew; False goes on with it after a restart.
        echo_fd: the ring that takes what is played (:mod:`ravatard.devices.echo.ring`).
    """

    options: SpeakerOptions
    volume: int
    fresh: bool = True
    echo_fd: int | None = None


@dataclass(frozen=True, slots=True)
class SetCue:
    """Parent to child: this is how an earcon sounds."""

    earcon: Earcon
    pcm: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Begin:
    """Parent to child: a voice follows; a live one comes as fast as it is spoken."""

    voice: int
    live: bool


@dataclass(frozen=True, slots=True)
class Feed:
    """Parent to child: the next piece of a voice."""

    voice: int
    pcm: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Finish:
    """Parent to child: nothing more comes of this voice."""

    voice: int


@dataclass(frozen=True, slots=True)
class Stop:
    """Parent to child: throw away what waits."""


@dataclass(frozen=True, slots=True)
class PlayCue:
    """Parent to child: sound an earcon."""

    earcon: Earcon


@dataclass(frozen=True, slots=True)
class Volume:
    """Parent to child: this loud from now on."""

    percent: int


@dataclass(frozen=True, slots=True)
class Beat:
    """Child to parent, twice a second: the device still takes sound.

    Attributes:
        active: something waits or sounds.
        underruns: as :class:`ravatard.core.events.Played` counts them.
        waiting: samples that wait.
        dropped: samples thrown away because too much waited.
        received: bytes of sound that have come from the parent.
        slips: samples dropped or doubled because two clocks differ.
    """

    active: bool
    underruns: int
    waiting: int
    dropped: int
    received: int
    slips: int = 0


@dataclass(frozen=True, slots=True)
class PlayFailed:
    """Child to parent, its last word: one sentence.

    Attributes:
        opening: it never played: another ALSA configuration may know the device.
    """

    opening: bool
    reason: str


#: What a speaker is told by its sound process.
Told = SpeakerReady | PlaybackStarted | PlaybackEnded | Beat | PlayFailed
PlayRecord = Told | Play | SetCue | Begin | Feed | Finish | Stop | PlayCue | Volume

_NUMBER = struct.Struct("<d")
_VOICE = struct.Struct("<q")
_BYTE = struct.Struct("<B")
_BEGIN = struct.Struct("<q?")
_BEAT = struct.Struct("<?QQQQq")
_EARCONS = tuple(Earcon)


def _pack_play(play: Play) -> bytes:
    return json.dumps(asdict(play)).encode()


def _unpack_play(payload: bytes) -> Play:
    said = json.loads(payload)
    if not isinstance(said, dict):
        raise TypeError("no object")
    return Play(SpeakerOptions(**said.pop("options")), **said)


def _unpack_feed(payload: bytes) -> Feed:
    return Feed(_VOICE.unpack_from(payload)[0], payload[_VOICE.size :])


WIRE: RecordProtocol[PlayRecord] = RecordProtocol(
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
        Beat: RecordCodec(
            4,
            lambda r: _BEAT.pack(r.active, r.underruns, r.waiting, r.dropped, r.received, r.slips),
            lambda p: Beat(*_BEAT.unpack(p)),
        ),
        PlayFailed: RecordCodec(
            5,
            lambda r: _BYTE.pack(r.opening) + r.reason.encode(),
            lambda p: PlayFailed(bool(p[0]), p[1:].decode()),
        ),
        Play: RecordCodec(32, _pack_play, _unpack_play),
        SetCue: RecordCodec(
            33,
            lambda r: _BYTE.pack(_EARCONS.index(r.earcon)) + r.pcm,
            lambda p: SetCue(_EARCONS[p[0]], p[1:]),
        ),
        Feed: RecordCodec(34, lambda r: _VOICE.pack(r.voice) + r.pcm, _unpack_feed),
        Finish: RecordCodec(35, lambda r: _VOICE.pack(r.voice), lambda p: Finish(_VOICE.unpack(p)[0])),
        Stop: RecordCodec(36, lambda _: b"", lambda _: Stop()),
        PlayCue: RecordCodec(
            37,
            lambda r: _BYTE.pack(_EARCONS.index(r.earcon)),
            lambda p: PlayCue(_EARCONS[_BYTE.unpack(p)[0]]),
        ),
        Begin: RecordCodec(39, lambda r: _BEGIN.pack(r.voice, r.live), lambda p: Begin(*_BEGIN.unpack(p))),
        Volume: RecordCodec(38, lambda r: _BYTE.pack(r.percent), lambda p: Volume(_BYTE.unpack(p)[0])),
    }
)
encode = WIRE.encode

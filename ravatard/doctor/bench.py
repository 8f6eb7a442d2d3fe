"""Records and plays for some seconds, in the sound processes the appliance itself uses."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from ravatard.core.audio_format import SAMPLE_BYTES, samples_in, seconds_of
from ravatard.core.events import (
    MicrophoneLost,
    MicrophoneReady,
    PlaybackEnded,
    PlaybackStarted,
    SpeakerLost,
    SpeakerReady,
)
from ravatard.core.options.gate import GateOptions, VoiceOptions
from ravatard.devices.microphone.child import MicrophoneChild
from ravatard.devices.microphone.options import CaptureOptions, MicrophoneOptions
from ravatard.devices.microphone.protocol import RawBlock, Record, SourceFailed, Start
from ravatard.devices.process.child import child_environ
from ravatard.devices.speaker.options import SpeakerOptions
from ravatard.devices.speaker.speaker import ChildSpeaker
from ravatard.errors import DeviceError

#: To start, open and deliver the first sound; a Pi Zero 2 W takes about 3 s.
START_S = 10.0
#: An open microphone that says nothing for so long is stuck.
SILENCE_S = 3.0
_REAP_S = 1.0


@dataclass(frozen=True, slots=True)
class RecordedSound:
    """Sound of a microphone.

    Attributes:
        device: its name, for people.
        pcm: s16le mono 16 kHz.
        began_at: when the first sample was recorded, seconds on the monotonic clock.
        pace: samples that came over those that should have in that time; 1 is right.
    """

    device: str
    pcm: bytes = field(repr=False)
    began_at: float
    pace: float


@dataclass(frozen=True, slots=True)
class PlayedSound:
    """Sound that was played.

    Attributes:
        device: the speaker's name, for people.
        latency_ms: from the last write to the converter, as the sound system states it.
        started_at: when the first audible sample left the converter, seconds on the monotonic clock.
        ended_at: when the last one did.
    """

    device: str
    latency_ms: float
    started_at: float
    ended_at: float


class Bench(Protocol):
    """Where microphones and speakers are tried."""

    async def record(
        self,
        microphone: MicrophoneOptions,
        capture: CaptureOptions,
        seconds: float,
        hears: asyncio.Event | None = None,
    ) -> RecordedSound:
        """Record; ``hears`` is set with the first sound. Cancelling closes the device.

        Raises:
            DeviceError: it cannot be opened, or delivers no sound.
        """
        ...

    async def play(self, speaker: SpeakerOptions, pcm: bytes) -> PlayedSound:
        """Play s16le mono 48 kHz, and return when it was heard. Cancelling closes the device.

        Raises:
            DeviceError: it cannot be opened, or does not play.
        """
        ...


class ChildBench:
    """A :class:`Bench` on the sound processes the appliance itself uses."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        """``environ``: what ALSA and PulseAudio need is in it."""
        self._environ = environ

    async def record(
        self,
        microphone: MicrophoneOptions,
        capture: CaptureOptions,
        seconds: float,
        hears: asyncio.Event | None = None,
    ) -> RecordedSound:
        """See :meth:`Bench.record`. As the appliance does: the slim ALSA configuration, then the machine's.

        Raises:
            DeviceError: it cannot be opened, or delivers no sound.
        """
        slim = microphone.is_card and microphone.alsa_config == "slim"
        slim = slim and "ALSA_CONFIG_PATH" not in self._environ
        refusal = None
        for with_slim in (True, False) if slim else (False,):
            child = MicrophoneChild(
                child_environ(self._environ, slim=with_slim),
                Start(microphone, capture, GateOptions(), VoiceOptions(), mode=None),
            )
            try:
                return await _recorded(child, seconds, hears)
            except DeviceError as error:
                refusal = refusal or error
            finally:
                child.kill()
                await child.reaped(_REAP_S)
        raise refusal or DeviceError("the microphone was not tried")

    async def play(self, speaker: SpeakerOptions, pcm: bytes) -> PlayedSound:
        """See :meth:`Bench.play`.

        Raises:
            DeviceError: it cannot be opened, or does not play.
        """
        player = ChildSpeaker(speaker, environ=self._environ)
        limit_s = START_S + len(pcm) / SAMPLE_BYTES / 48_000 + SILENCE_S
        try:
            async with asyncio.timeout(limit_s):
                return await _played(player, pcm)
        except TimeoutError:
            raise DeviceError(f"the speaker did not play within {limit_s:.0f} s") from None
        finally:
            await player.close()


async def _recorded(child: MicrophoneChild, seconds: float, hears: asyncio.Event | None) -> RecordedSound:
    """What ``child`` records in ``seconds`` from its first sound on."""
    device, pcm = "", bytearray()
    blocks: list[tuple[float, int]] = []
    while seconds_of(samples_in(pcm)) < seconds:
        for record in await _said(child, SILENCE_S if pcm else START_S):
            match record:
                case MicrophoneReady(name):
                    device = name
                case RawBlock(read_at, block):
                    pcm += block
                    blocks.append((read_at, samples_in(pcm)))
                    if hears is not None:
                        hears.set()
                case SourceFailed(_, reason) | MicrophoneLost(reason):
                    noise = child.stderr_tail()
                    raise DeviceError(f"{reason} [{noise}]" if noise else reason)
                case _:
                    pass
    # A block may be read late, never early: the earliest one tells when the recording began.
    began_at = min(read_at - seconds_of(samples) for read_at, samples in blocks)
    (first_at, first), (last_at, last) = blocks[0], blocks[-1]
    pace = seconds_of(last - first) / (last_at - first_at) if last_at > first_at else 1.0
    return RecordedSound(device, bytes(pcm), began_at, pace)


async def _said(child: MicrophoneChild, limit_s: float) -> list[Record]:
    """What ``child`` says next.

    Raises:
        DeviceError: nothing, or its end.
    """
    try:
        records = await child.receive(limit_s)
    except TimeoutError:
        raise DeviceError(f"the microphone delivered nothing for {limit_s:g} s") from None
    if not records:
        raise DeviceError("the microphone's sound process ended by itself")
    return records


async def _played(player: ChildSpeaker, pcm: bytes) -> PlayedSound:
    """Play ``pcm`` as soon as ``player`` can.

    Raises:
        DeviceError: it cannot.
    """
    device, latency_ms, started_at = "", 0.0, 0.0
    async for event in player.events():
        match event:
            case SpeakerReady(device, latency_ms):
                player.feed(1, pcm)
                player.finish(1)
            case SpeakerLost(reason):
                # With another ALSA configuration it may be found: that is tried at once.
                if "trying the machine's own" not in reason:
                    raise DeviceError(reason)
            case PlaybackStarted(started_at):
                pass
            case PlaybackEnded(ended_at):
                return PlayedSound(device, latency_ms, started_at, ended_at)
            case _:
                pass
    raise DeviceError("the speaker was closed before it had played")

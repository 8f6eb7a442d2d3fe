"""Test recordings and playback of a few seconds, in the sound processes that the appliance uses."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NoReturn, Protocol

from ravatard.core.audio_format import SAMPLE_BYTES, VOICE_RATE_HZ, samples_in, seconds_of
from ravatard.core.events import (
    MicrophoneLost,
    MicrophoneReady,
    PlaybackEnded,
    PlaybackStarted,
    SpeakerLost,
    SpeakerReady,
)
from ravatard.core.options.gate import GateOptions, VoiceOptions
from ravatard.devices.cards.listing import library_messages
from ravatard.devices.echo.ring import make_ring
from ravatard.devices.microphone.child import MicrophoneChild
from ravatard.devices.microphone.options import CaptureOptions, MicrophoneOptions
from ravatard.devices.microphone.protocol import (
    ChannelsCancel,
    EchoBlock,
    RawBlock,
    Record,
    SourceFailed,
    Start,
)
from ravatard.devices.process.piped import child_environ
from ravatard.devices.speaker.options import SpeakerOptions
from ravatard.devices.speaker.speaker import ChildSpeaker
from ravatard.errors import DeviceError

#: Time to start, open and deliver the first sound; a Pi Zero 2 W takes about 3 s.
START_S = 10.0
#: An open microphone that delivers nothing for so long is stuck.
SILENCE_S = 3.0
_REAP_S = 1.0


@dataclass(frozen=True, slots=True)
class RecordedSound:
    """Sound recorded from a microphone.

    Attributes:
        device: display name of the microphone.
        pcm: s16le mono 16 kHz.
        began_at: time of the first sample, seconds on the monotonic clock.
        pace: samples received divided by samples expected in that time; 1 is right.
        cancelling: sentence about channels that cancel each other; None: they do not.
    """

    device: str
    pcm: bytes = field(repr=False)
    began_at: float
    pace: float
    cancelling: str | None = None


@dataclass(frozen=True, slots=True)
class PlayedSound:
    """Timing of a sound that was played.

    Attributes:
        device: display name of the speaker.
        latency_ms: from the last write to the converter, as stated by the sound system.
        started_at: time at which the first audible sample left the converter, on the monotonic clock.
        ended_at: time at which the last one did.
    """

    device: str
    latency_ms: float
    started_at: float
    ended_at: float


class Bench(Protocol):
    """Test bench for microphones and speakers."""

    async def record(
        self,
        microphone: MicrophoneOptions,
        capture: CaptureOptions,
        seconds: float,
        first_sound: asyncio.Event | None = None,
    ) -> RecordedSound:
        """Record; ``first_sound`` is set when sound arrives. Cancelling closes the device.

        Raises:
            DeviceError: the microphone cannot be opened, or delivers no sound.
        """
        ...

    async def play(self, speaker: SpeakerOptions, pcm: bytes) -> PlayedSound:
        """Play s16le mono 48 kHz and return when it has been heard. Cancelling closes the device.

        Raises:
            DeviceError: the speaker cannot be opened, or does not play.
        """
        ...

    async def hear(
        self, speaker: SpeakerOptions, microphone: MicrophoneOptions, capture: CaptureOptions, pcm: bytes
    ) -> list[tuple[bytes, bytes, float]]:
        """Play s16le mono 48 kHz and record meanwhile. Cancelling closes both devices.

        Returns:
            Blocks of the microphone, each with what the speaker played while it was recorded, both s16le mono
            16 kHz; and the excess of the speaker's clock in ppm, as far as it is known by then.

        Raises:
            DeviceError: one of them cannot be opened, or does not work.
        """
        ...

    async def library_messages(self) -> str:
        """Return everything that the sound libraries print while they list the devices."""
        ...


class ChildBench:
    """A :class:`Bench` on the sound processes that the appliance uses."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        """``environ`` holds the variables that ALSA and PulseAudio need."""
        self._environ = environ

    def _prefers_slim(self, microphone: MicrophoneOptions) -> bool:
        """Return True if the slim ALSA configuration is tried first, as in the appliance."""
        is_slim = microphone.is_card and microphone.alsa_config == "slim"
        return is_slim and "ALSA_CONFIG_PATH" not in self._environ

    async def record(
        self,
        microphone: MicrophoneOptions,
        capture: CaptureOptions,
        seconds: float,
        first_sound: asyncio.Event | None = None,
    ) -> RecordedSound:
        """See :meth:`Bench.record`. As in the appliance, the slim ALSA configuration is tried first.

        Raises:
            DeviceError: the microphone cannot be opened, or delivers no sound.
        """
        refusal = None
        for with_slim in (True, False) if self._prefers_slim(microphone) else (False,):
            child = MicrophoneChild(
                child_environ(self._environ, slim=with_slim),
                Start(microphone, capture, GateOptions(), VoiceOptions(), mode=None),
            )
            try:
                return await _record_from(child, seconds, first_sound)
            except DeviceError as error:
                refusal = refusal or error
            finally:
                child.kill()
                await child.reaped(_REAP_S)
        raise refusal or DeviceError("the microphone was not tried")

    async def hear(
        self, speaker: SpeakerOptions, microphone: MicrophoneOptions, capture: CaptureOptions, pcm: bytes
    ) -> list[tuple[bytes, bytes, float]]:
        """See :meth:`Bench.hear`. The slim ALSA configuration is for a microphone that opens by it.

        Raises:
            DeviceError: one of them cannot be opened, or does not work.
        """
        ring = make_ring()
        start = Start(microphone, capture, GateOptions(), VoiceOptions(), mode=None, echo_fd=ring)
        environ = child_environ(self._environ, slim=self._prefers_slim(microphone))
        child = MicrophoneChild(environ, start)
        player = ChildSpeaker(speaker, environ=self._environ, echo_fd=ring)
        limit_s = _limit_s(pcm)
        blocks: list[tuple[bytes, bytes, float]] = []
        try:
            async with asyncio.timeout(limit_s), asyncio.TaskGroup() as group:
                recording = group.create_task(_gather(child, blocks), name="record")
                await _play_on(player, pcm)
                recording.cancel()
        except TimeoutError:
            raise DeviceError(f"the speaker did not play within {limit_s:.0f} s") from None
        except ExceptionGroup as errors:
            raise DeviceError(str(errors.exceptions[0])) from errors
        finally:
            child.kill()
            await player.close()
            await child.reaped(_REAP_S)
            os.close(ring)
        return blocks

    async def library_messages(self) -> str:
        """See :meth:`Bench.library_messages`."""
        texts = []
        for slim, name in ((True, "slim"), (False, "the machine's own")):
            texts.append(f"# with the ALSA configuration: {name}")
            try:
                texts.append(await asyncio.to_thread(library_messages, self._environ, slim=slim))
            except DeviceError as error:
                texts.append(f"{error}\n")
        return "\n".join(texts)

    async def play(self, speaker: SpeakerOptions, pcm: bytes) -> PlayedSound:
        """See :meth:`Bench.play`.

        Raises:
            DeviceError: the speaker cannot be opened, or does not play.
        """
        player = ChildSpeaker(speaker, environ=self._environ)
        limit_s = _limit_s(pcm)
        try:
            async with asyncio.timeout(limit_s):
                return await _play_on(player, pcm)
        except TimeoutError:
            raise DeviceError(f"the speaker did not play within {limit_s:.0f} s") from None
        finally:
            await player.close()


def _limit_s(pcm: bytes) -> float:
    """Return the longest time until ``pcm``, s16le mono 48 kHz, has been heard."""
    return START_S + len(pcm) / SAMPLE_BYTES / VOICE_RATE_HZ + SILENCE_S


async def _record_from(
    child: MicrophoneChild, seconds: float, first_sound: asyncio.Event | None
) -> RecordedSound:
    """Record ``seconds`` from the first sound of ``child`` on."""
    device, pcm, cancelling = "", bytearray(), None
    blocks: list[tuple[float, int]] = []
    while seconds_of(samples_in(pcm)) < seconds:
        for record in await _receive(child, SILENCE_S if pcm else START_S):
            match record:
                case MicrophoneReady(name):
                    device = name
                case ChannelsCancel():
                    cancelling = record.text
                case RawBlock(read_at, block):
                    pcm += block
                    blocks.append((read_at, samples_in(pcm)))
                    if first_sound is not None:
                        first_sound.set()
                case SourceFailed(_, reason) | MicrophoneLost(reason):
                    noise = child.stderr_tail()
                    raise DeviceError(f"{reason} [{noise}]" if noise else reason)
                case _:
                    pass
    # A block may be read late, never early: the earliest one dates the beginning of the recording.
    began_at = min(read_at - seconds_of(samples) for read_at, samples in blocks)
    (first_at, first), (last_at, last) = blocks[0], blocks[-1]
    pace = seconds_of(last - first) / (last_at - first_at) if last_at > first_at else 1.0
    return RecordedSound(device, bytes(pcm), began_at, pace, cancelling)


async def _gather(child: MicrophoneChild, blocks: list[tuple[bytes, bytes, float]]) -> NoReturn:
    """Add every block of ``child`` to ``blocks``, without end.

    Raises:
        DeviceError: it delivers no more.
    """
    while True:
        for record in await _receive(child, SILENCE_S if blocks else START_S):
            match record:
                case EchoBlock(_, pcm, reference, drift_ppm):
                    blocks.append((pcm, reference, drift_ppm))
                case SourceFailed(_, reason) | MicrophoneLost(reason):
                    raise DeviceError(reason)
                case _:
                    pass


async def _receive(child: MicrophoneChild, limit_s: float) -> list[Record]:
    """Return the next records of ``child``.

    Raises:
        DeviceError: none came in time, or the process ended.
    """
    try:
        records = await child.receive(limit_s)
    except TimeoutError:
        raise DeviceError(f"the microphone delivered nothing for {limit_s:g} s") from None
    if not records:
        raise DeviceError("the microphone's sound process ended by itself")
    return records


async def _play_on(player: ChildSpeaker, pcm: bytes) -> PlayedSound:
    """Play ``pcm`` as soon as ``player`` is ready.

    Raises:
        DeviceError: the speaker was lost or closed.
    """
    device, latency_ms, started_at = "", 0.0, 0.0
    async for event in player.events():
        match event:
            case SpeakerReady(device, latency_ms):
                player.feed(1, pcm)
                player.finish(1)
            case SpeakerLost(reason):
                # The speaker process retries at once with the machine's own ALSA configuration.
                if "trying the machine's own" not in reason:
                    raise DeviceError(reason)
            case PlaybackStarted(started_at):
                pass
            case PlaybackEnded(ended_at):
                return PlayedSound(device, latency_ms, started_at, ended_at)
            case _:
                pass
    raise DeviceError("the speaker was closed before it had played")

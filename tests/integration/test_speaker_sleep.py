"""A speaker that sleeps, on real sound: what comes after its sleep is whole, on time, and told."""

from __future__ import annotations

import asyncio
import os
import time
import wave
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from ravatard.core.events import (
    PlaybackEnded,
    PlaybackStarted,
    SpeakerAsleep,
    SpeakerAwake,
    SpeakerEvent,
    SpeakerLost,
    SpeakerReady,
)
from ravatard.core.options.gate import GateOptions, VoiceOptions
from ravatard.core.states import Earcon
from ravatard.devices.echo.ring import EchoRing, make_ring
from ravatard.devices.microphone.child import MicrophoneChild
from ravatard.devices.microphone.options import CaptureOptions, MicrophoneOptions
from ravatard.devices.microphone.protocol import EchoBlock, Start
from ravatard.devices.process.piped import child_environ
from ravatard.devices.speaker.earcon_options import EarconOptions
from ravatard.devices.speaker.earcons import earcons
from ravatard.devices.speaker.options import SpeakerOptions
from ravatard.devices.speaker.speaker import ChildSpeaker
from tests.integration.test_speaker import (
    SLACK_S,
    Kind,
    Recorder,
    audio,
    needs_sound,
    pid_of,
    speech,
)
from tests.integration.virtual_audio import SPEAKER, VirtualAudio

__all__ = ["audio"]
pytestmark = [pytest.mark.integration, pytest.mark.alone]

EARCONS = earcons(EarconOptions())
LISTENING = np.frombuffer(EARCONS[Earcon.LISTENING], "<i2")
#: The first syllable: what is cut where a stream opens too late.
SYLLABLE = 48_000 * 3 // 10
Sound = NDArray[np.int16]


class Sink:
    """A speaker somewhere, its events, and everything that came out of it so far."""

    def __init__(self, speaker: ChildSpeaker, heard: Callable[[], Sound]) -> None:
        self.speaker = speaker
        self.heard = heard
        self._events: asyncio.Queue[SpeakerEvent] = asyncio.Queue()

    async def listen(self) -> None:
        """Follow it all the time, as the daemon does."""
        async for event in self.speaker.events():
            self._events.put_nowait(event)

    async def told(self, kind: type[Kind], within_s: float = 15) -> Kind:
        """The next event of this kind; others are passed over."""
        async with asyncio.timeout(within_s):
            while not isinstance(event := await self._events.get(), kind):
                pass
        return event


@asynccontextmanager
async def sleeping(
    options: SpeakerOptions,
    heard: Callable[[], Sound] = lambda: np.zeros(1, np.int16),
    environ: dict[str, str] | None = None,
    *,
    echo_fd: int | None = None,
) -> AsyncIterator[Sink]:
    """A speaker that has fallen asleep after a second."""
    options = replace(options, idle_s=1)
    speaker = ChildSpeaker(options, environ=environ or dict(os.environ), earcons=EARCONS, echo_fd=echo_fd)
    sink = Sink(speaker, heard)
    async with asyncio.TaskGroup() as group:
        listening = group.create_task(sink.listen())
        try:
            await sink.told(SpeakerReady)
            await sink.told(SpeakerAsleep)
            yield sink
        finally:
            await speaker.close()
            listening.cancel()


@asynccontextmanager
async def sink_of(kind: str, folder: Path) -> AsyncIterator[Sink]:
    """A program or a recording, asleep."""
    if kind == "command":
        raw = folder / "heard.raw"
        command = f"sh -c 'cat >> {raw}'"
        async with sleeping(SpeakerOptions(command=command), lambda: np.fromfile(raw, "<i2")) as sink:
            yield sink
    else:
        path = folder / "heard.wav"

        def recorded() -> Sound:
            with wave.open(str(path)) as file:
                return np.frombuffer(file.readframes(file.getnframes()), "<i2")

        async with sleeping(SpeakerOptions(wav=str(path)), recorded) as sink:
            yield sink


@asynccontextmanager
async def pulse(audio: VirtualAudio, *, echo_fd: int | None = None) -> AsyncIterator[tuple[Sink, Recorder]]:
    """A sound server's sink, asleep, with a recorder at it."""
    assert audio.speaker is not None
    recorder = Recorder(audio.speaker)
    try:
        options = SpeakerOptions(device=SPEAKER, alsa_config="system")
        async with sleeping(options, lambda: recorder.pcm, audio.environ(), echo_fd=echo_fd) as sink:
            yield sink, recorder
    finally:
        recorder.close()


def likeness(heard: Sound, sound: Sound) -> list[float]:
    """Correlation of the first 20, 150 and 300 ms, each from the first sample on."""
    head = sound[:SYLLABLE].astype(float)
    length = len(heard) + len(head)
    both = np.fft.irfft(np.fft.rfft(heard, length) * np.conj(np.fft.rfft(head, length)), length)
    at = int(np.argmax(both[: len(heard)]))
    return [
        float(np.corrcoef(heard[at : at + size], sound[:size])[0, 1])
        for size in (960, min(SYLLABLE // 2, len(sound)), min(SYLLABLE, len(sound)))
        if at + size <= len(heard)
    ]


async def played_after_sleeps(sink: Sink, voice: int = 1) -> list[float]:
    """Play an answer and an earcon, each after a sleep, and return how alike what was heard is."""
    sound = speech(1)
    sink.speaker.begin(voice, live=False)
    sink.speaker.feed(voice, sound.tobytes())
    sink.speaker.finish(voice)
    await sink.told(PlaybackStarted)
    await sink.told(PlaybackEnded)
    await sink.told(SpeakerAsleep)
    answer = likeness(sink.heard(), sound)

    sink.speaker.cue(Earcon.LISTENING)
    await sink.told(SpeakerAwake)
    await sink.told(SpeakerAsleep)
    earcon = likeness(sink.heard(), LISTENING)

    assert len(answer) == len(earcon) == 3
    return answer + earcon


@pytest.mark.parametrize("kind", ["command", "file"])
async def test_the_first_syllable_and_the_first_earcon_after_a_sleep_are_whole(
    kind: str, tmp_path: Path
) -> None:
    async with sink_of(kind, tmp_path) as sink:
        alike = await played_after_sleeps(sink)

    assert min(alike) >= 0.99, alike


@pytest.mark.parametrize("in_vain_s", [1.0, 4.0])
async def test_what_a_program_took_that_failed_is_played_by_the_next_whole_and_once(
    in_vain_s: float, tmp_path: Path
) -> None:
    """A program that takes its first sound and ends: the speaker counts as open by then."""
    flag, raw, program = tmp_path / "fails", tmp_path / "heard.raw", tmp_path / "play.sh"
    program.write_text(
        f"#!/bin/sh\n[ -e {flag} ] && {{ head -c 960 > /dev/null; sleep 0.3; exit 1; }}\nexec cat >> {raw}\n"
    )
    program.chmod(0o755)
    sound = speech(1)

    async with sleeping(SpeakerOptions(command=str(program)), lambda: np.fromfile(raw, "<i2")) as sink:
        flag.touch()
        sink.speaker.begin(1, live=False)
        sink.speaker.feed(1, sound.tobytes())
        sink.speaker.finish(1)
        await asyncio.sleep(in_vain_s)
        flag.unlink()
        await sink.told(SpeakerReady)
        await sink.told(SpeakerAsleep)
        heard = np.trim_zeros(sink.heard())
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.1):
                await sink.speaker.unplayed()

    assert np.array_equal(heard, np.trim_zeros(sound))


@needs_sound
async def test_the_first_syllable_is_whole_at_a_sound_server_too(audio: VirtualAudio) -> None:
    async with pulse(audio) as (sink, _):
        pid = pid_of(sink.speaker)
        # A sound server that gets no processor for a moment drops sound: three attempts.
        for voice in (1, 2, 3):
            alike = await played_after_sleeps(sink, voice)
            if min(alike) >= 0.99:
                break
        assert pid_of(sink.speaker) == pid

    assert min(alike) >= 0.99, alike


@needs_sound
async def test_asleep_it_holds_no_device_and_uses_no_processor(audio: VirtualAudio) -> None:
    assert audio.speaker is not None
    async with pulse(audio) as (sink, _):
        streams = audio.speaker._run("pactl", "list", "short", "sink-inputs").stdout.splitlines()
        stat = Path(f"/proc/{pid_of(sink.speaker)}/schedstat")
        before = turns(stat)
        await asyncio.sleep(3)
        woken = turns(stat) - before

    # The device's own noise is one.
    assert len(streams) == 1
    assert woken <= 3


def turns(stat: Path) -> int:
    """How often a thread was given a processor (Documentation/scheduler/sched-stats.rst)."""
    return int(stat.read_text().split()[2])


async def test_asleep_its_program_has_ended(tmp_path: Path) -> None:
    note = tmp_path / "note"
    command = f"sh -c 'cat > /dev/null; echo >> {note}'"
    async with sleeping(SpeakerOptions(command=command)) as sink:
        ended = note.read_text().count("\n")
        sink.speaker.keep_awake(True)
        await sink.told(SpeakerAwake)
        sink.speaker.keep_awake(False)
        await sink.told(SpeakerAsleep)

    assert ended == 1
    assert note.read_text().count("\n") == 2


@needs_sound
async def test_a_press_sounds_and_silences_at_once_after_a_sleep(audio: VirtualAudio) -> None:
    async with pulse(audio) as (sink, recorder):
        speaker = sink.speaker
        speaker.keep_awake(True)
        # The gate opens when the button was down for a while.
        await asyncio.sleep(0.1)
        cued_at = time.monotonic()
        speaker.cue(Earcon.LISTENING)
        await asyncio.sleep(1)
        earcon_s = recorder.loud_at()[0] - cued_at
        speaker.keep_awake(False)
        await sink.told(SpeakerAsleep)

        recorder.blocks.clear()
        speaker.begin(1, live=False)
        speaker.feed(1, speech(5).tobytes())
        started = await sink.told(PlaybackStarted)
        await asyncio.sleep(0.3)
        stopped_at = time.monotonic()
        speaker.stop()
        ended = await sink.told(PlaybackEnded)
        await asyncio.sleep(0.3)
        first_at, last_at = recorder.loud_at()[0], recorder.loud_at()[-1]

    assert earcon_s < 0.06 + SLACK_S
    assert last_at - stopped_at < 0.05 + SLACK_S
    assert abs(first_at - started.at) < SLACK_S
    assert abs(last_at - ended.at) < SLACK_S


@needs_sound
async def test_a_device_that_went_in_its_sleep_is_told_at_waking_and_the_answer_waits_for_it(
    audio: VirtualAudio,
) -> None:
    assert audio.speaker is not None
    async with pulse(audio) as (sink, _):
        audio.speaker.unplug()
        with pytest.raises(TimeoutError):
            await sink.told(SpeakerLost, within_s=1)
        sink.speaker.begin(1, live=False)
        sink.speaker.feed(1, speech(0.5).tobytes())
        sink.speaker.finish(1)
        await sink.told(SpeakerLost)
        audio.speaker.plug_in()
        await sink.told(SpeakerReady)
        started = await sink.told(PlaybackStarted)
        ended = await sink.told(PlaybackEnded)

    assert ended.at - started.at == pytest.approx(0.5, abs=SLACK_S)


async def test_the_echo_reference_holds_after_a_sleep_what_was_played_when_it_was(tmp_path: Path) -> None:
    fd = make_ring()
    sound = speech(1)
    async with sleeping(SpeakerOptions(command="sh -c 'cat > /dev/null'"), echo_fd=fd) as sink:
        sink.speaker.feed(1, sound.tobytes())
        started = await sink.told(PlaybackStarted)
        await asyncio.sleep(0.6)
        ring = EchoRing(fd)
        state = ring.state()
        assert state is not None
        at = round(state.frame_at(started.at)) - 4_800
        found = np.frombuffer(ring.read(at, 4_800 + SYLLABLE), "<i2")
    os.close(fd)

    loud = int(np.flatnonzero(np.abs(found) > 200)[0])
    assert likeness(found, sound)[0] >= 0.99
    assert abs(loud - 4_800) < 48 * 10, "more than 10 ms beside the time that was told"


@needs_sound
async def test_the_microphone_gets_the_reference_beside_the_first_syllable_after_a_sleep(
    audio: VirtualAudio,
) -> None:
    fd = make_ring()
    heard, played = bytearray(), bytearray()
    async with pulse(audio, echo_fd=fd) as (sink, _):
        environ = audio.environ()
        microphone = MicrophoneOptions(device="loop", alsa_config="system")
        start = Start(microphone, CaptureOptions(), GateOptions(), VoiceOptions(), None, echo_fd=fd)
        child = MicrophoneChild(child_environ(environ, slim=False), start, (fd,))

        async def record(seconds: float) -> None:
            until = len(heard) + seconds * 32_000
            while len(heard) < until:
                for block in await child.receive(10):
                    if isinstance(block, EchoBlock):
                        heard.extend(block.pcm)
                        played.extend(block.reference)

        # The microphone's own clock has been observed for a while; the speaker slept all the time.
        await record(5)
        slept_bytes = len(heard)
        sink.speaker.keep_awake(True)
        await record(0.5)
        sink.speaker.begin(1, live=False)
        sink.speaker.feed(1, speech(2).tobytes())
        await record(3)
        child.kill()
        await child.reaped(2)
    os.close(fd)

    asleep = np.frombuffer(bytes(played[:slept_bytes]), "<i2")
    reference, sound = np.frombuffer(bytes(played), "<i2"), np.frombuffer(bytes(heard), "<i2")
    begins = int(np.flatnonzero(np.abs(reference) > 500)[0])
    mine, theirs = reference[begins : begins + 6_400], sound[begins - 1_600 : begins + 8_000]
    both = np.correlate(theirs.astype(float), mine.astype(float), "valid")
    lag_ms = (int(np.argmax(both)) - 1_600) / 16
    assert not asleep.any()
    # What the sound server says of its latency when a stream is new is off by some milliseconds.
    assert abs(lag_ms) < 40, lag_ms
    assert both.max() / np.linalg.norm(mine.astype(float)) / np.linalg.norm(theirs.astype(float)) > 0.5

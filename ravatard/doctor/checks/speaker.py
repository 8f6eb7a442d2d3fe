"""Checks of the speaker, and of its echo in the microphone."""

from __future__ import annotations

import asyncio
from typing import Any

from ravatard.core.audio_format import VOICE_RATE_HZ
from ravatard.doctor.bench import START_S, PlayedSound, RecordedSound
from ravatard.doctor.check import Case
from ravatard.doctor.chirp import LENGTH_S, chirp, find
from ravatard.doctor.result import CheckResult, broken, fine, needless, unknown, warning
from ravatard.errors import DeviceError

LIMIT_S = 2 * START_S + LENGTH_S + 5
#: Length of the recording: the delay of a Bluetooth speaker or sound server is not reported.
_LISTEN_S = 3.5
_TAIL_STEP_MS, _LEAST_TAIL_MS = 50, 100


async def look_at_speaker(case: Case) -> CheckResult:
    """Check that it opens and plays a chirp."""
    options = case.options
    if not options.speaker.enabled:
        return needless("speaker.enabled is false")
    if case.daemon is not None:
        return _of_daemon(case.daemon)
    if case.asked.echo:
        return needless("the chirp is played for the echo, below")
    try:
        playback = await case.machine.bench.play(options.speaker, chirp(VOICE_RATE_HZ))
    except DeviceError as error:
        return broken(str(error), "`ravatard devices` lists what there is; write one into speaker.device")
    return _played(playback)


def _played(playback: PlayedSound) -> CheckResult:
    return fine(
        f"{playback.device}: a chirp was played; did you hear it?",
        device=playback.device,
        latency_ms=round(playback.latency_ms, 1),
    )


def _of_daemon(report: Any) -> CheckResult:
    speaker = report.get("speaker", {})
    if speaker.get("state") == "absent":
        troubles = [line for line in report["degraded"] if "speaker" in line]
        return broken(
            f"the running daemon has no speaker ({'; '.join(troubles)})",
            "`ravatard devices` lists what there is; write one into speaker.device",
        )
    if speaker.get("state") == "asleep":
        name = speaker.get("device") or "it"
        return needless(f"{name} is asleep: the running daemon closed it, and opens it for the next sound")
    return needless(f"{speaker.get('device') or 'it'} is in use by the running daemon")


async def look_at_echo(case: Case) -> CheckResult:
    """Measure delay and loudness of the speaker in the microphone, and judge audio.echo."""
    options = case.options
    if not case.asked.echo:
        return needless("--echo measures it")
    if case.daemon is not None:
        return unknown(
            "the running daemon has microphone and speaker", "sudo systemctl stop ravatard, then again"
        )
    if not options.speaker.enabled:
        return needless("speaker.enabled is false")
    try:
        recording, playback = await _play_and_record(case)
    except DeviceError as error:
        return broken(str(error), "`ravatard devices` lists what there is")
    return judge(case, recording, playback)


async def _play_and_record(case: Case) -> tuple[RecordedSound, PlayedSound]:
    """Play while recording. Cancelling closes both.

    Raises:
        DeviceError: microphone or speaker does not work.
    """
    options, bench = case.options, case.machine.bench
    first_sound = asyncio.Event()
    played: list[PlayedSound] = []
    broke: Exception | None = None

    async def play() -> None:
        await first_sound.wait()
        played.append(await bench.play(options.speaker, chirp(VOICE_RATE_HZ)))

    try:
        async with asyncio.TaskGroup() as group:
            playing = group.create_task(play(), name="play a chirp")
            recording = await bench.record(options.microphone, options.capture, _LISTEN_S, first_sound)
            # A speaker too slow to open is not waited for: the recording holds nothing of it.
            if not played:
                playing.cancel()
    except* DeviceError as errors:
        broke = errors.exceptions[0]
    if broke is not None:
        raise broke
    if not played:
        raise DeviceError(f"the speaker did not play within {_LISTEN_S:g} s")
    return recording, played[0]


def judge(case: Case, recording: RecordedSound, playback: PlayedSound) -> CheckResult:
    """Judge the recording, with the settings to write into the configuration."""
    audio = case.options.audio
    echo = find(recording.pcm)
    if not echo.heard:
        text = f"the microphone does not hear the speaker (the best match is {echo.match:.0%} alike)"
        if audio.echo == "off":
            return fine(f"{text}: audio.echo: off is right", match=round(echo.match, 2))
        return warning(
            text,
            "if you heard the chirp, set audio.echo to off: nothing needs to be held back; else turn it up",
            match=round(echo.match, 2),
        )
    delay_ms = max(0.0, (recording.began_at + echo.at_s - playback.started_at) * 1000)
    tail_ms = recommended_tail_ms(delay_ms + echo.tail_ms)
    measured = {
        "delay_ms": round(delay_ms, 1),
        "match": round(echo.match, 2),
        "gain_db": round(echo.gain_db, 1),
        "tail_ms": round(echo.tail_ms),
        "recommended_tail_ms": tail_ms,
    }
    text = (
        f"heard {delay_ms:.0f} ms late at {echo.gain_db:+.0f} dB, gone {delay_ms + echo.tail_ms:.0f} ms "
        "after its end"
    )
    if audio.echo == "off":
        return broken(
            f"{text}: the avatar would interrupt itself",
            f"set audio.echo to half-duplex and audio.tail_ms to {tail_ms}",
            **measured,
        )
    if audio.echo == "half-duplex" and audio.tail_ms < tail_ms:
        return warning(
            f"{text}: audio.tail_ms {audio.tail_ms} is short", f"set audio.tail_ms to {tail_ms}", **measured
        )
    return fine(f"{text}: audio.echo: {audio.echo} is right, audio.tail_ms from {tail_ms} on", **measured)


def recommended_tail_ms(gone_ms: float) -> int:
    """Return a value for audio.tail_ms: the measured time and half as much again, in round steps."""
    steps = -(-gone_ms * 1.5 // _TAIL_STEP_MS)
    return max(_LEAST_TAIL_MS, int(steps) * _TAIL_STEP_MS)

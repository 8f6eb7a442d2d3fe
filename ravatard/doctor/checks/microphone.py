"""Checks of the microphone: it delivers sound, and the sound is good."""

from __future__ import annotations

from typing import Any

from ravatard.core.audio.endpointing.steady_noise import TOO_LOUD_DB
from ravatard.doctor.bench import START_S
from ravatard.doctor.check import Case
from ravatard.doctor.levels import levels
from ravatard.doctor.result import CheckResult, broken, fine, needless, unknown, warning
from ravatard.errors import DeviceError

LISTEN_S = 2.0
#: Opening may be tried with two ALSA configurations.
LIMIT_S = 2 * START_S + LISTEN_S + 3
#: Below this, speech drowns in the converter's noise; a quiet room at a usable gain is -70 to -50 dBFS.
_TOO_QUIET_DB = -85.0
_CLIPPED_SHARE = 0.02
_OFFSET = 0.02
_OFF_PACE = 0.05
_LOUDER = "turn it up: `alsamixer` (F4), Capture; or go nearer"


async def look_at_microphone(case: Case) -> CheckResult:
    """Check that it opens and delivers sound; the recording serves the checks that follow."""
    options = case.options
    if case.daemon is not None:
        return _of_daemon(case.daemon)
    try:
        case.recording = await case.machine.bench.record(options.microphone, options.capture, LISTEN_S)
    except DeviceError as error:
        return broken(
            str(error), "`ravatard devices` lists what there is; `ravatard find-mic` finds the right one"
        )
    if case.recording.cancelling is not None:
        return warning(
            f"{case.recording.device}: {case.recording.cancelling}",
            "set capture.channel to the channel that is used, or to another",
            device=case.recording.device,
        )
    return fine(case.recording.device, device=case.recording.device)


def _of_daemon(report: Any) -> CheckResult:
    """Judge by the running daemon's report: the device is in use."""
    microphone = report["microphone"]
    state, device = microphone["state"], microphone["device"]
    if state == "muted" or report["muted"]:
        return warning("muted: the running daemon keeps it closed", "ravatard unmute")
    if not device:
        # Not the reason of another trouble.
        troubles = [line for line in report["degraded"] if "microphone" in line]
        return broken(
            f"the running daemon has no microphone ({'; '.join(troubles) or state})",
            "`ravatard devices` lists what there is",
        )
    return fine(f"{device}, in use by the running daemon", device=device)


def look_at_level(case: Case) -> CheckResult:
    """Check that speech stands out from the room."""
    if case.daemon is not None:
        microphone: Any = case.daemon["microphone"]
        if microphone["level_db"] is None:
            return needless("the running daemon has heard nothing yet")
        return _level(microphone["floor_db"], microphone["level_db"])
    if case.recording is None:
        return unknown("nothing was recorded")
    found = levels(case.recording.pcm)
    if found.zeros:
        return needless("there is no sound to measure")
    return _level(found.floor_db, found.loudest_db)


def _level(floor_db: float, loudest_db: float) -> CheckResult:
    text = f"quiet room {floor_db:.0f} dBFS, loudest {loudest_db:.0f} dBFS"
    measured = {"floor_db": round(floor_db, 1), "loudest_db": round(loudest_db, 1)}
    if loudest_db < _TOO_QUIET_DB:
        return warning(f"very quiet: {text}", _LOUDER, **measured)
    if floor_db > TOO_LOUD_DB:
        return warning(
            f"the room is loud, or it is turned up too far: {text}",
            "turn it down with `alsamixer` (F4), or find what hums",
            **measured,
        )
    return fine(text, **measured)


def look_at_silence(case: Case) -> CheckResult:
    """Check that it does not deliver exact zeros: no converter is that quiet."""
    if case.recording is None:
        return _not_recorded(case)
    if levels(case.recording.pcm).zeros and case.options.microphone.wav is None:
        return broken(
            "nothing but exact zeros: it is muted in hardware, the wrong one, or its driver is stuck",
            "look for a switch on it, plug it in anew, or choose another with `ravatard find-mic`",
        )
    return fine("no exact zeros")


def look_at_clipping(case: Case) -> CheckResult:
    """Check that it is not overdriven."""
    if case.recording is None:
        return _not_recorded(case)
    share = levels(case.recording.pcm).clipped
    if share > _CLIPPED_SHARE:
        return warning(
            f"{share:.0%} of the sound is cut off at full scale",
            "turn it down with `alsamixer` (F4)",
            share=round(share, 3),
        )
    return fine("nothing is cut off", share=round(share, 3))


def look_at_rate(case: Case) -> CheckResult:
    """Check that samples arrive at the right rate."""
    if case.recording is None:
        return _not_recorded(case)
    pace = case.recording.pace
    if abs(pace - 1) > _OFF_PACE:
        return warning(
            f"{pace * 16_000:.0f} samples a second come instead of 16000",
            "set capture.rate_hz to what /proc/asound/card*/stream0 names",
            pace=round(pace, 3),
        )
    return fine(f"{pace * 100:.1f} % of real time", pace=round(pace, 3))


def look_at_offset(case: Case) -> CheckResult:
    """Check that the signal has no DC offset."""
    if case.recording is None:
        return _not_recorded(case)
    offset = levels(case.recording.pcm).offset
    if abs(offset) > _OFFSET:
        return warning(
            f"the sound is off zero by {offset:.1%} of full scale",
            "use another microphone or sound card",
            offset=round(offset, 4),
        )
    return fine(f"{offset:.2%} of full scale", offset=round(offset, 4))


def _not_recorded(case: Case) -> CheckResult:
    if case.daemon is not None:
        return needless("the running daemon has the microphone; stop it to measure this")
    return unknown("nothing was recorded")

"""Check of talking over the avatar: whether its own voice can be told from a user's, in this room."""

from __future__ import annotations

from ravatard.devices.echo.canceller import NoCanceller, library_path, open_canceller
from ravatard.devices.microphone.vad import speech_detector
from ravatard.doctor.bench import START_S
from ravatard.doctor.check import Case
from ravatard.doctor.echo_trial import EchoTrial, speech, tried
from ravatard.doctor.result import CheckResult, broken, fine, needless, unknown, warning
from ravatard.errors import DeviceError
from ravatard.installation import adding

LIMIT_S = 2 * START_S + 25.0
_LINE = "audio: {echo: cancel, barge_in: voice}"
_HELD_LINE = "audio: {echo: half-duplex, barge_in: button}"
#: A canceller that removes less than this does not know the room: it heard another speaker, or none.
_LEAST_REMOVED_DB = 10.0


async def look_at_talking_over(case: Case) -> CheckResult:
    """Play speech, remove it from the recording, and count how often the avatar would interrupt itself."""
    options, echo = case.options, case.options.audio.echo
    if not case.asked.echo:
        return needless("--echo tries it")
    if case.daemon is not None or not options.speaker.enabled:
        return needless("it needs the speaker and the microphone")
    if echo != "external" and library_path() is None:
        how = f"{adding('aec')}, so that a user may talk over the avatar"
        if echo == "cancel":
            return broken("audio.echo is cancel, and livekit is not installed", how)
        return needless(f"livekit is not installed; {how}")
    try:
        heard = await case.machine.bench.hear(options.speaker, options.microphone, options.capture, speech())
        canceller = NoCanceller() if echo == "external" else open_canceller()
        trial = tried(heard, canceller, speech_detector)
    except DeviceError as error:
        return unknown(str(error), "mend what is said above first")
    return judge(trial, echo)


def _way(trial: EchoTrial) -> str:
    """Return how late it comes and how far the clocks are apart, in words; "" if it was not found."""
    if trial.delay_ms is None:
        return ""
    return f" (delay {trial.delay_ms:.0f} ms, clocks {trial.drift_ppm:+.0f} ppm apart)"


def judge(trial: EchoTrial, echo: str) -> CheckResult:
    """Judge a trial; ``echo`` is ``audio.echo``."""
    if trial.leak_db is None:
        return unknown("too little of the speech was played", "run `ravatard doctor --echo` again")
    measured = {
        "echo_db": round(trial.echo_db, 1),
        "removed_db": round(trial.removed_db, 1),
        "leak_db": round(trial.leak_db, 1),
        "interrupted": trial.interrupted,
        "drift_ppm": round(trial.drift_ppm),
    }
    if trial.delay_ms is not None:
        measured["delay_ms"] = round(trial.delay_ms)
    text = f"the echo is {trial.removed_db:.0f} dB softer behind the canceller{_way(trial)}"
    if echo == "external":
        text = "the device's own echo cancelling was tried"
    bad = trial.interrupted or (echo != "external" and trial.removed_db < _LEAST_REMOVED_DB)
    if bad and echo in ("cancel", "external"):
        return warning(
            f"{text}; the avatar interrupted itself {trial.interrupted} times in 12 s",
            f"turn the speaker down, or move it away from the microphone; otherwise write `{_HELD_LINE}`",
            **measured,
        )
    if bad:
        kept = f"audio.echo: {echo}" if echo == "off" else f"`{_HELD_LINE}`"
        return fine(f"{text}: {kept} is right, a user cannot talk over the avatar here", **measured)
    if echo in ("cancel", "external"):
        return fine(f"{text}: audio.echo: {echo} is right", **measured)
    return fine(f"{text}: a user may talk over the avatar with `{_LINE}`", **measured)

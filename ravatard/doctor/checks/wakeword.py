"""Check of the wake word: its model can be found, loaded and run."""

from __future__ import annotations

import asyncio
import os

from ravatard.config import DEFAULT_PATH
from ravatard.devices.microphone.wakeword.trial import LIMIT_S, find_and_try
from ravatard.doctor.check import Case
from ravatard.doctor.result import CheckResult, fine, needless, warning
from ravatard.errors import DeviceError

#: Beside the trial, finding the files.
CHECK_LIMIT_S = LIMIT_S + 2


async def look_at_wakeword(case: Case) -> CheckResult:
    """Check that the model of the configured word works, in a process of its own."""
    options = case.options
    if not options.gate.takes_word:
        return needless(f"gate.mode is {options.gate.mode}")
    beside = (case.asked.config or DEFAULT_PATH).parent
    try:
        model = await asyncio.to_thread(find_and_try, options.wakeword, beside, case.machine.environ)
        os.close(model.fd)
    except DeviceError as error:
        return warning(str(error), "until then the button opens the gate, or else any voice")
    return fine(f"{model.word}, from a score of {model.threshold:.2f}", threshold=round(model.threshold, 2))

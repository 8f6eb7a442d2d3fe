"""Trial of a wake word's model in a process of its own, which a broken model may end.

Run as ``python -m ravatard.devices.microphone.wakeword.trial OUTPUTS THRESHOLD``: it reads the model on
standard input, loads it and has it judge known sound, and prints one sentence if it cannot be used. What ends
it before the library is loaded, and what ends it from outside, is no fault of the model.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NoReturn

from ravatard.core.wakeword.options import WakeWordOptions
from ravatard.devices.microphone.wakeword.model import EXTRA, FoundModel, find_model, kept
from ravatard.devices.microphone.wakeword.tried import LARGEST_MODEL_BYTES, TriedModel
from ravatard.errors import DeviceError
from ravatard.installation import adding

#: Loading takes 0.3 s on a desktop, and twelve times that on a Pi Zero 2 W.
LIMIT_S = 20.0
#: Less, so that a model without an end is told from a process that is stopped.
_CPU_S = 15
_MODULE = "ravatard.devices.microphone.wakeword.trial"
_MEMORY_BYTES = 1 << 31
#: Printed once the library is loaded; and behind a good model. Nothing else is.
_LOADED, _GOOD = "the library is loaded", "the model works"
#: Exit statuses of a trial that says why the model is refused, why the library is, or that memory is short.
_REFUSED, _NO_LIBRARY, _NO_MEMORY = 2, 3, 4
#: Signals by which others end a process; the kernel without memory sends SIGKILL.
_FROM_OUTSIDE = (signal.SIGKILL, signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGQUIT)
_MOST_PRINTED = 160


class PassingTroubleError(DeviceError):
    """A model could not be tried, which is no fault of its own: a later trial may succeed."""


def try_model(
    found: FoundModel,
    environ: Mapping[str, str],
    *,
    command: Sequence[str] = (sys.executable, "-P", "-m", _MODULE),
    limit_s: float = LIMIT_S,
) -> TriedModel:
    """Load and run ``found`` in a process of its own. Waits for it: not for the event loop.

    Args:
        found: the model.
        environ: environment variables of that process.
        command: the process, which gets the number of outputs and the threshold as last arguments.
        limit_s: it is ended after this long.

    Raises:
        PassingTroubleError: it was not tried to the end.
        DeviceError: it ended the process, or cannot be used; one sentence.
    """
    try:
        ended = subprocess.run(  # noqa: S603 - this program, with two numbers
            [*command, str(found.outputs), str(found.threshold)],
            input=found.content,
            capture_output=True,
            env={"OPENBLAS_NUM_THREADS": "1", **environ},
            timeout=limit_s,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise PassingTroubleError(
            f"trying {found.path} took more than {limit_s:g} s: its process is stopped, or the machine is "
            "overloaded; find out with top what keeps the processor busy"
        ) from error
    except OSError as error:
        raise PassingTroubleError(
            f"{found.path} cannot be tried, no process can be started ({error.strerror}); free memory"
        ) from error
    loaded, _, said = ended.stdout.decode(errors="replace").strip().rpartition("\n")
    if ended.returncode == 0 and said == _GOOD:
        return kept(found)
    if said == _LOADED:
        loaded, said = said, ""
    printed = ended.stderr.decode(errors="replace").strip().rpartition("\n")[2][-_MOST_PRINTED:]
    raise trouble_of(found, ended.returncode, said, is_loaded=loaded == _LOADED, printed=printed)


def trouble_of(found: FoundModel, status: int, said: str, *, is_loaded: bool, printed: str) -> DeviceError:
    """Return what a trial that ended with ``status`` says about the model, or about the machine.

    Args:
        found: the model.
        status: of the process; below 0: the signal that ended it.
        said: its last sentence.
        is_loaded: it had loaded the library.
        printed: last line that its libraries printed.
    """
    if status == _REFUSED and said:
        return DeviceError(f"{found.path}: {said}; copy it anew, or use another")
    if status == _NO_LIBRARY and said:
        return DeviceError(said)
    if status == _NO_MEMORY:
        return PassingTroubleError(f"there is not enough memory to try {found.path}; free some")
    how = f"was ended by {signal.Signals(-status).name}" if status < 0 else f"ended with status {status}"
    if -status in _FROM_OUTSIDE:
        return PassingTroubleError(
            f"the process that tries {found.path} {how}, from outside or because memory is short; free some"
        )
    if not is_loaded:
        printed = f" ({printed})" if printed.isprintable() and printed else ""
        return PassingTroubleError(
            f"the process that loads the wake word's library {how}{printed}; free memory, or {adding(EXTRA)}"
        )
    return DeviceError(
        f"{found.path}: a process that loads it {how}: it is no whole model; copy it anew, or use another"
    )


def find_and_try(options: WakeWordOptions, beside: Path, environ: Mapping[str, str]) -> TriedModel:
    """Find the model of ``options.word``, and try it.

    Args:
        options: section ``wakeword``.
        beside: the folder of the configuration.
        environ: environment variables of the process that tries it.

    Raises:
        DeviceError: it cannot be used; one sentence with the remedy.
    """
    return try_model(find_model(options, beside), environ)


def _limit() -> None:
    """Limit this process, never more generously than it is already: a hard limit is not ours to raise."""
    # Only here: the daemon keeps its limits.
    import resource

    for kind, most in (
        (resource.RLIMIT_AS, _MEMORY_BYTES),
        (resource.RLIMIT_CPU, _CPU_S),
        (resource.RLIMIT_CORE, 0),
    ):
        soft, hard = (
            most if now == resource.RLIM_INFINITY else min(now, most) for now in resource.getrlimit(kind)
        )
        # A soft limit of time is told by its signal, and a hard one is SIGKILL.
        over = 1 if kind == resource.RLIMIT_CPU and hard == most else 0
        with contextlib.suppress(OSError, ValueError):
            resource.setrlimit(kind, (soft, hard + over))


def _tried() -> tuple[int, str]:
    """Try the model on standard input; return the exit status and the sentence."""
    try:
        from ravatard.devices.microphone.detectors.wake_word import load_content, load_library
        from ravatard.devices.microphone.wakeword.examination import examine

        load_library()
    except DeviceError as error:
        return _NO_LIBRARY, str(error)
    sys.stdout.write(f"{_LOADED}\n")
    sys.stdout.flush()
    try:
        content = sys.stdin.buffer.read(LARGEST_MODEL_BYTES + 1)
        examine(load_content(content, int(sys.argv[1])), float(sys.argv[2]))
    except (DeviceError, ValueError) as error:
        return _REFUSED, str(error) or type(error).__name__
    return 0, _GOOD


def main() -> NoReturn:
    """Run as the process that a model may end."""
    try:
        _limit()
        status, said = _tried()
    except MemoryError:
        status, said = _NO_MEMORY, ""
    # Not by way of the interpreter's end: a library that fails there would spoil a good trial.
    sys.stdout.write(f"{said}\n")
    sys.stdout.flush()
    os._exit(status)


if __name__ == "__main__":
    main()

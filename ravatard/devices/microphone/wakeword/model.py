"""Model files of a wake word: found by name, bounded and read once; nothing of them is run here.

A microWakeWord model, version 2, is a description NAME.json and the TensorFlow Lite file that it names.
"""

from __future__ import annotations

import errno
import importlib.util
import os
import re
import shlex
import stat
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ravatard.core.wakeword.options import (
    BUILT_IN_WORDS,
    MEASURED_CUTOFFS,
    MEASURED_OUTPUTS,
    Cutoffs,
    WakeWordOptions,
    threshold_for,
)
from ravatard.devices.microphone.wakeword.tried import LARGEST_MODEL_BYTES, TriedModel
from ravatard.errors import DeviceError
from ravatard.installation import adding

#: The library, and the extra of the same purpose that installs it.
LIBRARY = "pymicro_wakeword"
EXTRA = "wakeword"
#: Folder of the owner's models, beside the configuration.
FOLDER = "wakewords"
_LARGEST_DESCRIPTION_BYTES = 1 << 16
#: Scores are the mean of so many outputs, 30 ms apart; most models say 5.
_MOST_OUTPUTS = 50
#: With less any sound that is no silence would be the word; authors state 0.5 and more.
_LOWEST_CUTOFF = 0.1
#: The library makes features every 10 ms, whatever a description says; version 1 had some of 20 ms.
_FEATURE_STEP_MS = 10
#: Longest file name of Linux's file systems.
_LONGEST_FILE_NAME = 255
#: Likeness from which a name may be meant by another.
_ALIKE = 0.75
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")


@dataclass(frozen=True, slots=True)
class FoundModel:
    """A model as its files describe it, not tried yet.

    Attributes:
        word: its name in the configuration.
        path: the TensorFlow Lite file.
        content: of that file.
        outputs: a score is the mean of so many outputs.
        threshold: score from which a sound counts as the word.
    """

    word: str
    path: str
    content: bytes = field(repr=False)
    outputs: int
    threshold: float


def kept(found: FoundModel) -> TriedModel:
    """Return ``found``, which was tried, kept in memory until its ``fd`` is closed.

    Raises:
        DeviceError: there is no descriptor or no memory for it.
    """
    try:
        fd = os.memfd_create(f"wakeword {found.word}")
        os.pwrite(fd, found.content, 0)
    except OSError as error:
        raise DeviceError(f"{found.path} cannot be kept in memory: {error.strerror}") from error
    return TriedModel(found.word, fd, found.outputs, found.threshold)


def names_of_models(beside: Path) -> list[str]:
    """Return the words that can be named: the library's, and those beside the configuration.

    None without the library. An owner's model may turn out to be none when it is tried.
    """
    if importlib.util.find_spec(LIBRARY) is None:
        return []
    own = sorted(path.stem for path in (beside / FOLDER).glob("*.json") if _NAME.fullmatch(path.stem))
    return [*BUILT_IN_WORDS, *(name for name in own if name not in BUILT_IN_WORDS)]


def find_model(options: WakeWordOptions, beside: Path) -> FoundModel:
    """Return the model of ``options.word``.

    Args:
        options: section ``wakeword``.
        beside: the folder of the configuration.

    Raises:
        DeviceError: the extra is missing, or there is no such model, or its files cannot be one.
    """
    word = options.word
    library = importlib.util.find_spec(LIBRARY)
    if library is None or library.origin is None:
        raise DeviceError(f"the extra {EXTRA} is not installed: {adding(EXTRA)}")
    if _plain(word) in BUILT_IN_WORDS:
        word = _plain(word)
    if not _NAME.fullmatch(word):
        raise DeviceError(
            f"wakeword.word {word!a:.80} is no name of a model;{_meant(word, beside)} write letters, digits, "
            "- and _ only"
        )
    own = beside / FOLDER
    folder = Path(library.origin).parent / "models" if word in BUILT_IN_WORDS else own
    described = folder / f"{word}.json"
    if _missing(described):
        raise DeviceError(
            f"wakeword.word {word}: there is no {described};{_meant(word, beside)} write "
            f"{', '.join(BUILT_IN_WORDS)}, or put {word}.json and its .tflite there"
        )
    description = _described(described, read_bounded(described, _LARGEST_DESCRIPTION_BYTES))
    path = folder / description.file
    content = read_bounded(path, LARGEST_MODEL_BYTES)
    try:
        cutoffs = MEASURED_CUTOFFS.get(word) or Cutoffs.around(description.cutoff)
        threshold = threshold_for(options.sensitivity, cutoffs)
    except ValueError as error:
        raise DeviceError(f"wakeword.sensitivity: {error}") from error
    outputs = MEASURED_OUTPUTS if word in MEASURED_CUTOFFS else description.outputs
    return FoundModel(word, str(path), content, outputs, threshold)


def _plain(word: str) -> str:
    """Return the name of a model as the library spells them: "Hey Jarvis" is hey_jarvis."""
    return re.sub(r"[\s_-]+", "_", word.strip()).lower()


def _meant(word: str, beside: Path) -> str:
    """Return a question after the name of a model that is much like ``word``; "" if there is none."""
    # A configuration without a slip of the pen never loads it.
    import difflib

    alike = difflib.get_close_matches(_plain(word), names_of_models(beside), n=1, cutoff=_ALIKE)
    return f" did you mean {alike[0]}? Otherwise" if alike else ""


def _missing(path: Path) -> bool:
    """Return whether there is no such file; not for one that exists and cannot be looked at."""
    try:
        path.stat()
    except FileNotFoundError:
        return True
    except OSError:
        return False
    return False


def read_bounded(path: Path, most: int) -> bytes:
    """Return the content of a regular file, or of one that a link leads to.

    Raises:
        DeviceError: it cannot be read, is no regular file, is empty, or has more than ``most`` bytes.
    """
    try:
        # A FIFO without a writer must not keep the daemon waiting.
        fd = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        raise _unreadable(path, error) from error
    try:
        status = os.fstat(fd)
        if not stat.S_ISREG(status.st_mode):
            raise DeviceError(f"{path} is no regular file; put the model's own file there")
        if not 0 < status.st_size <= most:
            raise DeviceError(
                f"{path} has {status.st_size} bytes, and a microWakeWord file has 1 to {most}; copy it anew"
            )
        content = os.read(fd, most + 1)
    except OSError as error:
        raise _unreadable(path, error) from error
    finally:
        os.close(fd)
    if len(content) != status.st_size:
        raise DeviceError(f"{path} is being written; try again when that is done")
    return content


def _unreadable(path: Path, error: OSError) -> DeviceError:
    remedy = {
        errno.ENOENT: "put the file there",
        errno.EACCES: f"let the user of the service read it: chmod a+r {shlex.quote(str(path))}",
        errno.ELOOP: "put the file itself there in the place of the link",
    }.get(error.errno or 0, "copy it anew")
    return DeviceError(f"{path} cannot be read: {error.strerror}; {remedy}")


@dataclass(frozen=True, slots=True)
class _Description:
    file: str
    cutoff: float
    outputs: int


def _described(path: Path, content: bytes) -> _Description:
    """Read a model's description, field by field.

    Raises:
        DeviceError: it is none of a microWakeWord model, version 2.
    """
    try:
        return _description(_decoded(content))
    except KeyError as error:
        why = f"it has no {error.args[0]}"
    except ValueError as error:
        why = str(error)
    raise DeviceError(
        f"{path} does not describe a microWakeWord model of version 2: {why}; copy it anew, or use another"
    )


def _decoded(content: bytes) -> Any:
    """Return the content of a file of JSON.

    Raises:
        ValueError: it is none; the message says why.
    """
    # Few have a wake word.
    import json

    try:
        return json.loads(content)
    except json.JSONDecodeError as error:
        raise ValueError(f"it is no JSON from line {error.lineno}, column {error.colno} on") from error
    except UnicodeError as error:
        raise ValueError("it is no text in UTF-8") from error
    except RecursionError as error:
        raise ValueError("it is nested too deeply") from error
    except ValueError as error:
        raise ValueError("a number in it has too many digits") from error


def _description(fields: Any) -> _Description:
    if not isinstance(fields, dict) or not isinstance(fields["micro"], dict):
        raise ValueError("it, or micro in it, is no object of JSON")  # noqa: TRY004 - told as the others
    micro = fields["micro"]
    file, cutoff, outputs = fields["model"], micro["probability_cutoff"], micro["sliding_window_size"]
    if fields["type"] != "micro" or fields["version"] != 2:
        raise ValueError(f"type {fields['type']!r:.20}, version {fields['version']!r:.20}")
    if not _is_file_name(file):
        raise ValueError(f"model is {file!a:.80}, not the name of a .tflite file beside it")
    if not isinstance(cutoff, int | float) or not _LOWEST_CUTOFF <= cutoff < 1:
        raise ValueError(f"probability_cutoff is {cutoff!r:.20}, not from {_LOWEST_CUTOFF} to 1")
    if not isinstance(outputs, int) or isinstance(outputs, bool) or not 1 <= outputs <= _MOST_OUTPUTS:
        raise ValueError(f"sliding_window_size is {outputs!r:.20}, not 1 to {_MOST_OUTPUTS}")
    step = micro.get("feature_step_size", _FEATURE_STEP_MS)
    if step != _FEATURE_STEP_MS:
        raise ValueError(f"feature_step_size is {step!r:.20}, and only {_FEATURE_STEP_MS} can be recognised")
    return _Description(file, float(cutoff), outputs)


def _is_file_name(file: object) -> bool:
    """Return whether ``file`` can name a TensorFlow Lite file, and be told in a sentence."""
    return (
        isinstance(file, str)
        and file.endswith(".tflite")
        and "/" not in file
        and file.isprintable()
        and len(file) <= _LONGEST_FILE_NAME
    )

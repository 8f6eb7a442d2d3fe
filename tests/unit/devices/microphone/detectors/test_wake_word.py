"""A library of the wake word that cannot be used is one bounded sentence that blames no model."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from ravatard.devices.microphone.detectors.wake_word import load_library
from ravatard.errors import DeviceError

#: As numpy says it, shortened: a page around one reason.
NUMPYS_PAGE = """

IMPORTANT: PLEASE READ THIS FOR ADVICE ON HOW TO SOLVE THIS ISSUE!

Importing the numpy C-extensions failed.

Original error was: libgfortran.so.5: failed to map segment from shared object
"""
NAMES = "class MicroWakeWord: pass\nclass MicroWakeWordFeatures: pass\n"


def refusal(folder: Path, code: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """What is said of a library with this code."""
    package = folder / "pymicro_wakeword"
    package.mkdir()
    (package / "__init__.py").write_text(code)
    monkeypatch.syspath_prepend(folder)
    monkeypatch.delitem(sys.modules, "pymicro_wakeword", raising=False)
    with pytest.raises(DeviceError) as error:
        load_library()
    monkeypatch.delitem(sys.modules, "pymicro_wakeword", raising=False)
    said = str(error.value)
    assert said.startswith("the wake word's library cannot be used (")
    assert "\n" not in said
    assert len(said) < 500 + len(str(folder))
    return said


def test_of_a_page_around_a_failed_import_only_the_reason_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = refusal(tmp_path, f"raise ImportError({NUMPYS_PAGE!r})", monkeypatch)

    assert "(ImportError: libgfortran.so.5: failed to map segment from shared object)" in said


def test_a_long_reason_is_cut(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "xxx" in refusal(tmp_path, "raise ImportError('x' * 9000)", monkeypatch)


def test_a_library_without_its_file_of_tensorflow_lite_names_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = refusal(tmp_path, NAMES, monkeypatch)

    assert "there is no tensorflowlite_c in" in said
    assert "StopIteration" not in said


def test_a_file_of_tensorflow_lite_that_is_none_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "pymicro_wakeword" / "lib").mkdir(parents=True)
    (tmp_path / "pymicro_wakeword" / "lib" / "libtensorflowlite_c.so").write_bytes(b"none")
    (tmp_path / "pymicro_wakeword" / "__init__.py").write_text(NAMES)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "pymicro_wakeword", raising=False)

    with pytest.raises(DeviceError, match=r"cannot be used .OSError: "):
        load_library()
    monkeypatch.delitem(sys.modules, "pymicro_wakeword", raising=False)

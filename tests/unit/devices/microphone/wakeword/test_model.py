"""A model is found by its name; its files are bounded and read strictly, and nothing of them is run."""

from __future__ import annotations

import errno
import importlib.util
import json
import os
from importlib.machinery import ModuleSpec
from pathlib import Path
from typing import Any

import pytest

from ravatard.core.wakeword.options import MEASURED_CUTOFFS, MEASURED_OUTPUTS, WakeWordOptions
from ravatard.devices.microphone.wakeword.model import FoundModel, find_model, kept, read_bounded
from ravatard.devices.microphone.wakeword.tried import LARGEST_MODEL_BYTES
from ravatard.errors import DeviceError

DESCRIPTION: dict[str, Any] = {
    "type": "micro",
    "version": 2,
    "wake_word": "Hello Ada",
    "model": "ada.tflite",
    "micro": {"probability_cutoff": 0.8, "sliding_window_size": 4},
}


@pytest.fixture
def library(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An installed library with two models, which cannot be run; returns the folder of the configuration."""
    package = tmp_path / "pymicro_wakeword"
    (package / "models").mkdir(parents=True)
    for word in ("okay_nabu", "hey_jarvis"):
        built_in = DESCRIPTION | {"model": f"{word}.tflite"}
        (package / "models" / f"{word}.json").write_text(json.dumps(built_in))
        (package / "models" / f"{word}.tflite").write_bytes(b"built in")
    spec = ModuleSpec("pymicro_wakeword", None, origin=str(package / "__init__.py"))
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: spec)
    (tmp_path / "etc" / "wakewords").mkdir(parents=True)
    return tmp_path / "etc"


def own(beside: Path, description: object, content: bytes = b"a model") -> None:
    text = description if isinstance(description, str) else json.dumps(description)
    (beside / "wakewords" / "ada.json").write_text(text)
    (beside / "wakewords" / "ada.tflite").write_bytes(content)


def refusal(beside: Path, **options: str) -> str:
    with pytest.raises(DeviceError) as error:
        find_model(WakeWordOptions(**options), beside)  # type: ignore[arg-type]
    assert "\n" not in str(error.value)
    return str(error.value)


def test_a_word_of_the_library_is_found_in_it(library: Path) -> None:
    assert find_model(WakeWordOptions(word="hey_jarvis"), library).content == b"built in"


@pytest.mark.parametrize("word", ["okay_nabu", "hey_jarvis"])
def test_what_was_measured_is_used_in_the_place_of_what_the_author_says(library: Path, word: str) -> None:
    found = find_model(WakeWordOptions(word=word, sensitivity="high"), library)

    assert (found.outputs, found.threshold) == (MEASURED_OUTPUTS, MEASURED_CUTOFFS[word].high)


def test_a_word_of_the_owners_is_found_beside_the_configuration(library: Path) -> None:
    own(library, DESCRIPTION)

    found = find_model(WakeWordOptions(word="ada", sensitivity="0.6"), library)

    assert found == FoundModel("ada", str(library / "wakewords" / "ada.tflite"), b"a model", 4, 0.6)
    assert "a model" not in repr(found)


def test_without_the_library_the_extra_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)

    assert "the extra wakeword is not installed" in refusal(tmp_path)


@pytest.mark.parametrize("word", ["../ada", "", "a b", "a/b", "ä", "x" * 65, ".ada"])
def test_a_name_leads_out_of_no_folder(library: Path, word: str) -> None:
    assert "is no name of a model" in refusal(library, word=word)


def test_a_word_that_is_not_there_names_those_that_are(library: Path) -> None:
    assert "okay_nabu" in refusal(library, word="ada")


@pytest.mark.parametrize("word", ["Hey Jarvis", "HEY_JARVIS", "hey-jarvis", " hey  jarvis "])
def test_a_word_of_the_library_may_be_spelled_as_it_is_said(library: Path, word: str) -> None:
    found = find_model(WakeWordOptions(word=word), library)

    assert (found.word, found.content) == ("hey_jarvis", b"built in")


@pytest.mark.parametrize("word", ["hey_jarwis", "heyjarvis"])
def test_a_word_that_is_nearly_one_is_asked_about(library: Path, word: str) -> None:
    assert "did you mean hey_jarvis?" in refusal(library, word=word)


def test_a_word_that_is_nearly_an_owners_is_asked_about(library: Path) -> None:
    own(library, DESCRIPTION)

    assert "did you mean ada?" in refusal(library, word="Ada")
    assert "did you mean" not in refusal(library, word="computer")


def test_a_folder_that_may_not_be_read_is_said(library: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    own(library, DESCRIPTION)

    def refuse(*_: object, **__: object) -> None:
        # Root may look into every folder.
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))

    monkeypatch.setattr(os, "stat", refuse)
    monkeypatch.setattr(os, "open", refuse)

    assert "ada.json cannot be read: Permission denied" in refusal(library, word="ada")


def test_a_loop_of_links_is_said(library: Path) -> None:
    (library / "wakewords" / "ada.json").symlink_to("ada.json")

    assert "ada.json cannot be read: Too many levels" in refusal(library, word="ada")


def test_a_sensitivity_that_is_none_is_said(library: Path) -> None:
    assert "wakeword.sensitivity" in refusal(library, sensitivity="2")


@pytest.mark.parametrize(
    "change",
    [
        {"type": "wakenet"},
        {"version": 1},
        {"model": "../ada.tflite"},
        {"model": "/etc/shadow"},
        {"model": 7},
        {"model": "\ud800.tflite"},
        {"model": "\x1b[31m.tflite"},
        {"model": "a\nb.tflite"},
        {"model": "a" * 60_000 + ".tflite"},
        {"micro": None},
        {"micro": {"probability_cutoff": 0.8, "sliding_window_size": True}},
        {"micro": DESCRIPTION["micro"] | {"feature_step_size": 20}},
        {"micro": DESCRIPTION["micro"] | {"feature_step_size": "10"}},
        {"micro": []},
        {"micro": {"probability_cutoff": 0.8}},
        {"micro": {"probability_cutoff": "high", "sliding_window_size": 4}},
        {"micro": {"probability_cutoff": 0, "sliding_window_size": 4}},
        {"micro": {"probability_cutoff": 0.8, "sliding_window_size": 0}},
        {"micro": {"probability_cutoff": 0.8, "sliding_window_size": 10**9}},
    ],
)
def test_a_description_of_something_else_is_refused(library: Path, change: dict[str, object]) -> None:
    own(library, DESCRIPTION | change)

    said = refusal(library, word="ada")

    assert "ada.json does not describe" in said
    assert said.isprintable()
    assert len(said) < len(str(library)) + 300
    assert "object is not" not in said  # an exception's own words


@pytest.mark.parametrize("text", ["{", "[]", "null", "7", "[" * 30_000, "\x00"])
def test_a_description_that_is_none_is_refused(library: Path, text: str) -> None:
    own(library, text)

    assert "ada.json does not describe" in refusal(library, word="ada")


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ('{"type":', "it is no JSON from line 1, column 9 on"),
        ("[" * 60_000, "it is nested too deeply"),
        ('{"a": ' + "9" * 5_000 + "}", "a number in it has too many digits"),
        ("{}", "it has no micro"),
    ],
)
def test_a_refused_description_says_why_in_words_of_ours_and_what_to_do(
    library: Path, text: str, why: str
) -> None:
    own(library, text)

    said = refusal(library, word="ada")

    assert why in said
    assert said.endswith("; copy it anew, or use another")


def test_a_description_that_is_no_text_says_so(library: Path) -> None:
    own(library, DESCRIPTION)
    (library / "wakewords" / "ada.json").write_bytes(b'{"type": "h\xe9"}')

    assert "it is no text in UTF-8; copy it anew" in refusal(library, word="ada")


@pytest.mark.parametrize(
    ("number", "remedy"),
    [(errno.ENOENT, "put the file there"), (errno.EACCES, "let the user"), (errno.EIO, "copy it anew")],
)
def test_a_file_that_cannot_be_read_says_what_to_do(
    library: Path, monkeypatch: pytest.MonkeyPatch, number: int, remedy: str
) -> None:
    own(library, DESCRIPTION)

    def refuse(*_: object, **__: object) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "open", refuse)

    assert f"cannot be read: {os.strerror(number)}; {remedy}" in refusal(library, word="ada")


@pytest.mark.parametrize("size", [0, LARGEST_MODEL_BYTES + 1])
def test_a_file_is_refused_by_its_size_before_it_is_read(library: Path, size: int) -> None:
    own(library, DESCRIPTION)
    os.truncate(library / "wakewords" / "ada.tflite", size)

    assert f"has {size} bytes" in refusal(library, word="ada")


def test_only_a_regular_file_is_read(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo")
    for path in (tmp_path / "fifo", tmp_path, Path("/dev/null")):
        with pytest.raises(DeviceError, match="no regular file"):
            read_bounded(path, 10)
    with pytest.raises(DeviceError, match="cannot be read: No such file"):
        read_bounded(tmp_path / "missing", 10)


def test_a_link_to_a_file_is_followed(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"content")
    (tmp_path / "link").symlink_to("file")

    assert read_bounded(tmp_path / "link", 10) == b"content"


def test_what_was_tried_is_kept_whatever_happens_to_its_file(library: Path) -> None:
    own(library, DESCRIPTION)
    tried = kept(find_model(WakeWordOptions(word="ada"), library))

    own(library, DESCRIPTION, b"another")

    assert (tried.word, tried.content, tried.outputs, tried.threshold) == ("ada", b"a model", 4, 0.8)
    os.close(tried.fd)


def test_without_a_descriptor_to_keep_it_a_model_is_refused(
    library: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own(library, DESCRIPTION)
    found = find_model(WakeWordOptions(word="ada"), library)

    def refuse(_: str) -> int:
        raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))

    monkeypatch.setattr(os, "memfd_create", refuse)

    with pytest.raises(DeviceError, match=r"ada\.tflite cannot be kept in memory: Too many open files"):
        kept(found)

"""Where the demo writes its answers, and what it says of a gate that it does not have."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any, cast, get_args

import pytest

from ravatard.cli.demo.command import _for_any_voice, _recording
from ravatard.config import Options, Schema
from ravatard.core.options.gate import GateOptions
from ravatard.errors import RavatardError


def test_the_answers_go_to_the_callers_own_directory(tmp_path: Path) -> None:
    environ = {"XDG_RUNTIME_DIR": str(tmp_path)}

    assert _recording(None, environ) == tmp_path / "ravatard" / "demo.wav"
    assert _recording(tmp_path / "x.wav", environ) == tmp_path / "x.wav"


def test_an_error_names_the_file_and_never_advises_to_remove_a_directory(tmp_path: Path) -> None:
    (tmp_path / "ravatard").symlink_to(tmp_path)

    with pytest.raises(RavatardError) as caught:
        _recording(None, {"XDG_RUNTIME_DIR": str(tmp_path)})

    assert str(caught.value) == (
        f"the answers cannot be written to {tmp_path}/ravatard/demo.wav: {tmp_path}/ravatard must be a "
        "directory, "
        "not a link; choose another file with --record-speaker FILE"
    )


@pytest.mark.parametrize("mode", get_args(Schema().keys["gate.mode"].type))
def test_a_wake_word_that_is_not_waited_for_is_told_in_one_sentence(mode: str) -> None:
    options = replace(Options(), gate=GateOptions(mode=cast("Any", mode)))

    used, told = _for_any_voice(options)

    word = mode.startswith("wakeword")
    assert used.gate.mode == ("vad" if word else mode)
    assert told == (
        f"gate.mode is {mode}: the demo waits for no wake word, and any voice opens the gate." if word else ""
    )

"""Where the demo writes its answers."""

from __future__ import annotations

from pathlib import Path

import pytest

from ravatard.cli.demo.command import _recording
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

"""``ravatard play``: what is sent to the daemon."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from ravatard.cli import main
from ravatard.cli import play as command
from ravatard.core.control import protocol
from ravatard.core.control.lines import line_of


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """Every request, which the daemon's own validator takes."""
    requests: list[dict[str, Any]] = []

    def ask(path: Path, request: Mapping[str, Any], *, longer_s: float = 0.0) -> dict[str, Any]:
        del path
        assert protocol.decode(line_of(request))
        requests.append({**request, "longer_s": longer_s})
        return {"ok": True, "says": "it is being played"}

    monkeypatch.setattr("ravatard.cli.play.ask", ask)
    monkeypatch.setattr("ravatard.cli.control.ask", ask)
    return requests


def test_an_address_is_the_daemons_to_fetch(
    sent: list[dict[str, Any]], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["play", "https://a.example/b.mp3", "--volume", "40"]) == 0

    assert sent == [{"do": "play", "url": "https://a.example/b.mp3", "volume": 40, "longer_s": 45.0}]
    assert capsys.readouterr().out == "it is being played\n"


def test_a_file_is_read_here_and_sent_in_parts(sent: list[dict[str, Any]], tmp_path: Path) -> None:
    file = tmp_path / "gong.wav"
    content = bytes(range(256)) * 400
    file.write_bytes(content)

    assert main(["play", str(file)]) == 0

    *parts, last = sent
    assert b"".join(base64.b64decode(part["data"]) for part in parts) == content
    assert len(parts) == 3
    assert {part["upload"] for part in parts} == {last["upload"]}
    assert last["do"] == "play"
    assert "volume" not in last


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (None, "cannot be read: No such file"),
        (b"", "is empty"),
        (bytes(command.LARGEST_BYTES + 1), "larger than 8"),
    ],
    ids=["missing", "empty", "large"],
)
def test_what_cannot_be_sent_is_told(
    sent: list[dict[str, Any]],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    content: bytes | None,
    words: str,
) -> None:
    file = tmp_path / "gong.wav"
    if content is not None:
        file.write_bytes(content)

    assert main(["play", str(file)]) == 1

    assert words in capsys.readouterr().err
    assert sent == []


@pytest.mark.parametrize("volume", ["101", "-1", "loud", "1.5", "٣"])
def test_a_volume_is_a_percentage(sent: list[dict[str, Any]], volume: str) -> None:
    with pytest.raises(SystemExit):
        main(["play", "https://a.example/b.mp3", f"--volume={volume}"])
    assert sent == []


def test_a_refused_part_ends_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("ravatard.cli.play.ask", lambda *_, **__: {"ok": False, "error": "no speaker"})
    (tmp_path / "a.wav").write_bytes(b"x")

    assert main(["play", str(tmp_path / "a.wav")]) == 1
    assert capsys.readouterr().err == "ravatard: no speaker\n"

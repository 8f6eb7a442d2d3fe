"""The table of the commands that ask a running daemon, and what each asks."""

from __future__ import annotations

import argparse
import json
import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ravatard.cli import CONTROLS, main
from ravatard.cli.control import COMMANDS


class FakeDaemon:
    """Answers one request on a socket, and remembers it.

    Attributes:
        reply: the answer.
        asked: the request.
    """

    def __init__(self, path: Path) -> None:
        self.reply: dict[str, Any] = {"ok": True, "says": "carried out"}
        self.asked: dict[str, Any] = {}
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(path))
        self._listener.listen()
        # The client blocks, as it does in a shell.
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def _serve(self) -> None:
        connection, _ = self._listener.accept()
        with connection, connection.makefile("rw") as stream:
            line = stream.readline()
            if line:
                self.asked = json.loads(line)
                stream.write(json.dumps(self.reply) + "\n")
                stream.flush()

    def close(self, path: Path) -> None:
        if self._thread.is_alive():
            with socket.socket(socket.AF_UNIX) as last:
                last.connect(str(path))
        self._thread.join()
        self._listener.close()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "socket"


@pytest.fixture
def daemon(path: Path) -> Iterator[FakeDaemon]:
    made = FakeDaemon(path)
    yield made
    made.close(path)


@pytest.mark.parametrize(
    ("words", "asked"),
    [
        (["mute"], {}),
        (["unmute"], {}),
        (["toggle-mute"], {}),
        (["reload"], {}),
        (["restart"], {}),
        (["restart-session"], {}),
        (["press"], {"ms": 0}),
        (["press", "--hold", "1500"], {"ms": 1500}),
        (["say", "good", "morning"], {"text": "good morning"}),
    ],
)
def test_each_command_is_one_request(
    words: list[str],
    asked: dict[str, Any],
    daemon: FakeDaemon,
    path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    status = main([*words, "--socket", str(path)])

    assert (status, capsys.readouterr().out) == (0, "carried out\n")
    assert daemon.asked == {"do": words[0], **asked}


@pytest.mark.parametrize(
    ("reply", "complaint"),
    [
        ({"ok": False, "error": "it is busy"}, "ravatard: it is busy\n"),
        ({"ok": False}, "ravatard: refused without a reason\n"),
    ],
)
def test_a_refusal_is_one_sentence(
    reply: dict[str, Any],
    complaint: str,
    daemon: FakeDaemon,
    path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    daemon.reply = reply

    status = main(["mute", "--socket", str(path)])

    assert (status, capsys.readouterr().err) == (1, complaint)


def test_the_table_is_the_one_that_help_lists() -> None:
    assert set(COMMANDS) == set(CONTROLS)


def test_time_to_hold_the_button_is_waited_for() -> None:
    longer = COMMANDS["press"].longer_s

    assert [longer(argparse.Namespace(hold=ms)) for ms in (-1, 0, 2_500)] == [0.0, 0.0, 2.5]

"""The end of the set-up: what is in effect, and where it comes from."""

from __future__ import annotations

from pathlib import Path

from ravatard.cli.setup.report import in_effect, overruled
from ravatard.config import Loaded, load
from ravatard.config.candidate import read_wishes


def loaded(folder: Path, text: str, environ: dict[str, str] | None = None) -> Loaded:
    path = folder / "ravatard.yaml"
    path.write_text(text)
    return load(path, environ or {})


def test_a_microphone_of_ones_own_and_the_boards_speaker_are_told_apart(tmp_path: Path) -> None:
    found = loaded(tmp_path, "board: respeaker-2mic\nmicrophone:\n  device: USB Mic\n")

    assert list(in_effect(found)) == [
        "  board: Seeed ReSpeaker 2-Mics Pi HAT",
        f"  microphone: USB Mic (from {tmp_path}/ravatard.yaml:3)",
        "  speaker: wm8960-soundcard (from the board respeaker-2mic)",
        "  button: GPIO 17 (from the board respeaker-2mic)",
        "  lights: apa102 (from the board respeaker-2mic)",
    ]


def test_without_settings_everything_is_automatic_or_none(tmp_path: Path) -> None:
    assert list(in_effect(loaded(tmp_path, ""))) == [
        "  board: none",
        "  microphone: automatic: the only USB microphone, else the system's default (default)",
        "  speaker: automatic: the only USB speaker, else the system's default (default)",
        "  button: none (default)",
        "  lights: none (default)",
    ]


def test_a_command_and_a_speaker_that_is_off_are_named(tmp_path: Path) -> None:
    found = list(in_effect(loaded(tmp_path, "microphone: {command: cat x}\nspeaker: {enabled: no}\n")))

    assert found[1] == f"  microphone: command cat x (from {tmp_path}/ravatard.yaml:1)"
    assert found[2] == f"  speaker: none (from {tmp_path}/ravatard.yaml:2)"


def test_an_answer_that_something_stronger_overrules_is_said(tmp_path: Path) -> None:
    text = "board: respeaker-2mic\nmicrophone: {device: USB Mic}\n"
    found = loaded(tmp_path, text, {"RAVATARD_MICROPHONE__DEVICE": "Other"})

    lines = list(overruled(found, read_wishes(tmp_path / "ravatard.yaml", text)))

    assert lines == [
        "  microphone.device is not as you answered: environment RAVATARD_MICROPHONE__DEVICE is stronger; "
        "remove it there"
    ]
    assert "  microphone: Other (from environment RAVATARD_MICROPHONE__DEVICE)" in in_effect(found)

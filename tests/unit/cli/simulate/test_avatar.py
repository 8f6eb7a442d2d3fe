from __future__ import annotations

import argparse

import pytest

from ravatard.cli.simulate import avatar, command
from ravatard.errors import RavatardError
from ravatard.sim.avatar.options import AvatarSimOptions


def _parsed(*words: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    command.add_arguments(parser)
    return parser.parse_args(words)


def test_without_arguments_everything_is_as_the_options_say() -> None:
    parsed = _parsed("--kind", "avatar")

    assert avatar.options_of(parsed) == AvatarSimOptions()
    assert (parsed.port, parsed.socket_port) == (None, 8001)
    assert avatar.given(parsed) == []


def test_every_kind_of_setting_reaches_its_option() -> None:
    words = (
        "--talk-ear parrot --think 0 --answer a --answer b --voice-piece-ms 20 --no-lease-greeting "
        "--lease-unhealthy gpu redis --lease-ice-servers --picture-frames-per-s 2.5 --access-api-key k "
        "--media-answer video --text-line-end crlf"
    )

    options = avatar.options_of(_parsed(*words.split()))

    assert (options.talk.ear, options.talk.think_s, options.talk.answers) == ("parrot", 0, ("a", "b"))
    assert options.voice.piece_ms == 20
    assert (options.lease.greeting, options.lease.unhealthy, options.lease.ice_servers) == (
        False,
        ("gpu", "redis"),
        (),
    )
    assert (options.picture.frames_per_s, options.access.api_key) == (2.5, "k")
    assert (options.media.answer, options.text.line_end) == ("video", "crlf")


@pytest.mark.parametrize(
    ("option", "value", "why"),
    [
        ("--talk-ear", "nose", "invalid choice: 'nose'"),
        ("--voice-rate-hz", "7999", "'7999' is not a number from 8000 to 48000"),
        ("--lease-unhealthy", "moon", "'moon' does not look like"),
    ],
)
def test_a_wrong_value_is_told(option: str, value: str, why: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        _parsed(option, value)

    assert why in " ".join(capsys.readouterr().err.split())


@pytest.mark.parametrize("words", [["--talk-ear", "none"], ["--socket-port", "0"]])
def test_options_of_this_kind_are_refused_with_the_other(words: list[str]) -> None:
    with pytest.raises(RavatardError, match=f"{words[0]}: only with --kind avatar"):
        command.run(_parsed(*words))


def test_a_scenario_about_certificates_is_refused() -> None:
    with pytest.raises(RavatardError, match="has no TLS"):
        command.run(_parsed("--kind", "avatar", "--faults", "wrong-date"))


def test_help_names_the_kind(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        _parsed("--help")

    shown = " ".join(capsys.readouterr().out.split())
    assert "options of --kind avatar" in shown
    assert "Way of the user's voice;" in shown

from __future__ import annotations

import argparse

import pytest

from ravatard.cli.simulate import command as simulate
from ravatard.errors import ConfigError
from ravatard.sim.options import ChatOptions, SimOptions
from ravatard.sim.streaming.options import SimStreamOptions


def _parsed(*words: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    simulate.add_arguments(parser)
    return parser.parse_args(words)


def test_without_arguments_everything_is_as_the_options_say() -> None:
    parsed = _parsed()

    assert simulate.sim_options(parsed) == SimOptions()
    assert simulate.chat_options(parsed) == ChatOptions()
    assert simulate.stream_options(parsed) == SimStreamOptions()
    assert (parsed.host, parsed.port, parsed.kind) == ("127.0.0.1", None, "ravatar")


def test_every_argument_reaches_its_option() -> None:
    words = "--licences 5 --token-lifetime 60 --think 0 --no-vad --no-strict-chunks --no-carry-on"

    options = simulate.sim_options(
        _parsed(*words.split(), "--answer", "a", "--answer", "b", "--project", "p")
    )

    assert options == SimOptions(
        licences=5,
        token_lifetime_s=60,
        projects=("p",),
        think_s=0,
        answers=("a", "b"),
        carry_on=False,
        vad_enabled=False,
        strict_chunks=False,
    )


def test_answers_and_streams_can_be_made_of_another_kind() -> None:
    words = "--chat-sound inline --chat-container mp3 --stream-video av1 --stream-audio-first"

    parsed = _parsed(*words.split(), "--stream-max-bundle", "--stream-cookie")

    assert simulate.chat_options(parsed) == ChatOptions(sound="inline", container="mp3")
    assert simulate.stream_options(parsed) == SimStreamOptions(
        video="av1", audio_first=True, max_bundle=True, cookie=True
    )


@pytest.mark.parametrize("option", ["--chat-sound", "--chat-container", "--stream-video"])
def test_a_kind_that_does_not_exist_is_told_with_those_that_do(
    option: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        _parsed(option, "smoke")

    assert ended.value.code == 2
    assert f"{option}: invalid choice: 'smoke' (choose from" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("option", "value", "allowed"),
    [
        ("--licences", "-1", "0 to 1000"),
        ("--licences", "2.5", "0 to 1000"),
        ("--think", "601", "0 to 600"),
        ("--think", "soon", "0 to 600"),
        ("--think", "nan", "0 to 600"),
        ("--port", "65536", "0 to 65535"),
    ],
)
def test_a_number_out_of_range_is_told_with_the_range(
    option: str, value: str, allowed: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        _parsed(f"{option}={value}")

    assert ended.value.code == 2
    assert f"{option}: {value!r} is not a number from {allowed}" in " ".join(capsys.readouterr().err.split())


def test_help_says_what_each_option_does_and_its_default(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        _parsed("--help")

    shown = " ".join(capsys.readouterr().out.split())
    assert "allow this many live sessions at a time (default: 2)" in shown
    assert "offer the sound before the picture (default: no)" in shown
    assert "announce that the service detects speech itself (default: yes)" in shown
    # A flag says what it does, not what the value of a setting means.
    assert "True:" not in shown


def test_scenarios_faults_and_their_settings_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    status = simulate.run(_parsed("--list-faults"))

    lines = [" ".join(line.split()) for line in capsys.readouterr().out.splitlines()]
    assert status == 0
    assert "busy No avatar is free: the first two starts get that answer in the body of an HTTP 200." in lines
    assert "half-open The socket stays open, but carries nothing any more and no ping is answered." in lines
    assert "status The HTTP status. (default: 503)" in lines
    assert "for_s Duration." in lines


def test_an_unknown_scenario_is_told_before_anything_listens() -> None:
    with pytest.raises(ConfigError, match="no scenario 'nonesuch'"):
        simulate.run(_parsed("--faults", "nonesuch"))

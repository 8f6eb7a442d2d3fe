"""Arguments of `ravatard doctor network`, before the word and behind it."""

from __future__ import annotations

import argparse

import pytest

from ravatard.cli.doctor.command import add_arguments
from ravatard.cli.doctor.network_parser import add_network


def parsed(*words: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    add_arguments(parser)
    return parser.parse_args(words)


def test_what_stands_before_the_word_network_holds_too() -> None:
    before = parsed("--json", "--config", "a.yaml", "network")
    behind = parsed("network", "--json", "--config", "a.yaml")

    assert before == behind
    assert (before.part, before.json, str(before.config)) == ("network", True, "a.yaml")
    assert parsed("--only", "dns").part is None


@pytest.mark.parametrize(
    ("words", "place"),
    [
        ("stun.example", ("stun.example", 3478)),
        ("stun.example:19302", ("stun.example", 19302)),
        ("[2001:db8::1]:3478", ("2001:db8::1", 3478)),
        ("192.0.2.1", ("192.0.2.1", 3478)),
    ],
)
def test_a_stun_server_has_a_port(words: str, place: tuple[str, int]) -> None:
    assert parsed("network", "--stun", words).stun == [place]


@pytest.mark.parametrize("words", ["", "stun:stun.example", "a:0", "a:65536", "a b", "2001:db8::1", "me@a"])
def test_what_is_no_host_is_refused(words: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        parsed("network", "--stun", words)

    assert "is no host" in capsys.readouterr().err


def test_its_help_says_what_the_exit_status_means(capsys: pytest.CaptureFixture[str]) -> None:
    parser = argparse.ArgumentParser()
    add_network(parser)

    with pytest.raises(SystemExit):
        parser.parse_args(["network", "--help"])

    assert "1: something is closed, or intercepted" in " ".join(capsys.readouterr().out.split())

"""A command becomes a request of the control protocol, or a refusal that repeats nothing of it."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ravatard.core.control.protocol import BadRequest, PressRequest, Request, RestartRequest, decode
from ravatard.core.events import MuteAsked, RestartSessionAsked, TextGiven, VolumeAsked
from ravatard.core.homeassistant.commands import PAYLOAD_LIMIT, HostCommand, command_of
from ravatard.core.homeassistant.discovery import DeviceFacts, discovery_message
from ravatard.core.homeassistant.topics import Topics
from tests.house.source import ROOT


@pytest.mark.parametrize(
    ("name", "payload", "request_"),
    [
        ("mute", b"ON", MuteAsked(True)),
        ("mute", b" off ", MuteAsked(False)),
        ("mute", b"Toggle", MuteAsked(None)),
        ("volume", b"55", VolumeAsked(55)),
        ("volume", b"55.0", VolumeAsked(55)),
        ("say", "Grüß dich".encode(), TextGiven("Grüß dich")),
        ("press", b"PRESS", PressRequest(0)),
        ("press", b'{"ms": 900}', PressRequest(900)),
        ("restart-session", b"PRESS", RestartSessionAsked()),
        # Refused by the validator when nothing would start the daemon again.
        ("restart", b"PRESS", RestartRequest()),
    ],
)
def test_a_command_is_a_request(name: str, payload: bytes, request_: Request) -> None:
    line = command_of(name, payload)

    assert isinstance(line, bytes)
    assert decode(line) == request_


def test_what_is_the_hosts_is_not_the_conversations() -> None:
    assert command_of("update", b"INSTALL") == HostCommand()


@pytest.mark.parametrize(
    ("name", "payload", "complaint"),
    [
        ("dance", b"secret", "there are the commands mute"),
        ("mute", b"secret", "ON, OFF or TOGGLE"),
        ("volume", b"secret", "whole number"),
        ("volume", b"55.5", "whole number"),
        ("volume", b"nan", "whole number"),
        ("volume", b"inf", "whole number"),
        ("say", b"\xffsecret", "UTF-8"),
        ("say", b"x" * (PAYLOAD_LIMIT + 1), "at most"),
        ("press", b"{secret", '{"ms": 0}'),
        ("press", b'{"secret": 1}', "only ms"),
        ("press", b'{"ms": NaN}', "a number"),
        ("press", b"{" * 9_000, '{"ms": 0}'),
    ],
    ids=range(12),
)
def test_anything_else_is_refused(name: str, payload: bytes, complaint: str) -> None:
    with pytest.raises(BadRequest) as caught:
        command_of(name, payload)

    assert complaint in str(caught.value)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(("opened", "closed"), [(b"[", b"]"), (b'{"ms":', b"}")])
def test_a_press_of_any_depth_is_refused(opened: bytes, closed: bytes) -> None:
    """There is one depth that can be read and not written."""
    for depth in range(900, 1_001):
        with pytest.raises(BadRequest, match="press takes"):
            command_of("press", b'{"ms":' + opened * depth + b"0" + closed * depth + b"}")


@given(st.sampled_from(["mute", "volume", "say", "press", "restart", "x"]), st.binary(max_size=200))
def test_whatever_comes_is_a_line_or_our_error(name: str, payload: bytes) -> None:
    try:
        line = command_of(name, payload)
    except BadRequest:
        return
    assert isinstance(line, HostCommand) or line.endswith(b"\n")


def test_every_topic_is_in_the_administrators_table() -> None:
    page = (ROOT / "systemd" / "README.md").read_text(encoding="utf-8")
    told = set(re.findall(r"`([a-z/-]+)`", " ".join(re.findall(r"^\|([^|]*)\|", page, re.MULTILINE))))
    topics = Topics("ravatard", "me")
    used = set(
        re.findall(r'"ravatard/me/([^"]+)"', discovery_message(topics, DeviceFacts("Ada", "1")).decode())
    )
    with pytest.raises(BadRequest) as refusal:
        command_of("dance", b"ON")
    commands = str(refusal.value).partition("commands ")[2].split(", ")

    assert used
    assert used <= told, "put it into the table of systemd/README.md"
    assert {f"{name}/set" for name in commands} <= told

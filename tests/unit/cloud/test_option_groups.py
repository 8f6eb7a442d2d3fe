"""Addresses of a configuration that its kind of cloud would not use are told before anything is started."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ravatard.cloud.avatar.options import AvatarOptions
from ravatard.cloud.option_groups import CloudOptions, address_problem
from ravatard.cloud.options import ServiceOptions
from ravatard.secret import Secret


def options(base_url: str, socket_url: str | None = None, *, key: bool = True) -> CloudOptions:
    secret = Secret("a key") if key else None
    service = ServiceOptions(kind="avatar", base_url=base_url, socket_url=socket_url, api_key=secret)
    return CloudOptions(service=service)


@pytest.mark.parametrize(
    ("base_url", "socket_url", "key"),
    [
        ("http://avatar.example.com/v1", None, "service.base_url"),
        ("http://8.8.8.8:8000", None, "service.base_url"),
        ("http://localhost:8000/v1", "ws://avatar.example.com/ws", "service.socket_url"),
        ("http://localhost:99999", None, "service.base_url"),
    ],
)
def test_an_address_that_would_be_refused_is_a_problem(
    base_url: str, socket_url: str | None, key: str
) -> None:
    problem = address_problem(options(base_url, socket_url))

    assert problem is not None
    keys, sentence = problem
    assert keys[0] == key
    assert sentence
    assert "a key" not in sentence


@pytest.mark.parametrize(
    "good",
    [
        options("http://localhost:8000/v1"),
        options("https://avatar.example.com/v1"),
        options("http://avatar.example.com/v1", key=False),
        replace(options("http://avatar.example.com/v1"), avatar=AvatarOptions(plain_key=True)),
        CloudOptions(),
    ],
)
def test_an_address_that_is_used_is_none(good: CloudOptions) -> None:
    assert address_problem(good) is None

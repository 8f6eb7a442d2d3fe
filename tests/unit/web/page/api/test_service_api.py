"""The avatars that may be chosen."""

from __future__ import annotations

import json

import pytest

from ravatard.web.page.api.service_api import ServiceApi
from ravatard.web.page.refused import RequestRefused
from tests.unit.web.page.api.test_health_api import Commands, call, refusal_meanwhile

AVATARS = {"schema": 1, "avatars": [{"id": "a1", "name": "Ada", "live": True, "greeting": "Hello"}]}


async def test_the_avatars_of_the_project_are_told() -> None:
    commands = Commands(json.dumps(AVATARS).encode())

    found = await ServiceApi(commands).avatars(call())

    assert [(one.id, one.name, one.live) for one in found.avatars] == [("a1", "Ada", True)]
    assert commands.ran == [("avatars", "--json")]


@pytest.mark.parametrize(
    ("output", "why"), [(None, "there is no doctor"), (b"{", "told nothing"), (b"[]", "told nothing")]
)
async def test_a_service_that_does_not_say_is_a_sentence(output: bytes | None, why: str) -> None:
    with pytest.raises(RequestRefused, match=why):
        await ServiceApi(Commands(output)).avatars(call())


async def test_the_service_is_asked_once_at_a_time() -> None:
    commands = Commands(b'{"avatars": []}')
    api = ServiceApi(commands)

    assert await refusal_meanwhile(commands, api.avatars(call()), api.avatars(call())) == 409

"""Requests of the control protocol, made by the page."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator

import pytest

from ravatard.core.control.protocol import LINE_LIMIT_BYTES, agreed, refused
from ravatard.web.page.refused import RequestRefused
from ravatard.web.page.requests import Requests


class Control:
    """Replies with the lines that a test gives; ``asked``: the lines that came."""

    def __init__(self, *replies: bytes) -> None:
        self.asked: list[bytes] = []
        self._replies = replies

    async def answers(self, line: bytes) -> AsyncGenerator[bytes, None]:
        self.asked.append(line)
        for reply in self._replies:
            yield reply


async def test_a_request_is_the_one_that_the_socket_takes() -> None:
    control = Control(agreed("volume 30 %", volume=30))

    done = await Requests(control).ask("volume", {"percent": 30})

    assert done["volume"] == 30
    assert [json.loads(line) for line in control.asked] == [{"do": "volume", "percent": 30}]


async def test_the_one_validator_refuses_before_the_handler_is_asked() -> None:
    control = Control(agreed("done"))
    for do, fields in (("volume", {"percent": 101}), ("say", {"text": " "}), ("no-such", {})):
        with pytest.raises(RequestRefused) as error:
            await Requests(control).ask(do, fields)
        assert error.value.status == 400

    assert control.asked == []


async def test_a_refusal_is_a_conflict_with_its_sentence() -> None:
    with pytest.raises(RequestRefused, match="the button is being pressed already") as error:
        await Requests(Control(refused("the button is being pressed already"))).ask("press")

    assert error.value.status == 409


async def test_a_handler_that_does_not_answer_is_told() -> None:
    with pytest.raises(RequestRefused) as error:
        await Requests(Control()).ask("mute")

    assert error.value.status == 503


async def test_changes_are_the_reports_of_a_watch() -> None:
    control = Control(agreed("", status={"state": "ready"}), agreed("", status={"state": "busy"}))

    states = [report["state"] async for report in Requests(control).changes()]

    assert states == ["ready", "busy"]
    assert await Requests(control).status() == {"state": "ready"}


async def test_a_sound_is_sent_in_parts_that_fit_a_line_and_played_as_loud_as_wished() -> None:
    control = Control(agreed("it is being played"))

    said = await Requests(control).announce(bytes(100_000), 60)

    asked = [json.loads(line) for line in control.asked]
    assert said == "it is being played"
    assert [one["do"] for one in asked] == ["upload", "upload", "upload", "play"]
    assert max(map(len, control.asked)) <= LINE_LIMIT_BYTES
    assert len({one["upload"] for one in asked}) == 1
    assert asked[-1]["volume"] == 60

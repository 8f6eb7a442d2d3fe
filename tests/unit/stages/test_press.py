"""Presses reach the hub."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from ravatard.core.events import ButtonPressed, ButtonReleased
from ravatard.errors import InternalError
from ravatard.sim.panel import FakeButton
from ravatard.stages.mailbox import Inbox
from ravatard.stages.press import press
from tests.unit.stages.fakes import running


async def test_edges_reach_the_inbox_in_order() -> None:
    button, inbox = FakeButton(), Inbox()

    async with running(lambda: press(button, inbox)) as task:
        button.press()
        button.release()

        assert isinstance(await inbox.get(), ButtonPressed)
        assert isinstance(await inbox.get(), ButtonReleased)

    assert task.cancelled()


async def test_a_press_that_is_meant_for_the_page_reaches_no_hub_and_neither_does_its_release() -> None:
    button, inbox = FakeButton(), Inbox()
    answers = [True, False]

    async with running(lambda: press(button, inbox, lambda: answers.pop(0))):
        button.press()
        button.release()
        button.press()
        button.release()

        edges = [await inbox.get(), await inbox.get()]

    assert [type(edge) for edge in edges] == [ButtonPressed, ButtonReleased]
    assert answers == []


async def test_a_button_that_ends_is_a_bug() -> None:
    class Broken(FakeButton):
        async def events(self) -> AsyncIterator[ButtonPressed | ButtonReleased]:
            return
            yield

    with pytest.raises(InternalError, match="ended"):
        await press(Broken(), Inbox())

"""A good configuration takes the place of the old one; a bad one changes nothing."""

from __future__ import annotations

import asyncio
import logging

import pytest

from ravatard.core.events import OptionsChanged
from ravatard.core.options.conversation import ConversationOptions, SessionOptions, TurnOptions
from ravatard.core.options.gate import GateOptions
from ravatard.errors import ConfigError
from ravatard.stages.mailbox import Inbox
from ravatard.stages.reload import NewOptions, reload
from tests.unit.stages.fakes import FakeNotifier, running

OPTIONS = ConversationOptions(
    SessionOptions(), TurnOptions(), GateOptions(mode="vad", longest_s=15.0), has_button=False
)


async def test_new_options_reach_the_hub_and_systemd_and_the_log_are_told(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO)
    asked, inbox, notifier = asyncio.Event(), Inbox(), FakeNotifier()

    async def read() -> NewOptions:
        return NewOptions(OPTIONS, "gate.mode is in effect")

    async with running(lambda: reload(asked, read, inbox, notifier)):
        asked.set()

        assert await inbox.get() == OptionsChanged(OPTIONS)

    assert notifier.told == ["RELOADING=1", "READY=1"]
    assert "configuration reloaded: gate.mode is in effect" in caplog.text


async def test_a_bad_configuration_is_told_and_the_old_one_stays(caplog: pytest.LogCaptureFixture) -> None:
    asked, inbox, notifier = asyncio.Event(), Inbox(), FakeNotifier()

    async def read() -> NewOptions:
        raise ConfigError("gate.mode is 'loud'")

    async with running(lambda: reload(asked, read, inbox, notifier)):
        with caplog.at_level(logging.WARNING):
            asked.set()
            await asyncio.sleep(0.01)
            asked.set()
            await asyncio.sleep(0.01)

    assert notifier.told == ["RELOADING=1", "READY=1"] * 2
    assert "the old one stays" in caplog.text
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.1):
            await inbox.get()

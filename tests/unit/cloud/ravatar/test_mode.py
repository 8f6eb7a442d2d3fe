"""Live or chat mode: as configured, or chat for a while when no avatar is free."""

from __future__ import annotations

import asyncio
from typing import Literal

import pytest

from ravatard.cloud.ravatar.mode import ModeSelector
from ravatard.cloud.ravatar.options import RavatarOptions


def now() -> float:
    return asyncio.get_running_loop().time()


@pytest.mark.parametrize(("mode", "live"), [("live", True), ("chat", False)])
async def test_a_configured_mode_stays_whatever_the_service_says(
    mode: Literal["live", "chat"], live: bool
) -> None:
    talk = ModeSelector(RavatarOptions(mode=mode), lambda: 0.5)

    talk.busy(None)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(1e6):
            await talk.changed(live)

    assert (talk.live, talk.ever_live) == (live, live)


@pytest.mark.parametrize(("chance", "chat_s"), [(0.0, 225.0), (0.5, 300.0), (0.99, 373.5)])
async def test_auto_is_live_then_chat_for_the_jittered_time_then_live(chance: float, chat_s: float) -> None:
    talk = ModeSelector(RavatarOptions(mode="auto"), lambda: chance)

    before = talk.live
    talk.busy(None)
    during = talk.live
    await talk.changed(False)

    assert (before, during, talk.live, talk.ever_live) == (True, False, True, True)
    assert now() == pytest.approx(chat_s)


async def test_the_service_may_ask_for_a_longer_pause() -> None:
    talk = ModeSelector(RavatarOptions(mode="auto", chat_while_busy_s=60.0), lambda: 0.5)

    talk.busy(1000.0)
    await talk.changed(False)

    assert now() == pytest.approx(1000.0)


async def test_every_refusal_begins_a_pause_of_its_own() -> None:
    talk = ModeSelector(RavatarOptions(mode="auto"), lambda: 0.5)

    talk.busy(None)
    async with asyncio.TaskGroup() as group:
        waiting = group.create_task(talk.changed(False))
        await asyncio.sleep(200.0)
        talk.busy(None)
        await waiting

    assert now() == pytest.approx(500.0)


async def test_all_who_wait_are_told() -> None:
    talk = ModeSelector(RavatarOptions(mode="auto"), lambda: 0.5)

    async with asyncio.TaskGroup() as group:
        for _ in range(3):
            group.create_task(talk.changed(True))
        await asyncio.sleep(5.0)
        talk.busy(None)

    assert now() == 5.0


async def test_a_mode_that_is_already_another_is_told_at_once() -> None:
    talk = ModeSelector(RavatarOptions(mode="auto"), lambda: 0.5)

    await talk.changed(False)

    assert now() == 0.0


async def test_auto_is_chat_for_as_long_as_the_avatar_has_no_live_mode() -> None:
    talk = ModeSelector(RavatarOptions(mode="auto"), lambda: 0.5)

    talk.avatar_chosen(has_live_mode=False)
    without = talk.live
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(1e6):
            await talk.changed(False)
    talk.avatar_chosen(has_live_mode=True)

    assert (without, talk.live) == (False, True)


@pytest.mark.parametrize("mode", ["live", "chat"])
async def test_a_configured_mode_does_not_look_at_the_avatar(mode: Literal["live", "chat"]) -> None:
    talk = ModeSelector(RavatarOptions(mode=mode), lambda: 0.5)
    before = talk.live

    talk.avatar_chosen(has_live_mode=False)

    assert talk.live is before

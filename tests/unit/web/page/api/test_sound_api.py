"""Trials of the sound: the appliance's microphone is closed for them, and opened again."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import Awaitable
from contextlib import suppress
from typing import Any, cast

import pytest

from ravatard.core.audio.progress import Progress
from ravatard.core.control.protocol import agreed, refused
from ravatard.errors import DeviceError
from ravatard.ports.page import Appliance, TrialSound
from ravatard.web.page.api.sound_api import LIST_KEPT_S, SoundApi
from ravatard.web.page.call import ApiCall
from ravatard.web.page.refused import RequestRefused
from ravatard.web.page.requests import Requests
from ravatard.web.page.sounds import as_wav
from tests.unit.web.page.api.test_health_api import Commands, call

HEARD: dict[str, object] = {"microphones": [], "best": None}


class Control:
    """An appliance that is muted or not, and cannot be unmuted if ``broken``.

    Attributes:
        asked: what was asked.
        meanwhile: what a user asks just before a request is handled.
        wishes: requests to mute or unmute so far.
    """

    def __init__(self, *, muted: bool = False, broken: bool = False) -> None:
        self.asked: list[str] = []
        self.sent = b""
        self.meanwhile: dict[str, str] = {}
        self.wishes = 0
        self.muted = muted
        self._broken = broken

    async def answers(self, line: bytes) -> Any:
        do = json.loads(line)["do"]
        if do == "upload":
            self.sent += base64.b64decode(json.loads(line)["data"])
            yield agreed("")
            return
        if before := self.meanwhile.pop(do, ""):
            self._handle(before)
        self._handle(do)
        if do == "unmute" and self._broken:
            yield refused("there is no microphone")
        yield agreed("", status={"muted": self.muted})

    def _handle(self, do: str) -> None:
        self.asked.append(do)
        if do.endswith("mute"):
            self.wishes += 1
            self.muted = not self.muted if do == "toggle-mute" else do == "mute"


async def outcome(trial: Awaitable[Any]) -> Any:
    """Return the result of a trial, or its refusal."""
    try:
        return await trial
    except RequestRefused as refusal:
        return refusal


class Trials:
    def __init__(self, trouble: str = "") -> None:
        self._trouble = trouble

    async def record(self, seconds: float) -> TrialSound:
        if self._trouble:
            raise DeviceError(self._trouble)
        return TrialSound("a microphone", bytes(round(seconds * 32_000)), -60.04, -50.0)


class Room:
    """A sound API with what it uses."""

    def __init__(self, control: Control, trials: Trials | None = None, *, speaker: bool = True) -> None:
        self.control = control
        appliance = Appliance(control, Progress(), has_speaker=speaker, mute_wishes=lambda: control.wishes)
        self.commands = Commands(json.dumps(HEARD).encode())
        self.api = SoundApi(appliance, Requests(control), self.commands, trials or Trials())


async def test_a_recording_is_played_and_not_kept() -> None:
    control = Control()
    room = Room(control)

    found = await room.api.record(call())

    assert control.asked == ["status", "mute", "unmute", "play"]
    assert (found.device, found.seconds, found.level_db) == ("a microphone", 3.0, -60.0)
    assert control.sent == as_wav(bytes(96_000), 16_000)


@pytest.mark.parametrize("trouble", ["", "it is in use"])
async def test_the_mute_of_a_trial_is_marked_as_one(trouble: str) -> None:
    control = Control()
    marks: list[tuple[bool, bool, list[str]]] = []
    appliance = Appliance(
        control,
        Progress(),
        has_speaker=True,
        mute_wishes=lambda: control.wishes,
        on_trial=lambda begins, by_user: marks.append((begins, by_user, list(control.asked))),
    )
    api = SoundApi(appliance, Requests(control), Commands(b"{}"), Trials(trouble))

    with suppress(RequestRefused):
        await api.record(call())

    assert marks == [(True, False, ["status"]), (False, False, ["status", "mute", "unmute"])]


async def test_an_appliance_that_is_muted_refuses_a_trial() -> None:
    room = Room(Control(muted=True))

    for trial in (room.api.find_microphone, room.api.record):
        with pytest.raises(RequestRefused, match="muted") as error:
            await trial(call())
        assert error.value.status == 409

    assert room.control.asked == ["status", "status"]
    assert room.commands.ran == []


@pytest.mark.parametrize("do", ["mute", "unmute", "toggle-mute"])
async def test_a_wish_of_the_user_ends_a_trial_and_stays_in_force(do: str) -> None:
    room = Room(Control())
    room.commands.hold = asyncio.Event()
    async with asyncio.TaskGroup() as group:
        trying = group.create_task(outcome(room.api.find_microphone(call())))
        await asyncio.sleep(1.0)
        await Requests(room.control).ask(do)
        refusal = await trying

    assert isinstance(refusal, RequestRefused)
    assert refusal.status == 409
    assert room.control.asked == ["status", "mute", do]


async def test_a_mute_just_before_the_trial_closed_the_microphone_stays() -> None:
    control = Control()
    control.meanwhile["mute"] = "mute"
    room = Room(control)

    assert isinstance(await outcome(room.api.find_microphone(call())), RequestRefused)

    assert control.asked == ["status", "mute", "mute"]
    assert control.muted


async def test_a_mute_just_when_the_microphone_opens_again_stays() -> None:
    control = Control()
    control.meanwhile["unmute"] = "mute"

    await Room(control).api.find_microphone(call())

    assert control.muted


async def test_a_trial_whose_caller_is_gone_opens_the_microphone_again() -> None:
    room = Room(Control())
    room.commands.hold = asyncio.Event()
    async with asyncio.TaskGroup() as group:
        trying = group.create_task(outcome(room.api.find_microphone(call())))
        await asyncio.sleep(1.0)
        trying.cancel()

    assert not room.control.muted


async def test_the_microphone_is_opened_again_after_trouble_too() -> None:
    control = Control(broken=True)

    with pytest.raises(RequestRefused, match="no card") as error:
        await Room(control, Trials("no card")).api.record(call())

    assert error.value.status == 503
    assert control.asked[-1] == "unmute"


async def test_without_a_speaker_nothing_is_played() -> None:
    room = Room(Control(), speaker=False)

    for trial in (room.api.play_tone, room.api.record):
        with pytest.raises(RequestRefused, match="no speaker"):
            await trial(cast(ApiCall, None))

    assert room.control.asked == []


async def test_output_that_is_none_is_told() -> None:
    room = Room(Control())
    room.api._commands = Commands(b"not json")

    with pytest.raises(RequestRefused, match="told nothing"):
        await room.api.devices(call())


async def test_callers_at_once_start_one_process_and_get_its_list() -> None:
    room = Room(Control())
    commands = room.api._commands = Commands(
        json.dumps({"microphones": [], "speakers": [], "alsa_config": ""}).encode()
    )
    commands.hold = asyncio.Event()
    async with asyncio.TaskGroup() as group:
        asked = [group.create_task(room.api.devices(call())) for _ in range(30)]
        await asyncio.sleep(1.0)
        commands.hold.set()

    assert all(one.result() is asked[0].result() for one in asked)
    assert len(commands.ran) == 1
    await asyncio.sleep(LIST_KEPT_S + 0.1)
    await room.api.devices(call())
    assert len(commands.ran) == 2

from __future__ import annotations

import asyncio
import os
import sys

import pytest

from ravatard.devices.microphone.child import MicrophoneChild
from ravatard.devices.microphone.protocol import ListDevices
from ravatard.devices.process.child import group_is_running
from ravatard.errors import DeviceError


def test_a_group_runs_as_long_as_one_of_its_processes_does() -> None:
    # proc(5): no process has a number beyond 2^22.
    assert group_is_running(os.getpgrp())
    assert not group_is_running(2**22 + 1)


async def test_an_interpreter_that_is_gone_is_said_in_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "/nowhere/python3")

    with pytest.raises(DeviceError, match="cannot be started: No such file"):
        MicrophoneChild({}, ListDevices())
    await asyncio.sleep(0)

"""Endpoints of the appliance itself: its state, its turns, and the commands."""

from __future__ import annotations

import asyncio
from typing import Any

from msgspec import UNSET, convert, to_builtins

from ravatard.core.control.status_turns import percentile
from ravatard.web.page.api import types as t
from ravatard.web.page.call import ApiCall
from ravatard.web.page.refused import RequestRefused
from ravatard.web.page.requests import Requests

#: A caller that is gone is noticed so soon.
_GONE_S = 0.05


class ApplianceApi:
    """Answers the endpoints of state and commands; each method has the name of one."""

    def __init__(self, requests: Requests) -> None:
        """``requests``: of the running appliance."""
        self._requests = requests

    async def status(self, call: ApiCall) -> dict[str, Any]:
        """Return the state."""
        del call
        return await self._requests.status()

    async def turns(self, call: ApiCall) -> dict[str, Any]:
        """Return the last turns in numbers."""
        del call
        report = await self._requests.status()
        times = [one["answer_ms"] for one in report["turns"] if one.get("answer_ms") is not None]
        return {
            "turns": report["turns"],
            "answer_median_ms": percentile(times, 50),
            "answer_p95_ms": percentile(times, 95),
            "first_sound": report["first_sound"],
            "press_to_silence": report["press_to_silence"],
        }

    async def mute(self, call: ApiCall) -> t.CommandDone:
        """Close the microphone."""
        return await self._done("mute", call)

    async def unmute(self, call: ApiCall) -> t.CommandDone:
        """Open the microphone."""
        return await self._done("unmute", call)

    async def toggle_mute(self, call: ApiCall) -> t.CommandDone:
        """Close the microphone if it is open, else open it."""
        return await self._done("toggle-mute", call)

    async def volume(self, call: ApiCall) -> t.CommandDone:
        """Set or change the volume."""
        return await self._done("volume", call)

    async def say(self, call: ApiCall) -> t.CommandDone:
        """Say something to the avatar."""
        return await self._done("say", call)

    async def play(self, call: ApiCall) -> t.CommandDone:
        """Play what is at an address."""
        return await self._done("play", call)

    async def press(self, call: ApiCall) -> t.CommandDone:
        """Press the button; a caller that goes away releases it, as a page does whose button is let go.

        Raises:
            RequestRefused: the appliance refused it.
            ConnectionResetError: the caller is gone.
        """
        async with asyncio.TaskGroup() as group:
            pressing = group.create_task(self._settled("press", call), name="page press")
            while not pressing.done():
                await asyncio.wait({pressing}, timeout=_GONE_S)
                if is_gone(call):
                    pressing.cancel()
                    break
        if pressing.cancelled():
            raise ConnectionResetError("the caller is gone")
        outcome = pressing.result()
        if isinstance(outcome, RequestRefused):
            raise outcome
        return outcome

    async def restart_session(self, call: ApiCall) -> t.CommandDone:
        """End the live session."""
        return await self._done("restart-session", call)

    async def reload(self, call: ApiCall) -> t.CommandDone:
        """Read the configuration anew."""
        return await self._done("reload", call)

    async def restart(self, call: ApiCall) -> t.CommandDone:
        """End the daemon, to be started again."""
        return await self._done("restart", call)

    async def _settled(self, do: str, call: ApiCall) -> t.CommandDone | RequestRefused:
        try:
            return await self._done(do, call)
        except RequestRefused as refused:
            return refused

    async def _done(self, do: str, call: ApiCall) -> t.CommandDone:
        fields = {name: value for name, value in to_builtins(call.body).items() if value is not UNSET}
        return convert(await self._requests.ask(do, fields), t.CommandDone)


def is_gone(call: ApiCall) -> bool:
    """Return True if the connection of ``call`` is closed."""
    transport = call.request.transport
    return transport is None or transport.is_closing()

"""Simulated clouds of the demo: each with the options to reach it, and the sum of its record."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from importlib import import_module

from ravatard.assembly.client import in_mode
from ravatard.assembly.simulator import reaching
from ravatard.cloud.pixelstreaming.availability import available
from ravatard.config import Options

#: Short, so that the demo ends soon.
_ANSWERS = ("I heard {heard}. How interesting!", "I heard {heard}. Please go on.", "I heard {heard}.")


@dataclass(frozen=True, slots=True)
class DemoCloud:
    """Simulated service that runs.

    Attributes:
        options: the options with this service.
        about: sentence about its voice.
        sessions: returns the sum of its sessions.
        clean: returns True if no session is open and no rule of the service was broken.
    """

    options: Options
    about: str
    sessions: Callable[[], str]
    clean: Callable[[], bool]


@asynccontextmanager
async def ravatar(options: Options) -> AsyncIterator[DemoCloud]:
    """Run a simulated RAVATAR, in the mode whose answers are audible here."""
    from ravatard.sim.options import SimOptions
    from ravatard.sim.server import SimServer

    missing = available()
    options = in_mode(options, live=not missing)
    about = f"Chat mode, because {missing}. Each answer is a sound file."
    if not missing:
        # Loaded now, it does not delay the first answer.
        await asyncio.to_thread(import_module, "aiortc")
        options = replace(options, live_audio=replace(options.live_audio, enabled="on"))
        about = "Live mode: the answers are the sound of a WebRTC stream."
    async with SimServer(SimOptions(answers=_ANSWERS)) as server:
        record = server.record

        def sessions() -> str:
            counts = record.counts
            return _sum(counts["sessions_started"], counts["sessions_ended"], len(record.open_licences()))

        yield DemoCloud(
            reaching(options, server.base_url),
            f"{about} `ravatard demo --kind avatar` shows the other kind of cloud.",
            sessions,
            lambda: not record.open_licences() and not record.violations,
        )


@asynccontextmanager
async def avatar(options: Options) -> AsyncIterator[DemoCloud]:
    """Run a simulated AvaTar API that hears and speaks by its socket."""
    from ravatard.sim.avatar.options import AvatarSimOptions, SimTalkOptions
    from ravatard.sim.avatar.server import AvatarSimServer

    chosen = AvatarSimOptions(talk=SimTalkOptions(ear="socket", answers=_ANSWERS))
    async with AvatarSimServer(chosen) as server:
        record = server.record

        def sessions() -> str:
            still_open = len(record.open_sessions)
            return _sum(len(record.sessions), len(record.sessions) - still_open, still_open)

        yield DemoCloud(
            reaching(options, server.api_url, server.socket_url),
            "AvaTar API: your voice and the answers go over its socket.",
            sessions,
            lambda: not record.open_sessions and not record.violations,
        )


#: Each kind of cloud with its simulator.
CLOUDS = {"ravatar": ravatar, "avatar": avatar}


def _sum(started: int, ended: int, still_open: int) -> str:
    return f"{started} started, {ended} ended, {still_open} still open"

"""Endpoints of sound: devices, a test tone, a test recording, and the best microphone."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from msgspec import convert

from ravatard.core.audio_format import RATE_HZ, samples_in, seconds_of
from ravatard.errors import DeviceError
from ravatard.ports.page import Appliance, CommandFailed, CommandLine, Trials
from ravatard.web.page.api import health_types as ht
from ravatard.web.page.api import types as t
from ravatard.web.page.call import ApiCall
from ravatard.web.page.refused import RequestRefused
from ravatard.web.page.requests import Requests
from ravatard.web.page.sounds import as_wav, test_tone

log = logging.getLogger(__name__)

_LIST_S = 45.0
_LISTEN_S = 75.0
_SECONDS = "5"
_RECORD_S = 3.0


class SoundApi:
    """Answers the endpoints of sound; each method has the name of one."""

    def __init__(
        self, appliance: Appliance, requests: Requests, commands: CommandLine, trials: Trials
    ) -> None:
        """Prepare.

        Args:
            appliance: plays sounds.
            requests: of the appliance, to close its microphone for a trial.
            commands: list the devices, and try all of them.
            trials: try the one that is configured.
        """
        self._trials = trials
        self._appliance = appliance
        self._requests = requests
        self._commands = commands
        self._busy = asyncio.Lock()

    async def devices(self, call: ApiCall) -> ht.DeviceList:
        """List microphones and speakers."""
        del call
        return convert(await self._run("devices", "--json", limit_s=_LIST_S), ht.DeviceList)

    async def play_tone(self, call: ApiCall) -> t.CommandDone:
        """Play a test tone."""
        del call
        self._check_speaker()
        return t.CommandDone(await self._requests.announce(test_tone()))

    async def find_microphone(self, call: ApiCall) -> ht.MicrophoneTrials:
        """Listen with every microphone; the appliance's own is closed meanwhile."""
        del call
        async with self._trial():
            words = ("find-mic", "--json", "--seconds", _SECONDS)
            return convert(await self._run(*words, limit_s=_LISTEN_S, statuses=(0, 1)), ht.MicrophoneTrials)

    async def record(self, call: ApiCall) -> ht.RecordingTrial:
        """Record with the microphone, and play that on the speaker."""
        del call
        self._check_speaker()
        async with self._trial():
            try:
                sound = await self._trials.record(_RECORD_S)
            except DeviceError as error:
                raise RequestRefused(503, "no-microphone", str(error)) from error
        await self._requests.announce(as_wav(sound.pcm, RATE_HZ))
        seconds = round(seconds_of(samples_in(sound.pcm)), 1)
        says = f"{seconds:g} s from {sound.device} are played on the speaker, and not kept"
        level_db, loudest_db = round(sound.level_db, 1), round(sound.loudest_db, 1)
        return ht.RecordingTrial(says, sound.device, seconds, level_db, loudest_db)

    def _check_speaker(self) -> None:
        if not self._appliance.has_speaker:
            raise RequestRefused(503, "no-speaker", "this appliance has no speaker: speaker.enabled is false")

    @asynccontextmanager
    async def _trial(self) -> AsyncIterator[None]:
        """Close the appliance's microphone inside the context, unless the user has muted it anyway."""
        if self._busy.locked():
            raise RequestRefused(409, "busy", "another trial of the sound is running; wait for its end")
        async with self._busy:
            report = await self._requests.status()
            if report["muted"]:
                yield
                return
            await self._requests.ask("mute")
            try:
                yield
            finally:
                await self._open_again()

    async def _open_again(self) -> None:
        """Open the appliance's microphone; that one cannot be had, the status says anyway."""
        try:
            await self._requests.ask("unmute")
        except RequestRefused as error:
            log.info("after a trial of the sound: %s", error)

    async def _run(self, *words: str, limit_s: float, statuses: tuple[int, ...] = (0,)) -> Any:
        try:
            found = await self._commands.run(*words, limit_s=limit_s, statuses=statuses)
            return json.loads(found)
        except CommandFailed as error:
            raise RequestRefused(503, "failed", str(error)) from error
        except ValueError as error:
            raise RequestRefused(503, "failed", f"`ravatard {words[0]}` told nothing") from error

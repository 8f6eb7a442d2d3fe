"""Endpoints of sound: devices, a test tone, a test recording, and the best microphone."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from msgspec import convert

from ravatard.core.audio_format import RATE_HZ, samples_in, seconds_of
from ravatard.errors import DeviceError
from ravatard.ports.page import Appliance, CommandFailed, CommandLine, Trials, TrialSound
from ravatard.web.page.api import health_types as ht
from ravatard.web.page.api import types as t
from ravatard.web.page.call import ApiCall
from ravatard.web.page.refused import RequestRefused
from ravatard.web.page.requests import Requests
from ravatard.web.page.sounds import as_wav, test_tone

log = logging.getLogger(__name__)

T = TypeVar("T")

_LIST_S = 45.0
#: A list of the devices is given again for so long.
LIST_KEPT_S = 3.0
_LISTEN_S = 75.0
_SECONDS = "5"
_RECORD_S = 3.0
#: A wish of the user is noticed so soon.
_WISH_S = 0.05


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
        # A process for each caller at once would fill the memory.
        self._listing = asyncio.Lock()
        self._listed: ht.DeviceList | None = None
        self._listed_at = 0.0

    async def devices(self, call: ApiCall) -> ht.DeviceList:
        """List microphones and speakers."""
        del call
        clock = asyncio.get_running_loop().time
        async with self._listing:
            if self._listed is None or clock() - self._listed_at > LIST_KEPT_S:
                found = await self._run("devices", "--json", limit_s=_LIST_S)
                self._listed, self._listed_at = convert(found, ht.DeviceList), clock()
            return self._listed

    async def play_tone(self, call: ApiCall) -> t.CommandDone:
        """Play a test tone."""
        del call
        self._check_speaker()
        # In a thread: it takes 6 ms on a desktop, and a small board several times as long.
        tone = await asyncio.to_thread(test_tone)
        return t.CommandDone(await self._requests.announce(tone))

    async def find_microphone(self, call: ApiCall) -> ht.MicrophoneTrials:
        """Listen with every microphone; the appliance's own is closed meanwhile."""
        del call
        words = ("find-mic", "--json", "--seconds", _SECONDS)
        found = await self._tried(lambda: self._run(*words, limit_s=_LISTEN_S, statuses=(0, 1)))
        return convert(found, ht.MicrophoneTrials)

    async def record(self, call: ApiCall) -> ht.RecordingTrial:
        """Record with the microphone, and play that on the speaker."""
        del call
        self._check_speaker()
        sound = await self._tried(self._recorded)
        await self._requests.announce(as_wav(sound.pcm, RATE_HZ))
        seconds = round(seconds_of(samples_in(sound.pcm)), 1)
        says = f"{seconds:g} s from {sound.device} are played on the speaker, and not kept"
        level_db, loudest_db = round(sound.level_db, 1), round(sound.loudest_db, 1)
        return ht.RecordingTrial(says, sound.device, seconds, level_db, loudest_db)

    def _check_speaker(self) -> None:
        if not self._appliance.has_speaker:
            raise RequestRefused(503, "no-speaker", "this appliance has no speaker: speaker.enabled is false")

    async def _recorded(self) -> TrialSound:
        try:
            return await self._trials.record(_RECORD_S)
        except DeviceError as error:
            raise RequestRefused(503, "no-microphone", str(error)) from error

    async def _tried(self, trial: Callable[[], Awaitable[T]]) -> T:
        """Return what ``trial`` does while the appliance's microphone is closed for it.

        A mute is in force for trials as well: none begins, a wish to mute ends one, and after that the
        microphone stays as the user wants it.

        Raises:
            RequestRefused: muted, busy, or the trial failed.
        """
        if self._busy.locked():
            raise RequestRefused(409, "busy", "another trial of the sound is running; wait for its end")
        async with self._busy:
            own = self._appliance.mute_wishes() + 1
            if (await self._requests.status())["muted"]:
                raise RequestRefused(409, "refused", "the microphone is muted; unmute it for a trial")
            self._appliance.on_trial(True, False)
            try:
                await self._requests.ask("mute")
                return await self._until_wish(trial, own)
            finally:
                by_user = self._appliance.mute_wishes() > own
                try:
                    if not by_user:
                        by_user = await self._open_again()
                finally:
                    # An appliance that ends meanwhile does not open it again, and starts with it open.
                    self._appliance.on_trial(False, by_user)

    async def _until_wish(self, trial: Callable[[], Awaitable[T]], own: int) -> T:
        """Return what ``trial`` does; end it when there are more wishes to mute or unmute than ``own``."""

        async def settled() -> T | RequestRefused:
            try:
                return await trial()
            except RequestRefused as refused:
                return refused

        async with asyncio.TaskGroup() as group:
            trying = group.create_task(settled(), name="page trial")
            while not trying.done() and self._appliance.mute_wishes() <= own:
                await asyncio.wait({trying}, timeout=_WISH_S)
            trying.cancel()
        if trying.cancelled() or self._appliance.mute_wishes() > own:
            raise RequestRefused(409, "refused", "the user muted or unmuted meanwhile: the trial was ended")
        outcome = trying.result()
        if isinstance(outcome, RequestRefused):
            raise outcome
        return outcome

    async def _open_again(self) -> bool:
        """Open the appliance's microphone; that one cannot be had, the status says anyway.

        Returns:
            True if a user had a wish meanwhile.
        """
        before = self._appliance.mute_wishes()
        try:
            await self._requests.ask("unmute")
            if self._appliance.mute_wishes() > before + 1:
                # Of two wishes at once the user's counts, and which came first is not known.
                await self._requests.ask("mute")
        except RequestRefused as error:
            log.info("after a trial of the sound: %s", error)
        return self._appliance.mute_wishes() > before + 1

    async def _run(self, *words: str, limit_s: float, statuses: tuple[int, ...] = (0,)) -> Any:
        try:
            found = await self._commands.run(*words, limit_s=limit_s, statuses=statuses)
            return json.loads(found)
        except CommandFailed as error:
            raise RequestRefused(503, "failed", str(error)) from error
        except ValueError as error:
            raise RequestRefused(503, "failed", f"`ravatard {words[0]}` told nothing") from error

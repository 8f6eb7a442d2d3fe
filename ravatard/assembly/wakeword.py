"""Model of the wake word, as it was found and tried last: at the start, at a reload, after a passing trouble.

A model that works goes on when its files do not any more: it is held in memory.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, NoReturn

from ravatard.config import Options
from ravatard.core.options.conversation import ConversationOptions
from ravatard.core.wakeword.options import WakeWordOptions
from ravatard.devices.microphone.wakeword.model import find_model
from ravatard.devices.microphone.wakeword.trial import PassingTroubleError, try_model
from ravatard.devices.microphone.wakeword.tried import TriedModel
from ravatard.errors import DeviceError

#: A start and a reload wait so long for a trial, less than a reload's reply is waited for. It takes 0.2 s on
#: a PC, so about 2.5 s on a Pi Zero 2 W; after this the next best gate is used until it is over.
WAIT_S = 4.5
#: Pauses before a model is tried again that could not be tried to the end.
RETRY_S = (15.0, 60.0, 300.0, 1800.0)


def _beside(*call: Any) -> asyncio.Future[TriedModel]:
    """Call a function in a thread, beside the event loop: a trial waits for its process."""
    return asyncio.get_running_loop().run_in_executor(None, *call)


class WakeWordModel:
    """Holds the model that the microphone's process loads.

    Attributes:
        tried: the model; None without one.
        trouble: why there is none though it is configured, as one sentence; "" otherwise.
        kept: why :attr:`tried` goes on in the place of what is configured; "" otherwise.
    """

    def __init__(
        self,
        beside: Path,
        environ: Mapping[str, str],
        *,
        run: Callable[..., asyncio.Future[TriedModel]] = _beside,
    ) -> None:
        """Hold none yet.

        Args:
            beside: the folder of the configuration.
            environ: environment variables of the process that tries a model.
            run: calls what takes long, beside the event loop.
        """
        self._run = run
        self.tried: TriedModel | None = None
        self.trouble = self.kept = ""
        self._beside = beside
        self._environ = environ
        self._wanted = self._running = WakeWordOptions()
        self._number = 0
        self._trial: asyncio.Future[TriedModel] | None = None
        self._retries = 0
        #: There is a trial, or there is to be one after a pause.
        self._unsettled = asyncio.Event()
        self._refreshed = asyncio.Event()

    async def refresh(self, options: Options) -> None:
        """Find and try what ``options`` name, if their gate waits for a word. Nothing is raised for it."""
        self._drop_trial()
        self._wanted, self._retries = options.wakeword, 0
        self._refreshed.set()
        if not options.gate.takes_word:
            self.trouble = self.kept = ""
            return
        trial = self._begin()
        await asyncio.wait({trial}, timeout=WAIT_S)
        if not trial.done():
            self._refused(f"its model is being tried for more than {WAIT_S:g} s")
        else:
            self._settle(trial)

    async def keep_trying(self, changed: Callable[[], None]) -> NoReturn:
        """Wait for trials that take long, and try again what was not tried to the end; never returns.

        Args:
            changed: is called when it has become known what is the matter.
        """
        try:
            while True:
                await self._unsettled.wait()
                if self._trial is None:
                    if await self._is_refreshed_within(RETRY_S[self._retries]):
                        continue
                    self._retries += 1
                trial = self._trial or self._begin()
                await asyncio.wait({trial})
                if self._settle(trial):
                    changed()
        finally:
            if self._trial is not None:
                self._trial.cancel()

    def taken_into(self, options: ConversationOptions) -> ConversationOptions:
        """Return ``options`` with what there is of a model: its word is the one that runs."""
        return replace(
            options,
            wakeword=self.running_of(options.wakeword),
            wakeword_trouble=self.trouble,
            equipment=replace(options.equipment, wakeword_model=self._number, wakeword_kept=self.kept),
        )

    def running_of(self, options: WakeWordOptions) -> WakeWordOptions:
        """Return ``options`` with the word and the sensitivity that are in effect since :meth:`refresh`."""
        running = self._running if self.kept else self._wanted
        return replace(options, word=running.word, sensitivity=running.sensitivity)

    @property
    def told(self) -> str:
        """Clause about what is wrong, for the reply to a reload; "" if nothing is."""
        if self.kept:
            return f"the wake word {self._running.word} goes on as before: {self.kept}"
        return f"no wake word: {self.trouble}" if self.trouble else ""

    def current(self) -> TriedModel | None:
        """Return :attr:`tried`."""
        return self.tried

    # -------------------------------------------------------------- trials

    async def _is_refreshed_within(self, seconds: float) -> bool:
        self._refreshed.clear()
        try:
            async with asyncio.timeout(seconds):
                await self._refreshed.wait()
        except TimeoutError:
            return False
        return True

    def _begin(self) -> asyncio.Future[TriedModel]:
        self._trial = self._run(self._tried, self._wanted, self.tried)
        self._unsettled.set()
        return self._trial

    def _drop_trial(self) -> None:
        """Have a trial that is not over count for nothing."""
        if self._trial is not None:
            self._trial.add_done_callback(self._close)
        self._trial = None
        self._unsettled.clear()

    def _close(self, trial: asyncio.Future[TriedModel]) -> None:
        if not trial.cancelled() and trial.exception() is None and trial.result() is not self.tried:
            os.close(trial.result().fd)

    def _settle(self, trial: asyncio.Future[TriedModel]) -> bool:
        """Take the result of a trial that is over; return False if it counts for nothing any more."""
        if trial is not self._trial:
            return False
        self._trial = None
        self._unsettled.clear()
        try:
            tried = trial.result()
        except PassingTroubleError as error:
            if self._retries < len(RETRY_S):
                self._unsettled.set()
                self._refused(f"{error}; it is tried again in {RETRY_S[self._retries]:g} s")
            else:
                self._refused(f"{error}; `ravatard reload` tries again")
        except DeviceError as error:
            self._refused(str(error))
        else:
            self._take(tried)
        return True

    def _refused(self, why: str) -> None:
        self.trouble, self.kept = (why, "") if self.tried is None else ("", why)

    def _take(self, tried: TriedModel) -> None:
        if tried is not self.tried:
            self._number += 1
            if self.tried is not None:
                os.close(self.tried.fd)
        self.tried, self._running = tried, self._wanted
        self.trouble = self.kept = ""

    def _tried(self, options: WakeWordOptions, before: TriedModel | None) -> TriedModel:
        """Return the model that ``options`` name; one that was tried ``before`` is not tried again.

        Raises:
            DeviceError: it cannot be used.
        """
        found = find_model(options, self._beside)
        if before is not None and before.content == found.content:
            known = (before.word, before.outputs, before.threshold)
            if known == (found.word, found.outputs, found.threshold):
                return before
        return try_model(found, self._environ)

"""One sound process after another: started when that is due, waited for, killed, and let go by the kernel.

What a process says, and what a person is told of it, is the business of whoever has it supervised.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Generic, TypeVar

from ravatard.devices.process.child import child_environment
from ravatard.devices.process.environment import Child, ChildT, FirstT, ProcessEnvironment
from ravatard.devices.process.retry import Retry
from ravatard.errors import DeviceError

R = TypeVar("R")


class Supervisor(Generic[FirstT, ChildT]):
    """Keeps one process running, as far as its device lets it.

    One task calls :meth:`start` while there is no child and :meth:`receive` while there is one, reports
    what it learns by :meth:`ready` and :meth:`lose`, and calls :meth:`reap` after each turn. Everything that
    is no coroutine, and :meth:`close`, may be called by others meanwhile.

    Attributes:
        child: the process that counts; None: there is none.
        closed: no process is wanted any more.
        reopening: when the next one is due.
    """

    def __init__(
        self, surroundings: ProcessEnvironment[FirstT, ChildT], environ: Mapping[str, str], *, slim: bool
    ) -> None:
        """Nothing is started before :meth:`start`.

        Args:
            surroundings: what starts processes, shows cards, and how long they may take.
            environ: the daemon's environment; a configuration of ALSA that it names is the only one.
            slim: use the slim configuration of ALSA, and where a device does not open by it the machine's
                own, in turns.
        """
        self._environ = environ
        self._spawn = surroundings.spawn
        self._patience = surroundings.patience
        self._has_slim = self._slim = slim and "ALSA_CONFIG_PATH" not in environ
        self.reopening = Retry(surroundings.patience, surroundings.cards)
        self.reopening.by_cards = self._has_slim
        self._limit_s: float | None = None
        self.child: ChildT | None = None
        self.closed = False
        self._killed: list[ChildT] = []
        self._woken = asyncio.Event()

    # -------------------------------------------------------------- one process

    async def start(self, first: FirstT) -> ChildT | None:
        """The next child, with ``first`` said to it; None, after a wait: it is not due yet, ask again.

        Once it runs nothing is awaited: a start that is cancelled has started nothing.

        Raises:
            DeviceError: no process can be started; :meth:`lose` wants to know.
        """
        wait_s = self.reopening.wait_s(self._now())
        if wait_s > 0:
            await self.pause(wait_s)
            return None
        self.reopening.begins()
        self.child = self._spawn(child_environment(self._environ, slim=self._slim), first)
        self._limit_s = self._patience.start_s
        return self.child

    async def receive(self, child: Child[R], *, silent: str, ended: str) -> list[R]:
        """What ``child`` says next; [] when it was dropped in the meantime. Cancelling loses nothing.

        Args:
            child: the one that counts. Of what it said, all counts until it is dropped.
            silent: who is silent, in a message.
            ended: the message for a child that ended without a word.

        Raises:
            DeviceError: it is of no use any more; :meth:`lose` wants to know.
        """
        try:
            records = await child.receive(self._limit_s)
        except TimeoutError:
            reason = f"{silent}: nothing for {self._limit_s:g} s"
        except DeviceError as error:
            reason = str(error)
        else:
            if records:
                return records
            reason = ended
        if child is not self.child:
            return []
        raise DeviceError(reason)

    def delivers(self) -> None:
        """From now on the child gives signs of life all the time."""
        self._limit_s = self._patience.silence_s

    def waits(self) -> None:
        """From now on the child may say nothing for ever: it waits by itself for something to come back."""
        self._limit_s = None

    def ready(self, device: str) -> str:
        """The child's device is open and sound; the name of the device as people are told it."""
        self.delivers()
        self.reopening.ready(self._now())
        own = self._has_slim and not self._slim
        # What only the machine's own configuration knows is no card, and the kernel does not show it.
        self.reopening.by_cards = self._has_slim and not own
        return f"{device} (by the machine's own ALSA configuration)" if own else device

    # -------------------------------------------------------------- trouble

    def lose(self, reason: str, *, opening: bool, at_once: bool = False) -> tuple[str, bool]:
        """There is no child, or none that is of use: end it and plan the next one.

        Args:
            reason: why.
            opening: the device could not be opened: another configuration may know it.
            at_once: nothing has to settle before the next attempt.

        Returns:
            The reason with all that is known of it, and whether the next attempt need not wait.
        """
        noise = self.child.noise() if self.child is not None else ""
        self.drop()
        if noise:
            reason = f"{reason} [{noise}]"
        if self._has_slim and opening:
            self._slim = not self._slim
            if not self._slim:
                # Nothing has to settle for another configuration to be tried.
                at_once = True
                reason = f"{reason}; trying the machine's own ALSA configuration"
        self.reopening.lost(self._now(), at_once=at_once)
        return reason, at_once

    def drop(self) -> None:
        """Kill the child, if there is one; nothing that it said comes out any more."""
        if self.child is not None:
            self.child.kill()
            self._killed.append(self.child)
            self.child = None

    def start_over(self) -> None:
        """Drop the child; the next one is due at once, whatever came before. Ends a pause."""
        self.drop()
        self.reopening.now()
        self._woken.set()

    async def reap(self) -> bool:
        """Let the kernel clean up; whether nothing that was killed is left.

        One that hangs in a driver is asked again next time.
        """
        self._killed = [child for child in self._killed if not await child.reaped(self._patience.reap_s)]
        return not self._killed

    async def pause(self, seconds: float | None) -> None:
        """Wait, but no longer than until all is to start over or closed; None: until then."""
        if self.closed:
            return
        self._woken.clear()
        try:
            async with asyncio.timeout(seconds):
                await self._woken.wait()
        except TimeoutError:
            return

    async def close(self) -> None:
        """End the child and what it started. Idempotent; returns as soon as the kernel lets go of it."""
        self.closed = True
        self.drop()
        self._woken.set()
        await self.reap()

    @staticmethod
    def _now() -> float:
        return asyncio.get_running_loop().time()

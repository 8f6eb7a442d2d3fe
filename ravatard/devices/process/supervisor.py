"""Supervision of a sound process: start, time limits, kill, and the wait until the kernel lets go of it.

The records of a process, and the events made of them, belong to the microphone and the speaker.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from typing import Generic, TypeVar

from ravatard.devices.process.environment import Absorber, Child, ChildT, FirstT, ProcessEnvironment
from ravatard.devices.process.piped import child_environ
from ravatard.devices.process.retry import Retry
from ravatard.errors import DeviceError

log = logging.getLogger(__name__)

R = TypeVar("R")
#: Parts of the time limit of a silent process: the wait for the usual heartbeat, and those after it.
_FIRST_SHARE, _NEXT_SHARE = 0.6, 0.1
#: The daemon is late by so much: its processes are too.
_LATE_S = 0.05
#: A process that sends nothing for so long is of no use, whatever the reason.
_LONGEST_S = 5.0


class Supervisor(Generic[FirstT, ChildT]):
    """Keeps one process running, as far as its device lets it.

    One task calls :meth:`start` while there is no child and :meth:`receive` while there is one, reports the
    results by :meth:`ready` and :meth:`lose`, and calls :meth:`reap` after each turn. Methods that are no
    coroutines, and :meth:`close`, may be called by other tasks meanwhile.

    Attributes:
        child: the current process; None: there is none.
        closed: no process is wanted any more.
        retry: schedule of the next start.
    """

    def __init__(
        self, environment: ProcessEnvironment[FirstT, ChildT], environ: Mapping[str, str], *, slim: bool
    ) -> None:
        """Prepare; :meth:`start` starts the first process.

        Args:
            environment: starts processes, shows the cards, sets the time limits.
            environ: the daemon's environment variables; an ALSA configuration named there is the only one.
            slim: use the slim ALSA configuration and, where a device does not open by it, the machine's own,
                in turns.
        """
        self._environ = environ
        self._spawn = environment.spawn
        self._policy = environment.policy
        self._has_slim = self._slim = slim and "ALSA_CONFIG_PATH" not in environ
        self.retry = Retry(environment.policy, environment.cards)
        self.retry.by_cards = self._has_slim
        self._limit_s: float | None = None
        self.child: ChildT | None = None
        self.closed = False
        self._killed: list[ChildT] = []
        self._woken = asyncio.Event()
        #: The wait of :meth:`receive` that has no limit.
        self._unlimited: asyncio.Timeout | None = None

    # -------------------------------------------------------------- one process

    async def start(self, first: FirstT) -> ChildT | None:
        """Start the next child with ``first`` as its first record; return None, after a wait, if not due yet.

        Nothing is awaited once it runs: a start that is cancelled has started nothing.

        Raises:
            DeviceError: no process can be started; report it to :meth:`lose`.
        """
        wait_s = self.retry.wait_s(self._now())
        if wait_s > 0:
            await self.pause(wait_s)
            return None
        self.retry.begin()
        self.child = self._spawn(child_environ(self._environ, slim=self._slim), first)
        self._limit_s = self._policy.start_s
        return self.child

    async def receive(
        self, child: Child[R], *, silent: str, ended: str, absorbs: Absorber[R] | None = None
    ) -> list[R]:
        """Return the next records of ``child``. Cancelling loses nothing.

        Return [] when it was dropped meanwhile, or :meth:`expect_waking` was called.

        Args:
            child: the current child. Its records count until it is dropped.
            silent: beginning of the message for a child that sends nothing.
            ended: message for a child that ended without a reason.
            absorbs: takes records that need no task, while all is well.

        Raises:
            DeviceError: it is of no use any more; report it to :meth:`lose`.
        """
        try:
            records = await self._receive(child, absorbs)
        except TimeoutError as error:
            reason = f"{silent}: nothing for {error} s"
        except DeviceError as error:
            reason = str(error)
        else:
            if records is None:
                return []
            if records:
                return records
            reason = ended
        if child is not self.child:
            return []
        raise DeviceError(reason)

    async def _receive(self, child: Child[R], absorbs: Absorber[R] | None) -> list[R] | None:
        """Return the next records of ``child``; None when its silence is limited from now on.

        Its silence counts only while the daemon itself is on time and the machine lets the child run: on a
        busy machine both may stand still for seconds, and the device plays on.

        Raises:
            TimeoutError: nothing came for the time it names.
        """
        if self._limit_s is None:
            try:
                async with asyncio.timeout(None) as self._unlimited:
                    return await child.receive(None)
            except TimeoutError:
                return None
            finally:
                self._unlimited = None
        begun, limit_s = self._now(), self._limit_s
        silent_s = waited_s = 0.0
        # Heartbeats come before the first of these waits is over; the one that ends a silence is received.
        wait_s = _FIRST_SHARE * limit_s
        while True:
            since = self._now()
            try:
                return await child.receive(wait_s, None if waited_s else absorbs)
            except TimeoutError:
                now = self._now()
            if not waited_s:
                # What was absorbed meanwhile has made the wait longer.
                begun = since = max(begun, child.heard_at)
            starved = child.is_starved()
            if now - since - wait_s > _LATE_S:
                silent_s = 0.0
            elif starved and silent_s:
                silent_s = max(silent_s - wait_s, 0.0)
            else:
                silent_s += wait_s
            waited_s += wait_s
            if silent_s >= limit_s - 1e-6 or waited_s >= max(_LONGEST_S, 2 * limit_s):
                raise TimeoutError(f"{round(now - begun, 1):g}")
            wait_s = _NEXT_SHARE * limit_s

    def expect_heartbeats(self) -> None:
        """From now on the child sends signs of life all the time."""
        self._limit_s = self._policy.silence_s

    def expect_silence(self) -> None:
        """From now on the child may send nothing without end: it waits by itself for its source to return."""
        self._limit_s = None

    def expect_waking(self) -> None:
        """From now on the child has a limited time for its next sign of life. Ends a wait without limit."""
        self._limit_s = self._policy.wake_s
        if self._unlimited is not None:
            self._unlimited.reschedule(self._now())

    def ready(self, device: str) -> str:
        """The child's device is open and works; return the device's name for messages."""
        self.expect_heartbeats()
        self.retry.ready(self._now())
        own = self._has_slim and not self._slim
        # A device that only the machine's own configuration knows is no card; the kernel does not show it.
        self.retry.by_cards = self._has_slim and not own
        return f"{device} (by the machine's own ALSA configuration)" if own else device

    # -------------------------------------------------------------- failure

    def lose(self, reason: str, *, opening: bool, at_once: bool = False) -> tuple[str, bool]:
        """End the child, if there is one, and plan the next one.

        Args:
            reason: of the loss.
            opening: the device could not be opened: another configuration may know it.
            at_once: the next attempt need not wait.

        Returns:
            The reason with all details, and whether the next attempt need not wait.
        """
        printed = self.child.stderr_tail() if self.child is not None else ""
        if self.child is not None and (insides := self.child.library_tail()):
            log.debug("%s; the sound libraries printed: %s", reason, insides)
        self.drop()
        if printed:
            reason = f"{reason} [{printed}]"
        if self._has_slim and opening:
            self._slim = not self._slim
            if not self._slim:
                # Nothing has to settle before another configuration is tried.
                at_once = True
                reason = f"{reason}; trying the machine's own ALSA configuration"
        self.retry.lost(self._now(), at_once=at_once)
        return reason, at_once

    def drop(self) -> None:
        """Kill the child, if there is one; its remaining records are discarded."""
        if self.child is not None:
            self.child.kill()
            self._killed.append(self.child)
            self.child = None

    def start_over(self) -> None:
        """Drop the child and make the next one due at once. Ends a pause."""
        self.drop()
        self.retry.reset()
        self._woken.set()

    async def reap(self) -> bool:
        """Let the kernel clean up; return True if no killed process is left.

        A process that hangs in a driver is asked again next time.
        """
        self._killed = [child for child in self._killed if not await child.reaped(self._policy.reap_s)]
        return not self._killed

    async def pause(self, seconds: float | None) -> None:
        """Wait ``seconds`` (None: without limit), or until :meth:`start_over` or :meth:`close`."""
        if self.closed:
            return
        self._woken.clear()
        try:
            async with asyncio.timeout(seconds):
                await self._woken.wait()
        except TimeoutError:
            return

    async def close(self) -> None:
        """End the child and its subprocesses. Idempotent; returns as soon as the kernel lets go of them."""
        self.closed = True
        self.drop()
        self._woken.set()
        await self.reap()

    @staticmethod
    def _now() -> float:
        return asyncio.get_running_loop().time()

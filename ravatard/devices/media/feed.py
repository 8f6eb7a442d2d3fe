"""One file through one decoding process: fed as fast as both allow, heard while it is fed."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing

from ravatard.core.audio_format import SAMPLE_BYTES
from ravatard.devices.media.child import MediaChild
from ravatard.errors import MediaError


async def decoded_by(
    child: MediaChild, pieces: AsyncGenerator[bytes, None], stall_s: float
) -> AsyncGenerator[bytes, None]:
    """The sound ``child`` makes of a file; whole samples. However this ends, the process ends with it.

    Args:
        child: a process that was given nothing yet.
        pieces: the file as it comes.
        stall_s: how long it may make no sound while it has enough to work on.

    Raises:
        MediaError: the file broke off, or cannot be decoded.
    """
    feed = _Feed(child, pieces)
    failure: MediaError | None = None
    try:
        async with aclosing(pieces), asyncio.TaskGroup() as group:
            feeding = group.create_task(feed.run(), name="decoder feed")
            try:
                async with aclosing(_whole_samples(child, feed, stall_s)) as sound:
                    async for pcm in sound:
                        yield pcm
            except MediaError as error:
                # Carried past the group, which would wrap it.
                failure = error
            except GeneratorExit:
                # Closed early. Left quietly for the same reason; nothing is yielded after this.
                return
            finally:
                feeding.cancel()
    finally:
        await child.end()
    # A file that broke off is why its decoder then complains.
    if failure := feed.failure or failure:
        raise failure


class _Feed:
    """Brings the file to the decoding process, as fast as both allow.

    Attributes:
        failure: why the file broke off.
        starving: the next piece of the file is waited for: the decoder cannot be blamed.
    """

    def __init__(self, child: MediaChild, pieces: AsyncIterator[bytes]) -> None:
        self.failure: MediaError | None = None
        self.starving = False
        self._child = child
        self._pieces = pieces

    async def run(self) -> None:
        """Until the file ends, breaks off, or nobody wants more of it.

        Never fails: whoever takes the sound is somewhere else at that moment, and a task group would cancel
        him there.
        """
        try:
            self.starving = True
            async for piece in self._pieces:
                self.starving = False
                if not await self._child.write(piece):
                    return
                self.starving = True
        except MediaError as error:
            self.failure = error
        finally:
            self.starving = False
            self._child.finish()


async def _whole_samples(child: MediaChild, feed: _Feed, stall_s: float) -> AsyncGenerator[bytes, None]:
    """What the process makes, in whole samples.

    Raises:
        MediaError: it hangs, or ended for a reason.
    """
    odd, any_sound = b"", False
    while True:
        try:
            async with asyncio.timeout(stall_s):
                pcm = await child.read()
        except TimeoutError:
            if feed.starving:
                continue
            raise MediaError(
                f"the answer's sound cannot be decoded (the decoder did nothing for {stall_s:g} s)"
            ) from None
        if not pcm:
            break
        pcm = odd + pcm
        whole = len(pcm) - len(pcm) % SAMPLE_BYTES
        odd, any_sound = pcm[whole:], True
        yield pcm[:whole]
    reason = await child.verdict()
    if not reason and not any_sound:
        # It had waited so long that it went home when the file came.
        reason = "the answer's sound cannot be decoded (the decoder ended without a sound)"
    if reason:
        raise MediaError(reason)

"""Decoding of one file by one process: input and output run at the same time."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing

from ravatard.core.audio_format import SAMPLE_BYTES
from ravatard.devices.media.child import MediaChild
from ravatard.errors import MediaError


async def decode_with(
    child: MediaChild, pieces: AsyncGenerator[bytes, None], stall_s: float
) -> AsyncGenerator[bytes, None]:
    """Yield the sound that ``child`` decodes, whole samples. However this ends, the process ends with it.

    Args:
        child: a process that has got no input yet.
        pieces: the file as it arrives.
        stall_s: how long it may deliver no sound while it has input.

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
    # A file that broke off makes its decoder fail, too: report the first cause.
    if failure := feed.failure or failure:
        raise failure


class _Feed:
    """Sends the file to the decoding process, as fast as both allow.

    Attributes:
        failure: reason if the file broke off.
        starving: waits for the next piece of the file, so that the decoder has no input.
    """

    def __init__(self, child: MediaChild, pieces: AsyncIterator[bytes]) -> None:
        self.failure: MediaError | None = None
        self.starving = False
        self._child = child
        self._pieces = pieces

    async def run(self) -> None:
        """Run until the file ends or breaks off, or the process takes no more.

        Never raises: the consumer of the sound is suspended elsewhere at that moment, and the task group
        would cancel it there.
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
    """Yield the output of the process, in whole samples.

    Raises:
        MediaError: it hangs, or failed.
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
    reason = await child.failure()
    if not reason and not any_sound:
        # Its idle limit was reached just when the file came.
        reason = "the answer's sound cannot be decoded (the decoder ended without a sound)"
    if reason:
        raise MediaError(reason)

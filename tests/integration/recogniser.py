"""A real recogniser behind a real Wyoming server: ``python recogniser.py URI``, for spoken digits.

The server is that of the package, so that nothing of ours is at both ends; the recogniser is pocketsphinx
with the model of English in its wheel, and a grammar of digits.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
from functools import partial
from pathlib import Path

import pocketsphinx
from wyoming.asr import Transcript
from wyoming.audio import AudioChunk
from wyoming.event import Event
from wyoming.server import AsyncEventHandler, AsyncServer

DIGITS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
GRAMMAR = f"#JSGF V1.0;\ngrammar digits;\npublic <digits> = <digit>+;\n<digit> = {' | '.join(DIGITS)};\n"


class Ear(AsyncEventHandler):
    """One connection of a client."""

    def __init__(
        self,
        decoder: pocketsphinx.Decoder,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
    ) -> None:
        super().__init__(reader, writer)
        self._decoder = decoder
        self._sound = b""

    async def handle_event(self, event: Event) -> bool:
        if AudioChunk.is_type(event.type):
            self._sound += AudioChunk.from_event(event).audio
        elif event.type == "audio-stop":
            words = await asyncio.to_thread(self._words)
            await self.write_event(Transcript(words).event())
        return True

    def _words(self) -> str:
        self._decoder.start_utt()
        self._decoder.process_raw(self._sound, full_utt=True)
        self._decoder.end_utt()
        found = self._decoder.hyp()
        return found.hypstr if found is not None else ""


async def main(uri: str) -> None:
    """Serve until killed."""
    with tempfile.TemporaryDirectory() as folder:
        grammar = Path(folder) / "digits.gram"
        grammar.write_text(GRAMMAR)
        decoder = pocketsphinx.Decoder(samprate=16_000, jsgf=str(grammar), loglevel="FATAL")
    await AsyncServer.from_uri(uri).run(partial(Ear, decoder))


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))

"""Ways of an utterance to the service: as messages on the session's socket."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol

from ravatard.cloud.avatar import commands
from ravatard.cloud.avatar.live.held import HeldSession
from ravatard.cloud.avatar.turns.microphone_path import MicrophonePath
from ravatard.cloud.option_groups import CloudOptions
from ravatard.core.audio_format import samples_in, seconds_of
from ravatard.errors import TurnError

if TYPE_CHECKING:
    from ravatard.cloud.speech_to_text.transcriber import Transcriber


class Upload(Protocol):
    """Way of one utterance. Every method raises TurnError when the rest of the turn cannot be sent."""

    @property
    def seconds(self) -> float:
        """Sound of the utterance so far."""
        ...

    async def begin(self) -> None:
        """Have the service listen."""
        ...

    async def add(self, pcm: bytes) -> None:
        """Send the next sound: s16le mono 16 kHz."""
        ...

    async def end(self) -> None:
        """Send what is left, and have the service answer."""
        ...

    async def cancel(self) -> None:
        """Have the service forget it."""
        ...


class SocketUpload:
    """Utterance as messages on one socket: listening, appended sound, commit."""

    def __init__(self, held: HeldSession, sound: str) -> None:
        """``sound``: "pcm" for bare samples of 24 kHz, "wav" for a file of 16 kHz each."""
        self.seconds = 0.0
        self._held = held
        self._generation = held.generation
        self._rate = commands.UploadRate() if sound == "pcm" else None

    async def begin(self) -> None:
        """Have the service listen, on the socket that is open by then."""
        await self._held.send(commands.START_LISTENING)
        self._generation = self._held.generation

    async def add(self, pcm: bytes) -> None:
        """Send one chunk."""
        self._check()
        self.seconds += seconds_of(samples_in(pcm))
        if self._rate is None:
            await self._held.send(commands.append_wav(pcm))
        elif sound := self._rate.convert(pcm):
            await self._held.send(commands.append(sound))

    async def end(self) -> None:
        """Send the last samples, and commit: no silence is needed."""
        self._check()
        if self._rate is not None and (sound := self._rate.flush()):
            await self._held.send(commands.append(sound))
        await self._held.send(commands.COMMIT)
        await self._held.send(commands.STOP_LISTENING)

    async def cancel(self) -> None:
        """Clear the service's buffer."""
        self._check()
        await self._held.send(commands.CLEAR)
        await self._held.send(commands.STOP_LISTENING)

    def _check(self) -> None:
        """Raise TurnError when the socket is another: an utterance with a hole is no utterance."""
        if not self._held.is_up or self._held.generation != self._generation:
            raise TurnError("the session's socket broke in the middle of the utterance")


def transcriber_for(
    options: CloudOptions, path: MicrophonePath, chance: Callable[[], float]
) -> Transcriber | None:
    """Return the recogniser that speech goes to, unless it stands before every cloud already."""
    speech = options.speech_to_text
    if path is not MicrophonePath.TEXT or speech.use == "always":
        return None
    # What is off is not loaded.
    from ravatard.cloud.speech_to_text.transcriber import transcriber_of

    return transcriber_of(speech, options.service.language, chance)

"""The sound of the answers in chat mode: how it goes along with a message, and the files to be fetched."""

from __future__ import annotations

import base64
import math
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field

from ravatard.errors import RavatardError
from ravatard.sim.exchange import Delivery, Reply
from ravatard.sim.options import ChatOptions
from ravatard.sim.ravatar.record import Record
from ravatard.sim.sound import audio_codec

#: What an answer sounds like: its text in, a WAV file out.
Speak = Callable[[str], bytes]

FILES = "/sim/files/"
#: Files that can be had: those of the last so many answers. The sound of the last few is kept as well.
_REMEMBERED = 10_000
_SOUNDS_KEPT = 16
#: A front sends the pieces of a reply 5 ms apart (see ``delivery``): so many a second.
_PIECES_PER_S = 200
_WEB_PAGE = b"<!doctype html><title>Sign in</title><p>This network wants you to sign in first."


@dataclass(frozen=True, slots=True)
class AnswerSound:
    """The sound of one answer.

    Attributes:
        sent: the fields it adds to the message.
        kept: those of them that the history keeps; what is in the message is not to be had again.
    """

    sent: dict[str, object] = field(default_factory=dict, repr=False)
    kept: dict[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _File:
    """What is to be had at one address: an answer, packed as the options were when it was given."""

    answer: str = field(repr=False)
    container: audio_codec.Container
    mp4: audio_codec.Mp4

    @property
    def content_type(self) -> str:
        return audio_codec.content_type(self.container, self.mp4)


class SpokenAnswers:
    """Makes the sound of answers, when it is needed and not before.

    Attributes:
        options: how it gets to the client; may be replaced while it runs.
    """

    def __init__(
        self, options: ChatOptions, speak: Speak, label: Callable[[str], str], record: Record
    ) -> None:
        """``speak`` is what an answer sounds like; ``label`` makes 16 hex digits that nobody can guess.

        Raises:
            RavatardError: the container needs PyAV, which is not installed.
        """
        if options.container != "wav" and not audio_codec.available():
            raise RavatardError(
                f"answers as {options.container} need PyAV; install ravatard[media], or choose wav"
            )
        self.options = options
        self._speak = speak
        self._label = label
        self._record = record
        # By name: all files, and the sound of the last few asked for.
        self._files: OrderedDict[str, _File] = OrderedDict()
        self._sounds: OrderedDict[str, bytes] = OrderedDict()
        self._named_so_far = 0

    def sound_of(self, answer: str, origin: str) -> AnswerSound:
        """What goes along with an answer; ``origin`` is where its client reaches us ("http://host:port")."""
        if self.options.sound == "text":
            return AnswerSound()
        file = _File(answer, self.options.container, self.options.mp4)
        if self.options.sound == "file":
            address: dict[str, object] = {"fileUrl": f"{origin}{FILES}{self._named(file)}"}
            return AnswerSound(address, address)
        sound = self._made_of(file)
        if sound is None:
            return AnswerSound()
        encoded = base64.b64encode(sound).decode()
        if self.options.data_uri:
            encoded = f"data:{file.content_type};base64,{encoded}"
        return AnswerSound({self.options.inline_field: encoded})

    def file(self, path: str) -> Reply:
        """Answer ``GET`` of a file. As in the documents no token is asked for: its name is the key."""
        name = path.removeprefix(FILES)
        file = self._files.get(name)
        if file is None or self.options.file_fault == "missing":
            return Reply(404, {"content-type": "text/plain; charset=utf-8"}, b"There is no such file.")
        sound = self._sounds.pop(name, None) or self._made_of(file)
        if sound is None:
            return Reply(500, {"content-type": "text/plain; charset=utf-8"}, b"The answer has no sound.")
        self._sounds[name] = sound
        if len(self._sounds) > _SOUNDS_KEPT:
            self._sounds.popitem(last=False)
        return self._served(sound, file.content_type)

    def _named(self, file: _File) -> str:
        self._named_so_far += 1
        # Two labels: 128 bits, as is usual for an address that must not be guessed.
        number = self._named_so_far
        key = self._label(f"file {number}") + self._label(f"file {number}, second half")
        # Browser clients tell sound from film by the end of the address.
        name = f"{key}.{file.container}"
        self._files[name] = file
        if len(self._files) > _REMEMBERED:
            self._files.popitem(last=False)
        return name

    def _made_of(self, file: _File) -> bytes | None:
        try:
            return audio_codec.encoded(self._speak(file.answer), file.container, file.mp4)
        except RavatardError:
            # An answer without sound is still an answer.
            self._record.counts["answers_without_sound"] += 1
            return None

    def _served(self, sound: bytes, content_type: str) -> Reply:
        match self.options.file_fault:
            case "truncated":
                sound = sound[: len(sound) // 2]
            case "wrong-type":
                sound, content_type = _WEB_PAGE, "text/html; charset=utf-8"
            case "huge":
                sound = sound.ljust(self.options.huge_bytes, b"\0")
        headers = {"content-type": content_type, "accept-ranges": "none"}
        return Reply(200, headers, sound, Delivery(pieces=self._pieces(len(sound))))

    def _pieces(self, size_bytes: int) -> int:
        rate = self.options.bytes_per_s
        return 1 if rate is None else max(1, math.ceil(size_bytes / rate * _PIECES_PER_S))

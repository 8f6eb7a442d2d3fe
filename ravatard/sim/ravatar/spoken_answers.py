"""Sound of the answers in chat mode: inline in a message, or as files to be fetched."""

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

#: Makes a WAV file of an answer's text.
Speak = Callable[[str], bytes]

FILES = "/sim/files/"
#: Answers whose files are served, and number of sounds cached.
_REMEMBERED = 10_000
_SOUNDS_KEPT = 16
#: Pieces a second: a front sends the pieces of a reply 5 ms apart (see ``delivery``).
_PIECES_PER_S = 200
_WEB_PAGE = b"<!doctype html><title>Sign in</title><p>This network wants you to sign in first."


@dataclass(frozen=True, slots=True)
class AnswerSound:
    """Message fields with the sound of one answer.

    Attributes:
        sent: fields added to the message.
        kept: those of them that the history keeps; inline sound is not kept.
    """

    sent: dict[str, object] = field(default_factory=dict, repr=False)
    kept: dict[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _File:
    """File of an answer, with the options at the time of the answer."""

    answer: str = field(repr=False)
    container: audio_codec.Container
    mp4: audio_codec.Mp4

    @property
    def content_type(self) -> str:
        return audio_codec.content_type(self.container, self.mp4)


class SpokenAnswers:
    """Maker of the sound of answers, on demand.

    Attributes:
        options: format and transport of the sound; may be replaced while it runs.
    """

    def __init__(
        self, options: ChatOptions, speak: Speak, label: Callable[[str], str], record: Record
    ) -> None:
        """``speak`` makes the sound of an answer; ``label`` makes 16 unguessable hex digits.

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
        # By name: all files, and the sounds requested last.
        self._files: OrderedDict[str, _File] = OrderedDict()
        self._sounds: OrderedDict[str, bytes] = OrderedDict()
        self._named_so_far = 0

    def sound_of(self, answer: str, origin: str) -> AnswerSound:
        """Return the fields of an answer's sound; ``origin`` is the client's ("http://host:port")."""
        if self.options.sound == "text":
            return AnswerSound()
        file = _File(answer, self.options.container, self.options.mp4)
        if self.options.sound == "file":
            address: dict[str, object] = {"fileUrl": f"{origin}{FILES}{self._named(file)}"}
            return AnswerSound(address, address)
        sound = self._sound_of_file(file)
        if sound is None:
            return AnswerSound()
        encoded = base64.b64encode(sound).decode()
        if self.options.data_uri:
            encoded = f"data:{file.content_type};base64,{encoded}"
        return AnswerSound({self.options.inline_field: encoded})

    def file(self, path: str) -> Reply:
        """Answer ``GET`` of a file. As in the documents no token is needed: the name is the key."""
        name = path.removeprefix(FILES)
        file = self._files.get(name)
        if file is None or self.options.file_fault == "missing":
            return Reply(404, {"content-type": "text/plain; charset=utf-8"}, b"There is no such file.")
        sound = self._sounds.pop(name, None) or self._sound_of_file(file)
        if sound is None:
            return Reply(500, {"content-type": "text/plain; charset=utf-8"}, b"The answer has no sound.")
        self._sounds[name] = sound
        if len(self._sounds) > _SOUNDS_KEPT:
            self._sounds.popitem(last=False)
        return self._served(sound, file.content_type)

    def _named(self, file: _File) -> str:
        self._named_so_far += 1
        # Two labels: 128 bits, as is usual for an unguessable address.
        number = self._named_so_far
        key = self._label(f"file {number}") + self._label(f"file {number}, second half")
        # Browser clients distinguish sound and video by the extension.
        name = f"{key}.{file.container}"
        self._files[name] = file
        if len(self._files) > _REMEMBERED:
            self._files.popitem(last=False)
        return name

    def _sound_of_file(self, file: _File) -> bytes | None:
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

"""Messages on the service's socket: answers, errors of the stream, floods, and what nobody asked for."""

from __future__ import annotations

import base64
import json
import random
from collections.abc import Callable, Mapping

from tests.hostile import frames
from tests.hostile.bodies import odd_value

#: Messages in one write.
AT_ONCE = 20_000
#: "Session expired" is left out: after it the session must not be ended, and this service cannot say which.
_ERRORS = ("Something went wrong", "Connection timeout", "All AI assistants are busy")
_SILENCE = (
    b"RIFF"
    + (36 + 3_200).to_bytes(4, "little")
    + b"WAVEfmt "
    + bytes((16, 0, 0, 0, 1, 0, 1, 0, 0x80, 0x3E, 0, 0, 0, 0x7D, 0, 0, 2, 0, 16, 0))
    + b"data"
    + (3_200).to_bytes(4, "little")
    + bytes(3_200)
)


def _odd(chance: random.Random) -> bytes:
    names = (
        "type",
        "direction",
        "answer",
        "content",
        "message",
        "request",
        "fileUrl",
        "file_base64_data",
        "audio_base64",
        "timestamp",
        "date",
        "error",
        "LicenseId",
    )
    return frames.message(**{name: odd_value(chance) for name in chance.sample(names, 4)})


def _sound(chance: random.Random) -> bytes:
    sound = chance.choice(
        (_SILENCE, _SILENCE[:50], b"RIFF", b"ID3\x04" + chance.randbytes(500), chance.randbytes(300))
    )
    text = base64.b64encode(sound).decode()
    text = chance.choice(
        (text, text.rstrip("="), "data:audio/wav;base64," + text, text[:-3], "%%%" + text, "é")
    )
    return frames.message(type="incoming", answer="sound", file_base64_data=text)


def _file(chance: random.Random, base_url: str) -> bytes:
    path = f"{base_url}/file/{chance.randrange(1_000)}"
    port = base_url.rpartition(":")[2]
    url = chance.choice(
        (
            path,
            path,
            path,
            f"http://127.0.0.1:1/{port}",
            "http://[::1",
            "file:///etc/passwd",
            "ftp://h/x",
            "http://192.0.2.1/x",
            "http://169.254.169.254/latest",
            "http://localhost.:99999/",
            "//",
            "x" * 20_000,
            path + "?q=%00\n",
            f"https://127.0.0.1:{port}/x",
            "http://\udc80/",
            "javascript:alert(1)",
        )
    )
    return frames.text(json.dumps({"type": "incoming", "answer": "a file", "fileUrl": url}))


def _flood(chance: random.Random) -> bytes:
    tiny = chance.choice(
        (
            frames.text('{"answer":"a"}'),
            frames.text("{}"),
            frames.text("x"),
            frames.text('{"type":"event"}'),
            frames.text("Something went wrong"),
            frames.text('{"answer":"a","fileUrl":"http://127.0.0.1:1/"}'),
        )
    )
    return tiny * AT_ONCE


def any_message(chance: random.Random, base_url: str) -> tuple[str, bytes]:
    """The name and the bytes of one thing that comes on the socket."""
    families: Mapping[str, tuple[int, Callable[[], bytes]]] = {
        "an answer": (18, lambda: frames.message(type="incoming", answer=f"Unasked {chance.random()}")),
        "a long answer": (1, lambda: frames.message(answer="word " * 50_000)),
        "odd": (24, lambda: _odd(chance)),
        "sound": (12, lambda: _sound(chance)),
        "a file": (12, lambda: _file(chance, base_url)),
        "an error of the stream": (1, lambda: frames.message(message=chance.choice(_ERRORS))),
        "an error as text": (1, lambda: frames.text(chance.choice(_ERRORS))),
        "a type": (
            4,
            lambda: frames.message(type=chance.choice(("connection", "system", "event", "x" * 9_000))),
        ),
        "no object": (
            6,
            lambda: frames.text(chance.choice(("[]", "null", "1", "[" * 50_000, '"' + "a" * 50_000))),
        ),
        "a flood": (3, lambda: _flood(chance)),
        "many values": (1, lambda: frames.text('{"answer":"a","x":[' + "{}," * 300_000 + "1]}")),
    }
    if chance.random() < 0.15:
        name = chance.choice(sorted(frames.ODD))
        return name, frames.ODD[name](chance)
    names = sorted(families)
    name = chance.choices(names, [families[one][0] for one in names])[0]
    return name, families[name][1]()

"""A client of the simulated cloud that speaks straight to its core, at times a test chooses."""

from __future__ import annotations

import base64
import json
import math
import struct
from functools import cache
from typing import Any

from ravatard.sim.exchange import Close, Reply, Request, ServiceSocket
from ravatard.sim.ravatar.cloud import SimCloud
from ravatard.sim.sound.audio_codec import encoded

ADA = "avatar-ada-001"
BROOK = "avatar-brook-002"
CHUNK = 8192


@cache
def tone(seconds: float, amplitude: int = 8_000) -> bytes:
    """A tone, s16le mono 16 kHz."""
    count = int(seconds * 16_000)
    return struct.pack(f"<{count}h", *(int(amplitude * math.sin(index * 0.3)) for index in range(count)))


def quiet(seconds: float) -> bytes:
    """Digital silence, s16le mono 16 kHz."""
    return bytes(int(seconds * 16_000) * 2)


def chunks(pcm: bytes) -> list[bytes]:
    """``pcm`` in pieces of 4,096 samples, the last one padded."""
    padded = pcm + bytes(-len(pcm) % CHUNK)
    return [padded[start : start + CHUNK] for start in range(0, len(padded), CHUNK)]


def wav(
    seconds: float = 1.0, *, channels: int = 1, rate_hz: int = 16_000, bits: int = 16, code: int = 1
) -> bytes:
    """A WAV file: a tone in the format that the documents want, silence in any other."""
    data = bytes(int(seconds * rate_hz) * channels * bits // 8)
    return wav_of(
        tone(seconds) if len(data) == int(seconds * 16_000) * 2 else data, channels, rate_hz, bits, code
    )


def wav_of(data: bytes, channels: int = 1, rate_hz: int = 16_000, bits: int = 16, code: int = 1) -> bytes:
    """A WAV file of this sound."""
    frame = channels * bits // 8
    shape = struct.pack("<HHIIHH", code, channels, rate_hz, rate_hz * frame, frame, bits)
    chunks_ = (
        b"WAVE" + b"fmt " + struct.pack("<I", 16) + shape + b"data" + struct.pack("<I", len(data)) + data
    )
    return b"RIFF" + struct.pack("<I", len(chunks_)) + chunks_


@cache
def webm(seconds: float = 1.0) -> bytes:
    """A WebM file of a tone."""
    return encoded(wav(seconds), "webm")


def ogg(seconds: float = 1.0) -> bytes:
    """An Ogg file of a tone."""
    return encoded(wav(seconds), "ogg")


class Caller:
    """A user of the cloud. ``now`` is the time of everything it does."""

    def __init__(self, cloud: SimCloud, user_id: str = "user-1", now: float = 0.0) -> None:
        self.cloud = cloud
        self.user_id = user_id
        self.now = now
        self.wakes = 0
        self.token = str(self.post("/jwt", {"user_id": user_id}, signed=False)[1]["jwt"])

    def ask(
        self, method: str, target: str, *, body: bytes = b"", signed: bool = True, **headers: str
    ) -> Reply:
        """One HTTP request, with this user's token if it is signed."""
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        if signed:
            sent["Authorization"] = f"Bearer {self.token}"
        return self.cloud.handle(Request.of(method, target, sent, body), self.now)

    def get(self, target: str, *, signed: bool = True) -> tuple[int, Any]:
        """A GET; returns status and body."""
        reply = self.ask("GET", target, signed=signed)
        return reply.status, json.loads(reply.body)

    def post(self, target: str, body: object, *, signed: bool = True) -> tuple[int, Any]:
        """A POST of JSON; returns status and body."""
        reply = self.ask("POST", target, body=json.dumps(body).encode(), signed=signed)
        return reply.status, json.loads(reply.body)

    def start(self, avatar_id: str = ADA) -> str:
        """Start a live session; returns its licence."""
        _, body = self.post("/startLiveSession", {"avatar_id": avatar_id})
        return str(body["LicenseId"])

    def end(self, licence: str) -> tuple[int, Any]:
        """End a live session."""
        return self.post("/endLiveSession", {"LicenseId": licence})

    def connect(self, token: str | None = None) -> ServiceSocket | Reply:
        """Open a socket."""
        target = f"/ws/chat?token={token or self.token}"
        return self.cloud.connect(Request.of("GET", target, {}), self.now, self._wake)

    def line(self) -> ServiceSocket:
        """Open a socket and read its greeting."""
        line = self.connect()
        assert not isinstance(line, Reply)
        assert said(line, self.now)[0]["type"] == "connection"
        return line

    def text(self, request: str = "Hello!", **more: object) -> dict[str, object]:
        """A text message in chat mode."""
        return {
            "avatar_id": ADA,
            "user_id": self.user_id,
            "chat_type": "text",
            "language": "en",
            "request": request,
            "requestType": "text",
            "source": "a test",
            "isLive": False,
            **more,
        }

    def voice(self, **more: object) -> dict[str, object]:
        """A voice message without its sound."""
        fields = self.text(chat_type="voice", requestType="audio")
        del fields["request"]
        return fields | more

    def pcm(self, licence: str, pcm: bytes) -> dict[str, object]:
        """A voice message of PCM in live mode."""
        return self.voice(isLive=True, LicenseId=licence, audio_base64_pcm=base64.b64encode(pcm).decode())

    def blob(self, raw: bytes, **more: object) -> dict[str, object]:
        """A voice message with a recording."""
        return self.voice(file_base64_data=base64.b64encode(raw).decode(), **more)

    def send(self, line: ServiceSocket, fields: object) -> None:
        """Send one message."""
        line.received(json.dumps(fields), self.now)

    def speak(self, line: ServiceSocket, licence: str, pcm: bytes) -> None:
        """Send sound at real-time pace: ``now`` is afterwards when its last message went out."""
        for piece in chunks(pcm):
            self.now += 0.256
            self.send(line, self.pcm(licence, piece))

    def _wake(self) -> None:
        self.wakes += 1


def said(line: ServiceSocket, now: float) -> list[dict[str, Any]]:
    """What the cloud has said on this socket by now."""
    items = line.due(now)
    assert not any(isinstance(item, Close) for item in items)
    return [json.loads(str(item)) for item in items]

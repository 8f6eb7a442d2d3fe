"""A client of the simulated AvaTar API that speaks straight to its core, at times a test chooses."""

from __future__ import annotations

import base64
import json
from typing import Any

from ravatard.sim.avatar.options import (
    AvatarSimOptions,
    SimLeaseOptions,
    SimPictureOptions,
    SimTalkOptions,
    SimVoiceOptions,
)
from ravatard.sim.avatar.service import AvatarSimService
from ravatard.sim.exchange import Close, Reply, Request, ServiceSocket
from tests.unit.sim.caller import tone, wav_of

#: No frames: most tests look at the other events.
STILL = SimPictureOptions(frames_per_s=0)


def voice(text: str) -> bytes:
    """A WAV file at 48 kHz for a text: 100 ms a word, louder for longer words."""
    words = [tone(0.1 * 3, 2_000 + 500 * len(word)) for word in text.split()]
    return wav_of(b"".join(words), rate_hz=48_000)


class AvatarClient:
    """A client of the service. ``now`` is the time of everything it does."""

    def __init__(self, options: AvatarSimOptions | None = None, now: float = 0.0) -> None:
        self.service = AvatarSimService(options or AvatarSimOptions(picture=STILL), synthesize=voice)
        self.record = self.service.record
        self.now = now
        self.token = ""
        self.wakes = 0

    def ask(self, method: str, target: str, body: bytes = b"") -> Reply:
        """One HTTP request."""
        headers = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        return self.service.handle(Request.of(method, target, headers, body), self.now)

    def get(self, target: str) -> tuple[int, Any]:
        """A GET; returns status and body."""
        reply = self.ask("GET", target)
        return reply.status, json.loads(reply.body)

    def post(self, name: str, **fields: object) -> tuple[int, Any]:
        """A call with JSON; returns status and body."""
        reply = self.ask("POST", f"/v1/{name}", json.dumps(fields).encode())
        return reply.status, json.loads(reply.body)

    def new(self, **fields: object) -> str:
        """Open a session; returns its id."""
        status, body = self.post("streaming.new", quality="low", **fields)
        assert status == 200
        return str(body["session_id"])

    def write(self, session_id: str, text: str, *, stream: bool = True) -> Reply:
        """Send a text; returns the reply."""
        messages = [{"role": "user", "content": text}]
        fields = {"session_id": session_id, "messages": messages, "stream": stream}
        return self.ask("POST", "/v1/chat.completions", json.dumps(fields).encode())

    def connect(self, session_id: str, query: str = "") -> ServiceSocket | Reply:
        """Open a socket."""
        headers = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        return self.service.connect(
            Request.of("GET", f"/ws/{session_id}{query}", headers), self.now, self._wake
        )

    def line(self, session_id: str) -> ServiceSocket:
        """Open a socket and take its greeting."""
        line = self.connect(session_id)
        assert not isinstance(line, Reply)
        assert [one["type"] for one in heard(line, self.now)] == ["status"]
        return line

    def send(self, line: ServiceSocket, kind: str, **fields: object) -> None:
        """Send one command."""
        line.received(json.dumps({"type": kind, **fields}), self.now)

    def append(self, line: ServiceSocket, raw: bytes) -> None:
        """Append sound."""
        self.send(line, "audio_buffer_append", data={"audio": base64.b64encode(raw).decode()})

    def speak(self, line: ServiceSocket, raw: bytes) -> None:
        """Speak one turn by the socket."""
        self.send(line, "start_listening")
        self.append(line, raw)
        self.send(line, "audio_buffer_commit")
        self.send(line, "stop_listening")

    def _wake(self) -> None:
        self.wakes += 1


def talking(*, lease: SimLeaseOptions | None = None, sound: str = "socket", **talk: Any) -> AvatarClient:
    """A client of a service that answers quickly; ``talk``: its other settings."""
    voiced: Any = {"sound": sound}
    return AvatarClient(
        AvatarSimOptions(
            talk=SimTalkOptions(answers=("Yes.", "No no."), think_s=1.0, **talk),
            voice=SimVoiceOptions(**voiced, header="none"),
            lease=lease or SimLeaseOptions(),
            picture=STILL,
        )
    )


def heard(line: ServiceSocket, now: float) -> list[dict[str, Any]]:
    """Events that the service has sent on this socket by now."""
    items = line.due(now)
    assert not any(isinstance(item, Close) for item in items)
    return [json.loads(str(item)) for item in items]


def kinds(events: list[dict[str, Any]]) -> list[str]:
    """Each event as "type", "status:word", "chat:role" or "error:code"."""
    words = {"status": "status", "chat": "role", "error": "code"}
    return [
        f"{one['type']}:{one[words[one['type']]]}" if one["type"] in words else one["type"] for one in events
    ]

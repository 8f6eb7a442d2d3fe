"""The hostile service on loopback: HTTP and WebSocket by hand, so that every byte of them can be odd."""

from __future__ import annotations

import asyncio
import json
import random
from collections import Counter
from collections.abc import Mapping
from contextlib import suppress
from types import TracebackType
from typing import Self

from tests.hostile import messages, stream
from tests.hostile.account import Account
from tests.hostile.bodies import Fields
from tests.hostile.replies import Reply, good, hostile, not_ended, plain, send
from tests.hostile.sockets import PeerSocket, upgrade

#: Parts of the calls of each kind that are answered in a hostile way.
WILD: Mapping[str, float] = {
    "/jwt": 0.2,
    "/connection": 0.3,
    "/chat": 0.5,
    "/startLiveSession": 0.5,
    "/endLiveSession": 0.5,
    "/ws/chat": 0.25,
    "stream": 0.3,
    "signalling": 0.2,
    "file": 0.8,
}
_LARGEST_REQUEST = 8_000_000


class HostileService:
    """From ``async with`` to its end; hostile until :attr:`honest` is set by :meth:`recover`.

    Attributes:
        base_url: its address.
        honest: it does what the documents say.
        account: tokens and live sessions.
        counts: what happened, by name.
        heard: times at which an utterance was complete, since :meth:`recover`.
    """

    def __init__(self, seed: int) -> None:
        self.chance = random.Random(seed)
        self.base_url = ""
        self.honest = False
        self.account = Account(self.chance, seed)
        self.counts: Counter[str] = Counter()
        self.heard: list[float] = []
        self._writers: set[asyncio.StreamWriter] = set()
        self._visits = 0

    async def __aenter__(self) -> Self:
        self._loop = asyncio.get_running_loop()
        self._server = await asyncio.start_server(self._connected, "127.0.0.1", 0, limit=_LARGEST_REQUEST)
        port = self._server.sockets[0].getsockname()[1]
        self.base_url = f"http://127.0.0.1:{port}"
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._server.close()
        self._drop_all()
        async with asyncio.timeout(5):
            # The tasks of asyncio's server end with their connections.
            while self._writers:  # noqa: ASYNC110
                await asyncio.sleep(0.01)

    def recover(self) -> None:
        """Be well from now on; all connections break, as when a service is restarted."""
        self.honest = True
        self._drop_all()

    def _drop_all(self) -> None:
        for writer in self._writers:
            writer.transport.abort()

    def _is_wild(self, kind: str) -> bool:
        return not self.honest and self.chance.random() < WILD[kind]

    # ---------------------------------------------------------------- connections

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)
        try:
            with suppress(OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
                while await self._one_request(reader, writer):
                    pass
        finally:
            self._writers.discard(writer)
            writer.close()

    async def _one_request(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """Answer a request; returns True if another may follow."""
        lines = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        target = lines[0].split(" ")[1]
        headers = {
            name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines[1:])
        }
        body = await reader.readexactly(int(headers.get("content-length") or 0))
        path = target.partition("?")[0]
        self.counts[path if path in WILD else path[:7]] += 1
        if headers.get("upgrade", "").lower() == "websocket":
            return await self._upgrade(path, headers, PeerSocket(reader, writer))
        reply = self._reply(path, body)
        self.counts[f"reply {reply.kind}"] += 1
        again = await send(reply, writer)
        if path == "/startLiveSession":
            self.account.came(reply)
        return again

    def _reply(self, path: str, body: bytes) -> Reply:
        match path:
            case "/jwt":
                return self._either(path, self.account.token_fields(wild=self._is_wild(path)))
            case "/connection":
                return self._either(path, self._directory())
            case "/chat":
                return self._either(path, {"payload": [], "has_more_messages": False})
            case "/startLiveSession":
                url = stream.address(self.chance, self.base_url, self._visits) if not self.honest else ""
                return self.account.started(url, wild=self._is_wild(path))
            case "/endLiveSession":
                return self._ended(path, body)
        if path.startswith("/file"):
            return self._either("file", {"sound": "none"})
        return self._page()

    def _either(self, kind: str, fields: Fields) -> Reply:
        return (
            hostile(self.chance, fields, lively=self.chance.random() < 0.8)
            if self._is_wild(kind)
            else good(fields)
        )

    def _directory(self) -> Fields:
        avatar = {"_id": "a-1", "name": "Ava", "hasLiveMode": True, "greetingText": "Hello"}
        fields: Fields = {
            "status": 200,
            "session": "s-1",
            "avatars_info": [avatar],
            "languages": [{"name": "English", "language_code": "en"}],
            "messageTimeoutSeconds": 3,
            "vadEnabled": True,
        }
        if self._is_wild("/connection") and self.chance.random() < 0.3:
            names = [
                {**avatar, "_id": f"a-{one}", "name": f"{self.account.last_token} {'x' * 300}"}
                for one in range(40)
            ]
            return {**fields, "avatars_info": names}
        return fields

    def _ended(self, path: str, body: bytes) -> Reply:
        licence = json.loads(body)["LicenseId"]
        if self._is_wild(path):
            reply = not_ended(self.chance)
            self.account.left_open(licence, reply.kind)
            return reply
        if self.account.end(licence):
            return good({"status": "success"})
        return plain(404, b'{"error":"LicenseId not found"}', kind="unknown licence")

    def _page(self) -> Reply:
        self._visits += 1
        if self.honest:
            return plain(503, b"no stream here", kind="no stream")
        if self._is_wild("stream"):
            return hostile(self.chance, {"page": "ravatar-session-start"})
        return plain(200, b"<script>ravatar-session-start</script>", [(b"Set-Cookie", b"visit=7")])

    # ---------------------------------------------------------------- sockets

    async def _upgrade(self, path: str, headers: Mapping[str, str], socket: PeerSocket) -> bool:
        kind = "/ws/chat" if path == "/ws/chat" else "signalling"
        if self._is_wild(kind):
            return await send(hostile(self.chance, {"error": "no upgrade"}), socket.writer)
        await send(upgrade(headers, bad=self._is_wild(kind) and self.chance.random() < 0.2), socket.writer)
        self.counts[f"socket {kind}"] += 1
        noise = asyncio.TaskGroup()
        with suppress(*_ENDS):
            try:
                async with noise:
                    task = noise.create_task(self._noise(kind, socket))
                    await (self._talk(socket) if kind == "/ws/chat" else self._drain(socket))
                    task.cancel()
            except ExceptionGroup as errors:
                raise errors.exceptions[0] from None
        return False

    async def _noise(self, kind: str, socket: PeerSocket) -> None:
        """Send what a good service would not."""
        while True:
            await asyncio.sleep(self.chance.choice((0.0, 0.01, 0.03, 0.1, 0.4)))
            if self.honest:
                return
            name, data = (
                messages.any_message(self.chance, self.base_url)
                if kind == "/ws/chat"
                else stream.any_signal(self.chance)
            )
            self.counts[f"{kind}: {name}"] += 1
            await socket.write(data)

    async def _drain(self, socket: PeerSocket) -> None:
        while True:
            await socket.receive()

    async def _talk(self, socket: PeerSocket) -> None:
        """Answer what is said or written, as the documents say."""
        spoken = 0
        while True:
            message = json.loads(await socket.receive())
            pcm = message.get("audio_base64_pcm")
            # Nothing but zeros is the silence that follows speech.
            if pcm is not None and pcm.rstrip("A="):
                spoken += 1
                continue
            if pcm is not None and not spoken:
                continue
            spoken = 0
            self.counts["utterances"] += 1
            if self.honest:
                self.heard.append(self._loop.time())
            if self.honest or self.chance.random() < 0.6:
                words = {
                    "type": "incoming",
                    "direction": "incoming",
                    "answer": "I hear you.",
                    "request": "you",
                }
                await socket.say(json.dumps(words))


_ENDS = (OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, ValueError)

"""A network that does what a test says: names, connections, replies, and answers by UDP."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Sequence
from dataclasses import dataclass, field

from ravatard.doctor.network.links import TcpStream
from ravatard.doctor.network.questions import Question
from ravatard.doctor.network.udp_answers import DatagramAnswer

Answer = bytes | Exception | None
"""A reply; an error; None: nothing comes for ever."""


@dataclass
class FakeStream:
    """A connection.

    Attributes:
        replies: replies to requests, in order.
        certificates: what each handshake gives, in order: DER, or an error.
        sent: requests that came.
        names: the names that certificates were wanted of.
        aborted: it was dropped.
    """

    replies: list[Answer] = field(default_factory=list)
    certificates: list[Answer] = field(default_factory=list)
    sent: list[bytes] = field(default_factory=list)
    names: list[str] = field(default_factory=list)
    aborted: bool = False

    async def encrypt(self, context: ssl.SSLContext, host: str) -> bytes:
        del context
        self.names.append(host)
        return await _given(self.certificates.pop(0))

    async def exchange(self, request: bytes) -> bytes:
        self.sent.append(request)
        return await _given(self.replies.pop(0))

    def abort(self) -> None:
        self.aborted = True


class FakeLinks:
    """Links whose hosts are tables.

    Attributes:
        names: host -> addresses, or an error, or None for a look-up without end.
        streams: (address, port) -> connections in order, or errors, or None for one that is dropped.
        answers: (address, port) -> answers in order, or errors, or None for questions that are dropped.
        opened: every connection, in order.
        asked: (address, port, datagram) of every question.
    """

    def __init__(self) -> None:
        self.names: dict[str, Sequence[str] | OSError | None] = {}
        self.streams: dict[tuple[str, int], list[FakeStream | OSError | None]] = {}
        self.answers: dict[tuple[str, int], list[DatagramAnswer | OSError | None]] = {}
        self.opened: list[FakeStream] = []
        self.asked: list[tuple[str, int, bytes]] = []

    async def addresses(self, host: str) -> Sequence[str]:
        found = self.names[host]
        if found is None:
            await asyncio.Event().wait()
            raise AssertionError
        if isinstance(found, OSError):
            raise found
        return found

    async def connect(self, address: str, port: int) -> TcpStream:
        waiting = self.streams[(address, port)]
        # The last one stays.
        found = waiting.pop(0) if len(waiting) > 1 else waiting[0]
        if found is None:
            await asyncio.Event().wait()
            raise AssertionError
        if isinstance(found, OSError):
            raise found
        self.opened.append(found)
        return found

    async def ask(self, address: str, port: int, question: Question) -> DatagramAnswer:
        self.asked.append((address, port, question.datagram))
        waiting = self.answers[(address, port)]
        # The last one stays.
        found = waiting.pop(0) if len(waiting) > 1 else waiting[0]
        if isinstance(found, OSError):
            raise found
        if found is None:
            await asyncio.Event().wait()
            raise AssertionError
        return found


async def _given(answer: Answer) -> bytes:
    if answer is None:
        await asyncio.Event().wait()
        raise AssertionError
    if isinstance(answer, Exception):
        raise answer
    return answer


def distrust(code: int) -> ssl.SSLCertVerificationError:
    """The error of a certificate that OpenSSL refuses with ``code``."""
    error = ssl.SSLCertVerificationError(1, "certificate verify failed")
    error.verify_code = code
    return error

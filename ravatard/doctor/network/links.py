"""Connections of a trial: names, streams with TLS, and datagrams. The one place that opens them."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import socket
import ssl
from collections.abc import Sequence
from typing import Any, Protocol

from ravatard.doctor.network.questions import Question
from ravatard.doctor.network.udp_answers import DatagramAnswer

#: Longest head of an HTTP reply; servers end at 8 to 16 kB as a rule.
_LONGEST_HEAD = 32 * 1024
#: A datagram may be lost: it is sent again after so many seconds, while the caller's deadline lasts.
_AGAIN_S = 1.0
#: A question that was sent so often, and brought only datagrams that do not answer it, is given up.
_SENT_TO_STRANGERS = 3
_LONGEST_DATAGRAM = 65_536
#: Place of the zone in a socket's address of IPv6.
_ZONE = 3


class ForeignAnswerError(ConnectionError):
    """Datagrams came, and none of them answers the question; says so in the third person."""


class TcpStream(Protocol):
    """Connection that a trial speaks on. The caller sets every deadline."""

    async def encrypt(self, context: ssl.SSLContext, host: str) -> bytes:
        """Begin TLS as a client; return the other side's certificate, DER.

        Raises:
            OSError: as ``ssl.SSLCertVerificationError``: it is not trusted; else there is no TLS.
        """
        ...

    async def exchange(self, request: bytes) -> bytes:
        """Send the head of an HTTP request; return the head of the reply with its blank line.

        Raises:
            OSError: there is no reply, or its head is too long.
        """
        ...

    def abort(self) -> None:
        """Drop the connection at once."""
        ...


class Links(Protocol):
    """Ways to other machines, so that a test can be the network."""

    async def addresses(self, host: str) -> Sequence[str]:
        """Return the numeric addresses of ``host``.

        Raises:
            OSError: it has none.
        """
        ...

    async def connect(self, address: str, port: int) -> TcpStream:
        """Connect to a numeric address. Cancelling leaves nothing open.

        Raises:
            OSError: there is no connection.
        """
        ...

    async def ask(self, address: str, port: int, question: Question) -> DatagramAnswer:
        """Send a question by UDP until it is answered. Cancelling ends that.

        Raises:
            ForeignAnswerError: for seconds only datagrams came that do not answer it.
            OSError: the network says that it cannot be delivered.
        """
        ...


class _OpenStream:
    """:class:`TcpStream` of asyncio."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    async def encrypt(self, context: ssl.SSLContext, host: str) -> bytes:
        await self._writer.start_tls(context, server_hostname=host)
        shown = self._writer.get_extra_info("ssl_object").getpeercert(binary_form=True)
        return shown or b""

    async def exchange(self, request: bytes) -> bytes:
        self._writer.write(request)
        await self._writer.drain()
        try:
            return await self._reader.readuntil(b"\r\n\r\n")
        except asyncio.IncompleteReadError as error:
            what = "breaks off" if error.partial else "hangs up"
            raise ConnectionError(f"the other side {what}") from None
        except asyncio.LimitOverrunError:
            raise ConnectionError("the head of the answer has no end") from None

    def abort(self) -> None:
        self._writer.transport.abort()


class _Asker(asyncio.DatagramProtocol):
    """One question by UDP; the first datagram that answers it is enough."""

    def __init__(self, question: Question) -> None:
        self.answered: asyncio.Future[DatagramAnswer] = asyncio.get_running_loop().create_future()
        self.foreign = False
        self._question = question

    def datagram_received(self, data: bytes, addr: tuple[str | object, int]) -> None:
        del addr
        if self.answered.done():
            return
        found = self._question.answer(data) if len(data) <= _LONGEST_DATAGRAM else None
        if found is None:
            self.foreign = True
        else:
            self.answered.set_result(found)

    def error_received(self, exc: Exception) -> None:
        if not self.answered.done():
            self.answered.set_exception(exc)


class MachineLinks:
    """:class:`Links` of this machine."""

    async def addresses(self, host: str) -> Sequence[str]:
        """See :meth:`Links.addresses`.

        Raises:
            OSError: it has none; ``socket.gaierror`` has the resolver's reason.
        """
        try:
            found = await asyncio.get_running_loop().getaddrinfo(host, None, type=socket.SOCK_STREAM)
        except (ValueError, UnicodeError):
            # A label that is empty or too long.
            raise socket.gaierror(socket.EAI_NONAME, "no name that a host can have") from None
        return list(dict.fromkeys(_with_zone(one[4]) for one in found))

    async def connect(self, address: str, port: int) -> TcpStream:
        """See :meth:`Links.connect`.

        Raises:
            OSError: there is no connection.
        """
        return _OpenStream(*await asyncio.open_connection(address, port, limit=_LONGEST_HEAD))

    async def ask(self, address: str, port: int, question: Question) -> DatagramAnswer:
        """See :meth:`Links.ask`.

        Raises:
            ForeignAnswerError: for seconds only datagrams came that do not answer it.
            OSError: the network says that it cannot be delivered.
        """
        loop = asyncio.get_running_loop()
        transport, asker = await loop.create_datagram_endpoint(
            lambda: _Asker(question), remote_addr=(address, port)
        )
        try:
            for sent in itertools.count(1):
                transport.sendto(question.datagram)
                await asyncio.wait([asker.answered], timeout=_AGAIN_S)
                if asker.answered.done():
                    break
                if asker.foreign and sent >= _SENT_TO_STRANGERS:
                    raise ForeignAnswerError(f"answers, but not as a {question.server}")
            return asker.answered.result()
        finally:
            # The answer may come, or the network complain, while this is given up.
            asker.answered.cancel()
            with contextlib.suppress(OSError):
                transport.abort()


def _with_zone(place: tuple[Any, ...]) -> str:
    """Return the address in a socket's place, with its network (zone) where it holds in one only."""
    address, zone = str(place[0]), place[_ZONE] if len(place) > _ZONE else 0
    if not zone or "%" in address:
        return address
    with contextlib.suppress(OSError):
        return f"{address}%{socket.if_indextoname(zone)}"
    return f"{address}%{zone}"

"""Socket of the session that is held: kept open over losses, given up when the session is gone."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import NoReturn

from ravatard.cloud.avatar.address import socket_url
from ravatard.cloud.avatar.limits import LONGEST_WAIT_S
from ravatard.cloud.avatar.live.socket_keys import SocketOptions
from ravatard.cloud.avatar.reactions import Closure, closure_of
from ravatard.cloud.avatar.refusals import LONGEST_RETRY_S, SessionVanished
from ravatard.cloud.avatar.replies import NewSession
from ravatard.cloud.border import FOREIGN_FAULTS
from ravatard.cloud.certificate import lost
from ravatard.cloud.replies import cause_of, retry_after
from ravatard.errors import (
    AuthError,
    DeniedError,
    InternalError,
    LinkError,
    LinkTimeout,
    NoSessionError,
    TurnError,
)
from ravatard.ports.host import OwedSession
from ravatard.ports.network import Network, Socket, SocketClosed, UpgradeRefused
from ravatard.secret import Secret

log = logging.getLogger(__name__)

#: A lost socket is opened again at once, then after these pauses, with jitter, for so long in all.
_PAUSES_S = (0.0, 0.5, 1.0, 2.0, 4.0)
_BACK_WITHIN_S = 15.0
#: A socket that lived for so long has worked: its loss is the first one again.
_STABLE_S = 10.0

#: Gets every message as it came, and the loop time.
Handle = Callable[[str | bytes], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class CreatedSession:
    """Session that the service has made.

    Attributes:
        owed: its entry on the ledger.
        reply: the service's reply.
        ready: done when its socket is open for the first time, or could not be opened.
    """

    owed: OwedSession
    reply: NewSession
    ready: asyncio.Future[None] = field(default_factory=lambda: asyncio.get_running_loop().create_future())


class HeldSession:
    """Session that is held, and its socket.

    Attributes:
        created: the session.
        generation: number of sockets so far: what was begun on one cannot go on on the next.
    """

    def __init__(
        self,
        created: CreatedSession,
        options: SocketOptions,
        network: Network,
        chance: Callable[[], float],
    ) -> None:
        """Open nothing yet; ``chance`` gives numbers in [0, 1)."""
        self.created = created
        self.generation = 0
        self._options = options
        self._network = network
        self._chance = chance
        self._socket: Socket | None = None
        self._up = asyncio.Event()
        self._reading: asyncio.Timeout | None = None
        self._refused: set[int] = set()

    @property
    def id(self) -> Secret:
        """The service's id of the session."""
        return self.created.owed.id

    @property
    def is_up(self) -> bool:
        """True while the socket is open."""
        return self._socket is not None

    async def run(self, handle: Handle, opened: Callable[[HeldSession], Awaitable[None]]) -> NoReturn:
        """Keep the socket open, and hand over its messages, until the session is gone.

        Args:
            handle: takes each message.
            opened: called with each new socket before it is read.

        Raises:
            SessionVanished: the session is gone, or another client has taken it.
            AuthError, DeniedError: the socket refuses us.
            LinkError: the socket did not come back in time.
        """
        loop = asyncio.get_running_loop()
        lost_at, losses, came_back = loop.time(), 0, False
        while True:
            opened_at: float | None = None
            try:
                async with self._opened() as way:
                    opened_at = loop.time()
                    await opened(self)
                    self._report_ready()
                    code, by_us = await self._read(handle, way)
            except (SessionVanished, DeniedError):
                raise
            except LinkError as error:
                reason, wait_s = str(error), error.retry_after_s or 0.0
            else:
                reason, wait_s = _close_reason(code, by_us=by_us), 0.0
                if closure_of(code) is Closure.LATER:
                    wait_s = _PAUSES_S[-1]
            now = loop.time()
            came_back = came_back or (opened_at is not None and losses > 0)
            if opened_at is not None and now - opened_at >= _STABLE_S:
                lost_at, losses, came_back = now, 0, False
            pause_s = max(_PAUSES_S[min(losses, len(_PAUSES_S) - 1)] * (0.5 + self._chance()), wait_s)
            losses += 1
            if now + pause_s - lost_at > _BACK_WITHIN_S:
                stayed = "did not stay open" if came_back else "did not come back"
                raise LinkError(f"{reason}, and the socket {stayed} for {_BACK_WITHIN_S:g} s")
            log.info("the session's socket is opened again: %s", reason)
            await asyncio.sleep(pause_s)

    async def send(self, text: str, *, urgent: bool = False) -> None:
        """Send one message, once the socket is open.

        Args:
            text: the message.
            urgent: never delayed for the limit of messages.

        Raises:
            NoSessionError: the socket does not come back.
            TurnError: it was not taken; the socket is opened again.
        """
        try:
            async with asyncio.timeout(_BACK_WITHIN_S):
                await self._up.wait()
                if not urgent:
                    await self._slot()
        except TimeoutError:
            raise NoSessionError("the session's socket is lost") from None
        socket = self._socket
        if socket is None:
            raise TurnError("the session's socket broke")
        if urgent:
            self._options.limit.count(asyncio.get_running_loop().time())
        try:
            async with asyncio.timeout(self._options.send_s):
                await socket.send(text)
        except TimeoutError:
            self._give_up_socket()
            raise TurnError(f"the socket did not take a message within {self._options.send_s:g} s") from None
        except (SocketClosed, OSError) as error:
            self._give_up_socket()
            raise TurnError(f"the session's socket broke while sending ({cause_of(error)})") from None

    # ------------------------------------------------------------------ inside

    async def _slot(self) -> None:
        loop = asyncio.get_running_loop()
        began = loop.time()
        while not self._options.limit.take(now := loop.time()):
            if now - began > LONGEST_WAIT_S:
                raise TurnError("the service limits messages, and too many are waiting")
            await asyncio.sleep(max(self._options.limit.wait_s(now), 0.001))

    def _give_up_socket(self) -> None:
        """Have :meth:`run` open another: this one takes nothing any more."""
        if self._reading is not None:
            self._reading.reschedule(asyncio.get_running_loop().time())

    def _report_ready(self) -> None:
        if not self.created.ready.done():
            self.created.ready.set_result(None)

    async def _read(self, handle: Handle, way: int) -> tuple[int | None, bool]:
        """Hand over messages until the socket ends.

        Returns:
            Its close code, None when it just broke; True if we closed it for what the service sent.

        Raises:
            SessionVanished, AuthError: the close code says so.
        """
        socket, heard = self._socket, False
        if socket is None:
            raise InternalError("a socket is read that is not open")
        try:
            async with asyncio.timeout(None) as self._reading:
                while True:
                    message = await socket.receive()
                    if not heard:
                        heard = True
                        self._options.keys.worked(way)
                    await handle(message)
        except SocketClosed as closed:
            code, by_us = closed.code, closed.by_us
        except OSError:
            # TimeoutError is one: the socket takes nothing any more.
            return None, False
        finally:
            self._reading = None
        if closure_of(code) is Closure.AUTH and not heard:
            self._refused.add(way)
        elif not by_us:
            _judge_close(code)
        return code, by_us

    @asynccontextmanager
    async def _opened(self) -> AsyncIterator[int]:
        """Open the socket, in one way after the other; gives the number of the one that was accepted.

        Raises:
            SessionVanished: the service does not know the session.
            AuthError, DeniedError: it refuses every way.
            LinkError: it is not reached, or has no place.
        """
        token = self.created.reply.access_token
        for number, headers, query in self._options.keys.ways(self._options.base, token):
            if number in self._refused:
                continue
            url = socket_url(self._options.base, self.id.reveal(), query)
            opening = self._network.socket(url, headers=headers)
            try:
                async with asyncio.timeout(self._options.connect_s):
                    socket = await opening.__aenter__()
            except UpgradeRefused as refused:
                if refused.status not in (401, 403):
                    raise self._not_upgraded(refused) from None
                self._refused.add(number)
                continue
            except TimeoutError:
                limit_s = self._options.connect_s
                raise LinkTimeout(
                    f"the socket at {self._options.host} did not open within {limit_s:g} s"
                ) from None
            except (OSError, *FOREIGN_FAULTS) as error:
                reason = error if isinstance(error, OSError) else ConnectionError(type(error).__name__)
                host = self._options.host
                raise lost(f"cannot open a socket to {host}", host, reason) from None
            self.generation += 1
            self._socket = socket
            self._up.set()
            try:
                yield number
            finally:
                self._socket = None
                self._up.clear()
                await opening.__aexit__(None, None, None)
            return
        self._refused.clear()
        raise AuthError(
            f"the socket at {self._options.host} refuses us; check service.api_key and service.socket_url"
        )

    def _not_upgraded(self, refused: UpgradeRefused) -> LinkError | DeniedError:
        """Return the error that an answer without an upgrade is."""
        host, status = self._options.host, refused.status
        if status in (404, 410):
            if self.generation or self.created.ready.done():
                return SessionVanished(f"the session is gone ({status} at the socket)")
            return DeniedError(
                f"no socket of an AvaTar API at {host} ({status}); check service.socket_url and its port"
            )
        if 300 <= status < 400 and not self.generation:
            return DeniedError(f"{host} {refused}; check service.socket_url")
        wait_s = retry_after(refused.retry_after)
        if wait_s is not None:
            wait_s = min(wait_s, LONGEST_RETRY_S)
        sender = f"{refused.server} at {host}" if refused.server else host
        return LinkError(f"{sender} {refused}", retry_after_s=wait_s)


def _judge_close(code: int | None) -> None:
    """Return if the socket may be opened again.

    Raises:
        SessionVanished, AuthError: it may not.
    """
    match closure_of(code):
        case Closure.GONE:
            raise SessionVanished(f"the service closed the session ({code})")
        case Closure.TAKEN:
            raise SessionVanished(f"another client took the session ({code})")
        case Closure.AUTH:
            raise AuthError(f"the service closed the socket for want of a valid key or token ({code})")
        case Closure.TOO_LARGE:
            log.warning("the service closed the socket because a message of ours was too large")


def _close_reason(code: int | None, *, by_us: bool) -> str:
    if by_us:
        too_large = closure_of(code) is Closure.TOO_LARGE
        return "the service sent " + (
            "a message that is too large" if too_large else f"an odd message ({code})"
        )
    # RFC 6455, 7.4.1: 1006 stands for a connection that broke without a close frame.
    return "the socket broke off" if code in (None, 1006) else f"the service closed the socket ({code})"

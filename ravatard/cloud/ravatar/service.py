"""RAVATAR as a ``Cloud``: token, ``/connection``, socket, live session, in this order."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import quote, urlsplit, urlunsplit

from ravatard.cloud.lease import Lease
from ravatard.cloud.options import DeadlineOptions, ServiceOptions, StreamOptions
from ravatard.cloud.ravatar import rest
from ravatard.cloud.ravatar.choice import choose_avatar, choose_language
from ravatard.cloud.ravatar.link import RavatarWire
from ravatard.cloud.ravatar.wire import AudioTemplate, common_fields, text_message
from ravatard.cloud.replies import cause_of, retry_after
from ravatard.cloud.token import TokenKeeper
from ravatard.core.audio import CHUNK_SAMPLES
from ravatard.core.events import Capabilities
from ravatard.errors import AuthError, DeniedError, LinkError, LinkTimeout
from ravatard.ports import HttpReply, Network, Socket, UpgradeRefused, Wire
from ravatard.secret import Secret

log = logging.getLogger(__name__)

#: How often an ending that failed is tried again while connected.
SETTLE_EVERY_S = 10.0


class RavatarCloud:
    """The service, for one user and one avatar."""

    def __init__(
        self,
        service: ServiceOptions,
        stream: StreamOptions,
        deadlines: DeadlineOptions,
        network: Network,
        *,
        user_id: str,
        chance: Callable[[], float],
    ) -> None:
        """``user_id``: used when the configuration names none; ``chance`` gives numbers in [0, 1)."""
        self._service = service
        self._stream = stream
        self._deadlines = deadlines
        self._network = network
        self._user_id = service.user_id or user_id
        self._tokens = TokenKeeper(self._fetch_token, chance)
        # A start in flight may be waited for on the way out, then the ending itself.
        self._lease = Lease(self._start, self._end, close_s=deadlines.end_s * 2 + 0.5)
        self._avatar: rest.AvatarInfo | None = None
        self._common: dict[str, Any] = {}
        self._template: AudioTemplate | None = None

    @asynccontextmanager
    async def opened(self) -> AsyncIterator[None]:
        """See :meth:`ravatard.ports.Cloud.opened`."""
        try:
            async with self._lease.opened():
                yield
        finally:
            await self._network.close()

    @asynccontextmanager
    async def connect(self) -> AsyncIterator[Wire]:
        """See :meth:`ravatard.ports.Cloud.connect`."""
        connection = rest.connection_reply(*await self._authorised("GET", "/connection"))
        avatar = choose_avatar(connection, self._service.avatar)
        language = choose_language(connection, self._service.language)
        self._avatar = avatar
        self._common = common_fields(
            avatar.id, self._user_id, language, self._service.source, connection.session
        )
        self._template = None
        capabilities = Capabilities(
            streams_audio=True,
            chunk_samples=CHUNK_SAMPLES,
            needs_session=True,
            listens=connection.vad_enabled,
            answer_timeout_s=connection.answer_timeout_s,
            avatar=avatar.name or avatar.id,
            language=language,
        )
        async with self._socket() as socket:
            yield RavatarWire(socket, capabilities, self, self._deadlines.send_s)

    async def maintain(self) -> None:
        """Renew the token ahead of time, and end what could not be ended."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._settle_for_ever(), name="settle")
            await self._tokens.keep_fresh()

    async def start_session(self) -> None:
        """See :meth:`ravatard.ports.Cloud.start_session`."""
        await self._lease.acquire()

    async def end_session(self, *, gone: bool = False) -> None:
        """See :meth:`ravatard.ports.Cloud.end_session`."""
        self._template = None
        if gone:
            self._lease.forget()
        await self._lease.release()

    def audio_message(self, pcm: bytes) -> str:
        """The message for one chunk in the live session that is held.

        Raises:
            LinkError: none is held.
        """
        if self._template is None:
            self._template = AudioTemplate(self._common, self._license())
        return self._template.fill(pcm)

    def text_message(self, text: str) -> str:
        """The message for one line of text in the live session that is held.

        Raises:
            LinkError: none is held.
        """
        return text_message(self._common, text, self._license())

    def token_refused(self) -> None:
        """The socket was closed for its token's sake: the next connection starts with a new one."""
        self._tokens.forget()

    # -------------------------------------------------------------- the calls

    def _license(self) -> Secret:
        if self._lease.held is None:
            raise LinkError("there is no live session to send this in")
        return self._lease.held

    async def _fetch_token(self) -> Secret:
        body = rest.token_request(self._user_id, self._service.project_id)
        return rest.token_reply(*await self._call("POST", "/jwt", self._deadlines.token_s, body=body))

    async def _start(self) -> Secret:
        if self._avatar is None:
            raise LinkError("no avatar is known yet")
        body = rest.start_request(self._avatar.id, self._stream.width, self._stream.height)
        reply = await self._authorised("POST", "/startLiveSession", body, self._deadlines.start_s)
        self._template = None
        return rest.start_reply(*reply).license_id

    async def _end(self, license_id: Secret) -> None:
        status, body, retry_after_s = await self._authorised(
            "POST", "/endLiveSession", rest.end_request(license_id), self._deadlines.end_s
        )
        try:
            rest.raise_for_status("/endLiveSession", status, retry_after_s, body)
        except DeniedError as error:
            if isinstance(error, AuthError):
                raise LinkError(str(error)) from error
            # It does not know the licence (any more): then there is nothing left to end.
            log.debug("the service would not end the session: %s", error)

    async def _authorised(
        self, method: str, path: str, body: bytes | None = None, deadline_s: float | None = None
    ) -> tuple[int, bytes, float | None]:
        """One call with our token; renewed once and repeated once after 403 (Authentication document)."""
        for last in (False, True):
            token = await self._tokens.token()
            reply = await self._call(
                method, path, deadline_s or self._deadlines.request_s, body=body, token=token
            )
            if reply[0] not in (401, 403) or last:
                break
            self._tokens.refused(token)
        return reply

    async def _call(
        self,
        method: str,
        path: str,
        deadline_s: float,
        *,
        body: bytes | None = None,
        token: Secret | None = None,
    ) -> tuple[int, bytes, float | None]:
        headers = {"Accept": "application/json"}
        if body is not None:
            headers["Content-Type"] = "application/json"
        if token is not None:
            headers["Authorization"] = f"Bearer {token.reveal()}"
        url = self._service.base_url.rstrip("/") + path
        try:
            async with asyncio.timeout(deadline_s):
                reply: HttpReply = await self._network.request(method, url, headers=headers, body=body)
        except TimeoutError:
            raise LinkTimeout(f"{self._host} did not answer {path} within {deadline_s:g} s") from None
        except OSError as error:
            raise LinkError(f"cannot reach {self._host} ({cause_of(error)})") from None
        return reply.status, reply.body, retry_after(reply.retry_after)

    @asynccontextmanager
    async def _socket(self) -> AsyncIterator[Socket]:
        base = self._service.socket_url or socket_url(self._service.base_url)
        token = await self._tokens.token()
        url = f"{base}?token={quote(token.reveal(), safe='')}"
        opening = self._network.socket(url, headers={})
        try:
            async with asyncio.timeout(self._deadlines.connect_s):
                socket = await opening.__aenter__()
        except TimeoutError:
            limit = self._deadlines.connect_s
            raise LinkTimeout(f"the socket at {self._host} did not open within {limit:g} s") from None
        except UpgradeRefused as refused:
            if refused.status in (401, 403):
                # The next attempt comes with a new token; were that refused too, /connection would say so.
                self._tokens.refused(token)
                raise LinkError(f"{self._host} refuses the socket ({refused.status})") from None
            rest.raise_for_status("the socket", refused.status, retry_after(refused.retry_after))
            raise LinkError(f"{self._host} answers the socket with status {refused.status}") from None
        except OSError as error:
            raise LinkError(f"cannot open a socket to {self._host} ({cause_of(error)})") from None
        try:
            yield socket
        finally:
            await opening.__aexit__(None, None, None)

    async def _settle_for_ever(self) -> None:
        while True:
            await self._lease.settle()
            await asyncio.sleep(SETTLE_EVERY_S)

    @property
    def _host(self) -> str:
        return urlsplit(self._service.base_url).netloc or self._service.base_url


def socket_url(base_url: str) -> str:
    """The documented socket beside ``base_url``: ws(s), same host, path /ws/chat."""
    parts = urlsplit(base_url)
    scheme = "wss" if parts.scheme == "https" else "ws"
    return urlunsplit((scheme, parts.netloc, parts.path.rstrip("/") + "/ws/chat", "", ""))

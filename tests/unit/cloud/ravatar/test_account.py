"""Ending a live session: what counts as ended, what must be tried again, and how long it may take."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager

import pytest

from ravatard.cloud.options import DeadlineOptions
from ravatard.cloud.ravatar.account import Accounts
from ravatard.errors import AuthError, LinkError, LinkTimeout, MoneyError, PeerError, RavatardError
from ravatard.ports.host import OwedSession
from ravatard.ports.network import HttpReply, ReplyStream, Socket
from ravatard.secret import Secret

DEBT = OwedSession("ravatar", Secret("licence-1"), "https://service.example/", "kiosk-1")
TOKEN = b'{"result": "success", "jwt": "a-token"}'


class Service:
    """A ``Network``: gives tokens, and answers endings as it is told to."""

    def __init__(self, *answers: HttpReply, token_s: float = 0.0, end_s: float = 0.0) -> None:
        self.asked: list[str] = []
        self._answers = list(answers)
        self._token_s, self._end_s = token_s, end_s

    async def request(
        self, method: str, url: str, *, headers: Mapping[str, str], body: bytes | None = None
    ) -> HttpReply:
        self.asked.append(f"{method} {url}")
        if url.endswith("/jwt"):
            await asyncio.sleep(self._token_s)
            return HttpReply(200, TOKEN)
        await asyncio.sleep(self._end_s)
        return self._answers.pop(0)

    def stream(
        self, method: str, url: str, *, headers: Mapping[str, str], body: bytes | None = None
    ) -> AbstractAsyncContextManager[ReplyStream]:
        """No reply is read while it comes."""
        raise AssertionError(f"{method} {url} was to be streamed")

    def socket(self, url: str, *, headers: Mapping[str, str]) -> AbstractAsyncContextManager[Socket]:
        raise AssertionError("nobody needs a socket to end a session")

    async def close(self) -> None:
        pass


def accounts(service: Service) -> Accounts:
    return Accounts(Secret("proj-1"), DeadlineOptions(), service, lambda: 0.0)


@pytest.mark.parametrize(
    "answer",
    [
        HttpReply(200, b'{"status": "success"}'),
        HttpReply(200, b'{"status": 200}'),
        HttpReply(204, b""),
        HttpReply(404, b'{"status": 404}'),
        HttpReply(410, b""),
        HttpReply(200, b'{"status": 404}'),
    ],
)
async def test_a_session_is_over_when_the_service_says_so_or_does_not_know_it(answer: HttpReply) -> None:
    service = Service(answer)

    await accounts(service).end(DEBT)

    assert service.asked == [
        "POST https://service.example/jwt",
        "POST https://service.example/endLiveSession",
    ]


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (HttpReply(500, b""), LinkError),
        (HttpReply(503, b""), LinkError),
        (HttpReply(429, b""), LinkError),
        (HttpReply(402, b'{"status": 402}'), MoneyError),
        (HttpReply(403, b'{"status": 403}'), AuthError),
        (HttpReply(302, b""), PeerError),
        (HttpReply(200, b'{"status": 503}'), LinkError),
        (HttpReply(200, b'{"status": -1}'), PeerError),
    ],
)
async def test_any_other_answer_leaves_it_open(answer: HttpReply, error: type[RavatardError]) -> None:
    service = Service(answer, answer)

    with pytest.raises(error):
        await accounts(service).end(DEBT)


async def test_a_token_that_is_refused_is_renewed_once() -> None:
    service = Service(HttpReply(403, b""), HttpReply(200, b""))

    await accounts(service).end(DEBT)

    assert [call.rpartition("/")[2] for call in service.asked] == ["jwt", "endLiveSession"] * 2


async def test_ending_takes_two_deadlines_at_most_with_all_that_it_needs() -> None:
    service = Service(HttpReply(403, b""), HttpReply(200, b""), token_s=3.0, end_s=3.0)

    with pytest.raises(LinkTimeout, match=r"service\.example did not end a live session within 8 s"):
        await accounts(service).end(DEBT)

    assert asyncio.get_running_loop().time() == 8.0


async def test_one_user_at_one_address_is_one_account() -> None:
    known = accounts(Service())

    assert known.of("https://service.example/", "kiosk-1") is known.of("https://service.example", "kiosk-1")
    assert known.of("https://service.example", "kiosk-2") is not known.of(
        "https://service.example", "kiosk-1"
    )

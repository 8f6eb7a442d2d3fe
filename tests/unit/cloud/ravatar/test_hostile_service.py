"""Whole replies of a hostile or broken service, against the real client: status, header and body together."""

from __future__ import annotations

import asyncio
import json
from collections import deque
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from itertools import pairwise

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ravatard.cloud.kind import CloudResources
from ravatard.cloud.lease import MemoryLedger
from ravatard.cloud.option_groups import CloudOptions
from ravatard.cloud.options import DeadlineOptions, ServiceOptions
from ravatard.cloud.ravatar.options import RavatarOptions
from ravatard.cloud.ravatar.service import RavatarCloud
from ravatard.errors import (
    AuthError,
    BusyError,
    DeniedError,
    LinkError,
    LinkTimeout,
    MoneyError,
    RavatardError,
)
from ravatard.ports.host import OwedSession
from ravatard.ports.network import BrokenReply, HttpReply, ReplyStream, SocketClosed, UpgradeRefused
from tests.assertions import assert_raises_only
from tests.examples import examples
from tests.unit.cloud.oddities import ODD
from tests.virtual_time import run

TOKEN: dict[str, object] = {"result": "success", "jwt": "a.b.c"}
CONNECTION: dict[str, object] = {
    "status": 200,
    "avatars_info": [{"_id": "a-1", "name": "Ava", "hasLiveMode": True}],
    "languages": [{"name": "English", "language_code": "en"}],
}
STARTED: dict[str, object] = {"status": 200, "LicenseId": "lic-1", "streamingUrl": "https://s.example/1"}
ENDED: dict[str, object] = {"status": "success"}
GOOD = {
    "/jwt": json.dumps(TOKEN).encode(),
    "/connection": json.dumps(CONNECTION).encode(),
    "/chat": b'{"payload": [], "has_more_messages": false}',
    "/startLiveSession": json.dumps(STARTED).encode(),
    "/endLiveSession": json.dumps(ENDED).encode(),
}
PAGE = b"<html><title>Just a moment...</title></html>"

Script = HttpReply | OSError | Callable[[], HttpReply] | tuple[float, HttpReply]


class Hostile:
    """A ``Network``: answers each call from its own script, then well.

    Attributes:
        asked: path of every request, with the loop's time.
        ended: LicenseIds that were asked to be ended.
    """

    def __init__(self, **scripts: Sequence[Script]) -> None:
        self.scripts = {f"/{call}": deque(script) for call, script in scripts.items()}
        self.asked: list[tuple[str, float]] = []
        self.ended: list[str] = []
        self.messages: deque[str | bytes] = deque()
        self.upgrade: Exception | None = None

    def times(self, path: str) -> int:
        return [asked for asked, _ in self.asked].count(path)

    async def request(
        self, method: str, url: str, *, headers: Mapping[str, str], body: bytes | None = None
    ) -> HttpReply:
        path = "/" + url.split("/", 3)[3].partition("?")[0]
        self.asked.append((path, asyncio.get_running_loop().time()))
        if path == "/endLiveSession":
            self.ended.append(json.loads(body or b"")["LicenseId"])
        script = self.scripts.get(path)
        answer = script.popleft() if script else HttpReply(200, GOOD[path])
        if isinstance(answer, tuple):
            await asyncio.sleep(answer[0])
            return answer[1]
        if isinstance(answer, OSError):
            raise answer
        return answer if isinstance(answer, HttpReply) else answer()

    def stream(
        self, method: str, url: str, *, headers: Mapping[str, str], body: bytes | None = None
    ) -> AbstractAsyncContextManager[ReplyStream]:
        """No reply is read while it comes."""
        raise AssertionError(f"{method} {url} was to be streamed")

    @asynccontextmanager
    async def socket(self, url: str, *, headers: Mapping[str, str]) -> AsyncIterator[Hostile]:
        if self.upgrade is not None:
            raise self.upgrade
        yield self

    async def send(self, text: str) -> None:
        pass

    async def receive(self) -> str | bytes:
        if not self.messages:
            raise SocketClosed(1000)
        return self.messages.popleft()

    async def close(self) -> None:
        pass


def cloud(network: Hostile, ledger: MemoryLedger | None = None, **service: str) -> RavatarCloud:
    return RavatarCloud(
        CloudOptions(
            service=ServiceOptions(base_url="https://service.example", **service),  # type: ignore[arg-type]
            deadlines=DeadlineOptions(start_s=30.0),
            ravatar=RavatarOptions(),
        ),
        CloudResources(network=network, user_id="kiosk-1", chance=lambda: 0.0, ledger=ledger),
    )


async def refusal(network: Hostile, *, start: bool = False) -> RavatardError:
    """The error that connecting (and starting) ends with."""
    client = cloud(network)
    async with client.opened():
        try:
            async with client.connect():
                if start:
                    await client.start_session()
        except RavatardError as error:
            return error
    raise AssertionError("accepted")


# ---------------------------------------------------------------- licences


@pytest.mark.parametrize("status", [200, 201, 400, 402, 403, 404, 429, 500, 503, 504, 302])
@pytest.mark.parametrize(
    "body",
    [
        *(odd(STARTED) for odd in ODD.values()),
        b'{"status": 500, "error": "LicenseId lic-1 failed", "LicenseId": "lic-1"}',
        b"<html>LicenseId: lic-1</html>",
        b'{"status":200,"LicenseId":"lic-1","streamingUrl":"htt',
    ],
)
async def test_a_licence_that_an_answer_names_is_on_the_ledger_and_is_ended(status: int, body: bytes) -> None:
    ledger = MemoryLedger()
    network = Hostile(startLiveSession=[HttpReply(status, body)] * 2)
    client = cloud(network, ledger)

    async with client.opened(), client.connect():
        with assert_raises_only(RavatardError):
            await client.start_session()
        await client.end_session()
        await asyncio.sleep(1.0)

    assert set(network.ended) == {"lic-1"}
    assert ledger.owed() == []


async def test_the_beginning_of_an_answer_that_broke_off_names_its_licence() -> None:
    ledger = MemoryLedger()
    network = Hostile(startLiveSession=[BrokenReply("broke off", b'{"LicenseId": "lic-1", "str')])
    client = cloud(network, ledger)

    async with client.opened(), client.connect():
        with pytest.raises(LinkError, match="broke off"):
            await client.start_session()
        await asyncio.sleep(0)

    assert (network.ended, ledger.owed()) == (["lic-1"], [])


async def test_every_licence_of_an_answer_is_ended_and_one_is_used() -> None:
    body = b'{"LicenseId": "lic-1", "LicenseId": "lic-2", "old": {"LicenseId": "lic-3"}}'
    network = Hostile(startLiveSession=[HttpReply(200, body)])
    client = cloud(network)

    async with client.opened(), client.connect():
        await client.start_session()
        await asyncio.sleep(1.0)
        assert sorted(network.ended) == ["lic-1", "lic-3"]

    assert sorted(network.ended) == ["lic-1", "lic-2", "lic-3"]


@pytest.mark.parametrize("late_s", [30.5, 45.0, 149.0])
async def test_a_start_that_is_answered_late_is_ended(late_s: float) -> None:
    ledger = MemoryLedger()
    network = Hostile(startLiveSession=[(late_s, HttpReply(200, GOOD["/startLiveSession"]))])
    client = cloud(network, ledger)

    async with client.opened(), client.connect():
        with pytest.raises(LinkTimeout, match="within 30 s"):
            await client.start_session()
        assert asyncio.get_running_loop().time() == 30.0
        await asyncio.sleep(late_s)
        assert network.ended == ["lic-1"]

    assert ledger.owed() == []


async def test_another_start_does_not_wait_for_a_late_one() -> None:
    second = HttpReply(200, b'{"LicenseId": "lic-2"}')
    network = Hostile(startLiveSession=[(60.0, HttpReply(200, GOOD["/startLiveSession"])), second])
    client = cloud(network)

    async with client.opened(), client.connect():
        with pytest.raises(LinkTimeout):
            await client.start_session()
        await client.start_session()
        await asyncio.sleep(60.0)
        assert network.ended == ["lic-1"]

    assert network.ended == ["lic-1", "lic-2"]


async def test_leaving_does_not_wait_for_a_start_that_was_given_up() -> None:
    network = Hostile(startLiveSession=[(1e6, HttpReply(200, b""))])
    client = cloud(network)
    loop = asyncio.get_running_loop()

    async with client.opened(), client.connect():
        with pytest.raises(LinkTimeout):
            await client.start_session()
        left_at = loop.time()

    assert loop.time() - left_at < 10.0


@pytest.mark.parametrize(
    "answer",
    [
        HttpReply(200, b'{"status": "failure"}'),
        HttpReply(404, PAGE),
        HttpReply(200, PAGE),
        ConnectionResetError(),
    ],
)
async def test_a_failed_end_is_repeated_quickly_and_then_ever_less_often(answer: Script) -> None:
    ledger = MemoryLedger()
    network = Hostile(endLiveSession=[answer] * 7)
    client = cloud(network, ledger)

    async with client.opened(), client.connect():
        await client.start_session()
        await client.end_session()
        await asyncio.sleep(400.0)
        assert ledger.owed() == []

    asked_at = [at for path, at in network.asked if path == "/endLiveSession"]
    gaps = [later - earlier for earlier, later in pairwise(asked_at)]
    assert gaps == [0.5, 1.5, 10.0, 20.0, 40.0, 80.0, 160.0]


async def test_leaving_makes_three_quick_attempts_at_the_end() -> None:
    ledger = MemoryLedger()
    client = cloud(Hostile(endLiveSession=[HttpReply(200, b'{"status": "failure"}')] * 2), ledger)

    async with client.opened(), client.connect():
        await client.start_session()

    assert ledger.owed() == []
    assert asyncio.get_running_loop().time() == 2.0


# ---------------------------------------------------------------- refusals and outages

_CALLS = ["jwt", "connection", "startLiveSession"]
_STATUSES = [*range(400, 452), 500, 502, 503, 504, 520, 599]


@pytest.mark.parametrize("call", _CALLS)
@pytest.mark.parametrize("status", _STATUSES)
async def test_a_page_in_place_of_a_reply_is_an_outage_at_every_call(call: str, status: int) -> None:
    network = Hostile(**{call: [HttpReply(status, PAGE, None, "cloudfront")] * 4})

    error = await refusal(network, start=True)

    assert isinstance(error, LinkError)
    if status < 500 and status not in (408, 429):
        assert "(HTML, status" in str(error)
        assert "from cloudfront at service.example" in str(error)


@pytest.mark.parametrize("status", _STATUSES)
async def test_an_upgrade_that_is_refused_is_an_outage(status: int) -> None:
    network = Hostile()
    network.upgrade = UpgradeRefused(status, "7", "nginx")

    error = await refusal(network)

    assert isinstance(error, LinkError)
    assert error.retry_after_s == 7.0


@pytest.mark.parametrize("status", [404, 405, 407, 408, 409, 421, 425, 426, 431, 451])
@pytest.mark.parametrize("body", [b"{}", b'{"error": "Not Found"}', b'{"message": "no route"}', b"", b"no"])
@pytest.mark.parametrize("call", _CALLS)
async def test_a_status_the_documents_do_not_know_is_an_outage(call: str, body: bytes, status: int) -> None:
    assert isinstance(await refusal(Hostile(**{call: [HttpReply(status, body)] * 4}), start=True), LinkError)


@pytest.mark.parametrize(
    ("call", "status", "body", "error"),
    [
        ("jwt", 401, {"result": "failure", "error": "project_not_found"}, AuthError),
        ("jwt", 200, {"result": "failure", "error": "project_not_found"}, AuthError),
        ("jwt", 400, {"result": "failure", "error": "invalid_user_id"}, AuthError),
        ("jwt", 400, {"error": "invalid_project_id"}, AuthError),
        ("connection", 403, {"status": 403, "error": "Token is invalid"}, AuthError),
        ("connection", 200, {"status": 403, "error": "Token is invalid"}, AuthError),
        ("connection", 402, {"status": 402}, MoneyError),
        ("connection", 200, {"status": 402}, MoneyError),
        ("startLiveSession", 400, {"status": 400, "error": "the avatar has no live mode"}, DeniedError),
    ],
)
async def test_the_services_own_words_are_a_refusal(
    call: str, status: int, body: dict[str, object], error: type[RavatardError]
) -> None:
    network = Hostile(**{call: [HttpReply(status, json.dumps(body).encode())] * 4})

    assert isinstance(await refusal(network, start=True), error)


@pytest.mark.parametrize(
    ("fields", "error"),
    [
        ({"status": 500}, LinkError),
        ({"status": "503"}, BusyError),
        ({"status": -1}, RavatardError),
        ({"status": 404}, LinkError),
        ({"status": "failure"}, LinkError),
        ({"avatars_info": None}, LinkError),
        ({"avatars_info": {}}, LinkError),
        ({"avatars_info": "none"}, LinkError),
        ({"avatars_info": [None, 5]}, LinkError),
        ({"avatars_info": [{"name": "Ava"}]}, LinkError),
        ({"avatars_info": []}, DeniedError),
    ],
)
async def test_the_body_of_a_connection_counts(fields: dict[str, object], error: type[RavatardError]) -> None:
    network = Hostile(connection=[HttpReply(200, json.dumps({**CONNECTION, **fields}).encode())] * 4)

    found = await refusal(network)

    assert isinstance(found, error)
    assert error is DeniedError or not isinstance(found, DeniedError)


@pytest.mark.parametrize("odd", ODD)
async def test_an_odd_character_keeps_nobody_from_coming_online(odd: str) -> None:
    network = Hostile(
        jwt=[HttpReply(200, ODD[odd](TOKEN))], connection=[HttpReply(200, ODD[odd](CONNECTION))]
    )
    client = cloud(network)

    async with client.opened(), client.connect() as wire:
        assert (wire.capabilities.avatar, wire.capabilities.language) == ("Ava", "en")


# ---------------------------------------------------------------- tokens


@pytest.mark.parametrize("blank", ["\n", "\r\n", " ", "\t", "\x0b"])
async def test_blanks_around_a_token_are_no_part_of_it(blank: str) -> None:
    body = json.dumps({"result": "success", "jwt": f"{blank}a.b.c{blank}"}).encode()
    client = cloud(Hostile(jwt=[HttpReply(200, body)]))

    async with client.opened(), client.connect():
        assert (await client._account.tokens.token()).reveal() == "a.b.c"


@pytest.mark.parametrize("token", ["a\nb", "a\rb", "a\x00b", "a b", "ä", "\ud83d", "x" * 100_000, "\x7f"])
async def test_a_token_that_cannot_be_sent_is_thrown_away_and_asked_for_again(token: str) -> None:
    network = Hostile(jwt=[HttpReply(200, json.dumps({"result": "success", "jwt": token}).encode())])
    client = cloud(network)

    async with client.opened():
        with pytest.raises(LinkError, match="cannot be sent"):
            async with client.connect():
                pass
        async with client.connect():
            pass

    assert network.times("/jwt") == 2


# ---------------------------------------------------------------- names


async def test_names_without_end_stay_out_of_messages() -> None:
    many = [{"_id": f"a-{number}", "name": "x" * 10_000, "hasLiveMode": True} for number in range(90)]
    network = Hostile(connection=[HttpReply(200, json.dumps({"avatars_info": many}).encode())])
    client = cloud(network, avatar="Nobody")

    async with client.opened():
        with pytest.raises(DeniedError) as caught:
            async with client.connect():
                pass

    assert len(str(caught.value)) < 600


# ---------------------------------------------------------------- everything together

_HEADERS = (
    st.none()
    | st.sampled_from(
        [
            "Sun, 06 Nov 99999999999999999999 08:49:37 GMT",
            "1 Jan 2024 00:00:00 +999999999999999999999999999999",
            "²",
            "-1",
            "1e999",
            "9" * 400,
            "Wed, 21 Oct 2015 07:28:00 GMT",
        ]
    )
    | st.text(max_size=40)
)
_VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=8)
    | st.sampled_from(["a.b.c", "lic-1"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=6,
)
_NAMES = st.sampled_from(
    ["status", "result", "error", "jwt", "LicenseId", "streamingUrl", "session", "avatars_info", "languages",
     "messageTimeoutSeconds", "vadEnabled", "payload", "has_more_messages", "_id", "date", "answer"]
)  # fmt: skip
_OBJECTS = st.dictionaries(
    _NAMES, _VALUES | st.lists(st.dictionaries(_NAMES, _VALUES, max_size=4), max_size=3), max_size=6
)
_BODIES = (
    st.binary(max_size=60)
    | st.just(PAGE)
    | _OBJECTS.map(lambda value: json.dumps(value).encode())
    | st.builds(lambda odd, value: ODD[odd](value), st.sampled_from(sorted(ODD)), _OBJECTS)
    | st.sampled_from(sorted(GOOD.values()))
)
_REPLIES = st.builds(
    HttpReply,
    st.sampled_from([200] * 6 + [204, 302, 400, 401, 402, 403, 404, 429, 500, 503]) | st.integers(100, 999),
    _BODIES,
    _HEADERS,
    st.text(max_size=50),
)
_SCRIPTS = st.lists(_REPLIES, max_size=3)


@pytest.mark.slow
@settings(deadline=None, max_examples=examples(150), suppress_health_check=list(HealthCheck))
@given(
    st.fixed_dictionaries({name.strip("/"): _SCRIPTS for name in GOOD}),
    st.lists(st.text(max_size=40) | _BODIES, max_size=4),
)
def test_no_service_raises_anything_but_our_errors_nor_keeps_a_session(
    scripts: dict[str, list[Script]], messages: list[str | bytes]
) -> None:
    assert run(_whole_life(scripts, messages)) == []


async def _whole_life(scripts: dict[str, list[Script]], messages: list[str | bytes]) -> list[OwedSession]:
    ledger = MemoryLedger()
    network = Hostile(**scripts)
    network.messages.extend(messages)
    client = cloud(network, ledger)
    async with client.opened():
        for _ in range(3):
            with assert_raises_only(RavatardError):
                async with client.connect() as wire:
                    await client.start_session()
                    async for _ in wire.receive():
                        pass
            with assert_raises_only(RavatardError):
                await anext(client.history(), None)
            await client.end_session()
        # Every script is at its end by now, and the service is well again.
        await asyncio.sleep(1_000.0)
        left = ledger.owed()
    return left + ledger.owed()

"""The SDK behind a proxy, and with a certificate authority of its own."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from pathlib import Path

import pytest

from ravatard.avatar_sdk import AvatarClient, ConnectionLost
from ravatard.avatar_sdk.blocking_calls import exchanged
from ravatard.avatar_sdk.network_port import ApiRequest, NetworkSettings
from ravatard.sim.avatar.server import AvatarSimServer
from tests.integration.firm import Firm
from tests.integration.proxying import proxying

pytestmark = pytest.mark.integration

LOGIN = "me:hidden-word"


@pytest.fixture(scope="module")
def firm(tmp_path_factory: pytest.TempPathFactory) -> Firm:
    return Firm.in_folder(tmp_path_factory.mktemp("firm"))


@asynccontextmanager
async def encrypted(port: int, tls: ssl.SSLContext) -> AsyncIterator[int]:
    """A port with TLS before one without."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            await writer.start_tls(tls)
            onward, onwards = await asyncio.open_connection("127.0.0.1", port)
            async with asyncio.TaskGroup() as group:
                for source, target in ((reader, onwards), (onward, writer)):
                    group.create_task(passed_on(source, target), name="pass on")

    async def passed_on(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while data := await source.read(65_536):
                target.write(data)
                await target.drain()
        target.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()


@pytest.mark.parametrize("tls", [False, True])
async def test_every_call_and_socket_goes_through_the_proxy(firm: Firm, tls: bool) -> None:
    async with AsyncExitStack() as stack:
        server = await stack.enter_async_context(AvatarSimServer())
        proxy = await stack.enter_async_context(proxying(LOGIN))
        ports = [server.port, server.socket_port]
        if tls:
            context = firm.serving("avatar.example")
            ports = [await stack.enter_async_context(encrypted(port, context)) for port in ports]
        more = "s" if tls else ""
        client = AvatarClient(
            f"http{more}://avatar.example:{ports[0]}/v1",
            f"ws{more}://avatar.example:{ports[1]}/ws",
            proxy=proxy.url,
            ca_file=str(firm.ca) if tls else None,
        )
        async with asyncio.timeout(30.0), client:
            assert (await client.health())["status"] == "healthy"
            async with await client.create_session() as session:
                assert "Hello" in await session.chat("Hello")
        assert server.open_sessions == []
        reply = await asyncio.to_thread(
            exchanged,
            ApiRequest("GET", f"http{more}://avatar.example:{ports[0]}/health", {}),
            10.0,
            settings=NetworkSettings.checked(proxy.url, str(firm.ca)),
        )

    assert reply.status == 200
    assert {one.rpartition(":")[2] for one in proxy.asked} == {str(port) for port in ports}
    assert {one.split()[0] == "CONNECT" for one in proxy.asked} == {tls}


@pytest.mark.parametrize("scheme", ["http", "https"])
async def test_a_proxy_that_refuses_is_named_and_its_password_is_not(scheme: str) -> None:
    async with proxying("other:word") as proxy:
        url = f"http://{LOGIN}@127.0.0.1:{proxy.port}"
        async with AvatarClient(f"{scheme}://avatar.example:8000/v1", proxy=url) as client:
            with pytest.raises(Exception, match="407") as caught:
                await client.health()
            with pytest.raises(Exception, match="407") as bought:
                await client.create_session()

    assert "hidden-word" not in f"{caught.value}{bought.value}"


async def test_a_proxy_that_is_not_there_is_named() -> None:
    async with AvatarClient("https://avatar.example/v1", proxy="http://127.0.0.1:1") as client:
        with pytest.raises(ConnectionLost, match="the proxy is not reached"):
            await client.health()
        with pytest.raises(ConnectionLost, match="the proxy is not reached"):
            await client.create_session()


@pytest.mark.parametrize(
    "proxy", ["socks5://me:hidden-word@h:1", "h:1", "https://h", "http://", "http://h:x"]
)
def test_a_proxy_of_another_kind_is_refused_and_not_shown(proxy: str) -> None:
    with pytest.raises(ValueError, match="proxy is no address such as") as caught:
        AvatarClient(proxy=proxy)

    assert "hidden-word" not in str(caught.value)


def test_a_file_of_issuers_that_is_missing_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"ca_file: .* is no file"):
        AvatarClient(ca_file=str(tmp_path / "none.pem"))

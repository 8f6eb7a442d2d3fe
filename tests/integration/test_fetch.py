"""Downloads on real sockets: what comes through, where it stops, and what its errors never say."""

from __future__ import annotations

import asyncio
import gzip
import os
import shutil
import socket
import ssl
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress

import pytest
from aiohttp import web

from ravatard.cloud.media.fetch import WebFetch
from ravatard.cloud.media.options import MediaOptions
from ravatard.devices.media.decoder import DecodingLimits, MediaDecoder
from ravatard.errors import MediaError
from ravatard.sim.bad_certificate import make_certificate
from tests.integration.media_files import encoded, likeness, wav

pytestmark = pytest.mark.integration

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
SECRET = "eyJsecret"
QUERY = f"/{SECRET}/a.mp3?token={SECRET}"


@asynccontextmanager
async def serving(handler: Handler, tls: ssl.SSLContext | None = None) -> AsyncIterator[str]:
    """A server on a free port that answers everything with ``handler``; gives where it is."""
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", handler)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=tls).start()
    try:
        yield f"{'https' if tls else 'http'}://localhost:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


async def here(host: str, port: int) -> Sequence[str]:
    """Every name is this machine."""
    return ["127.0.0.1"]


def fetch(options: MediaOptions | None = None, tls: ssl.SSLContext | None = None) -> WebFetch:
    return WebFetch(options or MediaOptions(), "http://localhost", tls=tls, lookup=here)


async def downloaded(fetching: WebFetch, url: str) -> tuple[str, bytes]:
    async with asyncio.timeout(30), fetching.open(url) as file:
        return file.content_type, b"".join([piece async for piece in file.pieces()])


async def refused(fetching: WebFetch, url: str) -> str:
    with pytest.raises(MediaError) as caught:
        await downloaded(fetching, url)
    assert SECRET not in str(caught.value)
    assert SECRET not in repr(caught.value.__cause__)
    return str(caught.value)


async def test_a_file_comes_with_what_its_server_calls_it() -> None:
    async def handler(request: web.Request) -> web.StreamResponse:
        return web.Response(body=bytes(300_000), headers={"Content-Type": "Audio/MPEG; x=1"})

    async with serving(handler) as where:
        assert await downloaded(fetch(), where + QUERY) == ("audio/mpeg", bytes(300_000))


@pytest.mark.parametrize(
    ("said", "understood"),
    [
        ("audio/mpeg" + ";" * 8_000, "audio/mpeg"),
        ("audio/mpeg; " + "(" * 8_000, "audio/mpeg"),
        ("(" * 8_000, ""),
        ("audio/" + "x" * 8_000, ""),
        ("no type at all", "no type at all"),
    ],
)
async def test_a_type_of_eight_kilobytes_neither_holds_the_loop_up_nor_ends_the_answer(
    said: str, understood: str
) -> None:
    async def handler(request: web.Request) -> web.StreamResponse:
        return web.Response(body=b"abc", headers={"Content-Type": said})

    async with serving(handler) as where, asyncio.timeout(30), fetch().open(where + QUERY) as file:
        began_s = time.process_time()

        assert file.content_type == understood

        assert time.process_time() - began_s < 0.05


async def test_a_server_that_does_not_say_what_it_is_is_not_guessed_at() -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nConnection: close\r\n\r\nabc")
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(talk, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        assert await downloaded(fetch(), f"http://localhost:{port}/") == ("", b"abc")


async def test_nothing_of_ours_is_sent_along(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[dict[str, str]] = []
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    monkeypatch.setenv("no_proxy", "localhost")

    async def handler(request: web.Request) -> web.StreamResponse:
        seen.append({name.lower(): value for name, value in request.headers.items()})
        if request.path == "/first":
            return web.Response(status=302, headers={"Location": "/second", "Set-Cookie": "a=b"})
        return web.Response(body=b"x")

    async with serving(handler) as where:
        await downloaded(fetch(), where + "/first")

    assert [set(headers) for headers in seen] == [
        {"host", "accept", "accept-encoding", "user-agent", "connection"}
    ] * 2
    assert seen[0]["accept-encoding"] == "identity"


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_redirects_are_followed_as_often_as_allowed(status: int) -> None:
    async def handler(request: web.Request) -> web.StreamResponse:
        hops = int(request.path[1:])
        if hops:
            return web.Response(status=status, headers={"Location": f"/{hops - 1}?token={SECRET}"})
        return web.Response(body=b"there", content_type="audio/ogg")

    async with serving(handler) as where:
        assert await downloaded(fetch(), where + "/3") == ("audio/ogg", b"there")
        assert "not reached with 3 redirects" in await refused(fetch(), where + "/4")
        assert "with 0 redirects" in await refused(fetch(MediaOptions(redirects=0)), where + "/1")


@pytest.mark.parametrize(
    ("location", "told"),
    [
        ("file:///etc/passwd", "a file address"),
        ("", "has no address"),
        (f"http://me:{SECRET}@localhost/", "has a user name"),
        (f"http://inner.example/{SECRET}", "http://inner.example, which is no public address"),
        (f"http://169.254.169.254/{SECRET}", "http://169.254.169.254, which is no public address"),
        (f"//inner.example/{SECRET}", "http://inner.example, which is no public address"),
    ],
)
async def test_where_a_redirect_leads_is_checked_like_the_first_address(location: str, told: str) -> None:
    async def handler(request: web.Request) -> web.StreamResponse:
        return web.Response(status=302, headers={"Location": location})

    async def names(host: str, port: int) -> Sequence[str]:
        return {"inner.example": ["169.254.1.1"], "169.254.169.254": [host]}.get(host, ["127.0.0.1"])

    async with serving(handler) as where:
        fetching = WebFetch(MediaOptions(), "http://localhost", lookup=names)
        assert told in await refused(fetching, where + QUERY)


async def test_a_redirect_does_not_lead_out_of_encryption() -> None:
    if shutil.which("openssl") is None:
        pytest.skip("needs the openssl command")
    trusted = make_certificate("self-signed")
    ours = ssl.create_default_context(cadata=trusted.pem.decode())

    async def handler(request: web.Request) -> web.StreamResponse:
        return web.Response(status=302, headers={"Location": f"http://localhost/{SECRET}"})

    async with serving(handler, trusted.context) as where:
        fetching = WebFetch(MediaOptions(), "https://localhost", tls=ours, lookup=here)
        assert "http://localhost, not encrypted" in await refused(fetching, where + QUERY)


async def test_a_file_comes_over_tls_and_an_untrusted_server_is_told_by_its_fault() -> None:
    if shutil.which("openssl") is None:
        pytest.skip("needs the openssl command")
    trusted = make_certificate("self-signed")
    ours = ssl.create_default_context(cadata=trusted.pem.decode())

    async def handler(request: web.Request) -> web.StreamResponse:
        return web.Response(body=bytes(200_000))

    # The server here complains of clients that go away; it is not what is tested.
    asyncio.get_running_loop().set_exception_handler(lambda _loop, _context: None)
    async with serving(handler, trusted.context) as where:
        assert (await downloaded(fetch(tls=ours), where + QUERY))[1] == bytes(200_000)
        other = where.replace("localhost", "other.example")
        assert "was made for another host" in await refused(fetch(tls=ours), other + QUERY)
        assert "signed by itself" in await refused(fetch(), where + QUERY)


async def test_a_name_that_changes_its_address_is_asked_only_once() -> None:
    answers = [["127.0.0.1"], ["10.1.2.3"], ["169.254.169.254"]]
    asked: list[str] = []

    async def rebinding(host: str, port: int) -> Sequence[str]:
        if host == "localhost":
            return ["127.0.0.1"]
        asked.append(host)
        return answers.pop(0)

    async def handler(request: web.Request) -> web.StreamResponse:
        return web.Response(body=b"x")

    async with serving(handler) as where:
        fetching = WebFetch(MediaOptions(), "http://localhost", lookup=rebinding)
        await downloaded(fetching, where.replace("localhost", "rebinding.example"))

    assert asked == ["rebinding.example"]


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "127.1",
        "2130706433",
        "0x7f000001",
        "0177.0.0.1",
        "0.0.0.0",
        "[::1]",
        "[::]",
        "[::ffff:127.0.0.1]",
        "[::ffff:7f00:1]",
        "localhost",
        "LOCALHOST.",
    ],
)
async def test_this_machine_is_not_asked_for_a_public_service_however_it_is_written(host: str) -> None:
    async def handler(request: web.Request) -> web.StreamResponse:
        pytest.fail("it was asked")

    async with serving(handler) as where:
        options = MediaOptions(insecure=True)
        fetching = WebFetch(options, "https://93.184.215.14")
        told = await refused(fetching, where.replace("localhost", host) + QUERY)

    assert "this machine" in told or "no public address" in told or "not found" in told or "read" in told


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        ({"status": 404, "text": SECRET}, "answers 404 instead of the answer's file"),
        ({"status": 206, "body": b"x"}, "answers 206"),
        (
            {"body": gzip.compress(bytes(9)), "headers": {"Content-Encoding": "gzip"}},
            r"sends the answer's file packed (gzip)",
        ),
        ({"body": bytes((1 << 20) + 1)}, "larger than media.largest_mb, 1 MB"),
    ],
)
async def test_what_is_no_file_is_a_sentence(answer: dict[str, object], told: str) -> None:
    async def handler(request: web.Request) -> web.StreamResponse:
        return web.Response(**answer)  # type: ignore[arg-type]

    async with serving(handler) as where:
        assert told in await refused(fetch(MediaOptions(largest_mb=1)), where + QUERY)


@pytest.mark.parametrize("coding", ["gzip", "x-gzip", "deflate", "br", "zstd", "gzip, aws-chunked"])
@pytest.mark.parametrize(
    "head", [b"RIFF\x24\0\0\0WAVE", b"ID3\x04", b"\xff\xfb\x90\x64", b"OggS", b"fLaC", b"\0\0\0\x20ftyp"]
)
async def test_sound_that_a_store_calls_packed_comes_as_it_is(coding: str, head: bytes) -> None:
    content = head + bytes(100)

    async def handler(request: web.Request) -> web.StreamResponse:
        return web.Response(body=content, headers={"Content-Encoding": coding, "Content-Type": "audio/mpeg"})

    async with serving(handler) as where:
        assert await downloaded(fetch(), where + QUERY) == ("audio/mpeg", content)


@pytest.mark.parametrize(
    "body", [b"\x1f\x8b\x08", b"", bytes(12), b"\x28\xb5\x2f\xfd" + bytes(9), b"x" * 300_000]
)
async def test_what_is_packed_is_refused_however_short(body: bytes) -> None:
    async def handler(request: web.Request) -> web.StreamResponse:
        return web.Response(body=body, headers={"Content-Encoding": "zstd"})

    async with serving(handler) as where:
        assert "packed (zstd), which was not asked for" in await refused(fetch(), where + QUERY)


async def test_a_file_without_a_length_is_cut_off_where_it_becomes_too_large() -> None:
    sent = 0

    async def handler(request: web.Request) -> web.StreamResponse:
        nonlocal sent
        response = web.StreamResponse()
        await response.prepare(request)
        while sent < 64 << 20:
            await response.write(bytes(1 << 16))
            sent += 1 << 16
        return response

    async with serving(handler) as where:
        assert "larger than" in await refused(fetch(MediaOptions(largest_mb=1)), where + QUERY)

    assert sent < 8 << 20


async def test_a_file_that_breaks_off_is_a_sentence() -> None:
    async def handler(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Length": "1000"})
        await response.prepare(request)
        await response.write(bytes(10))
        assert request.transport is not None
        request.transport.abort()
        return response

    async with serving(handler) as where:
        assert "broke off in the middle" in await refused(fetch(), where + QUERY)


@pytest.mark.parametrize(
    ("first_s", "each_s", "options", "told"),
    [
        (9.0, 9.0, MediaOptions(connect_s=0.2, silence_s=0.2), r"did not answer within 0.4 s"),
        (0.0, 9.0, MediaOptions(silence_s=0.3), "sent nothing of the answer's file for 0.3 s"),
        (0.0, 0.1, MediaOptions(download_s=1.0), "took longer than 1 s"),
    ],
)
async def test_a_slow_server_is_given_up(
    first_s: float, each_s: float, options: MediaOptions, told: str
) -> None:
    over = asyncio.Event()

    async def pause(pause_s: float) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(pause_s):
                await over.wait()

    async def handler(request: web.Request) -> web.StreamResponse:
        await pause(first_s)
        response = web.StreamResponse()
        await response.prepare(request)
        while not over.is_set():
            await response.write(b"x")
            await pause(each_s)
        return response

    async with serving(handler) as where:
        assert told in await refused(fetch(options), where + QUERY)
        over.set()
        await asyncio.sleep(0.05)


async def test_the_time_that_the_listener_takes_is_not_the_servers() -> None:
    async def handler(request: web.Request) -> web.StreamResponse:
        return web.Response(body=bytes(3 << 20))

    taken = 0
    options = MediaOptions(download_s=1.0, silence_s=0.5)
    async with serving(handler) as where, fetch(options).open(where + QUERY) as file:
        async for piece in file.pieces():
            if not taken:
                await asyncio.sleep(1.5)
            taken += len(piece)

    assert taken == 3 << 20


async def test_whoever_leaves_closes_the_connection() -> None:
    closed = asyncio.Event()

    async def handler(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        try:
            while True:
                await response.write(bytes(1 << 16))
        except ConnectionError:
            closed.set()
            raise

    async with asyncio.timeout(10), serving(handler) as where:
        async with fetch().open(where + QUERY) as file:
            await anext(aiter(file.pieces()))
        await closed.wait()

    assert closed.is_set()


@pytest.mark.parametrize("kind", ["wav", "mp3", "webm", "m4a"])
async def test_an_answer_is_heard_from_its_address(kind: str) -> None:
    content = wav(2.0) if kind == "wav" else encoded(kind, 2.0)

    async def handler(request: web.Request) -> web.StreamResponse:
        return web.Response(body=content, content_type="application/octet-stream")

    decoder = MediaDecoder(DecodingLimits(), os.environ)
    async with asyncio.timeout(20), serving(handler) as where, fetch().open(where + QUERY) as file:
        pcm = b"".join([pcm async for pcm in decoder.pcm(file.pieces(), file.content_type)])

    assert likeness(pcm, 2.0) > 0.98


async def test_a_server_that_is_not_there_is_a_sentence() -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]

        told = await refused(fetch(), f"http://localhost:{port}{QUERY}")

    assert f"cannot reach http://localhost:{port} (" in told


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"\x16\x03\x01",
        b"220 mail.example\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nA: " + b"a" * 99_999,
        b"HTTP/1.1 302 F\r\nLocation: http://[\r\n\r\n",
    ],
)
async def test_what_speaks_no_http_is_a_sentence(answer: bytes) -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answer)
        writer.close()

    async with await asyncio.start_server(talk, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        assert "\n" not in await refused(fetch(), f"http://localhost:{port}{QUERY}")


@pytest.mark.parametrize(
    "coding", ["aws-chunked", "UTF-8", "none", "binary", "identity", "", "aws-chunked,identity"]
)
async def test_a_coding_that_is_none_is_passed_over(coding: str) -> None:
    async def handler(request: web.Request) -> web.StreamResponse:
        return web.Response(body=b"sound", headers={"Content-Encoding": coding})

    async with serving(handler) as where:
        assert (await downloaded(fetch(), where + QUERY))[1] == b"sound"


@pytest.mark.parametrize("redirected", [False, True])
async def test_a_signed_address_is_asked_for_as_it_came(redirected: bool) -> None:
    asked: list[str] = []
    signed = "/file/a%27b%2Ec?Signature=rX7AnN6%2FXCC2w%3D&Expires=1%2C2&Key=%7Ek%21&x=a+b"

    async def handler(request: web.Request) -> web.StreamResponse:
        asked.append(request.raw_path)
        if redirected and len(asked) == 1:
            return web.Response(status=302, headers={"Location": signed})
        return web.Response(body=b"sound")

    async with serving(handler) as where:
        base = where.rpartition("/")[0] if where.count("/") > 2 else where
        await downloaded(fetch(), base + ("/first" if redirected else signed))

    assert asked[-1] == signed

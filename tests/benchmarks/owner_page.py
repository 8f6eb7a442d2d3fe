"""The owner's page: when a browser has drawn the state, what an open page costs, and what it costs a voice.

A real daemon serves it, and Debian's Chromium looks at it.
"""

from __future__ import annotations

import asyncio
import re
import statistics
import sys
import tempfile
import time
from array import array
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import aiohttp
from msgspec import structs

from ravatard.host.page.access_file import StateAccessFile
from ravatard.web.page.access.record import changing, one_time_code
from tests.benchmarks import scenes
from tests.benchmarks.appliance import Appliance, feeder, service
from tests.benchmarks.report import Aim, Row, Table, at_most, percentile, ratios, spread
from tests.integration.daemon import Config
from tests.integration.devtools import CHROMIUM, Tab, chromium

#: Time to the first state on a loopback, milliseconds.
PAINT_MS = 300.0
#: What a page costs that is open, and one that shows the level: milliseconds of CPU a second.
QUIET_MS, METER_MS = 1.0, 10.0
_CLOSED, _OPEN, _METER = "no page open", "a page open and quiet", "a page that shows the level"
#: Pages open beside a voice; windows of a conversation are so many times as long; between two turns no
#: sound is read for so long.
PAGES, _TALK_TIMES, _TURN_GAP_S = 6, 4, 0.6
#: The speaker sleeps after ten seconds.
_SETTLE_S, _REST_S = 3.0, 13.0
_PASSWORD = "a password nobody guesses"
_PAGE: Config = {"page": {"listen": "loopback", "port": 0}, "logging": {"level": "info"}}
#: Serves one document that has the state in it already: what any page costs this browser on this machine.
_BARE_PAGE = """
import http.server
class Bare(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        body = b'<!doctype html><title>bare</title><p class="face">ready</p>'
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    def log_message(self, *words): pass
server = http.server.HTTPServer(("127.0.0.1", 0), Bare)
print(server.server_port, flush=True)
server.serve_forever()
"""
#: Notes when the state is drawn: the first task behind the frame that shows it.
_WATCH = """
new MutationObserver((_, watching) => {
  if (!document.querySelector('.face')) return;
  watching.disconnect();
  requestAnimationFrame(() => {
    const after = new MessageChannel();
    after.port1.onmessage = () => { window.drawnAt = performance.now(); };
    after.port2.postMessage('');
  });
}).observe(document, {childList: true, subtree: true});
"""


async def measure(*, loads: int, seconds: float, rounds: int) -> list[Table]:
    """Three tables: the first state, what an open page costs, and a voice beside six of them."""
    return [
        await _paint_table(loads),
        await _cost_table(seconds, rounds),
        await _voice_table(seconds * _TALK_TIMES, rounds),
    ]


async def _paint_table(loads: int) -> Table:
    title = "Owner's page on loopback, from the address to the drawn state: ms"
    if CHROMIUM is None:
        return Table(title, (), [], ["Not measured here: apt install chromium."])
    async with _appliance_with_page() as (_, base, cookie), _bare_page() as bare:
        with tempfile.TemporaryDirectory() as name:
            async with chromium(Path(name) / "profile") as tab:
                await _prepare(tab, base, cookie)
                first: list[float] = []
                again: list[float] = []
                floor: list[float] = []
                # One of each a round: other load of the machine meets all three.
                for _ in range(loads + 1):
                    floor.append(await _drawn_ms(tab, bare))
                    await tab.command("Network.clearBrowserCache")
                    first.append(await _drawn_ms(tab, base))
                    again.append(await _drawn_ms(tab, base))
    # The first of each warms the browser and the daemon up.
    floor, first, again = floor[1:], first[1:], again[1:]
    rows = [
        _row("a bare static page", floor),
        _row("first state, nothing in the browser's cache", first, floor, PAINT_MS),
        _row("first state, opened again", again, floor, PAINT_MS),
    ]
    notes = (
        "Drawn: the task behind the frame that shows the state, by the clock of the page. The bare page",
        "is one document with a word in it, from a server of its own.",
    )
    return Table(title, ("median", "p95", "worst", "loads"), rows, notes)


async def _cost_table(seconds: float, rounds: int) -> Table:
    """CPU of the appliance in a quiet room, with no page, a page that is open, and one that shows the level.

    The browser is played by a socket: its own work is not the appliance's.
    """
    used: dict[str, list[float]] = {_CLOSED: [], _OPEN: [], _METER: []}
    rate: list[float] = []
    async with _appliance_with_page() as (appliance, base, cookie):
        await asyncio.sleep(_REST_S)
        for _ in range(rounds):
            used[_CLOSED].append(await _cpu_ms(appliance, seconds))
            async with _page_socket(base, cookie) as counted:
                await asyncio.sleep(_SETTLE_S)
                used[_OPEN].append(await _cpu_ms(appliance, seconds))
                await counted.socket.send_json({"meter": True})
                await asyncio.sleep(_SETTLE_S)
                before = counted.meters
                used[_METER].append(await _cpu_ms(appliance, seconds))
                rate.append((counted.meters - before) / seconds)
    quiet = statistics.median(
        open_ms - closed for open_ms, closed in zip(used[_OPEN], used[_CLOSED], strict=True)
    )
    meter = statistics.median(one - closed for one, closed in zip(used[_METER], used[_CLOSED], strict=True))
    rows = [
        Row(_CLOSED, [spread(used[_CLOSED])]),
        Row(_OPEN, [spread(used[_OPEN]), f"{quiet:+.2f}"], at_most(quiet, QUIET_MS, "ms/s more")),
        Row(
            _METER,
            [spread(used[_METER]), f"{meter:+.2f}", f"{statistics.median(rate):.1f}"],
            at_most(meter, METER_MS, "ms/s more"),
        ),
    ]
    notes = (
        f"All processes of the appliance in a quiet room; {rounds} round(s) of {seconds:g} s each, one after",
        "another. 1 ms/s is 0.1 % of a core. The page is played by a WebSocket in this process.",
    )
    return Table("An open page: CPU ms per second", ("median [least, most]", "more", "levels/s"), rows, notes)


async def _cpu_ms(appliance: Appliance, seconds: float) -> float:
    """CPU of all its processes, in milliseconds a second."""
    before, begun = appliance.cpu_s(), time.monotonic()
    await asyncio.sleep(seconds)
    return (appliance.cpu_s() - before) * 1000 / (time.monotonic() - begun)


class CountedPage:
    """A page as a WebSocket, that counts what comes.

    Attributes:
        socket: of the page.
        meters: levels that came.
    """

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self.socket = socket
        self.meters = 0

    async def read(self) -> None:
        """Take everything until the socket is closed."""
        async for message in self.socket:
            self.meters += message.data.startswith('{"type":"meter"')


@asynccontextmanager
async def _page_socket(base: str, cookie: str) -> AsyncIterator[CountedPage]:
    headers = {"Origin": base, "Cookie": f"ravatard={cookie}"}
    async with (
        aiohttp.ClientSession(headers=headers) as session,
        session.ws_connect(f"{base}/api/v1/live") as socket,
        asyncio.TaskGroup() as group,
    ):
        page = CountedPage(socket)
        group.create_task(page.read(), name="page")
        yield page
        await socket.close()


async def _voice_table(seconds: float, rounds: int) -> Table:
    """Latencies of a conversation without a page and with six open ones, window after window of one run."""
    found: dict[int, VoiceTimes] = {0: VoiceTimes(), PAGES: VoiceTimes()}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "talk.pcm").write_bytes(scenes.conversation(60))
        journal = folder / "journal"
        async with (
            service() as server,
            Appliance(
                folder / "talking",
                server.base_url,
                feeder(folder / "talk.pcm"),
                _PAGE,
                prototype="tests.benchmarks.observed",
                environ={"BENCHMARK_JOURNAL": str(journal)},
            ) as appliance,
        ):
            base, cookie = await owner_of(appliance, folder / "talking" / "state")
            await appliance.ready()
            await appliance.until(lambda: server.record.counts["answers"], "an answer")
            for _ in range(rounds):
                for pages in (0, PAGES):
                    async with AsyncExitStack() as opened:
                        for number in range(pages):
                            page = await opened.enter_async_context(_page_socket(base, cookie))
                            await page.socket.send_json({"meter": number == 0})
                        await asyncio.sleep(_SETTLE_S)
                        await found[pages].window(appliance, journal, seconds)
    none, six = found[0], found[PAGES]
    rows = [
        _voice_row("message on the socket, no page open", none.messages_ms),
        _voice_row(f"... {PAGES} pages open", six.messages_ms, none.messages_ms),
        _voice_row("first message of a turn, no page open", none.firsts_ms),
        _voice_row(f"... {PAGES} pages open", six.firsts_ms, none.firsts_ms),
        _voice_row("answer, no page open", none.answers_ms),
        _voice_row(f"... {PAGES} pages open", six.answers_ms, none.answers_ms),
    ]
    notes = (
        "One conversation; windows without a page and with six take turns. Message: from its last sample",
        "read to the socket. Answer: from the gate's closing; the service thinks for 0.8 s of it. One of",
        "the pages shows the level. Ratio: by the median without a page.",
    )
    return Table("A voice beside open pages", ("p50 ms", "p95 ms", "count", "ratio"), rows, notes)


class VoiceTimes:
    """Latencies of some windows, in milliseconds."""

    def __init__(self) -> None:
        self.messages_ms: list[float] = []
        self.firsts_ms: list[float] = []
        self.answers_ms: list[float] = []

    async def window(self, appliance: Appliance, journal: Path, seconds: float) -> None:
        """Add what happens in a window of ``seconds``."""
        before = len(_moments(journal))
        begun = time.monotonic()
        await asyncio.sleep(seconds)
        report = (await appliance.ask(do="status"))["status"]
        lasted = time.monotonic() - begun
        pairs = _moments(journal)[before:]
        last = 0.0
        for read, sent in zip(pairs[::2], pairs[1::2], strict=True):
            late_ms = (sent - read) * 1000
            self.messages_ms.append(late_ms)
            if read - last > _TURN_GAP_S:
                self.firsts_ms.append(late_ms)
            last = read
        self.answers_ms += [
            one["answer_ms"]
            for one in report["turns"]
            if one["answer_ms"] is not None and one["ended_s_ago"] < lasted
        ]


def _moments(journal: Path) -> array[float]:
    """What was written into the journal so far: when a message's last sample was read, when it was sent."""
    content = journal.read_bytes()
    return array("d", content[: len(content) // 16 * 16])


def _voice_row(what: str, values_ms: Sequence[float], floor_ms: Sequence[float] = ()) -> Row:
    if not values_ms:
        return Row(what, ["-", "-", "0"])
    middle = statistics.median(values_ms)
    ratio = [f"{middle / statistics.median(floor_ms):.2f}"] if floor_ms else []
    return Row(what, [f"{middle:.2f}", f"{percentile(values_ms, 95):.2f}", str(len(values_ms)), *ratio])


def _row(
    what: str, values: Sequence[float], floor: Sequence[float] = (), limit_ms: float | None = None
) -> Row:
    middle = statistics.median(values)
    figures = [f"{middle:.0f}", f"{percentile(values, 95):.0f}", f"{max(values):.0f}", str(len(values))]
    beside = {"/ a bare static page": ratios(values, floor)} if floor else {}
    return Row(what, figures, Aim() if limit_ms is None else at_most(middle, limit_ms, "ms"), beside)


@asynccontextmanager
async def _appliance_with_page(*configs: Config) -> AsyncIterator[tuple[Appliance, str, str]]:
    """An appliance in a quiet room, the address of its page, and the cookie of its owner."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "quiet.pcm").write_bytes(scenes.quiet_room(30))
        async with (
            service() as server,
            Appliance(folder, server.base_url, feeder(folder / "quiet.pcm"), _PAGE, *configs) as appliance,
        ):
            base, cookie = await owner_of(appliance, folder / "state")
            await appliance.ready()
            yield appliance, base, cookie


async def owner_of(appliance: Appliance, state: Path) -> tuple[str, str]:
    """Claim an appliance; return the address of its page and the cookie of its owner."""
    found = await appliance.until(
        lambda: re.search(r"the owner's page is at port (\d+)", appliance.stderr), "the page is served"
    )
    assert found is not None
    base = f"http://127.0.0.1:{found[1]}"
    digits, kept = one_time_code(time.time())
    change = changing(lambda before: structs.replace(before, code=kept))
    await asyncio.to_thread(StateAccessFile(state).update, change)
    async with aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True)) as session:
        body = {"code": digits, "password": _PASSWORD}
        async with session.post(f"{base}/api/v1/claim", json=body) as reply:
            reply.raise_for_status()
            return base, reply.cookies["ravatard"].value


@asynccontextmanager
async def _bare_page() -> AsyncIterator[str]:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-I", "-c", _BARE_PAGE), stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    try:
        yield f"http://127.0.0.1:{int(await process.stdout.readline())}"
    finally:
        process.kill()
        await process.wait()


async def _prepare(tab: Tab, base: str, cookie: str) -> None:
    for domain in ("Page", "Network"):
        await tab.command(f"{domain}.enable")
    await tab.resize(360, 740)
    await tab.command("Network.setCookie", name="ravatard", value=cookie, url=base)
    await tab.command("Page.addScriptToEvaluateOnNewDocument", source=_WATCH)


async def _drawn_ms(tab: Tab, url: str) -> float:
    """Open an address; return milliseconds until the state was drawn."""
    await tab.open(url)
    await tab.until("typeof drawnAt", "number")
    return float(await tab.value("drawnAt"))

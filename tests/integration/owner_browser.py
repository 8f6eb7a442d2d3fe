"""A browser on the owner's page: opened, logged in, worked by keys, looked at by axe."""

from __future__ import annotations

import asyncio
import importlib.util
import json
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any, Self

from ravatard.config.saved.store import FileSettingsStore
from tests.integration.devtools import Tab, chromium
from tests.integration.page_rig import ServedPage, serving_page
from tests.unit.web.page.samples import turn

PAGES = ("now", "turns", "sound", "settings", "health", "log", "access")
#: A phone, the display of a Raspberry Pi, a desktop.
SIZES = ((360, 740), (800, 480), (1280, 800))
#: Secrets of the appliance's configuration.
PLANTED = ("planted-project-4711", "planted-key-4711")
#: What a browser does besides showing a page, and animations: time that a test has no use for.
_QUIET = (
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-default-apps",
    "--disable-extensions",
    "--disable-sync",
    "--force-prefers-reduced-motion",
)
#: What WCAG 2.2 AA is made of, and what axe holds for good besides.
_RULES = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice")
_FOCUS = "(document.activeElement.id || document.activeElement.textContent || '').trim()"
#: Smallest target that WCAG 2.2 AA asks for, CSS pixels.
TARGET_PX = 24
_SMALL_TARGETS = f"""
[...document.querySelectorAll('button, input, select, textarea, summary, nav a')]
  .filter((one) => one.checkVisibility() && !one.closest('.unseen') && !one.matches('.unseen'))
  .map((one) => [one.outerHTML.slice(0, 80), one.getBoundingClientRect()])
  .filter(([, box]) => box.width < {TARGET_PX} || box.height < {TARGET_PX}).map(([name]) => name)
"""


def axe_source() -> str | None:
    """The program of axe-core, which a package for Python carries; None where that is not installed."""
    found = importlib.util.find_spec("axe_playwright_python")
    if found is None or not found.submodule_search_locations:
        return None
    return (Path(found.submodule_search_locations[0]) / "axe.min.js").read_text(encoding="utf-8")


def on_axis(number: int, outcome: str = "answered", cause: str = "voice", **times: int) -> dict[str, Any]:
    """One turn of a report, on its time axis; ``times``: milliseconds of speech, wait and voice."""
    speech, wait, voice = times.get("speech", 1_500), times.get("wait", 900), times.get("voice", 3_000)
    closed, heard = speech + 640, outcome == "answered"
    return {
        **turn(number, wait - 200 if heard else None),
        "outcome": outcome,
        "cause": cause,
        "spoken_ms": closed,
        "speech_ms": speech,
        "ended_s_ago": (21 - number) * 37.0,
        "first_sound_ms": wait + 640 if heard else None,
        "axis_ms": {
            "speech_end": speech,
            "gate_closed": closed,
            "last_message": closed + 60,
            "answer": closed + wait - 140 if heard else None,
            "first_sound": closed + wait if heard else None,
            "end": closed + wait + (voice if heard else 0),
        },
    }


def _turns() -> Iterator[dict[str, Any]]:
    for number in range(1, 13):
        times = {"speech": 700 + number * 163 % 2_300, "wait": 500 + number * 211 % 900}
        outcome = "nothing-said" if number == 8 else "answered"
        cause = "button" if number % 4 == 0 else "voice"
        yield on_axis(number, outcome, cause, voice=1_400 + number * 977 % 4_200, **times)


#: An appliance in the middle of its day.
BUSY_DAY: dict[str, Any] = {
    "state": "ready",
    "status": "ready",
    "degraded": [],
    "avatar": "Ada",
    "language": "en-GB",
    "link": {"state": "online", "since_s": 7_100.0, "reason": ""},
    "session": {
        "state": "live",
        "since_s": 204.0,
        "reason": "",
        "minutes": 3.4,
        "minutes_left": 26.6,
        "day_minutes": 18.0,
    },
    "microphone": {"state": "open", "device": "Jabra Speak 410", "level_db": -52.0, "floor_db": -58.0},
    "speaker": {
        "state": "open",
        "device": "Jabra Speak 410",
        "latency_ms": 40.0,
        "live_voice": True,
        "first_sound_ms": 1_290,
    },
    "volume": 65,
    "turns": list(_turns()),
    "first_sound": {"turns": 11, "median_ms": 1_340, "p95_ms": 2_010},
    "press_to_silence": {"turns": 2, "median_ms": 64, "p95_ms": 90},
    "uptime_s": 7_200.0,
    "since_s": 21.0,
    "counters": {"answers": 11, "turns": {}},
}

_DEVICE = {"channels": 1, "rate_hz": 16_000, "card": "1", "usb": "0b0e:0412", "port": None}
_OUTPUTS: dict[str, Any] = {
    "avatars": {"schema": 1, "avatars": [{"id": "ada-1", "name": "Ada", "live": True, "greeting": ""}]},
    "devices": {
        "microphones": [{"name": "usb:Jabra", "text": "Jabra Speak 410", "default": True, **_DEVICE}],
        "speakers": [{"name": "usb:Jabra", "text": "Jabra Speak 410", "default": True, **_DEVICE}],
        "alsa_config": "own",
    },
    "find-mic": {
        "microphones": [
            {"name": "usb:Jabra", "speech_db": -31.0, "level_db": -33.0, "trouble": ""},
            {"name": "usb:Webcam", "speech_db": None, "level_db": None, "trouble": "it is in use"},
        ],
        "best": "usb:Jabra",
    },
    "replay": {"at": 7.0, "event": "MicrophoneLost", "text": "MicrophoneLost(reason='unplugged')"},
    "doctor": {
        "checks": [
            _check
            for verdict, text, remedy in (
                ("fine", "the microphone hears speech", ""),
                ("warning", "the clock is 3 s off", "sudo timedatectl set-ntp true"),
                ("broken", "no speaker", "plug one in"),
                ("not needed", "no lights", ""),
            )
            for _check in [
                {
                    "id": verdict.replace(" ", "."),
                    "verdict": verdict,
                    "text": text,
                    "remedy": remedy,
                    "measured": {},
                    "took_s": 0.5,
                }
            ]
        ],
        "exit_status": 1,
        "ravatard": "9.9",
    },
}


class Cable:
    """Way to a port of this machine that a test can cut, from ``async with`` to its end.

    Attributes:
        port: where it begins.
    """

    def __init__(self, port: int) -> None:
        self.port = 0
        self._to = port
        self._whole = True
        self._open: set[asyncio.StreamWriter] = set()

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._relay, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *raised: object) -> None:
        # A connection that is being accepted needs a server that is open yet.
        for listening in self._server.sockets:
            asyncio.get_running_loop().remove_reader(listening.fileno())
        for _ in range(5):
            await asyncio.sleep(0)
        self.cut()
        self._server.close()

    def cut(self) -> None:
        """Break every connection, and let no new one through."""
        self._whole = False
        for end in list(self._open):
            end.transport.abort()

    def mend(self) -> None:
        """Let new connections through."""
        self._whole = True

    async def _relay(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if not self._whole:
            writer.transport.abort()
            return
        their_reader, their_writer = await asyncio.open_connection("127.0.0.1", self._to)
        self._open |= {writer, their_writer}
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(_pass_on(reader, their_writer))
                group.create_task(_pass_on(their_reader, writer))
        finally:
            self._open -= {writer, their_writer}


async def _pass_on(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
    """Pass on what comes until either end is closed; then close the other."""
    with suppress(ConnectionError):
        while data := await source.read(65_536):
            target.write(data)
            await target.drain()
    target.transport.abort()


class OwnerTab:
    """One browser on one page.

    Attributes:
        served: the page, where a test serves it.
        base: its address.
        tab: the browser.
        touches: the words or the id of everything that a finger touched.
    """

    def __init__(
        self, tab: Tab, base: str, served: ServedPage | None = None, cable: Cable | None = None
    ) -> None:
        self.tab = tab
        self.base = base
        self._served = served
        self._cable = cable
        self._examined = False
        self.touches: list[str] = []

    @property
    def served(self) -> ServedPage:
        assert self._served is not None
        return self._served

    @property
    def cable(self) -> Cable:
        assert self._cable is not None
        return self._cable

    async def open(self) -> None:
        """Open the page and wait until it is drawn."""
        self._examined = False
        await self.tab.open(self.base)
        await self.tab.until("!!document.querySelector('form, .face')")

    async def enter(self) -> None:
        """Take over the cookie of the rig, and open the page with it."""
        await self.served.log_in()
        for cookie in self.served.session.cookie_jar:
            await self.tab.command("Network.setCookie", name=cookie.key, value=cookie.value, url=self.base)
        await self.open()

    async def show(self, page: str) -> None:
        """Go to one of the seven pages, and wait until what it asks for is there."""
        await self.tab.value(f"location.hash = '#/{page}'")
        name = page.partition("/")[0]
        await self.tab.until(f"!!document.querySelector('nav a[href=\"#/{name}\"][aria-current=page]')")
        await self.settled()

    async def show_unlisted(self, page: str, title: str) -> None:
        """Go to a page that is not in the menu, and wait until what it asks for is there."""
        await self.tab.value(f"location.hash = '#/{page}'")
        await self.tab.until("document.querySelector('h1').textContent", title)
        await self.settled()

    async def settled(self) -> None:
        """Wait until nothing is awaited."""
        loading = json.dumps("One moment …")
        await self.tab.until(f"!document.querySelector('main').innerText.includes({loading})")

    async def text(self) -> str:
        return str(await self.tab.value("document.body.innerText"))

    async def click(self, words: str) -> None:
        """Click the button with these words."""
        buttons = "[...document.querySelectorAll('button')]"
        found = f"{buttons}.find((one) => one.textContent.trim() === {json.dumps(words)})"
        await self.tab.until(f"!!{found}")
        await self.tab.value(f"{found}.click()")

    async def fill(self, element: str, text: str) -> None:
        """Write into an element with this id, in the place of what is there."""
        await self.tab.value(f"document.getElementById({json.dumps(element)}).focus()")
        await self.tab.value(f"document.getElementById({json.dumps(element)}).select?.()")
        await self.tab.write(text)

    async def tap(self, words: str) -> None:
        """Touch a button, link or choice with these words, or a field with this id, with a finger."""
        found = (
            f"(document.getElementById({json.dumps(words)}) ?? "
            "[...document.querySelectorAll('main button, main a, main label')]"
            f".find((one) => one.textContent.trim() === {json.dumps(words)}))"
        )
        await self.tab.until(f"!!{found}")
        await self.tab.value(f"{found}.scrollIntoView({{block: 'center'}})")
        box = json.loads(await self.tab.value(f"JSON.stringify({found}.getBoundingClientRect())"))
        point = {"x": box["x"] + box["width"] / 2, "y": box["y"] + box["height"] / 2}
        self.touches.append(words)
        await self.tab.command("Input.dispatchTouchEvent", type="touchStart", touchPoints=[point])
        await self.tab.command("Input.dispatchTouchEvent", type="touchEnd", touchPoints=[])

    async def type(self, element: str, text: str) -> None:
        """Touch a field with this id, and write into it."""
        await self.tap(element)
        await self.tab.until("document.activeElement.id", element)
        await self.tab.write(text)

    async def choose(self, element: str, value: str) -> None:
        """Choose a value of a list with this id."""
        await self.tab.value(
            f"(() => {{ const all = document.getElementById({json.dumps(element)}); "
            f"all.value = {json.dumps(value)};"
            " all.dispatchEvent(new Event('change', {bubbles: true})) })()"
        )

    async def says(self, words: str) -> None:
        """Wait until the page shows these words."""
        await self.tab.until(f"document.body.innerText.includes({json.dumps(words)})")

    async def tab_to(self, words: str) -> None:
        """Press Tab until what has the focus has this id or these words.

        Raises:
            AssertionError: the focus goes round without coming there.
        """
        passed = []
        for _ in range(80):
            await self.tab.key("Tab")
            passed.append(await self.tab.value(_FOCUS))
            if passed[-1] == words:
                return
        raise AssertionError(f"{words!r} is not reached by Tab, but {passed}")

    async def complaints(self) -> list[str]:
        """Each rule of axe that the page breaks, with the elements, and targets that are too small."""
        if not self._examined:
            source = axe_source()
            assert source is not None
            await self.tab.command("Runtime.evaluate", expression=source)
            self._examined = True
        rules = json.dumps({"runOnly": list(_RULES), "resultTypes": ["violations"]})
        found = await self.tab.answer(
            f"axe.run(document, {rules}).then((all) => all.violations.map((one) => "
            "one.id + ': ' + one.nodes.map((node) => node.html.slice(0, 90)).join(' | ')))"
        )
        return [*found, *[f"small target: {one}" for one in await self.tab.value(_SMALL_TARGETS)]]

    async def overflow_px(self) -> int:
        """By how much the page is wider than its window, CSS pixels."""
        return int(await self.tab.value("document.documentElement.scrollWidth - innerWidth"))

    def troubles(self) -> list[str]:
        """What the browser complained of: errors of the page's program, and what its policy forbade."""
        found = []
        for event in self.tab.events:
            if event["method"] == "Runtime.exceptionThrown":
                found.append(str(event["params"]["exceptionDetails"]))
            if event["method"] == "Log.entryAdded" and event["params"]["entry"]["source"] == "security":
                found.append(event["params"]["entry"]["text"])
        return found

    def hosts(self) -> set[str]:
        """Every origin that something was asked of."""
        urls = [
            event["params"]["request"]["url"]
            for event in self.tab.events
            if event["method"] == "Network.requestWillBeSent"
        ]
        return {"/".join(url.split("/")[:3]) for url in urls if not url.startswith(("data:", "blob:"))}


@asynccontextmanager
async def owner_tab(folder: Path, *, logged_in: bool = True, **report: Any) -> AsyncIterator[OwnerTab]:
    """A browser on the page of an appliance in the middle of its day; ``report`` replaces parts of that.

    The browser comes by a cable.
    """
    project, key = PLANTED
    (folder / "ravatard.yaml").write_text(
        f"service:\n  project_id: {project}\n  api_key: {key}\ngate:\n  longest_s: 30\n"
    )
    store = FileSettingsStore(folder / "settings.yaml", {}, folder / "ravatard.yaml")
    async with (
        serving_page(folder, settings=store, language="en-GB") as served,
        Cable(served.page.port or 0) as cable,
        chromium(folder / "profile", *_QUIET) as tab,
    ):
        served.commands.outputs = {name: json.dumps(found).encode() for name, found in _OUTPUTS.items()}
        served.control.report = {**served.control.report, **BUSY_DAY, **report}
        owner = OwnerTab(tab, f"http://127.0.0.1:{cable.port}", served, cable)
        for domain in ("Page", "Runtime", "Log", "Network"):
            await tab.command(f"{domain}.enable")
        await tab.resize(*SIZES[0])
        if logged_in:
            await owner.enter()
        yield owner

"""Feed of the open pages: asks the appliance while a page is open, and for nothing otherwise."""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from typing import Any, NoReturn

import msgspec
from aiohttp import web

from ravatard.ports.page import Appliance, RecentLog
from ravatard.web.page import guard
from ravatard.web.page.access.doorkeeper import Doorkeeper, Visitor
from ravatard.web.page.api.status_types import LiveMeter
from ravatard.web.page.call import ApiCall
from ravatard.web.page.live_socket import LiveSocket
from ravatard.web.page.refused import RequestRefused
from ravatard.web.page.requests import Requests

#: Pages open at once: of a family's phones and a screen or two.
MOST_PAGES = 12
#: Of these, of one browser or one token.
MOST_OF_ONE = 6
#: Of these, of programs, so that they keep no owner out.
MOST_OF_TOKENS = 8
METER_S = 0.1
#: Open pages are asked so often whether they are logged in still.
CHECKED_S = 5.0
#: That open pages are in use is noted so often, if that is due.
USED_S = 1_800.0


class LiveFeed:
    """Keeps every open page up to date."""

    def __init__(
        self, requests: Requests, appliance: Appliance, log: RecentLog, doorkeeper: Doorkeeper
    ) -> None:
        self._requests = requests
        self._appliance = appliance
        self._log = log
        self._doorkeeper = doorkeeper
        self._pages: dict[LiveSocket, Visitor] = {}
        self._opened = asyncio.Event()
        self._metered = asyncio.Event()
        self._talk = self._microphone = ""

    async def live(self, call: ApiCall) -> web.StreamResponse:
        """Serve one page to its end.

        Raises:
            RequestRefused: it is no WebSocket, comes from another site, or too many are open.
        """
        request = call.request
        guard.check_socket(request.headers, has_token=not call.known.owner)
        if not web.WebSocketResponse().can_prepare(request):
            raise RequestRefused(426, "no-websocket", "this address is for a WebSocket")
        self._refuse_one_more(call.known)
        page = LiveSocket(self._log, self._wished)
        self._pages[page] = call.known
        unsubscribe = self._log.subscribe(page.wake)
        try:
            page.show("state", _state(await self._requests.status()))
            self._opened.set()
            return await page.serve(request)
        finally:
            unsubscribe()
            del self._pages[page]
            self._wished()

    def _refuse_one_more(self, visitor: Visitor) -> None:
        """Check that ``visitor`` may open one more page.

        Raises:
            RequestRefused: too many are open.
        """
        theirs = sum(one.id == visitor.id for one in self._pages.values())
        programs = sum(not one.owner for one in self._pages.values())
        most, whose = MOST_PAGES, ""
        if theirs >= MOST_OF_ONE:
            most, whose = MOST_OF_ONE, " of this browser or token"
        elif not visitor.owner and programs >= MOST_OF_TOKENS:
            most, whose = MOST_OF_TOKENS, " of programs"
        elif len(self._pages) < MOST_PAGES:
            return
        raise RequestRefused(503, "too-many-pages", f"{most} pages{whose} are open already; close one")

    async def run(self) -> NoReturn:
        """Run for ever. Cancelling leaves the pages to the server."""
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._watch(), name="page state")
                group.create_task(self._meter(), name="page meter")
                group.create_task(self._check(), name="page access")
                group.create_task(self._note_use(), name="page use")
        finally:
            for page in self._pages:
                page.end("the appliance stops")
        raise AssertionError  # none of them ends by itself

    # ------------------------------------------------------------------ inside

    def _wished(self) -> None:
        """A page wants something else, or is gone: the level is new as long as one looks at it."""
        looked_at = any(page.wish.meter for page in self._pages)
        if looked_at is not self._metered.is_set():
            self._appliance.watch_level(looked_at)
        if looked_at:
            self._metered.set()
        else:
            self._metered.clear()

    async def _watch(self) -> NoReturn:
        while True:
            await self._opened.wait()
            last_turn: int | None = None
            async with aclosing(self._requests.changes()) as changes:
                async for report in changes:
                    if not self._pages:
                        self._opened.clear()
                        break
                    last_turn = self._tell(report, last_turn)

    def _tell(self, report: dict[str, Any], last_turn: int | None) -> int:
        """Send a report to all pages, and each turn that ended since ``last_turn``; return the newest."""
        message = _state(report)
        turns = report["turns"]
        ended = [] if last_turn is None else [_turn(one) for one in turns if one["turn"] > last_turn]
        self._talk, self._microphone = report["talk"], report["microphone"]["state"]
        for page in self._pages:
            page.show("state", message)
            for turn in ended:
                page.add_turn(turn)
        return max((one["turn"] for one in turns), default=0)

    async def _meter(self) -> NoReturn:
        shown: object = None
        while True:
            await self._metered.wait()
            looking = [page for page in self._pages if page.wish.meter]
            if not looking:
                shown = None
                continue
            heard = self._appliance.progress.listened
            message = LiveMeter(
                level_db=None if heard is None else round(heard.level_db, 1),
                floor_db=None if heard is None else round(heard.floor_db, 1),
                talk=self._talk,
                microphone=self._microphone,
            )
            # A page that has just begun to look knows nothing yet.
            is_news = (heard, message, looking) != shown
            if is_news:
                shown = (heard, message, looking)
                encoded = msgspec.json.encode(message)
                for page in looking:
                    page.show("meter", encoded)
            # A level comes with a block of sound: one that is late is not waited for as long again.
            await asyncio.sleep(METER_S if is_news else METER_S / 2)

    async def _check(self) -> NoReturn:
        """Close the pages of those who were logged out."""
        while True:
            await self._opened.wait()
            if not self._pages:
                self._opened.clear()
                continue
            for page, visitor in list(self._pages.items()):
                if not self._doorkeeper.still_in(visitor):
                    page.end("this page was logged out")
            await asyncio.sleep(CHECKED_S)

    async def _note_use(self) -> NoReturn:
        """Note that the open pages are in use: one that is looked at for weeks asks for nothing else."""
        while True:
            await asyncio.sleep(USED_S)
            for visitor in list(self._pages.values()):
                if self._doorkeeper.still_in(visitor):
                    await self._doorkeeper.note_use(visitor)


def _state(report: dict[str, Any]) -> bytes:
    return msgspec.json.encode({"type": "state", "status": report})


def _turn(turn: dict[str, Any]) -> bytes:
    return msgspec.json.encode({"type": "turn", "turn": turn})

"""The kiosk: a page on this machine's display that shows the avatar's picture and what the appliance does."""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, NoReturn

from ravatard.core.indication import Indication
from ravatard.secret import Secret
from ravatard.web.kiosk.embedding import Inspection
from ravatard.web.kiosk.options import KioskOptions
from ravatard.web.kiosk.origin import Origin
from ravatard.web.kiosk.page_state import PageState
from ravatard.web.kiosk.scene import Scene, Stage

if TYPE_CHECKING:  # loaded when the page is served: 35 MB of HTTP that an appliance without a display spares
    from aiohttp import web

    from ravatard.web.kiosk.page_socket import Page

log = logging.getLogger(__name__)

Inspect = Callable[[Secret, float], Awaitable[Inspection]]

#: Pages open at once: the display, and somebody at the same machine who looks on.
MOST_PAGES = 6
#: A taken port, and a streaming page that cannot be had: tried again after this, then after ever longer.
_FIRST_WAIT_S = 2.0
_LONGEST_WAIT_S = 60.0


class Kiosk:
    """Serves the page. Everything but :meth:`serve` returns at once and may be called before it.

    Attributes:
        port: where the page is; None while it is not served.
        screen: what the display shows of the avatar.
        sound_in_browser: the browser plays the live voice, so nobody else has to.
    """

    def __init__(
        self,
        options: KioskOptions,
        *,
        report: Callable[[PageState], None] | None = None,
        inspect: Inspect | None = None,
    ) -> None:
        """Nothing is served yet.

        Args:
            options: section ``kiosk``.
            report: told of every change of :attr:`screen`.
            inspect: looks at a streaming page; None for the real network.
        """
        self.port: int | None = None
        self.screen = PageState.AWAY
        self.sound_in_browser = options.sound == "browser"
        self._options = options
        self._report = report
        self._inspect = inspect
        self._scene = Scene(options, run=secrets.token_hex(4))
        self._pages: list[Page] = []
        self._staged = asyncio.Event()
        self._looking: asyncio.Timeout | None = None

    # ------------------------------------------------------------------ what the daemon says

    def show(self, indication: Indication) -> None:
        """Show this from now on."""
        if self._scene.show(indication):
            self._tell_pages()

    def stage(self, url: Secret | None, token: Secret | None) -> None:
        """Embed this ``streamingUrl`` with this token; None: no session is held.

        The same address with a newer token leaves a running picture alone. Two sessions with the same address
        are told apart by a None between them.
        """
        if self._scene.put_on(url, token):
            self._staged.set()
            if self._looking is not None:
                # What is being looked at is no longer wanted.
                self._looking.reschedule(0.0)
            self._tell_pages()
            self._look_at_screen()

    async def serve(self) -> NoReturn:
        """Serve the page for ever; a taken port is waited for. Cancelling closes every connection."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._inspect_stages(), name="kiosk inspection")
            await self._stand_open()
        raise AssertionError  # the door never closes by itself

    # ------------------------------------------------------------------ serving

    async def _stand_open(self) -> NoReturn:
        from ravatard.web.kiosk.assets import Assets
        from ravatard.web.kiosk.server import KioskServer

        door = KioskServer(Assets(), lambda: self._scene.origins, self._converse)
        wait_s, complained = _FIRST_WAIT_S, False
        while True:
            try:
                async with door.opened(self._options.port) as port:
                    self.port = port
                    log.info("the page for the display is at http://127.0.0.1:%d/", port)
                    await asyncio.Event().wait()
            except OSError as error:
                if not complained:
                    log.warning(
                        "no page for the display: port %d cannot be had (%s); stop the program that has it, "
                        "or set kiosk.port to another one. Trying again",
                        self._options.port,
                        error.strerror or error,
                    )
                complained = True
            finally:
                self.port = None
            await asyncio.sleep(wait_s)
            wait_s = min(wait_s * 2, _LONGEST_WAIT_S)

    async def _converse(self, request: web.BaseRequest, embedder: Origin) -> web.StreamResponse:
        from aiohttp import web

        from ravatard.web.kiosk.assets import STRICT
        from ravatard.web.kiosk.page_socket import Page

        if len(self._pages) >= MOST_PAGES:
            return web.Response(status=503, text="Too many pages are open.\n", headers=STRICT)
        page = Page(embedder)
        self._pages.append(page)
        # The picture moves to the newest page, away from the others.
        self._tell_pages()
        self._look_at_screen()
        try:
            return await page.converse(request, lambda: self._message(page), self._look_at_screen)
        finally:
            self._pages.remove(page)
            self._tell_pages()
            self._look_at_screen()

    def _message(self, page: Page) -> str:
        return self._scene.message(page.embedder, newest=page is self._pages[-1])

    def _tell_pages(self) -> None:
        for page in self._pages:
            page.nudge()

    def _look_at_screen(self) -> None:
        screen = self._seen()
        if screen is not self.screen:
            self.screen = screen
            log.debug("display: %s", screen.value)
            if self._report is not None:
                self._report(screen)

    def _seen(self) -> PageState:
        if not self._pages:
            return PageState.AWAY
        if self._scene.stage is None:
            return PageState.EMPTY
        heard = self._pages[-1].heard
        # What a page said of another frame, or before it had this one, says nothing of this one.
        return heard.picture if heard.frame == self._scene.stage.frame else PageState.LOADING

    # ------------------------------------------------------------------ looking at the streaming page

    async def _inspect_stages(self) -> NoReturn:
        from ravatard.web.kiosk.inspection import inspect as look

        inspect = self._inspect or look
        wait_s, told = _FIRST_WAIT_S, ""
        while True:
            self._staged.clear()
            stage = self._scene.stage
            if stage is None or not stage.wants_a_look:
                wait_s = _FIRST_WAIT_S
                await self._staged.wait()
                continue
            try:
                async with asyncio.timeout(None) as self._looking:
                    inspection = await inspect(stage.address, self._options.check_s)
            except TimeoutError:
                wait_s = _FIRST_WAIT_S
                continue
            finally:
                self._looking = None
            self._scene.inspected(stage, inspection)
            self._tell_pages()
            trouble, told = told, inspection.trouble or ""
            if inspection.trouble is not None:
                if told != trouble:
                    log.warning("no picture: %s", told)
                wait_s = await self._pause(stage, wait_s)

    async def _pause(self, stage: Stage, wait_s: float) -> float:
        """Wait, or until something else is on stage; returns how long to wait the next time."""
        try:
            async with asyncio.timeout(wait_s):
                await self._staged.wait()
        except TimeoutError:
            return min(wait_s * 2, _LONGEST_WAIT_S)
        same = self._scene.stage is not None and self._scene.stage.frame == stage.frame
        return wait_s if same else _FIRST_WAIT_S

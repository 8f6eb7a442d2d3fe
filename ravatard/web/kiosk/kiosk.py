"""Kiosk: a page for this machine's display that shows the avatar's picture and the appliance's state."""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import TYPE_CHECKING, NoReturn

from ravatard.core.indication import Indication
from ravatard.secret import Secret
from ravatard.web.kiosk.design import Design
from ravatard.web.kiosk.embedding import Inspection
from ravatard.web.kiosk.options import KioskOptions
from ravatard.web.kiosk.origin import Origin
from ravatard.web.kiosk.page_content import PageContent, SessionPicture
from ravatard.web.kiosk.page_state import PageState
from ravatard.web.kiosk.texts import PageTexts, read_texts
from ravatard.web.server_port import ServerPort

if TYPE_CHECKING:  # loaded when the page is served: an appliance without a display saves 35 MB
    from aiohttp import web

    from ravatard.web.kiosk.page_socket import PageSocket

log = logging.getLogger(__name__)

Inspect = Callable[[Secret, float], Awaitable[Inspection]]

#: Pages open at once: the display, and a few more on the same machine.
MOST_PAGES = 6
#: First and longest wait before a failed streaming page is inspected again.
_FIRST_WAIT_S = 2.0
_LONGEST_WAIT_S = 60.0


class Kiosk:
    """Server of the page. Everything but :meth:`serve` returns at once and may be called before it.

    Attributes:
        screen: state of the picture on the display.
        sound_in_browser: True if the browser plays the live voice, and the daemon does not.
    """

    def __init__(
        self,
        options: KioskOptions,
        texts: PageTexts | None = None,
        *,
        design: Design | None = None,
        report: Callable[[PageState], None] | None = None,
        inspect: Inspect | None = None,
    ) -> None:
        """Prepare; nothing is served yet.

        Args:
            options: section ``kiosk``.
            texts: texts of the page; None for the shipped English ones.
            design: the owner's logo and colours; None for the shipped ones.
            report: called with every change of :attr:`screen`.
            inspect: inspects a streaming page; None for the real network.
        """
        self.screen = PageState.AWAY
        self.sound_in_browser = options.sound == "browser"
        self._options = options
        self._port = ServerPort("no page for the display", "kiosk.port", options.port)
        self._report = report
        self._inspect = inspect
        self._texts = texts or read_texts()
        self._design = design
        self._content = PageContent(options, self._texts, run=secrets.token_hex(4))
        self._pages: list[PageSocket] = []
        self._sounding_changed = asyncio.Event()
        self._picture_changed = asyncio.Event()
        self._inspecting: asyncio.Timeout | None = None

    @property
    def port(self) -> int | None:
        """Port of the page; None while it is not served."""
        return self._port.number

    @property
    def faults(self) -> tuple[str, ...]:
        """One sentence for each reason why it is not served."""
        return (self._port.fault,) if self._port.fault else ()

    # ------------------------------------------------------------------ from the daemon

    def show(self, indication: Indication) -> None:
        """Show this indication."""
        if self._content.show(indication):
            self._update_pages()

    def stage(self, url: Secret | None, token: Secret | None) -> None:
        """Embed this ``streamingUrl`` with this token; None: no session is held.

        The same address with a newer token leaves a running picture alone. Two sessions with the same address
        must have a None between them.
        """
        if self._content.set_picture(url, token):
            self._picture_changed.set()
            if self._inspecting is not None and not self._inspecting.expired():
                # The picture under inspection is no longer current. One that is being ended takes a moment.
                self._inspecting.reschedule(0.0)
            self._update_pages()
            self._update_screen()

    async def sounding(self) -> AsyncIterator[bool]:
        """Yield True when the browser begins to be heard, False when it falls silent; for ever.

        A page that closes, loses its picture or is replaced by a newer one is silent.
        """
        sounds = False
        while True:
            await self._sounding_changed.wait()
            self._sounding_changed.clear()
            if self._is_sounding() is not sounds:
                sounds = not sounds
                yield sounds

    async def serve(self) -> NoReturn:
        """Serve the page for ever; a taken port is waited for. Cancelling closes every connection."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._inspect_pictures(), name="kiosk inspection")
            await self._listen()
        raise AssertionError  # the server never closes on its own

    # ------------------------------------------------------------------ serving

    async def _listen(self) -> NoReturn:
        from ravatard.web.kiosk.assets import Assets
        from ravatard.web.kiosk.server import KioskServer

        server = KioskServer(
            Assets(self._texts, self._design),
            lambda: self._content.origins,
            self._serve_page,
            self._options.users,
        )
        await self._port.serve(
            lambda: server.opened(self._options.port),
            lambda number: f"the page for the display is at http://127.0.0.1:{number}/",
        )

    async def _serve_page(self, request: web.BaseRequest, embedder: Origin) -> web.StreamResponse:
        from aiohttp import web

        from ravatard.web.headers import STRICT
        from ravatard.web.kiosk.page_socket import PageSocket

        if len(self._pages) >= MOST_PAGES:
            return web.Response(status=503, text="Too many pages are open.\n", headers=STRICT)
        page = PageSocket(embedder)
        self._pages.append(page)
        # The picture moves to the newest page, away from the others.
        self._update_pages()
        self._update_screen()
        try:
            return await page.serve(request, lambda: self._message(page), self._update_screen)
        finally:
            self._pages.remove(page)
            self._update_pages()
            self._update_screen()

    def _message(self, page: PageSocket) -> str:
        return self._content.message(page.embedder, newest=page is self._pages[-1])

    def _update_pages(self) -> None:
        for page in self._pages:
            page.update()

    def _is_sounding(self) -> bool:
        if not (self.sound_in_browser and self._pages and self._content.picture is not None):
            return False
        report = self._pages[-1].report
        return report.sounding and report.frame == self._content.picture.frame

    def _update_screen(self) -> None:
        self._sounding_changed.set()
        screen = self._state()
        if screen is not self.screen:
            self.screen = screen
            log.debug("display: %s", screen.value)
            if self._report is not None:
                self._report(screen)

    def _state(self) -> PageState:
        if not self._pages:
            return PageState.AWAY
        if self._content.picture is None:
            return PageState.EMPTY
        report = self._pages[-1].report
        # A report about another frame says nothing about this one.
        return report.picture if report.frame == self._content.picture.frame else PageState.LOADING

    # ------------------------------------------------------------------ inspecting the streaming page

    async def _inspect_pictures(self) -> NoReturn:
        from ravatard.web.kiosk.inspection import inspect as fetch_and_inspect

        inspect = self._inspect or fetch_and_inspect
        wait_s, logged = _FIRST_WAIT_S, ""
        while True:
            self._picture_changed.clear()
            picture = self._content.picture
            if picture is None or not picture.needs_inspection:
                wait_s = _FIRST_WAIT_S
                await self._picture_changed.wait()
                continue
            try:
                async with asyncio.timeout(None) as self._inspecting:
                    inspection = await inspect(picture.address, self._options.check_s)
            except TimeoutError:
                wait_s = _FIRST_WAIT_S
                continue
            finally:
                self._inspecting = None
            self._content.inspected(picture, inspection)
            self._update_pages()
            previous, logged = logged, inspection.trouble or ""
            if inspection.trouble is not None:
                if logged != previous:
                    log.warning("no picture: %s", logged)
                wait_s = await self._pause(picture, wait_s)

    async def _pause(self, picture: SessionPicture, wait_s: float) -> float:
        """Wait ``wait_s``, or until the picture changes; return how long to wait the next time."""
        try:
            async with asyncio.timeout(wait_s):
                await self._picture_changed.wait()
        except TimeoutError:
            return min(wait_s * 2, _LONGEST_WAIT_S)
        same = self._content.picture is not None and self._content.picture.frame == picture.frame
        return wait_s if same else _FIRST_WAIT_S

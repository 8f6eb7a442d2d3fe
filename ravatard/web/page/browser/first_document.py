"""The page as a browser gets it: with all that its first look needs, so that nothing is asked for before."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import msgspec
from aiohttp import web

from ravatard.web.headers import STRICT, policy
from ravatard.web.page.api.types import WhoAmI
from ravatard.web.page.browser.static_files import LANGUAGES, StaticFiles
from ravatard.web.page.call import ApiCall
from ravatard.web.page.refused import RequestRefused

#: Its place in the document. A script of this type is data: no browser runs it, and the policy allows it.
MARK = b"<!--first-->"
_FIRST = b'<script type="application/json" id="first">%b</script>'
_FALLBACK = "en"
#: Time for the state, which costs the appliance some milliseconds.
STATE_S = 1.0
#: Languages of a browser that are looked at.
_MOST_TAGS = 16

Answer = Callable[[ApiCall], Awaitable[Any]]


class FirstDocument:
    """Makes the document for one caller: who he is, his language's texts and, if he may see it, the state."""

    def __init__(self, files: StaticFiles, who: Answer, status: Answer) -> None:
        """Prepare.

        Args:
            files: the page for browsers.
            who: answers who the caller is.
            status: answers with the state.
        """
        self._files = files
        self._who = who
        self._status = status

    async def reply(self, call: ApiCall) -> web.Response:
        """Return the document.

        Raises:
            RequestRefused: there is none.
        """
        index = self._files.index
        if index is None:
            raise RequestRefused(404, "not-found", "there is nothing at this address")
        who: WhoAmI = await self._who(call)
        accepted = call.request.headers.get("Accept-Language", "")
        language = chosen([who.language, *_tags(accepted)], self._files.languages)
        first = {
            "who": who,
            "names": msgspec.Raw(self._files.body(f"{LANGUAGES}names.json")),
            "language": language,
            "texts": msgspec.Raw(self._files.body(f"{LANGUAGES}{language}.json")),
            "status": await self._state(call),
        }
        # In a script nothing but "<" can end it.
        data = msgspec.json.encode(first).replace(b"<", b"\\u003c")
        return web.Response(body=index.replace(MARK, _FIRST % data), headers=_HEADERS)

    async def _state(self, call: ApiCall) -> Any:
        """Return the state; None for a caller who may not see it, and while it cannot be had."""
        if call.visitor is None or "read" not in call.visitor.scopes:
            return None
        try:
            async with asyncio.timeout(STATE_S):
                return await self._status(call)
        except (RequestRefused, TimeoutError):
            # The page asks for it again, and says then why it cannot be had.
            return None


def chosen(wanted: Sequence[str], offered: Sequence[str]) -> str:
    """Return the first language that is ``offered`` of those ``wanted``, by its tag or without its region.

    The page's own program chooses by the same rule (static/texts.js).
    """
    known = {one.lower(): one for one in offered}
    for tag in wanted:
        for name in (tag.lower(), tag.lower().partition("-")[0]):
            if name in known:
                return known[name]
    return _FALLBACK


def _tags(accepted: str) -> Sequence[str]:
    """Return the languages of a header, in its order, which browsers keep by preference."""
    return [one.partition(";")[0].strip() for one in accepted.split(",", _MOST_TAGS)[:_MOST_TAGS]]


_HEADERS = STRICT | {
    "Content-Security-Policy": policy(),
    "Content-Type": "text/html; charset=utf-8",
}

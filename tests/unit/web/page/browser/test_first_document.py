"""Document of the page: whose state is in it, in which language, and that nothing in it runs."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from aiohttp.test_utils import make_mocked_request

from ravatard.web.page.access.doorkeeper import Visitor
from ravatard.web.page.api.types import ClaimOffer, WhoAmI
from ravatard.web.page.browser.first_document import FirstDocument, chosen
from ravatard.web.page.browser.static_files import StaticFiles
from ravatard.web.page.call import ApiCall
from ravatard.web.page.refused import RequestRefused

OWNER = Visitor("1", "browser", ("read",), owner=True)
BLIND = Visitor("2", "program", ("control",), owner=False)


async def first(
    visitor: Visitor | None, status: Any, headers: Mapping[str, str] | None = None, language: str = ""
) -> Any:
    """What the document carries."""

    async def who(call: ApiCall) -> WhoAmI:
        known = call.visitor is not None
        return WhoAmI(known, known, "", [], True, False, True, language, "", ClaimOffer(False, False))

    async def state(call: ApiCall) -> Any:
        if isinstance(status, Exception):
            raise status
        return status

    request = make_mocked_request("GET", "/", headers=dict(headers or {}))
    document = FirstDocument(StaticFiles(), who, state)
    reply = await document.reply(ApiCall(request, None, visitor, "", encrypted=False))
    assert reply.headers["Cache-Control"] == "no-store"
    assert isinstance(reply.body, bytes)
    (data,) = re.findall(rb'<script type="application/json" id="first">([^<]*)</script>', reply.body)
    return json.loads(data)


async def test_an_owner_gets_the_state_and_the_texts_with_the_document() -> None:
    found = await first(OWNER, {"state": "ready"}, language="de-AT")

    assert found["status"] == {"state": "ready"}
    assert found["who"]["authenticated"]
    assert (found["language"], found["texts"]["page.turns"]) == ("de", "Runden")
    assert found["names"]["uk"] == "Українська"


@pytest.mark.parametrize("visitor", [None, BLIND])
async def test_a_caller_who_may_not_read_gets_no_state(visitor: Visitor | None) -> None:
    assert (await first(visitor, {"state": "ready"}))["status"] is None


async def test_a_state_that_cannot_be_had_keeps_no_page_away() -> None:
    assert (await first(OWNER, RequestRefused(503, "no-answer", "no")))["status"] is None


async def test_nothing_in_the_state_ends_the_data() -> None:
    hostile = "</script><script>alert(1)</script><!--"

    assert (await first(OWNER, {"avatar": hostile}))["status"] == {"avatar": hostile}


async def test_without_a_language_of_the_service_the_browsers_counts() -> None:
    headers = {"Accept-Language": "xx, fr-CA;q=0.8, de;q=0.1"}

    assert (await first(None, None, headers))["language"] == "fr"
    assert (await first(None, None, headers, language="uk"))["language"] == "uk"
    assert chosen(["xx", ""], ["de"]) == "en"


async def test_a_folder_without_a_page_is_not_found(tmp_path: Path) -> None:
    async def never(call: ApiCall) -> Any:
        raise AssertionError(call)

    request = make_mocked_request("GET", "/")
    with pytest.raises(RequestRefused) as refused:
        await FirstDocument(StaticFiles(tmp_path), never, never).reply(
            ApiCall(request, None, None, "", encrypted=False)
        )
    assert refused.value.status == 404

"""The restart."""

from __future__ import annotations

from typing import Any, cast

import pytest

from ravatard.web.page.api.appliance_api import ApplianceApi
from ravatard.web.page.call import ApiCall
from ravatard.web.page.refused import RequestRefused
from ravatard.web.page.requests import Requests

NO_CALL = cast(ApiCall, None)


async def test_a_daemon_started_by_hand_is_not_ended_from_a_page() -> None:
    stopped: list[Any] = []
    requests = cast(Requests, None)
    by_hand = ApplianceApi(requests, lambda: stopped.append(1), restarts=False)
    managed = ApplianceApi(requests, lambda: stopped.append(2), restarts=True)

    with pytest.raises(RequestRefused, match="by hand"):
        await by_hand.restart(NO_CALL)
    await managed.restart(NO_CALL)

    assert stopped == [2]

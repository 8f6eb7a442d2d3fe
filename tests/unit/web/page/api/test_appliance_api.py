"""Figures over the last turns, and the restart."""

from __future__ import annotations

from typing import Any, cast

import pytest

from ravatard.web.page.api.appliance_api import ApplianceApi, share_of
from ravatard.web.page.call import ApiCall
from ravatard.web.page.refused import RequestRefused
from ravatard.web.page.requests import Requests

NO_CALL = cast(ApiCall, None)


@pytest.mark.parametrize(
    ("times", "share", "found"),
    [([], 0.5, None), ([7], 0.5, 7), ([7], 0.95, 7), ([3, 1, 2], 0.5, 2), (list(range(1, 21)), 0.95, 19)],
)
def test_a_share_is_by_nearest_rank(times: list[float], share: float, found: float | None) -> None:
    assert share_of(times, share) == found


async def test_a_daemon_started_by_hand_is_not_ended_from_a_page() -> None:
    stopped: list[Any] = []
    requests = cast(Requests, None)
    by_hand = ApplianceApi(requests, lambda: stopped.append(1), restarts=False)
    managed = ApplianceApi(requests, lambda: stopped.append(2), restarts=True)

    with pytest.raises(RequestRefused, match="by hand"):
        await by_hand.restart(NO_CALL)
    await managed.restart(NO_CALL)

    assert stopped == [2]

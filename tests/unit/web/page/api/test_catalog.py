"""The catalog of endpoints: nothing in it contradicts the rules of access."""

from __future__ import annotations

from ravatard.web.page.api.catalog import ENDPOINTS
from ravatard.web.page.api.endpoints import PREFIX
from ravatard.web.page.guard import SAFE

#: What is told or done before a log-in, and no more.
OPEN = {"healthz", "openapi", "who_am_i", "log_in", "claim_offer", "await_press", "claim"}


def test_addresses_and_names_are_used_once() -> None:
    assert len({(one.method, one.path) for one in ENDPOINTS}) == len(ENDPOINTS)
    assert len({one.name for one in ENDPOINTS}) == len(ENDPOINTS)


def test_only_the_way_in_is_open_to_all() -> None:
    assert {one.name for one in ENDPOINTS if one.right == "none"} == OPEN


def test_what_changes_takes_json_and_needs_more_than_to_read() -> None:
    for endpoint in ENDPOINTS:
        if endpoint.method not in SAFE:
            assert endpoint.right != "read", endpoint.name
            assert (endpoint.takes is None) == (endpoint.method == "DELETE"), endpoint.name


def test_every_address_but_one_is_versioned() -> None:
    assert [one.path for one in ENDPOINTS if not one.path.startswith(f"{PREFIX}/")] == ["/healthz"]

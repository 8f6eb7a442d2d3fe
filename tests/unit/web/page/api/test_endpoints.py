"""The way from an address to its endpoint."""

from __future__ import annotations

from ravatard.web.page.api.catalog import ENDPOINTS
from ravatard.web.page.api.endpoints import PREFIX, EndpointTable

TABLE = EndpointTable(ENDPOINTS)


def test_every_endpoint_is_found_at_its_address() -> None:
    for endpoint in ENDPOINTS:
        methods, key = TABLE.methods(endpoint.path.replace("{id}", "abc"))

        assert methods[endpoint.method] is endpoint
        assert key == ("abc" if "{id}" in endpoint.path else "")


def test_other_addresses_have_none() -> None:
    for path in (
        "",
        "/",
        PREFIX,
        f"{PREFIX}/tokens/",
        f"{PREFIX}/tokens/a/b",
        f"{PREFIX}/status/x",
        "/healthz/",
    ):
        assert TABLE.methods(path)[0] == {}


def test_the_status_of_success_follows_from_what_is_given() -> None:
    by_name = {endpoint.name: endpoint.status for endpoint in ENDPOINTS}

    assert (by_name["status"], by_name["bundle"], by_name["healthz"], by_name["live"]) == (200, 200, 204, 101)

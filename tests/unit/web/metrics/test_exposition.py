"""A scraper that asks for an odd format gets figures all the same."""

from __future__ import annotations

from itertools import product

from ravatard.core.control.figures import Figures
from ravatard.web.metrics.collector import StaticFacts, StatusCollector
from ravatard.web.metrics.exposition import Exposition
from tests.unit.web.metrics.fakes import FakeHandler

VERSIONS = ("abc", "", "1.x", "-1", "1.0.0.0.0", "9.9.9", "\xb2", "1;1", "=", "0")
ESCAPINGS = ("", "; escaping=bogus", "; escaping=", "; escaping", "; escaping=allow-utf-8;;")


async def test_every_wish_for_a_format_is_answered() -> None:
    exposition = Exposition(StatusCollector(Figures(), lambda: 0.0, StaticFacts("1", "live")), FakeHandler())
    kinds = ("application/openmetrics-text", "text/plain")
    wishes = [
        f"{kind}; version={version}{rest}" for kind, version, rest in product(kinds, VERSIONS, ESCAPINGS)
    ]
    for wish in (*wishes, "", ",", ";", "*/*;q=x", "\x00"):
        body, content_type = await exposition.negotiated(wish)

        assert b"ravatard_info" in body, wish
        assert content_type.startswith(kinds)

"""Names of this machine; the server itself is in ``tests/integration/test_metrics.py``."""

from __future__ import annotations

import pytest

from ravatard.web.metrics.server import _is_loopback


@pytest.mark.parametrize(
    "host", ["localhost", "LOCALHOST:9484", "127.0.0.1", "127.0.0.1:1", "[::1]", "[::1]:9484"]
)
def test_loopback_has_these_names(host: str) -> None:
    assert _is_loopback(host)


@pytest.mark.parametrize("host", ["", "example", "127.0.0.1.example:1", "10.0.0.1", "[fe80::1]:1"])
def test_any_other_is_none(host: str) -> None:
    assert not _is_loopback(host)

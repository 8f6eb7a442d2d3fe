"""Adapters for other programs, as far as they are switched on; what is off is not loaded."""

from __future__ import annotations

import logging
import time
from importlib.util import find_spec

from ravatard import __version__
from ravatard.cloud.factory import kind_of
from ravatard.cloud.network.trust import load_aiohttp
from ravatard.config import Options
from ravatard.installation import adding
from ravatard.ports.adapter import Adapter

log = logging.getLogger("ravatard")


def adapters(options: Options, without: list[str]) -> list[Adapter]:
    """Return the adapters that are configured; ``without`` gets a sentence for each that is not installed."""
    made = (_metrics(options, without),)
    return [one for one in made if one is not None]


def _metrics(options: Options, without: list[str]) -> Adapter | None:
    if not options.metrics.wanted or _lacks("prometheus_client", "metrics", without):
        return None
    load_aiohttp()
    from ravatard.web.metrics.collector import StaticFacts
    from ravatard.web.metrics.metrics import Metrics

    day_minutes = options.spend.day_minutes
    facts = StaticFacts(
        version=__version__,
        mode="live" if kind_of(options).features(options).live else "chat",
        day_budget_s=None if day_minutes is None else day_minutes * 60,
        started_at=time.time(),
    )
    return Metrics(options.metrics, facts)


def _lacks(library: str, extra: str, without: list[str]) -> bool:
    """Return True if a library is missing; it is told once."""
    if find_spec(library) is not None:
        return False
    sentence = f"the Python package {library} is missing; {adding(extra)}"
    log.warning("running without section %s: %s", extra, sentence)
    without.append(f"no {extra}: {sentence}")
    return True

"""Exposition of the figures: one registry of our own, in the format that a scraper asks for."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, ProcessCollector
from prometheus_client.exposition import choose_encoder, generate_latest

from ravatard.core.control.lines import line_of
from ravatard.core.control.protocol import ControlHandler, first_reply
from ravatard.web.metrics.collector import StatusCollector

_STATUS = line_of({"do": "status"})


class Exposition:
    """Figures of a running appliance, as text."""

    def __init__(self, collector: StatusCollector, handler: ControlHandler) -> None:
        """Ask ``handler`` for a report each time, and have ``collector`` turn it into families."""
        self._collector = collector
        self._handler = handler
        # Without descriptions at registration: there is no report yet.
        self._registry = CollectorRegistry(auto_describe=False)
        self._registry.register(collector)
        ProcessCollector(registry=self._registry)

    async def negotiated(self, accept: str) -> tuple[bytes, str]:
        """Return the figures and their content type; ``accept``: the request's header of that name."""
        try:
            encode, content_type = choose_encoder(accept)
        except (TypeError, ValueError, LookupError):
            # The library compares a version that is no number with one.
            encode, content_type = choose_encoder("")
        await self._look()
        return bytes(encode(self._registry)), content_type

    async def text(self) -> bytes:
        """Return the figures in the plain text format."""
        await self._look()
        return generate_latest(self._registry)

    async def _look(self) -> None:
        if (reply := await first_reply(self._handler, _STATUS)) is not None:
            self._collector.report = reply["status"]

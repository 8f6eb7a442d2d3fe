"""Metrics: the part of the appliance that gives its figures out, as an observer and a server."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import NoReturn

from ravatard.core.control.figures import Figures
from ravatard.core.control.protocol import ControlHandler
from ravatard.core.events import Event
from ravatard.web.metrics.collector import StaticFacts, StatusCollector
from ravatard.web.metrics.exposition import Exposition
from ravatard.web.metrics.options import MetricsOptions
from ravatard.web.metrics.server import PATH, MetricsServer
from ravatard.web.metrics.textfile import Textfile
from ravatard.web.server_port import ServerPort


class Metrics:
    """Figures of the appliance for Prometheus. A scraper that misbehaves costs the voice nothing.

    Attributes:
        name: name of its task.
    """

    name = "metrics"

    def __init__(self, options: MetricsOptions, facts: StaticFacts) -> None:
        """Prepare; nothing is served yet. ``options``: section ``metrics``; ``facts``: see there."""
        self._options = options
        self._facts = facts
        self._figures = Figures()
        self._port = ServerPort("no figures for Prometheus", "metrics.port", options.port)
        self._file = (
            Textfile(Path(options.textfile), options.textfile_s) if options.textfile is not None else None
        )

    @property
    def port(self) -> int | None:
        """Port of the server; None while it is not served."""
        return self._port.number

    @property
    def faults(self) -> tuple[str, ...]:
        """One sentence for each way in which figures should be given out and are not."""
        found = (self._port.fault, self._file.fault if self._file is not None else "")
        return tuple(one for one in found if one)

    @property
    def counts(self) -> Mapping[str, int]:
        """No counters beyond those of the report."""
        return {}

    def on_event(self, event: Event, now: float) -> None:
        """The hub is about to handle ``event``."""
        self._figures.on_event(event, now)

    def on_action(self, action: object, now: float) -> None:
        """The hub has asked for ``action``."""
        self._figures.on_action(action, now)

    async def serve(self, handler: ControlHandler) -> NoReturn:
        """Give out the figures, for ever. Cancelling closes every connection, and removes the file."""
        collector = StatusCollector(self._figures, asyncio.get_running_loop().time, self._facts)
        exposition = Exposition(collector, handler)
        async with asyncio.TaskGroup() as group:
            if self._file is not None:
                group.create_task(self._file.keep(exposition.text), name="metrics file")
            if self._options.listen != "off":
                group.create_task(self._listen(exposition), name="metrics server")
        raise AssertionError  # neither ends on its own

    async def _listen(self, exposition: Exposition) -> NoReturn:
        options = self._options
        server = MetricsServer(exposition.negotiated, token=options.token, lan=options.listen == "lan")
        await self._port.serve(
            lambda: server.opened(options.port),
            lambda number: f"the figures are at http://127.0.0.1:{number}{PATH}",
        )

"""Owner's page of this machine: its files, names, log and certificate, and what it asks the doctor for."""

from __future__ import annotations

import logging
import socket
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from ravatard import __version__
from ravatard.config import Options
from ravatard.host.activation import handed_over
from ravatard.host.command_line import Subcommands
from ravatard.host.page_file import StateAccessFile
from ravatard.ports.page import OwnerPage, Trials
from ravatard.ports.settings import SettingsStore

log = logging.getLogger(__name__)

#: Name of the sockets in systemd/ravatard-page.socket.
SOCKET_NAME = "page"


@dataclass(frozen=True, slots=True)
class PageSurroundings:
    """What the page of one run is told.

    Attributes:
        environ: the daemon's environment.
        state: the state directory.
        config: the configuration file; None for the default.
        control: the daemon's control socket.
        clean: cleans a record of the log of secrets, as a filter of a handler does.
        trials: tries the microphone.
        settings: the saved settings; None without.
    """

    environ: Mapping[str, str]
    state: Path
    config: Path | None
    control: Path
    clean: Callable[[logging.LogRecord], bool]
    trials: Trials
    settings: SettingsStore | None = None


def owner_page(options: Options, around: PageSurroundings) -> OwnerPage | None:
    """Return the page; None when it is off. Nothing of it is loaded then."""
    if options.page.listen == "off":
        return None
    # Its default contexts must trust no server: others use it to connect.
    from ravatard.cloud.network.trust import load_aiohttp

    load_aiohttp()
    from ravatard.web.page.log_ring import LogRing
    from ravatard.web.page.page import Page, PageParts

    ring = LogRing()
    ring.addFilter(around.clean)
    logging.getLogger().addHandler(ring)
    environ = around.environ
    parts = PageParts(
        file=StateAccessFile(around.state),
        commands=Subcommands(environ, _further(around)),
        log=ring,
        trials=around.trials,
        settings=around.settings,
        names=own_names(),
        version=__version__,
        language=options.service.language,
        restarts="NOTIFY_SOCKET" in environ,
        handed=handed_over(SOCKET_NAME, environ),
    )
    return Page(options.page, parts)


def own_names() -> frozenset[str]:
    """Return the names by which this machine is reached, in lower case."""
    name = socket.gethostname().lower()
    short = name.partition(".")[0]
    return frozenset({"localhost", name, short, f"{short}.local"})


def _further(around: PageSurroundings) -> Mapping[str, tuple[str, ...]]:
    """Return the arguments by which commands find this run's files."""
    config = () if around.config is None else ("--config", str(around.config))
    places = (*config, "--state", str(around.state), "--socket", str(around.control))
    return {"doctor": places, "support-bundle": places}

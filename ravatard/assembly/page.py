"""Owner's page of this machine: its files, names, log and certificate, and what it asks the doctor for."""

from __future__ import annotations

import logging
import ssl
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from ravatard import __version__
from ravatard.config import Options
from ravatard.host.control.own_unit import own_unit
from ravatard.host.page.access_file import StateAccessFile
from ravatard.host.page.activation import handed_over
from ravatard.host.page.certificate import NAME, context, fingerprint, self_made, stamp
from ravatard.host.page.command_line import Subcommands
from ravatard.host.page.journal import Journalctl
from ravatard.host.page.names import own_names, short_name
from ravatard.host.state import RECORDER
from ravatard.ports.page import OwnerPage, Trials
from ravatard.ports.settings import SettingsStore
from ravatard.web.page.options import PageOptions, why_locked

log = logging.getLogger(__name__)

#: Name of the sockets in systemd/ravatard-page.socket.
SOCKET_NAME = "page"


@dataclass(frozen=True, slots=True)
class PageSurroundings:
    """Surroundings of one run, which the page is told.

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
    from ravatard.web.page.hosting import PageTls
    from ravatard.web.page.log_ring import LogRing
    from ravatard.web.page.page import Page, PageParts

    # Later than the numbers of an earlier run, as a line takes more than a millisecond.
    ring = LogRing(began=int(time.time()) * 1_000)
    ring.addFilter(around.clean)
    logging.getLogger().addHandler(ring)
    environ = around.environ
    parts = PageParts(
        file=StateAccessFile(around.state),
        commands=Subcommands(environ, _further(around)),
        log=ring,
        journal=Journalctl(environ, own_unit(), partial(_cleaned, around.clean)),
        trials=around.trials,
        settings=around.settings,
        names=own_names(),
        version=__version__,
        language=options.service.language,
        handed=handed_over(SOCKET_NAME, environ),
        tls=None if options.page.tls == "off" else PageTls(*tls_of(options.page, around.state)),
    )
    return Page(options.page, parts)


def tls_of(options: PageOptions, state: Path) -> tuple[Callable[[], ssl.SSLContext], Callable[[], object]]:
    """Return what makes the context of TLS, and what tells when its files were replaced."""
    own = [Path(one) for one in (options.certificate, options.key) if one is not None]
    files = own if options.tls == "files" else [state / NAME]
    return lambda: tls_context(options, state), lambda: stamp(files)


def tls_context(options: PageOptions, state: Path) -> ssl.SSLContext:
    """Return the context of TLS; makes the certificate when it is to be self-made. Blocks.

    Raises:
        ConfigError: the certificate cannot be used, made or kept.
    """
    if options.tls == "files":
        key = None if options.key is None else Path(options.key)
        return context(Path(options.certificate or ""), key)
    file = self_made(state, [f"{short_name()}.local", *sorted(own_names()), *options.names])
    log.info("fingerprint of the page's certificate (SHA-256): %s", fingerprint(file.read_text()))
    return context(file, None)


def lan_refusal(options: Options, file: StateAccessFile) -> str:
    """Return why the page may not be opened to the local network: no password, and no way to claim it.

    Returns:
        One sentence; "" if it may, or if that cannot be seen by this user.
    """
    if options.page.listen != "lan" or (options.button.pin is not None and options.speaker.enabled):
        return ""
    # Loaded only where the page is on.
    from ravatard.web.page.access.record import DamagedAccess, decoded

    try:
        if decoded(file.read()).password is not None:
            return ""
    except PermissionError:
        return ""
    except (DamagedAccess, OSError) as error:
        return str(error)
    return why_locked()


def _cleaned(clean: Callable[[logging.LogRecord], bool], text: str) -> str:
    """Return ``text`` without secrets, as ``clean`` leaves the message of a record."""
    record = logging.LogRecord("journal", logging.INFO, "", 0, text, None, None)
    clean(record)
    return record.getMessage()


def _further(around: PageSurroundings) -> Mapping[str, tuple[str, ...]]:
    """Return the arguments by which commands find this run's files."""
    config = () if around.config is None else ("--config", str(around.config))
    places = (*config, "--state", str(around.state), "--socket", str(around.control))
    recorder = str(around.state / RECORDER)
    return {"doctor": places, "support-bundle": places, "replay": (recorder,), "avatars": config}

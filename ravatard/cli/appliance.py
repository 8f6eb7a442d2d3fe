"""One run of the appliance in this process: its sources of settings, what it remembers, and its parts."""

from __future__ import annotations

import argparse
import asyncio
import logging
import shlex
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from ravatard import __version__, logs
from ravatard.app import Controls
from ravatard.assembly import runner
from ravatard.assembly.frozen_start import freeze_imports
from ravatard.assembly.lifetime import disarm, live
from ravatard.assembly.page import PageSurroundings, owner_page
from ravatard.assembly.parts import Beginning, build, conversation_options
from ravatard.assembly.refused_accepts import RefusedAccepts
from ravatard.assembly.simulator import simulated
from ravatard.assembly.wakeword import WakeWordModel
from ravatard.cli.rereading import KnownSecrets, Rereading, configure_logs, restart_refusal
from ravatard.cli.terminal import columns_of, takes_colour, typeable, visible
from ravatard.cloud.network.access import network_access
from ravatard.config import DEFAULT_PATH, Loaded, Options
from ravatard.config.advice import advice
from ravatard.config.saved.layer import saved_file
from ravatard.config.saved.starting import StartingConfiguration, set_aside
from ravatard.devices.microphone.source_check import check_source
from ravatard.devices.process.early import EarlyProcess
from ravatard.host.board.health import board_health, board_model
from ravatard.host.board.state_room import StateRoom
from ravatard.host.control.server import control_socket
from ravatard.host.credentials import keep_for_the_end
from ravatard.host.identity import appliance_id
from ravatard.host.ledger import FileLedger
from ravatard.host.recorder import flight_recorder
from ravatard.host.remembered import RememberedSettings
from ravatard.host.runtime import SOCKET_NAME, SYSTEM_DIRECTORY, runtime_directory
from ravatard.host.state import RECORDER, state_directory
from ravatard.host.state_version import bring_up_to_date
from ravatard.installation import rolled_back
from ravatard.ports.host import Observer
from ravatard.ports.page import OwnerPage

log = logging.getLogger(__name__)


def beside_service(control: Path, system: Path = SYSTEM_DIRECTORY) -> str:
    """Return a warning when a service runs besides a daemon whose socket is ``control``; else "".

    systemd removes the directory ``system`` when the service ends.
    """
    if control.parent == system or not system.is_dir():
        return ""
    return (
        f"the service seems to run, too ({system} exists), and two daemons cannot share a sound card; stop "
        "it first: sudo systemctl stop ravatard"
    )


def _keep_credentials(environ: Mapping[str, str]) -> None:
    try:
        keep_for_the_end(environ)
    except OSError as error:
        log.warning("a session left open by a crash ends at the next start, not at once: %s", error)


def _machine(board: str | None) -> Callable[[], dict[str, Any]]:
    """Return what gives the fields of the status about program and board, of which only health changes.

    ``board``: its name in the configuration.
    """
    constant = {"version": __version__, "id": appliance_id(), "board": board, "model": board_model()}
    return lambda: {**constant, "health": board_health()}


def appliance(
    arguments: argparse.Namespace,
    started: StartingConfiguration,
    environ: Mapping[str, str],
    early: EarlyProcess | None,
) -> int:
    """Run it in this process until a signal; return exit status 0.

    Args:
        arguments: the command line of ``run``.
        started: the configuration.
        environ: the daemon's environment variables.
        early: the microphone's process, to be taken over; None: it is not started yet.

    Raises:
        RavatardError: it cannot be run like this.
    """
    freeze_imports()
    try:
        runner.run(_appliance(arguments, started, environ, early))
    finally:
        disarm()
    return 0


def _page(
    arguments: argparse.Namespace,
    loaded: Loaded,
    options: Options,
    environ: Mapping[str, str],
    control: Path,
    secrets: KnownSecrets,
) -> OwnerPage | None:
    """Return the owner's page; None when it is off."""
    if options.page.listen == "off":
        return None
    from ravatard.cli.page_trials import ConfiguredTrials
    from ravatard.config.saved.store import FileSettingsStore

    around = PageSurroundings(
        environ=environ,
        state=state_directory(environ),
        config=arguments.config,
        control=control,
        # The secrets of now: a reload may bring others.
        clean=lambda record: logs.Redaction(secrets).filter(record),
        trials=ConfiguredTrials(options, environ),
        settings=FileSettingsStore(saved_file(environ), environ, arguments.config, loaded.options),
    )
    return owner_page(options, around)


def _tell_outdated(loaded: Loaded, config: Path | None) -> None:
    migrate = "sudo ravatard config migrate"
    if config is not None:
        migrate = f"ravatard config migrate --config {shlex.quote(str(config))}"
    for file, dated in loaded.outdated.items():
        told = (file, dated.version, "; ".join(dated.notes), migrate)
        log.warning("%s is of version %d and read as today's (%s); `%s` writes that down", *told)


def simulated_warnings(loaded: Loaded, main: Path, without: Sequence[str]) -> Iterator[str]:
    """Yield a line for each warning of a simulated run, whose log shows errors only.

    Args:
        loaded: the configuration in effect.
        main: the file that was looked for.
        without: a sentence for each configured part that is missing.
    """
    for one in (*advice(loaded, main, simulated=True), *without):
        yield f"warning: {visible(typeable(one))}"


def _taken_back(arguments: argparse.Namespace) -> tuple[str, ...]:
    """Return a sentence if the last upgrade of the installed appliance was taken back."""
    said = "" if arguments.simulate else rolled_back()
    if said:
        log.warning("%s", said)
    return (said,) if said else ()


def _host_side_faults(state: Path | None) -> Callable[[], tuple[str, ...]]:
    """Return what gives a sentence for each fault of this machine that does not touch the voice.

    ``state``: the state directory; None: nothing is kept.
    """
    room = None if state is None else StateRoom(state)
    accepts = RefusedAccepts(asyncio.get_running_loop())
    return lambda: (*(() if room is None else room.faults()), *accepts.faults())


def _set_aside(
    started: StartingConfiguration, arguments: argparse.Namespace, environ: Mapping[str, str]
) -> tuple[str, ...]:
    """Set saved settings aside that were not taken; return a sentence for the status if there are any."""
    if started.refused is None or arguments.simulate:
        return ()
    return (set_aside(saved_file(environ), started.refused),)


def _narrator() -> Observer:
    """Return the observer that prints the conversation of a simulated run."""
    # Only such a run needs it.
    from ravatard.cli.demo.narrator import Narrator

    now = asyncio.get_running_loop().time()
    return Narrator(
        sys.stdout, colour=takes_colour(sys.stdout), started_at=now, columns=columns_of(sys.stdout)
    )


async def _appliance(
    arguments: argparse.Namespace,
    started: StartingConfiguration,
    environ: Mapping[str, str],
    early: EarlyProcess | None,
) -> None:
    loaded = started.loaded
    configure_logs(loaded, environ, quiet=arguments.simulate)
    _tell_outdated(loaded, arguments.config)
    check_source(loaded.options.microphone, loaded.options.capture, environ)
    async with AsyncExitStack() as stack:
        options = loaded.options
        observers: list[Observer] = []
        if arguments.simulate:
            options = await stack.enter_async_context(simulated(options))
            observers.append(_narrator())
        # Before any pin or sound card is opened: another daemon may use them.
        control = arguments.socket or runtime_directory(environ) / SOCKET_NAME
        server_socket = await stack.enter_async_context(control_socket(control))
        if not arguments.simulate and (warning := beside_service(control)):
            log.warning("%s", warning)
        if not arguments.simulate:
            # After the socket was taken, so that no file changes under a running daemon.
            bring_up_to_date(state_directory(environ))
            _keep_credentials(environ)
        # The simulated service ends with this process, and its sessions with it.
        ledger = None if arguments.simulate else FileLedger(state_directory(environ))
        remembered = RememberedSettings(state_directory(environ), keep_mute=options.microphone.keep_mute)
        muted, volume = False, None
        if not arguments.simulate:
            muted, volume = remembered.muted, remembered.volume
            observers.append(remembered)
        wakeword = WakeWordModel((arguments.config or DEFAULT_PATH).parent, environ)
        await wakeword.refresh(options)
        secrets = KnownSecrets()
        secrets.add_of(loaded)
        access = network_access(options)
        parts = build(options, environ, observers, ledger, Beginning(muted, volume, early, wakeword, access))
        parts = replace(
            parts,
            without=(*parts.without, *_set_aside(started, arguments, environ), *_taken_back(arguments)),
            faults=parts.faults if ledger is None else ledger.faults,
            host_side_faults=_host_side_faults(None if ledger is None else state_directory(environ)),
            machine=_machine(None if loaded.board is None else loaded.board.name),
            page=_page(arguments, loaded, options, environ, control, secrets),
            on_trial=remembered.on_trial,
            restart_refusal=restart_refusal(parts.restart_refusal, arguments, environ),
        )
        if arguments.simulate:
            for line in simulated_warnings(loaded, arguments.config or DEFAULT_PATH, parts.without):
                print(line, file=sys.stderr)
        controls = Controls(server=server_socket)
        for text in arguments.say:
            controls.say(text)
        wanted = conversation_options(
            options,
            has_button=parts.button is not None,
            muted=muted,
            volume=volume,
        )
        wanted = wakeword.taken_into(wanted)
        if not arguments.simulate:
            folder = state_directory(environ) / RECORDER
            recorder = flight_recorder(folder, wanted, asyncio.get_running_loop().time(), secrets.redacted)
            parts = replace(parts, observers=[*observers, stack.enter_context(recorder)])
        read = (loaded.options, options, secrets, wakeword, access.issuers, wanted)
        rereading = Rereading(arguments, environ, *read)
        parts = replace(parts, wakeword=rereading.keep_trying_word)
        await live(parts, wanted, options.reconnect, controls, partial(rereading.read, parts))

"""``ravatard board test``: shows every state on the lights with its name, and reports the button."""

from __future__ import annotations

import argparse
import asyncio
import signal
from collections.abc import Callable, Mapping
from pathlib import Path

from ravatard.assembly.client import loaded_quietly
from ravatard.config import Options
from ravatard.core.events import ButtonPressed
from ravatard.core.indication import WORDS, Look
from ravatard.devices.panel.gpio import open_button
from ravatard.devices.panel.lamp import open_lamp
from ravatard.errors import DeviceError, RavatardError
from ravatard.host.control.client import NoDaemonError, ask
from ravatard.host.runtime import SYSTEM_DIRECTORY, find_socket
from ravatard.ports.panel import Button, Lamp

Say = Callable[[str], None]


class NotNow(RavatardError):
    """No lights and button are configured, or the running appliance holds the pins."""


def run_trial(arguments: argparse.Namespace, environ: Mapping[str, str]) -> int:
    """Return exit status 0 when all configured lights and buttons could be used, else 1.

    Raises:
        ConfigErrors: the configuration is wrong, or there is no such board.
        NotNow: no lights and button are configured, or a daemon runs.
    """
    chosen = {} if arguments.name is None else {"RAVATARD_BOARD": arguments.name}
    options = loaded_quietly(arguments.config, {**environ, **chosen}).options
    if options.button.pin is None and options.lights.kind == "none":
        raise NotNow("no button and no lights are configured; write board: NAME (`ravatard board list`)")
    refuse_beside_daemon(arguments.socket or find_socket(environ))
    try:
        return asyncio.run(_tested(options, _print, arguments.seconds, once=arguments.once))
    except (asyncio.CancelledError, KeyboardInterrupt):
        return 0


def refuse_beside_daemon(path: Path) -> None:
    """Refuse when a daemon listens at ``path``: it holds the pins.

    Raises:
        NotNow: a daemon runs.
        NoDaemonError: a daemon may run, but does not answer.
    """
    try:
        pid = ask(path, {"do": "status"}).get("pid")
    except NoDaemonError as unanswered:
        if isinstance(unanswered.__cause__, FileNotFoundError | ConnectionRefusedError):
            return
        raise
    stop = "sudo systemctl stop ravatard" if path.parent == SYSTEM_DIRECTORY else f"kill {pid}"
    raise NotNow(f"ravatard runs as process {pid} and holds the pins; stop it first ({stop})")


def _print(line: str) -> None:
    print(line, flush=True)


async def _tested(options: Options, say: Say, seconds: float, *, once: bool) -> int:
    """Open the configured lights and button, test them, close them."""
    loop, task = asyncio.get_running_loop(), asyncio.current_task()
    if task is not None:
        # The lights go out whatever ends the test.
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, task.cancel)
    lamp: Lamp | None = None
    button: Button | None = None
    failures = []
    try:
        if options.lights.kind != "none":
            lamp = open_lamp(options.lights, pixels=options.pixels)
    except DeviceError as error:
        failures.append(f"no lights: {error}")
    try:
        button = open_button(options.button)
    except DeviceError as error:
        failures.append(f"no button: {error}")
    for failure in failures:
        say(failure)
    try:
        if lamp is not None or button is not None:
            await trial(lamp, button, say, seconds=seconds, once=once)
        return 1 if failures else 0
    finally:
        for device in (lamp, button):
            if device is not None:
                device.close()


async def trial(lamp: Lamp | None, button: Button | None, say: Say, *, seconds: float, once: bool) -> None:
    """Show every look for ``seconds``, repeatedly or ``once``, and report each press and release.

    Cancelling ends it at once; lamp and button stay open.
    """
    async with asyncio.TaskGroup() as tasks:
        listening = None if button is None else tasks.create_task(_listen(button, say), name="button")
        if button is not None:
            say("press the button at any time")
        while True:
            for look in Look:
                if look is Look.OFF:
                    continue
                if lamp is not None:
                    say(WORDS[look])
                    lamp.show(look)
                await asyncio.sleep(seconds)
            if once:
                break
        if listening is not None:
            listening.cancel()


async def _listen(button: Button, say: Say) -> None:
    async for event in button.events():
        say("button pressed" if isinstance(event, ButtonPressed) else "button released")

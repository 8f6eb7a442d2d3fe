"""``ravatard meter``: shows the microphone's level, the room's noise and the gate's decisions live."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
import sys
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from ravatard.cli.doctor.meter_screen import Meter
from ravatard.cli.doctor.text import marks_for
from ravatard.config import Options, load
from ravatard.core.events import (
    Listened,
    MicrophoneEvent,
    MicrophoneLost,
    MicrophoneReady,
    UtteranceClosed,
    UtteranceOpened,
)
from ravatard.core.states import GateMode
from ravatard.devices.cards.kernel_state import capture_state
from ravatard.devices.microphone.child import MicrophoneChild
from ravatard.devices.microphone.microphone import ChildMicrophone
from ravatard.devices.microphone.protocol import Record, Start
from ravatard.devices.process.environment import ProcessEnvironment
from ravatard.devices.process.retry import RetryPolicy
from ravatard.host.control.client import NoDaemonError, ask
from ravatard.host.credentials import with_credentials
from ravatard.host.runtime import find_socket

#: Fast enough for a level meter; blocks last 60 ms while it is quiet.
BEAT_MS = 50
#: The daemon measures its level twice a second.
_ASK_S = 0.5


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of ``meter``."""
    parser.epilog = (
        "Ends with Ctrl-C. While the appliance runs, it has the microphone, and its own level is shown."
    )
    parser.add_argument("--seconds", type=float, metavar="N", help="end after this many seconds")
    parser.add_argument("--config", type=Path, metavar="PATH", help="the configuration file to use")
    parser.add_argument("--socket", type=Path, metavar="PATH", help="the daemon's control socket")


def run(arguments: argparse.Namespace) -> int:
    """Show the level until Ctrl-C; return exit status 1 without any sound.

    Raises:
        ConfigError: the configuration cannot be used.
        NoDaemonError: the running daemon ended.
    """
    environ = dict(os.environ)
    options = load(arguments.config, with_credentials(environ)).options
    screen = _Screen(Meter(marks_for(sys.stdout), options.voice.floor_margin_db))
    socket = arguments.socket or find_socket(environ)
    try:
        first = ask(socket, {"do": "status"})
    except NoDaemonError:
        showing = _own(options, environ, screen)
    else:
        screen.say(f"ravatard runs (process {first.get('pid')}) and has the microphone; this is its level")
        showing = _daemons(socket, screen)
    with contextlib.suppress(KeyboardInterrupt, TimeoutError):
        asyncio.run(_limited(showing, arguments.seconds))
    screen.end()
    return 0 if screen.meter.heard else 1


async def _limited(showing: Any, seconds: float | None) -> None:
    async with asyncio.timeout(seconds):
        await showing


async def _own(options: Options, environ: Mapping[str, str], screen: _Screen) -> None:
    """Show the level of a microphone opened here. Cancelling closes it."""
    microphone = fast_microphone(options, environ)
    clock = asyncio.get_running_loop().time
    try:
        async for event in microphone.events():
            screen.take(event, clock())
    finally:
        await microphone.close()


def fast_microphone(options: Options, environ: Mapping[str, str]) -> ChildMicrophone:
    """Return the appliance's microphone, but with its level reported twenty times a second."""

    def spawn(environment: Mapping[str, str], first: Record) -> MicrophoneChild:
        fast = replace(first, heartbeat_ms=BEAT_MS) if isinstance(first, Start) else first
        return MicrophoneChild(environment, fast)

    return ChildMicrophone(
        options.microphone,
        options.capture,
        options.gate,
        options.voice,
        # There is no button here that could open the gate.
        mode=GateMode.VAD,
        environ=environ,
        environment=ProcessEnvironment(RetryPolicy(), spawn, capture_state),
    )


async def _daemons(socket: Path, screen: _Screen) -> None:
    """Show the level that the daemon reports.

    Raises:
        NoDaemonError: the daemon ended.
    """
    clock = asyncio.get_running_loop().time
    gate = device = ""
    while True:
        report: Any = ask(socket, {"do": "status"}).get("status")
        microphone = report["microphone"]
        for event in _events(microphone, changed=microphone["device"] != device):
            screen.take(event, clock())
        device = microphone["device"]
        talk = f"{report['gate']}, {report['talk']}"
        if talk != gate:
            screen.say(f"gate {talk}")
            gate = talk
        await asyncio.sleep(_ASK_S)


def _events(microphone: Mapping[str, Any], *, changed: bool) -> Iterator[MicrophoneEvent]:
    """Convert a daemon's status to events of a microphone."""
    if changed:
        device = microphone["device"]
        yield (
            MicrophoneReady(device) if device else MicrophoneLost(f"the microphone is {microphone['state']}")
        )
    if microphone["level_db"] is not None:
        yield Listened(1, microphone["level_db"], microphone["floor_db"])


class _Screen:
    """Meter on standard output: one row drawn over itself in a terminal, else a line a second."""

    def __init__(self, meter: Meter) -> None:
        self.meter = meter
        self._live = meter.marks.columns > 0
        self._printed_at = float("-inf")

    def take(self, event: MicrophoneEvent, now: float) -> None:
        """Show the effect of an event."""
        if line := self.meter.take(event):
            self.say(line)
        if not isinstance(event, Listened | UtteranceOpened | UtteranceClosed) or not self.meter.heard:
            return
        if self._live:
            print(f"\r\x1b[K{self.meter.line()}", end="", flush=True)
        elif now - self._printed_at >= 1:
            self._printed_at = now
            print(self.meter.sentence(), flush=True)

    def say(self, text: str) -> None:
        """Print a line that stays."""
        print(f"\r\x1b[K{text}" if self._live else text, flush=True)

    def end(self) -> None:
        """Keep the last row as it is."""
        if self._live:
            print()

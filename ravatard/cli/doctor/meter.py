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
from typing import Any, NoReturn

from ravatard.assembly.wakeword import WakeWordModel
from ravatard.cli.doctor.meter_screen import Meter
from ravatard.cli.doctor.text import marks_for
from ravatard.cli.options import add_config, add_socket
from ravatard.cli.terminal import wrapped
from ravatard.config import DEFAULT_PATH, Options, load
from ravatard.config.saved.layer import saved_file
from ravatard.core.audio.progress import Progress
from ravatard.core.events import (
    Listened,
    MicrophoneEvent,
    MicrophoneLost,
    MicrophoneReady,
    UtteranceClosed,
    UtteranceOpened,
)
from ravatard.core.states import GateMode, TalkState
from ravatard.devices.cards.kernel_state import capture_state
from ravatard.devices.microphone.child import MicrophoneChild
from ravatard.devices.microphone.microphone import ChildMicrophone
from ravatard.devices.microphone.protocol import Record, Start
from ravatard.devices.process.environment import ProcessEnvironment
from ravatard.devices.process.retry import RetryPolicy
from ravatard.host.control.client import NoAccessError, NoDaemonError, ask
from ravatard.host.credentials import with_credentials
from ravatard.host.runtime import find_socket

#: Fast enough for a level meter; blocks last 60 ms while it is quiet.
BEAT_MS = 50
#: The daemon measures its level twice a second.
_ASK_S = 0.5


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of ``meter``."""
    parser.epilog = "Stop it with Ctrl-C. While the appliance runs, this shows what its microphone picks up."
    parser.add_argument("--seconds", type=float, metavar="N", help="stop after N seconds")
    add_config(parser)
    add_socket(parser)


def run(arguments: argparse.Namespace) -> int:
    """Show the level until Ctrl-C; return exit status 1 without any sound.

    Raises:
        ConfigError: the configuration cannot be used.
        NoDaemonError: the running daemon ended.
    """
    environ = dict(os.environ)
    options = load(arguments.config, with_credentials(environ), saved=saved_file(environ)).options
    screen = _Screen(Meter(marks_for(sys.stdout, narrowest=1), options.voice.floor_margin_db))
    socket = arguments.socket or find_socket(environ)
    try:
        first = ask(socket, {"do": "status"})
    except NoAccessError:
        # A daemon may run there and have the microphone.
        raise
    except NoDaemonError:
        showing = _own(options, environ, screen, (arguments.config or DEFAULT_PATH).parent)
    else:
        screen.say(f"ravatard runs (process {first.get('pid')}) and {use_of_microphone(first)}")
        showing = _daemons(socket, screen)
    with contextlib.suppress(KeyboardInterrupt, TimeoutError):
        asyncio.run(_limited(showing, arguments.seconds))
    screen.end()
    return 0 if screen.meter.heard else 1


def use_of_microphone(reply: Mapping[str, Any]) -> str:
    """Return the daemon's use of the microphone by its ``reply`` to a request for its status."""
    report = reply.get("status")
    if isinstance(report, dict) and report.get("muted"):
        return "is muted: its microphone is closed; `ravatard unmute` opens it"
    return "has the microphone; this is its level"


def about_word(report: Mapping[str, Any]) -> str:
    """Return the sentence of the daemon's ``report`` about a wake word that is lost; "" if none is."""
    return next(
        (one for one in report["degraded"] if one.startswith(("no wake word:", "the wake word "))), ""
    )


async def _limited(showing: Any, seconds: float | None) -> None:
    async with asyncio.timeout(seconds):
        await showing


async def _own(options: Options, environ: Mapping[str, str], screen: _Screen, beside: Path) -> None:
    """Show the level of a microphone opened here. Cancelling closes it.

    Args:
        options: the configuration.
        environ: environment variables of the sound process.
        screen: shows it.
        beside: the folder of the configuration.
    """
    wakeword = WakeWordModel(beside, environ)
    await wakeword.refresh(options)
    if wakeword.trouble:
        screen.say(f"no wake word: {wakeword.trouble}")
    screen.meter.scores = wakeword.tried is not None
    microphone = fast_microphone(options, environ, wakeword)
    clock = asyncio.get_running_loop().time
    try:
        async with asyncio.TaskGroup() as group:
            group.create_task(_levels(microphone.progress, screen), name="levels")
            async for event in microphone.events():
                if not isinstance(event, Listened):
                    screen.take(event, clock())
    finally:
        await microphone.close()


async def _levels(progress: Progress, screen: _Screen) -> NoReturn:
    """Show every heartbeat: few become events."""
    shown: Listened | None = None
    while True:
        await asyncio.sleep(BEAT_MS / 1000)
        if progress.listened is not None and progress.listened is not shown:
            shown = progress.listened
            screen.take(shown, asyncio.get_running_loop().time())


def fast_microphone(options: Options, environ: Mapping[str, str], wakeword: WakeWordModel) -> ChildMicrophone:
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
        mode=GateMode.VAD if wakeword.tried is None else GateMode.WAKEWORD,
        environ=environ,
        environment=ProcessEnvironment(RetryPolicy(), spawn, capture_state),
        word=wakeword.current,
    )


async def _daemons(socket: Path, screen: _Screen) -> None:
    """Show the level and the gate that the daemon reports.

    Raises:
        NoDaemonError: the daemon ended.
    """
    clock = asyncio.get_running_loop().time
    gate = device = told = ""
    before: int | None = None
    heard: tuple[int, int] = (0, 0)
    while True:
        report: Any = ask(socket, {"do": "status"}).get("status")
        microphone, utterances = report["microphone"], report["counters"]["utterances"]
        listening = report["talk"] == TalkState.LISTENING.value
        if before is None:
            before = utterances - listening
        screen.follow(listening=listening, utterances=utterances - before)
        for event in _events(microphone, changed=microphone["device"] != device):
            screen.take(event, clock())
        device = microphone["device"]
        wakes, misses = (report["counters"][name] for name in ("wakes", "wake_near_misses"))
        if (wakes, misses) != heard:
            screen.say(f"  wake word heard {wakes} times, nearly heard {misses} times")
        heard = wakes, misses
        screen.meter.scores = report["wakeword"] is not None
        if report["gate"] != gate:
            gate = report["gate"]
            screen.say(f"gate mode {gate}")
        if (without := about_word(report)) != told:
            told = without
            screen.say(told or "the wake word is waited for again")
        await asyncio.sleep(_ASK_S)


def _events(microphone: Mapping[str, Any], *, changed: bool) -> Iterator[MicrophoneEvent]:
    """Convert a daemon's status to events of a microphone."""
    if changed:
        device = microphone["device"]
        yield (
            MicrophoneReady(device) if device else MicrophoneLost(f"the microphone is {microphone['state']}")
        )
    if microphone["level_db"] is not None:
        yield Listened(1, microphone["level_db"], microphone["floor_db"], wake_score=microphone["wake_score"])


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

    def follow(self, *, listening: bool, utterances: int) -> None:
        """Show the state of the daemon's gate."""
        if line := self.meter.follow(listening=listening, utterances=utterances):
            self.say(line)

    def say(self, text: str) -> None:
        """Print a line that stays."""
        text = wrapped("", text, self.meter.marks.columns) if not text.startswith(" ") else text
        print(f"\r\x1b[K{text}" if self._live else text, flush=True)

    def end(self) -> None:
        """Keep the last row as it is."""
        if self._live:
            print()

"""``ravatard demo``: the real daemon and the simulated service hold a conversation that can be watched."""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
from dataclasses import replace
from pathlib import Path

import ravatard.sim
from ravatard.app import Controls
from ravatard.cli.assembly import build, conversation_options, simulated
from ravatard.cli.lifetime import live
from ravatard.cli.narrator import Narrator
from ravatard.cli.run import configure_logs
from ravatard.config import load
from ravatard.devices.source_check import check_source
from ravatard.sim.record import Record
from ravatard.sim.server import SimServer

RECORDING = Path(ravatard.sim.__file__).parent / "data" / "demo.wav"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of ``demo``."""
    parser.add_argument("--wav", type=Path, default=RECORDING, metavar="FILE", help="another recording")
    parser.add_argument("--config", type=Path, metavar="FILE", help="use this configuration's gate and turns")


def run(arguments: argparse.Namespace) -> int:
    """Exit status 0 when something was heard, all of it answered, and every live session ended."""
    return asyncio.run(_demo(arguments))


async def _demo(arguments: argparse.Namespace) -> int:
    # The machine's own configuration is left out unless it was asked for: the demo shows the same everywhere.
    environ = {k: v for k, v in os.environ.items() if not k.startswith("RAVATARD_")}
    loaded = load(arguments.config or Path(os.devnull), environ)
    configure_logs(loaded, environ, quiet=True)
    loop = asyncio.get_running_loop()
    narrator = Narrator(sys.stdout, colour=sys.stdout.isatty(), started_at=loop.time())
    async with SimServer() as server:
        options = simulated(loaded.options, server.base_url)
        microphone = replace(
            options.microphone, wav=str(arguments.wav), device=None, command=None, fifo=None, repeat=False
        )
        options = replace(options, microphone=microphone)
        check_source(options.microphone, options.capture, environ)
        parts = build(options, environ, [narrator])
        controls = Controls()
        wanted = conversation_options(options, has_button=parts.button is not None)
        async with asyncio.TaskGroup() as group:
            waiting = group.create_task(_stop_at_the_end(narrator, controls), name="end of recording")
            await live(parts, wanted, options.reconnect, controls, lambda: wanted)
            waiting.cancel()
        narrator.summary(_licences(server.record))
        return _verdict(narrator, server.record)


async def _stop_at_the_end(narrator: Narrator, controls: Controls) -> None:
    await narrator.recording_over.wait()
    controls.stop.set()


def _licences(record: Record) -> str:
    counts = record.counts
    still_open = len(record.open_licences())
    return f"{counts['sessions_started']} started, {counts['sessions_ended']} ended, {still_open} still open"


def _verdict(narrator: Narrator, record: Record) -> int:
    if not narrator.turns:
        print("\nNothing was heard in this recording; `ravatard demo` without --wav shows how it should be.")
        return 1
    return 1 if record.open_licences() or record.violations else 0

"""``ravatard demo``: an audible conversation of the real daemon with the simulated service."""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import replace
from importlib import import_module
from pathlib import Path

import ravatard.sim
from ravatard.app import Controls, Parts
from ravatard.assembly import runner
from ravatard.assembly.client import in_mode
from ravatard.assembly.lifetime import disarm, live
from ravatard.assembly.parts import build, conversation_options, simulated
from ravatard.cli.demo.narrator import Narrator
from ravatard.cli.demo.pauses import lengthened
from ravatard.cli.run import configure_logs
from ravatard.cloud.pixelstreaming.player import available
from ravatard.config import Options, load
from ravatard.devices.microphone.source_check import check_source
from ravatard.devices.speaker.earcons import earcons
from ravatard.devices.speaker.speaker import ChildSpeaker
from ravatard.devices.speaker.tee import SpeakerTee
from ravatard.errors import InternalError, RavatardError
from ravatard.host.runtime import prepared, runtime_directory
from ravatard.sim.options import SimOptions
from ravatard.sim.ravatar.record import Record
from ravatard.sim.server import SimServer
from ravatard.web.kiosk.options import KioskOptions

RECORDING = Path(ravatard.sim.__file__).parent / "data" / "demo.wav"
#: From the end of a sentence to its answer's first sound 1.8 s, an answer of 3.5 s, and a breath.
_PAUSE_S = 6.0
#: Short, so that the demo ends soon.
_ANSWERS = ("I heard {heard}. How interesting!", "I heard {heard}. Please go on.", "I heard {heard}.")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of ``demo``."""
    parser.add_argument("--wav", type=Path, default=RECORDING, metavar="FILE", help="another recording")
    parser.add_argument("--config", type=Path, metavar="FILE", help="use this configuration's gate and turns")
    parser.add_argument(
        "--record-speaker",
        type=Path,
        metavar="FILE",
        help="write the answers to this WAV file (default: demo.wav in the runtime directory)",
    )


def run(arguments: argparse.Namespace) -> int:
    """Return exit status 0 when speech was found, every answer was heard, and every live session ended.

    Raises:
        RavatardError: a file cannot be used.
    """
    try:
        return runner.run(_demo(arguments))
    finally:
        disarm()


async def _demo(arguments: argparse.Namespace) -> int:
    # The machine's own configuration is used only on request: the demo is the same everywhere.
    environ = {k: v for k, v in os.environ.items() if not k.startswith("RAVATARD_")}
    loaded = load(arguments.config or Path(os.devnull), environ)
    configure_logs(loaded, environ, quiet=True)
    loop = asyncio.get_running_loop()
    with tempfile.TemporaryDirectory(prefix="ravatard-demo-") as folder:
        options = replace(loaded.options, kiosk=KioskOptions())
        microphone = replace(
            options.microphone, wav=str(arguments.wav), device=None, command=None, fifo=None, repeat=False
        )
        check_source(microphone, options.capture, environ)
        recording = _recording(arguments.record_speaker, environ)
        wav = lengthened(arguments.wav, Path(folder, arguments.wav.name), _PAUSE_S)
        options = replace(options, microphone=replace(microphone, wav=str(wav)))
        options, voice = await _with_voice(options)
        print(f"{voice}\nThe answers are written to {recording}\n", flush=True)
        async with SimServer(SimOptions(answers=_ANSWERS)) as server:
            options = simulated(options, server.base_url)
            narrator = Narrator(
                sys.stdout,
                colour=sys.stdout.isatty(),
                started_at=loop.time(),
                silence_ms=options.gate.silence_ms,
            )
            await _converse(options, environ, recording, narrator)
            narrator.summary(_sessions(server.record))
            return _verdict(narrator, server.record)


async def _with_voice(options: Options) -> tuple[Options, str]:
    """Return the options of the mode whose answers are audible here, and a sentence about that mode."""
    missing = available()
    options = in_mode(options, live=not missing)
    if missing:
        return options, f"Chat mode, because {missing}. Each answer is a sound file."
    # Loaded now, it does not delay the first answer.
    await asyncio.to_thread(import_module, "aiortc")
    live_audio = replace(options.live_audio, enabled="on")
    return replace(options, live_audio=live_audio), "Live mode: the answers are the sound of a WebRTC stream."


def _recording(wanted: Path | None, environ: Mapping[str, str]) -> Path:
    """Return the file for the answers.

    Raises:
        RavatardError: it cannot be written.
    """
    try:
        target = wanted or prepared(runtime_directory(environ)) / "demo.wav"
        target.open("ab").close()
    except OSError as error:
        raise RavatardError(
            f"the answers cannot be written to {error.filename or wanted}: {error.strerror or error}; choose "
            "another file with --record-speaker"
        ) from None
    return target.absolute()


async def _converse(options: Options, environ: Mapping[str, str], answers: Path, narrator: Narrator) -> None:
    """Run the appliance until the recording is over and its last answer was heard."""
    recording = replace(options.speaker, enabled=True, device=None, command=None, wav=str(answers))
    card = replace(options.speaker, enabled=True, wav=None, mixer=False)
    parts = build(replace(options, speaker=recording), environ, [narrator])
    if parts.sound is None:
        raise InternalError("a speaker is enabled, so there is one")
    tee = SpeakerTee(
        ChildSpeaker(card, environ=environ, earcons=earcons(options.earcons)), parts.sound.speaker
    )
    parts = replace(parts, sound=replace(parts.sound, speaker=tee))
    controls = Controls()
    async with asyncio.TaskGroup() as group:
        helpers = (
            group.create_task(_stop_at_the_end(narrator, controls), name="end of recording"),
            group.create_task(tee.run(), name="speakers"),
        )
        await _live(parts, options, controls)
        for helper in helpers:
            helper.cancel()


async def _live(parts: Parts, options: Options, controls: Controls) -> None:
    wanted = conversation_options(options, has_button=parts.button is not None)
    await live(parts, wanted, options.reconnect, controls, lambda: wanted)


async def _stop_at_the_end(narrator: Narrator, controls: Controls) -> None:
    await narrator.recording_over.wait()
    controls.stop.set()


def _sessions(record: Record) -> str:
    counts = record.counts
    still_open = len(record.open_licences())
    return f"{counts['sessions_started']} started, {counts['sessions_ended']} ended, {still_open} still open"


def _verdict(narrator: Narrator, record: Record) -> int:
    if not narrator.turns:
        print("\nNo speech was found in this recording; compare with `ravatard demo` without --wav.")
        return 1
    exchanges = narrator.exchanges
    unheard = exchanges.answers - exchanges.heard
    if unheard:
        print(f"\n{unheard} of {exchanges.answers} answers could not be heard.")
    return 1 if unheard or record.open_licences() or record.violations else 0

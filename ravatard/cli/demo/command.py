"""``ravatard demo``: an audible conversation of the real daemon with the simulated service."""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import ravatard.sim
from ravatard.app import Controls
from ravatard.appliance_parts import Parts
from ravatard.assembly import runner
from ravatard.assembly.lifetime import disarm, live
from ravatard.assembly.parts import NOT_TRIED, build, conversation_options
from ravatard.cli.demo.clouds import CLOUDS, DemoCloud
from ravatard.cli.demo.narrator import Narrator
from ravatard.cli.demo.pauses import lengthened
from ravatard.cli.rereading import configure_logs
from ravatard.cli.terminal import columns_of, takes_colour, wrapped
from ravatard.config import Options, load
from ravatard.devices.microphone.source_check import check_source
from ravatard.devices.speaker.earcons import earcons
from ravatard.devices.speaker.speaker import ChildSpeaker
from ravatard.devices.speaker.tee import SpeakerTee
from ravatard.errors import InternalError, RavatardError
from ravatard.exit_status import ExitStatus
from ravatard.host.runtime import own_directory, prepared
from ravatard.stages.reload import NewOptions
from ravatard.web.kiosk.options import KioskOptions

RECORDING = Path(ravatard.sim.__file__).parent / "data" / "demo.wav"
#: From the end of a sentence to its answer's first sound 1.8 s, an answer of 3.5 s, and a breath.
_PAUSE_S = 6.0


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of ``demo``."""
    parser.add_argument(
        "--kind",
        choices=tuple(CLOUDS),
        default="ravatar",
        help="kind of the simulated cloud: RAVATAR or the AvaTar API (default: %(default)s)",
    )
    parser.add_argument(
        "--wav", type=Path, default=RECORDING, metavar="FILE", help="use this recording as the microphone"
    )
    parser.add_argument(
        "--config",
        type=Path,
        metavar="FILE",
        help="take the gate and turn settings from this configuration file",
    )
    parser.add_argument(
        "--record-speaker",
        type=Path,
        metavar="FILE",
        help="write the answers to this WAV file (default: demo.wav in your runtime directory)",
    )


def run(arguments: argparse.Namespace) -> int:
    """Return exit status 0 when speech was found, every answer was heard, and every live session ended.

    130 when it was interrupted, and every live session ended.

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
        options, without_word = _for_any_voice(replace(loaded.options, kiosk=KioskOptions()))
        microphone = replace(
            options.microphone, wav=str(arguments.wav), device=None, command=None, fifo=None, repeat=False
        )
        check_source(microphone, options.capture, environ)
        recording = _recording(arguments.record_speaker, environ)
        wav = lengthened(arguments.wav, Path(folder, arguments.wav.name), _PAUSE_S)
        options = replace(options, microphone=replace(microphone, wav=str(wav)))
        columns = columns_of(sys.stdout)
        async with CLOUDS[arguments.kind](options) as cloud:
            print(wrapped("", cloud.about, columns))
            if without_word:
                print(wrapped("", without_word, columns))
            # Not wrapped: the name of a file is copied.
            print(f"The answers are written to {recording}\n", flush=True)
            narrator = Narrator(
                sys.stdout,
                colour=takes_colour(sys.stdout),
                started_at=loop.time(),
                columns=columns,
            )
            await _converse(cloud.options, environ, recording, narrator)
            narrator.summary(cloud.sessions())
            return _verdict(narrator, cloud)


def _for_any_voice(options: Options) -> tuple[Options, str]:
    """Return the options with a gate that needs no word, and a sentence if the mode was another.

    No recording says the word of the owner's choice.
    """
    mode = options.gate.mode
    if not options.gate.takes_word:
        return options, ""
    told = f"gate.mode is {mode}: the demo waits for no wake word, and any voice opens the gate."
    return replace(options, gate=replace(options.gate, mode="vad")), told


def _recording(wanted: Path | None, environ: Mapping[str, str]) -> Path:
    """Return the file for the answers.

    Raises:
        RavatardError: it cannot be written.
    """
    directory = own_directory(environ)
    target = wanted or directory / "demo.wav"
    try:
        if wanted is None:
            prepared(directory)
        target.open("ab").close()
    except OSError as error:
        raise RavatardError(
            f"the answers cannot be written to {target}: {error.strerror or error}; choose another file with "
            "--record-speaker FILE"
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
    wanted = conversation_options(options, has_button=parts.button is not None, wakeword_trouble=NOT_TRIED)

    async def reread() -> NewOptions:
        return NewOptions(wanted)

    await live(parts, wanted, options.reconnect, controls, reread)


async def _stop_at_the_end(narrator: Narrator, controls: Controls) -> None:
    await narrator.recording_over.wait()
    controls.stop.set()


def _verdict(narrator: Narrator, cloud: DemoCloud) -> int:
    if not narrator.recording_over.is_set():
        # Ended by a signal: nothing can be said of the recording.
        return ExitStatus.INTERRUPTED if cloud.clean() else ExitStatus.FAILED
    if not narrator.turns:
        print("\nNo speech was found in this recording; compare with `ravatard demo` without --wav.")
        return ExitStatus.FAILED
    exchanges = narrator.exchanges
    unheard = exchanges.answers - exchanges.heard
    if unheard:
        print(f"\n{unheard} of {exchanges.answers} answers could not be heard.")
    return 1 if unheard or not cloud.clean() else 0

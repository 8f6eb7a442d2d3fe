"""``ravatard find-mic``: finds the microphone that picks up the user's voice best."""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ravatard.cli.devices import listed_as_the_appliance_does
from ravatard.cli.doctor.text import marks_for
from ravatard.cli.json_output import json_document
from ravatard.cli.options import add_json
from ravatard.cli.terminal import typeable, visible
from ravatard.core.audio_format import bytes_for
from ravatard.devices.microphone.options import CaptureOptions, MicrophoneOptions
from ravatard.devices.microphone.vad import speech_detector
from ravatard.doctor.bench import Bench, ChildBench
from ravatard.doctor.levels import levels
from ravatard.errors import DeviceError
from ravatard.exit_status import ExitStatus

_SECONDS = 5.0
_FRAME_MS = 20
#: Less than a word counts as no speech.
_LEAST_SPEECH_MS = 300
_MOST_STRICT = 3


@dataclass(frozen=True, slots=True)
class Heard:
    """Result of one microphone.

    Attributes:
        name: its name for the configuration.
        speech_db: RMS level of the speech, dBFS; None without speech.
        level_db: its loudest 20 ms, dBFS; None when it could not be opened.
        trouble: why it could not be opened, or "".
    """

    name: str
    speech_db: float | None = None
    level_db: float | None = None
    trouble: str = ""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of ``find-mic``."""
    parser.add_argument(
        "--seconds",
        type=float,
        default=_SECONDS,
        metavar="N",
        help="listen for N seconds (default: %(default)g)",
    )
    add_json(parser)


def run(arguments: argparse.Namespace) -> int:
    """Return exit status 0 when a microphone picked up speech, else 1.

    Raises:
        DeviceError: PortAudio is missing or broken.
    """
    environ = dict(os.environ)
    devices = listed_as_the_appliance_does(environ)
    names = [device.name for device in devices.microphones]
    if not names:
        advice = typeable("plug one in, and look at `ravatard devices`")
        print(f"there is no microphone; {advice}", file=sys.stderr)
        return ExitStatus.FAILED
    what = (
        f"all {len(names)} microphones" if len(names) > 1 else f"the only microphone, '{visible(names[0])}'"
    )
    print(f"Speak now, for {arguments.seconds:g} s: {what} will listen.", file=sys.stderr, flush=True)
    system = devices.alsa_config == "system"
    heard = asyncio.run(listen(ChildBench(environ), names, arguments.seconds, system=system))
    best = loudest(heard)
    if arguments.json:
        rows = [
            {"name": h.name, "speech_db": h.speech_db, "level_db": h.level_db, "trouble": h.trouble}
            for h in heard
        ]
        print(json_document({"microphones": rows, "best": best.name if best else None}))
    else:
        print("\n".join(as_text(heard, best, system=system, sign=marks_for(sys.stdout).signs[0])))
    return 0 if best else 1


async def listen(bench: Bench, names: Sequence[str], seconds: float, *, system: bool) -> list[Heard]:
    """Record with all microphones at the same time; return a result for each. Cancelling closes all.

    Args:
        bench: records.
        names: names of the microphones.
        seconds: length of the recordings.
        system: use the machine's own ALSA configuration.
    """
    found: dict[str, Heard] = {}

    async def one(name: str) -> None:
        options = MicrophoneOptions(device=name, alsa_config="system" if system else "slim")
        try:
            recording = await bench.record(options, CaptureOptions(), seconds)
        except DeviceError as error:
            found[name] = Heard(name, trouble=str(error))
        else:
            speech_db = speech_level_db(recording.pcm)
            found[name] = Heard(name, speech_db, levels(recording.pcm).loudest_db)

    async with asyncio.TaskGroup() as group:
        for name in names:
            group.create_task(one(name), name=f"listen with {name}")
    return [found[name] for name in names]


def speech_level_db(pcm: bytes) -> float | None:
    """Return the RMS level of speech in ``pcm`` (s16le mono 16 kHz), dBFS; None if there is too little."""
    is_speech = speech_detector(_MOST_STRICT)
    size = bytes_for(_FRAME_MS)
    frames = (pcm[at : at + size] for at in range(0, len(pcm) - size + 1, size))
    speech = b"".join([frame for frame in frames if is_speech(frame)])
    if len(speech) < bytes_for(_LEAST_SPEECH_MS):
        return None
    return levels(speech).level_db


def loudest(heard: Sequence[Heard]) -> Heard | None:
    """Return the microphone with the loudest speech; None without any."""
    spoken = [(one.speech_db, one) for one in heard if one.speech_db is not None]
    return max(spoken, key=lambda pair: pair[0])[1] if spoken else None


def as_text(heard: Sequence[Heard], best: Heard | None, *, system: bool, sign: str) -> Iterator[str]:
    """Yield the results as text for people."""
    width = max(len(visible(one.name)) for one in heard)
    yield ""
    for one in sorted(
        heard, key=lambda each: each.speech_db if each.speech_db is not None else -999, reverse=True
    ):
        mark = sign if one is best else " " * len(sign)
        if one.level_db is None:
            about = f"cannot be opened: {visible(one.trouble)}"
        elif one.speech_db is None:
            about = f"no speech, {one.level_db:.0f} dBFS at its loudest"
        else:
            about = f"speech at {one.speech_db:.0f} dBFS"
        yield f"  {mark}  {visible(one.name):{width}}  {about}"
    yield ""
    if best is None:
        yield "No microphone picked up speech. Go nearer, speak up, or see `ravatard doctor`."
        return
    yield (
        "In the configuration:"
        if len(heard) > 1
        else "It is the only one, and used automatically; or by name:"
    )
    yield ""
    yield "microphone:"
    yield f"  device: {json.dumps(best.name, ensure_ascii=False)}"
    if system:
        yield "  alsa_config: system"

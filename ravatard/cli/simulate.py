"""``ravatard simulate``: runs the simulated service on a port of this machine until it is stopped."""

from __future__ import annotations

import argparse
import asyncio
import math
import secrets
import signal
import ssl
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import fields
from pathlib import Path
from typing import get_args, get_type_hints

from ravatard.errors import RavatardError
from ravatard.setting import Setting
from ravatard.sim.faults import scenario as fault_steps
from ravatard.sim.faults import scenario_file as fault_file
from ravatard.sim.options import ChatOptions, SimOptions
from ravatard.sim.streaming.options import SimStreamOptions

_PORT = 8480
_HIGHEST_PORT = 65_535


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options; defaults, ranges and help texts come from the option groups."""
    defaults = SimOptions()
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default: %(default)s)")
    parser.add_argument(
        "--port",
        type=_number(int, Setting("", low=0, high=_HIGHEST_PORT)),
        default=_PORT,
        help="port to listen on, 0 for any free one (default: %(default)s)",
    )
    described = {one.name: one.metadata["setting"] for one in fields(SimOptions)}
    for option, name, kind in (
        ("--licences", "licences", int),
        ("--token-lifetime", "token_lifetime_s", float),
        ("--think", "think_s", float),
    ):
        about: Setting = described[name]
        parser.add_argument(
            option,
            dest=name,
            metavar=about.unit.upper() or "N",
            type=_number(kind, about),
            default=getattr(defaults, name),
            help=f"{about.text} (default: %(default)g)",
        )
    parser.add_argument(
        "--answer",
        action="append",
        metavar="TEXT",
        help="answer with this; may be given several times; {heard} becomes the words that were heard",
    )
    parser.add_argument(
        "--project", action="append", metavar="ID", help="a project that exists; default: all exist"
    )
    for option, name in (
        ("--vad", "vad_enabled"),
        ("--strict-chunks", "strict_chunks"),
        ("--carry-on", "carry_on"),
    ):
        parser.add_argument(
            option,
            dest=name,
            action=argparse.BooleanOptionalAction,
            default=getattr(defaults, name),
            help=described[name].text,
        )
    _add_group(parser, "chat", ChatOptions, ("sound", "container"))
    _add_group(parser, "stream", SimStreamOptions, ("video", "audio_first", "max_bundle", "cookie"))
    parser.add_argument(
        "--faults",
        metavar="FILE",
        help="misbehave as in this scenario: a YAML file, or the name of a built-in one",
    )
    parser.add_argument(
        "--write-certificate",
        metavar="FILE",
        help="with a scenario's 'tls': write the certificate to this file, for clients that are to trust it",
    )
    parser.add_argument(
        "--list-faults",
        action="store_true",
        help="list the built-in scenarios, and every fault with its settings",
    )


def _add_group(
    parser: argparse.ArgumentParser,
    prefix: str,
    group: type[ChatOptions | SimStreamOptions],
    names: Sequence[str],
) -> None:
    """Add settings of an option group as ``--prefix-name``: a choice of words, or yes and no."""
    types = get_type_hints(group)
    described = {one.name: one for one in fields(group)}
    for name in names:
        words = get_args(types[name])
        about: Setting = described[name].metadata["setting"]
        parser.add_argument(
            f"--{prefix}-{name.replace('_', '-')}",
            default=described[name].default,
            help=f"{about.text} (default: {described[name].default})" if words else about.text,
            **({"choices": words} if words else {"action": argparse.BooleanOptionalAction}),
        )


def run(arguments: argparse.Namespace) -> int:
    """Serve until SIGINT or SIGTERM; return 0 then.

    Raises:
        RavatardError: the port is not available, or the scenario cannot be used.
    """
    if arguments.list_faults:
        print("\n".join(fault_lines()))
        return 0
    scenario = fault_steps.Scenario() if arguments.faults is None else fault_file.load(arguments.faults)
    tls = _certificate(scenario, arguments.write_certificate)
    asyncio.run(_serve(arguments, scenario, tls))
    return 0


def fault_lines() -> Iterator[str]:
    """List the values of ``--faults``, and the contents of a file for it."""
    yield "Scenarios:"
    for name, about in fault_file.shipped().items():
        yield f"  {name:18} {about}"
    yield ""
    yield "Faults (do: NAME, or do: {NAME: {SETTING: VALUE}}):"
    for word, kind in fault_steps.WORDS.items():
        yield f"  {word:18} {(kind.__doc__ or '').partition(chr(10))[0]}"
        yield from _setting_lines(kind)
    yield ""
    yield "When (when: {SETTING: VALUE}, or leave it out: always):"
    yield from _setting_lines(fault_steps.When)
    yield "Beside 'when' and 'do':"
    yield from _setting_lines(fault_steps.FaultStep)


def _setting_lines(kind: type[fault_steps.Fault | fault_steps.When | fault_steps.FaultStep]) -> Iterator[str]:
    for one in fields(kind):
        if "setting" in one.metadata:
            default = "" if one.default in {None, ""} else f" (default: {one.default!s:.40})"
            yield f"    {one.name:16} {one.metadata['setting'].text}{default}"


def sim_options(arguments: argparse.Namespace) -> SimOptions:
    """Return the service's options."""
    return SimOptions(
        licences=arguments.licences,
        token_lifetime_s=arguments.token_lifetime_s,
        projects=tuple(arguments.project) if arguments.project else None,
        think_s=arguments.think_s,
        answers=tuple(arguments.answer) if arguments.answer else SimOptions().answers,
        carry_on=arguments.carry_on,
        vad_enabled=arguments.vad_enabled,
        strict_chunks=arguments.strict_chunks,
    )


def _certificate(scenario: fault_steps.Scenario, file: str | None) -> ssl.SSLContext | None:
    if scenario.certificate is None:
        return None
    from ravatard.sim.bad_certificate import make_certificate

    tls = make_certificate(scenario.certificate)
    if file is not None:
        try:
            Path(file).write_bytes(tls.pem)
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or "that is no file name"
            raise RavatardError(f"cannot write the certificate to {file!r}: {reason}") from None
    return tls.context


def chat_options(arguments: argparse.Namespace) -> ChatOptions:
    """Return the options of chat mode."""
    return ChatOptions(sound=arguments.chat_sound, container=arguments.chat_container)


def stream_options(arguments: argparse.Namespace) -> SimStreamOptions:
    """Return the options of the stream."""
    return SimStreamOptions(
        video=arguments.stream_video,
        audio_first=arguments.stream_audio_first,
        max_bundle=arguments.stream_max_bundle,
        cookie=arguments.stream_cookie,
    )


async def _serve(
    arguments: argparse.Namespace, scenario: fault_steps.Scenario, tls: ssl.SSLContext | None
) -> None:
    from ravatard.sim.faults.faulty_service import FaultyService
    from ravatard.sim.faults.stream_faults import inject_faults
    from ravatard.sim.ravatar.cloud import SimCloud
    from ravatard.sim.server import SimServer

    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    cloud = SimCloud(
        sim_options(arguments),
        key=secrets.token_bytes(32),
        epoch_s=time.time() - time.monotonic(),
        chat=chat_options(arguments),
    )
    where = {"host": arguments.host, "port": arguments.port}
    async with SimServer(cloud=cloud, stream=stream_options(arguments), tls=tls, **where) as server:
        server.service = FaultyService(server.cloud, scenario, began=loop.time())
        if any(isinstance(step.do, fault_steps.MicrophoneFault) for step in scenario.steps):
            print("The steps about the microphone are left out: a service has none.", flush=True)
        print(
            f"RAVATAR simulator at {server.base_url}; watch it at {server.base_url}/sim/; Ctrl-C stops it",
            flush=True,
        )
        async with asyncio.TaskGroup() as group:
            playing = group.create_task(inject_faults(server.streaming, scenario), name="stream-trouble")
            await stop.wait()
            playing.cancel()


def _number(kind: type[int] | type[float], about: Setting) -> Callable[[str], float]:
    """Return a converter for argparse that refuses numbers outside the setting's range."""
    low = -math.inf if about.low is None else about.low
    high = math.inf if about.high is None else about.high

    def convert(text: str) -> float:
        try:
            number = kind(text)
        except ValueError:
            number = None
        if number is None or not low <= number <= high:
            raise argparse.ArgumentTypeError(f"{text!r} is not a number from {low:g} to {high:g}")
        return number

    return convert

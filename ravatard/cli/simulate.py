"""``ravatard simulate``: the simulated service on a port of this machine, until it is stopped."""

from __future__ import annotations

import argparse
import asyncio
import math
import signal
from collections.abc import Callable
from dataclasses import fields

from ravatard.setting import Setting
from ravatard.sim.options import SimOptions

_PORT = 8480
_HIGHEST_PORT = 65_535


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What the command line may say; defaults, ranges and sentences come from the option group."""
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
        told: Setting = described[name]
        parser.add_argument(
            option,
            dest=name,
            metavar=told.unit.upper() or "N",
            type=_number(kind, told),
            default=getattr(defaults, name),
            help=f"{told.text} (default: %(default)g)",
        )
    parser.add_argument(
        "--answer",
        action="append",
        metavar="TEXT",
        help="answer with this; may be given several times; {heard} becomes what was heard",
    )
    parser.add_argument(
        "--project", action="append", metavar="ID", help="a project that exists; without any, all do"
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


def run(arguments: argparse.Namespace) -> int:
    """Serve until SIGINT or SIGTERM; returns 0 then.

    Raises:
        RavatardError: the port could not be had.
    """
    asyncio.run(_serve(options_of(arguments), arguments.host, arguments.port))
    return 0


def options_of(arguments: argparse.Namespace) -> SimOptions:
    """The options that the command line means."""
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


async def _serve(options: SimOptions, host: str, port: int) -> None:
    from ravatard.sim.server import SimServer

    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    async with SimServer(options, host=host, port=port) as server:
        print(
            f"RAVATAR simulator at {server.base_url}; watch it at {server.base_url}/sim/; Ctrl-C stops it",
            flush=True,
        )
        await stop.wait()


def _number(kind: type[int] | type[float], told: Setting) -> Callable[[str], float]:
    """A converter for argparse that refuses what the setting's range does not allow."""
    low = -math.inf if told.low is None else told.low
    high = math.inf if told.high is None else told.high

    def convert(text: str) -> float:
        try:
            number = kind(text)
        except ValueError:
            number = None
        if number is None or not low <= number <= high:
            raise argparse.ArgumentTypeError(f"{text!r} is not a number from {low:g} to {high:g}")
        return number

    return convert

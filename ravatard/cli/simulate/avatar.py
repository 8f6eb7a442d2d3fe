"""``ravatard simulate --kind avatar``: its options, and the simulated AvaTar API on two ports."""

from __future__ import annotations

import argparse
import asyncio
import re
from collections.abc import Callable, Iterator
from dataclasses import Field, fields, replace
from typing import Any, Literal, get_args, get_origin, get_type_hints

from ravatard.cli.simulate.numbers import TO_PORT, number
from ravatard.setting import Setting
from ravatard.sim.avatar.options import AvatarSimOptions
from ravatard.sim.faults import scenario as fault_steps
from ravatard.sim.streaming.faults import StreamFault

#: Ports of the document, "Base URLs".
API_PORT, SOCKET_PORT = 8000, 8001
#: Settings that have options of their own, the same for both kinds.
_SHARED = {("talk", "think_s"), ("talk", "answers")}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add one option for each setting: ``--talk-ear`` for ``AvatarSimOptions.talk.ear``."""
    group = parser.add_argument_group("options of --kind avatar")
    group.add_argument(
        "--socket-port",
        type=TO_PORT,
        default=SOCKET_PORT,
        help="port of the sockets, 0 for any free one (default: %(default)s)",
    )
    for subject, one, hint in _settings():
        about: Setting = one.metadata["setting"]
        default = ", ".join(one.default) if isinstance(one.default, tuple) else one.default
        kind = _kind(hint, about)
        shown = (
            _of_flag(about.text, default=one.default is True)
            if hint is bool
            else f"{about.text} (default: {default})"
        )
        group.add_argument(_option(subject, one), default=one.default, help=shown.replace("%", "%%"), **kind)


def _of_flag(text: str, *, default: bool) -> str:
    """Return what a flag does, of a text that says what the values of its setting mean."""
    on, _, off = text.removeprefix("True: ").partition("; False: ")
    return f"{on}; without: {off.rstrip('.')} (default: {'yes' if default else 'no'})"


def options_of(arguments: argparse.Namespace) -> AvatarSimOptions:
    """Return the service's options."""
    options = AvatarSimOptions()
    found: dict[str, dict[str, object]] = {
        "talk": {
            "think_s": arguments.think_s,
            "answers": tuple(arguments.answer) if arguments.answer else options.talk.answers,
        }
    }
    for subject, one, _ in _settings():
        value = getattr(arguments, _destination(subject, one))
        found.setdefault(subject, {})[one.name] = tuple(value) if isinstance(value, list) else value
    changed = {subject: replace(getattr(options, subject), **values) for subject, values in found.items()}
    return replace(options, **changed)


def given(arguments: argparse.Namespace) -> list[str]:
    """Return the options of this kind that were given with another value than the default."""
    changed = [
        _option(subject, one)
        for subject, one, _ in _settings()
        if getattr(arguments, _destination(subject, one)) != one.default
    ]
    return changed + (["--socket-port"] if arguments.socket_port != SOCKET_PORT else [])


async def serve(arguments: argparse.Namespace, scenario: fault_steps.Scenario, stop: asyncio.Event) -> None:
    """Serve until ``stop`` is set.

    Raises:
        RavatardError: a port is not available.
    """
    from ravatard.sim.avatar.server import AvatarSimServer
    from ravatard.sim.faults.faulty_service import FaultyService

    port = API_PORT if arguments.port is None else arguments.port
    server = AvatarSimServer(
        options_of(arguments), host=arguments.host, port=port, socket_port=arguments.socket_port
    )
    server.service = FaultyService(server.core, scenario, began=asyncio.get_running_loop().time())
    if any(isinstance(step.do, StreamFault) for step in scenario.steps):
        print("The steps about the stream are left out: this service has none.", flush=True)
    async with server:
        print(
            f"AvaTar API simulator at {server.api_url}; sockets at {server.socket_url}; Ctrl-C stops it",
            flush=True,
        )
        await stop.wait()
        print(f"{len(server.record.sessions)} started, {len(server.open_sessions)} still open", flush=True)


def _settings() -> Iterator[tuple[str, Field[Any], Any]]:
    """Yield the subject, field and type of each setting that has an option here."""
    for subject, kind in get_type_hints(AvatarSimOptions).items():
        hints = get_type_hints(kind)
        for one in fields(kind):
            if (subject, one.name) not in _SHARED:
                yield subject, one, hints[one.name]


def _option(subject: str, one: Field[Any]) -> str:
    return f"--{subject}-{one.name.replace('_', '-')}"


def _destination(subject: str, one: Field[Any]) -> str:
    return f"{subject}_{one.name}"


def _kind(hint: Any, about: Setting) -> dict[str, Any]:
    """Return the keywords of argparse for a setting."""
    if get_origin(hint) is Literal:
        return {"choices": get_args(hint)}
    if hint is bool:
        return {"action": argparse.BooleanOptionalAction}
    if hint in {int, float}:
        return {"type": number(hint, about), "metavar": about.unit.upper() or "N"}
    words = {"type": _matching(about), "metavar": "TEXT"}
    return words if hint is str else {**words, "nargs": "*"}


def _matching(about: Setting) -> Callable[[str], str]:
    def convert(text: str) -> str:
        if not re.fullmatch(about.pattern or ".*", text):
            raise argparse.ArgumentTypeError(f"{text!r} does not look like {about.pattern}")
        return text

    return convert

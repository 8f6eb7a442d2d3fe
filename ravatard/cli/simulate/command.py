"""``ravatard simulate``: runs a simulated service on ports of this machine until it is stopped."""

from __future__ import annotations

import argparse
import asyncio
import secrets
import signal
import time
from collections.abc import Iterator, Sequence
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, get_args, get_type_hints

from ravatard.cli.simulate import avatar
from ravatard.cli.simulate.numbers import TO_PORT, number
from ravatard.errors import RavatardError
from ravatard.setting import Setting
from ravatard.sim.faults import scenario as fault_steps
from ravatard.sim.faults import scenario_file as fault_file
from ravatard.sim.options import ChatOptions, SimOptions
from ravatard.sim.streaming.options import SimStreamOptions

if TYPE_CHECKING:
    from ravatard.sim.bad_certificate import ListenerCertificates

#: Help texts; the descriptions of the options speak of their values, a command line of what a flag does.
_HELP = {
    "licences": "allow this many live sessions at a time",
    "token_lifetime_s": "let tokens expire after this many seconds; the real service says 24 hours",
    "think_s": "wait this many seconds before each answer",
    "vad_enabled": "announce that the service detects speech itself",
    "strict_chunks": "refuse sound that does not come in messages of 4,096 samples",
    "carry_on": "treat what you say before the answer as part of the same turn",
    "chat-sound": "send answers in chat mode as text only, as a file to download, or inline in the message",
    "chat-container": "file format of spoken answers; all but wav need PyAV",
    "stream-video": "codec of the picture; vp9 and av1 are offered in name only",
    "stream-audio_first": "offer the sound before the picture",
    "stream-max_bundle": "offer sound and picture on a single transport (max-bundle)",
    "stream-cookie": (
        "require the page's cookie; a page embedded in another site then needs https or a loopback address"
    ),
}

#: Of no other server of this package: a clone may run the simulator beside the owner's page.
_PORT = 8490


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options; defaults, ranges and help texts come from the option groups."""
    defaults = SimOptions()
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default: %(default)s)")
    parser.add_argument(
        "--kind",
        choices=("ravatar", "avatar"),
        default="ravatar",
        help="RAVATAR, or the AvaTar API with its sockets on a second port (default: %(default)s)",
    )
    parser.add_argument(
        "--port",
        type=TO_PORT,
        help=f"port to listen on, 0 for any free one (default: {_PORT}, for --kind avatar {avatar.API_PORT})",
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
            type=number(kind, about),
            default=getattr(defaults, name),
            help=f"{_HELP[name]} (default: %(default)g)",
        )
    parser.add_argument(
        "--answer",
        action="append",
        metavar="TEXT",
        help="answer with this text, in which {heard} stands for the words that were heard; may be repeated",
    )
    parser.add_argument(
        "--project",
        action="append",
        metavar="ID",
        help="accept only this project id; may be repeated (default: accept any)",
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
            help=_yes_or_no(_HELP[name], default=getattr(defaults, name)),
        )
    _add_group(parser, "chat", ChatOptions, ("sound", "container"))
    _add_group(parser, "stream", SimStreamOptions, ("video", "audio_first", "max_bundle", "cookie"))
    parser.add_argument(
        "--faults",
        metavar="FILE",
        help="misbehave as described in this YAML file, or as in the built-in scenario of this name",
    )
    parser.add_argument(
        "--write-certificate",
        metavar="FILE",
        help="with the fault 'tls': write the certificates to this file, so that clients can trust them",
    )
    parser.add_argument(
        "--list-faults",
        action="store_true",
        help="list the built-in scenarios and all faults with their settings, and exit",
    )
    avatar.add_arguments(parser)


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
        default, text = described[name].default, _HELP[f"{prefix}-{name}"]
        parser.add_argument(
            f"--{prefix}-{name.replace('_', '-')}",
            default=default,
            help=f"{text} (default: %(default)s)" if words else _yes_or_no(text, default=default is True),
            **({"choices": words} if words else {"action": argparse.BooleanOptionalAction}),
        )


def _yes_or_no(text: str, *, default: bool) -> str:
    return f"{text} (default: {'yes' if default else 'no'})"


def run(arguments: argparse.Namespace) -> int:
    """Serve until SIGINT or SIGTERM; return 0 then.

    Raises:
        RavatardError: the port is not available, an option or the scenario cannot be used.
    """
    if arguments.list_faults:
        print("\n".join(fault_lines()))
        return 0
    scenario = fault_steps.Scenario() if arguments.faults is None else fault_file.load(arguments.faults)
    if arguments.kind == "avatar" and scenario.certificates:
        raise RavatardError("the simulated AvaTar API has no TLS: leave the scenario's 'tls' steps out")
    if arguments.kind != "avatar" and (others := avatar.given(arguments)):
        raise RavatardError(f"{', '.join(others)}: only with --kind avatar")
    certificates = _certificates(scenario, arguments.write_certificate)
    asyncio.run(_serve(arguments, scenario, certificates))
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


def _certificates(scenario: fault_steps.Scenario, file: str | None) -> ListenerCertificates | None:
    if not scenario.certificates:
        return None
    from ravatard.sim.bad_certificate import ListenerCertificates

    certificates = ListenerCertificates(scenario.certificates)
    if file is not None:
        try:
            Path(file).write_bytes(certificates.pem)
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or "that is no file name"
            raise RavatardError(f"cannot write the certificate to {file!r}: {reason}") from None
    return certificates


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
    arguments: argparse.Namespace, scenario: fault_steps.Scenario, certificates: ListenerCertificates | None
) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for signum in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(signum, stop.set)
    if any(isinstance(step.do, fault_steps.MicrophoneFault) for step in scenario.steps):
        print("The steps about the microphone are left out: a service has none.", flush=True)
    if arguments.kind == "avatar":
        await avatar.serve(arguments, scenario, stop)
    else:
        await _serve_ravatar(arguments, scenario, certificates, stop)


async def _serve_ravatar(
    arguments: argparse.Namespace,
    scenario: fault_steps.Scenario,
    certificates: ListenerCertificates | None,
    stop: asyncio.Event,
) -> None:
    from ravatard.sim.faults.faulty_service import FaultyService
    from ravatard.sim.faults.stream_faults import inject_faults
    from ravatard.sim.ravatar.cloud import SimCloud
    from ravatard.sim.server import SimServer

    loop = asyncio.get_running_loop()
    cloud = SimCloud(
        sim_options(arguments),
        key=secrets.token_bytes(32),
        epoch_s=time.time() - time.monotonic(),
        chat=chat_options(arguments),
    )
    where = {"host": arguments.host, "port": _PORT if arguments.port is None else arguments.port}
    service = FaultyService(cloud, scenario, began=loop.time())
    tls = certificates.context(lambda: service.defect(loop.time())) if certificates else None
    async with SimServer(cloud=cloud, stream=stream_options(arguments), tls=tls, **where) as server:
        server.service = service
        print(
            f"RAVATAR simulator at {server.base_url}; watch it at {server.base_url}/sim/; Ctrl-C stops it",
            flush=True,
        )
        async with asyncio.TaskGroup() as group:
            playing = group.create_task(inject_faults(server.streaming, scenario), name="stream-trouble")
            await stop.wait()
            playing.cancel()

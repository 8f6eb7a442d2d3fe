"""The service for a command that talks to it by itself, beside the appliance or without one."""

from __future__ import annotations

import argparse
import asyncio
import random
import sys
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import TextIO, TypeVar

from ravatard import logs
from ravatard.cloud.http import AiohttpNetwork
from ravatard.cloud.ravatar.service import RavatarCloud
from ravatard.config import Loaded, Options, load
from ravatard.host.credentials import with_credentials
from ravatard.host.identity import user_id
from ravatard.ports.host import Ledger
from ravatard.ports.network import Network
from ravatard.ports.voice import VoicePlayer

T = TypeVar("T")


def add_config(parser: argparse.ArgumentParser) -> None:
    """The option that all of them have."""
    parser.add_argument("--config", type=Path, metavar="FILE", help="default: /etc/ravatard/ravatard.yaml")


def loaded_quietly(config: Path | None, environ: Mapping[str, str], stream: TextIO | None = None) -> Loaded:
    """The configuration, with logging that leaves the terminal alone unless something is wrong.

    Args:
        config: the file; None: the usual one.
        environ: the environment.
        stream: where lines of the log go; None for standard error.

    Raises:
        ConfigError: it cannot be used.
    """
    loaded = load(config, with_credentials(environ))
    project = loaded.options.service.project_id
    logs.configure(
        logs.LogOptions(
            level="debug" if loaded.options.logging.level == "debug" else "warning", style="plain"
        ),
        under_systemd=logs.is_journal(sys.stderr, environ),
        stream=stream,
        secrets=[project] if project else [],
    )
    return loaded


def open_network(options: Options) -> Network:
    """The network; whoever opened it closes it."""
    return AiohttpNetwork(ping_s=options.deadlines.ping_s)


def service_cloud(
    options: Options,
    network: Network,
    ledger: Ledger | None = None,
    voice_player: VoicePlayer | None = None,
) -> RavatarCloud:
    """The configured service; live sessions are written down in ``ledger``. Needs a running event loop."""
    return RavatarCloud(
        options.service,
        options.stream,
        options.deadlines,
        network,
        user_id=user_id(),
        chance=random.SystemRandom().random,
        ledger=ledger,
        ravatar=options.ravatar,
        voice_player=voice_player,
    )


def asked(options: Options, ask: Callable[[RavatarCloud], Awaitable[T]]) -> T:
    """What the service answers to one question; runs an event loop for it.

    Raises:
        RavatardError: as ``ask`` raised it.
    """

    async def one_question() -> T:
        network = open_network(options)
        try:
            return await ask(service_cloud(options, network))
        finally:
            await network.close()

    return asyncio.run(one_question())

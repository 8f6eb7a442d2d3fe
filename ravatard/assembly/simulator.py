"""Simulated service of the configured kind, on this machine."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import TypeVar

from ravatard.cloud.option_groups import CloudOptions
from ravatard.cloud.proxy import NO_PROXY
from ravatard.secret import Secret

SomeOptions = TypeVar("SomeOptions", bound=CloudOptions)


def reaching(options: SomeOptions, base_url: str, socket_url: str | None = None) -> SomeOptions:
    """Return ``options`` with a simulator on this machine as the service.

    Args:
        options: the options.
        base_url: its address.
        socket_url: address of its sockets: it is a simulated AvaTar API; None: a simulated RAVATAR.
    """
    service = replace(
        options.service,
        kind="ravatar" if socket_url is None else "avatar",
        base_url=base_url,
        socket_url=socket_url,
        project_id=Secret("simulated"),
        api_key=None,
        proxy=NO_PROXY,
    )
    return replace(options, service=service)


@asynccontextmanager
async def simulated(options: SomeOptions) -> AsyncIterator[SomeOptions]:
    """Run a simulator of the configured kind; yield the options that reach it."""
    # Only a simulated run needs these.
    if options.service.kind == "avatar":
        from ravatard.sim.avatar.server import AvatarSimServer

        async with AvatarSimServer() as service:
            yield reaching(options, service.api_url, service.socket_url)
    else:
        from ravatard.sim.server import SimServer

        async with SimServer() as server:
            yield reaching(options, server.base_url)

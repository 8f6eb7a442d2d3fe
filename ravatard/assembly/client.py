"""Service for a command that talks to it by itself, beside the appliance or without one."""

from __future__ import annotations

import random
import sys
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import TextIO, TypeVar

from ravatard import logs
from ravatard.assembly.runner import run
from ravatard.cloud.factory import kind_of, open_cloud
from ravatard.cloud.kind import CloudResources
from ravatard.cloud.network.access import NetworkAccess, network_access
from ravatard.cloud.network.deferred import Deferred, DeferredNetwork
from ravatard.cloud.network.trust import context_for, load_aiohttp
from ravatard.cloud.option_groups import CloudOptions
from ravatard.config import Loaded, load, secrets_of
from ravatard.config.saved.layer import saved_file
from ravatard.host.credentials import with_credentials
from ravatard.host.identity import appliance_id
from ravatard.ports.cloud import Cloud, CredentialHolder, ServiceCloud
from ravatard.ports.host import Ledger
from ravatard.ports.network import Network
from ravatard.ports.voice import VoicePlayer

T = TypeVar("T")
SomeOptions = TypeVar("SomeOptions", bound=CloudOptions)


def loaded_quietly(config: Path | None, environ: Mapping[str, str], stream: TextIO | None = None) -> Loaded:
    """Load the configuration, with logging that writes to the terminal only when something is wrong.

    Args:
        config: the file; None: the usual one.
        environ: the environment.
        stream: takes the lines of the log; None for standard error.

    Raises:
        ConfigError: it cannot be used.
    """
    loaded = load(config, with_credentials(environ), saved=saved_file(environ))
    logs.configure(
        logs.LogOptions(
            level="debug" if loaded.options.logging.level == "debug" else "warning", style="plain"
        ),
        under_systemd=logs.is_journal(sys.stderr, environ),
        stream=stream,
        secrets=secrets_of(loaded.options),
    )
    return loaded


def open_network(options: CloudOptions, access: NetworkAccess | None = None) -> Network:
    """Return the network; its opener closes it. The first request loads it.

    Args:
        options: the configuration.
        access: the access to the network, if it was read already.

    Raises:
        ConfigError: the file of ``network.ca`` cannot be used.
    """
    features = kind_of(options).features(options)
    way = access or network_access(options)

    def network() -> Network:
        load_aiohttp()
        from ravatard.cloud.http import MESSAGE_LIMIT_BYTES, SOUND_LIMIT_BYTES, AiohttpNetwork

        # Issuers are read here, in a thread, where the service needs them.
        context_for(way.issuers, options.service.base_url)
        return AiohttpNetwork(
            ping_s=options.deadlines.ping_s,
            tls=way.issuers,
            proxies=way.proxies,
            message_limit=SOUND_LIMIT_BYTES if features.inline_sound else MESSAGE_LIMIT_BYTES,
        )

    return DeferredNetwork(Deferred(network))


def service_cloud(
    options: CloudOptions,
    network: Network,
    ledger: Ledger | None = None,
    voice_player: VoicePlayer | None = None,
) -> ServiceCloud:
    """Return the configured service. Needs a running event loop.

    Args:
        options: which service, as which user, for which avatar.
        network: the way to it; closed with the cloud.
        ledger: list of the live sessions that must be ended; None keeps it in memory.
        voice_player: plays the live voice; None: it is not played here.
    """
    return open_cloud(
        options,
        CloudResources(
            network=network,
            user_id=appliance_id(),
            chance=random.SystemRandom().random,
            ledger=ledger,
            voice_player=voice_player,
        ),
    )


def renew_credential(cloud: Cloud, running: CloudOptions, again: CloudOptions) -> None:
    """Have ``cloud`` use the credential of a configuration that was read again.

    Only if the service is the same: what needs a restart waits for one, and until then another service's
    credential must not go to this one.

    Args:
        cloud: the service that is used.
        running: the configuration it was opened with.
        again: the configuration that was read.
    """
    before, after = running.service, again.service
    same = (after.kind, after.base_url, after.socket_url) == (before.kind, before.base_url, before.socket_url)
    same = same and again.avatar.plain_key == running.avatar.plain_key
    if same and isinstance(cloud, CredentialHolder):
        cloud.renew_credential(kind_of(again).credential(after))


def asked(options: CloudOptions, ask: Callable[[ServiceCloud], Awaitable[T]]) -> T:
    """Ask the service one question; runs an event loop for it.

    Raises:
        RavatardError: as ``ask`` raised it.
    """

    async def one_question() -> T:
        network = open_network(options)
        try:
            return await ask(service_cloud(options, network))
        finally:
            await network.close()

    return run(one_question())


def in_mode(options: SomeOptions, *, live: bool) -> SomeOptions:
    """Return ``options`` with live sessions only, or with none."""
    return kind_of(options).in_mode(options, live=live)


def lacks_key(options: CloudOptions) -> bool:
    """Return True if no credential of the service is configured, or none that the caller may see."""
    return kind_of(options).credential(options.service) is None


def has_lists(options: CloudOptions) -> bool:
    """Return True for a service with lists of avatars and languages, and a history."""
    return kind_of(options).has_lists


def greeted(options: CloudOptions) -> str:
    """Ask the service how it is, and with its key; return its version in words, "" for none.

    Raises:
        RavatardError: it does not answer, or refuses the key.
    """
    doctor = kind_of(options).doctor

    async def both(cloud: ServiceCloud) -> str:
        version = await doctor.greeting(cloud) if doctor.greeting is not None else ""
        await doctor.access(cloud)
        return version

    return asked(options, both)

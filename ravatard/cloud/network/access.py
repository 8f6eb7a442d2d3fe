"""Access to the network: whom connections trust, and the proxies they go through."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field

from ravatard.cloud.network.trust import Issuers, issuers_in
from ravatard.cloud.option_groups import CloudOptions
from ravatard.cloud.proxy import NO_PROXY, Proxies


@dataclass(frozen=True, slots=True)
class NetworkAccess:
    """Access of every connection to the service, and to the addresses that it hands us.

    Attributes:
        issuers: issuers of certificates that are trusted beside those of this machine.
        proxies: choice of a proxy.
    """

    issuers: Issuers = field(default_factory=Issuers)
    proxies: Proxies = field(default_factory=lambda: Proxies(NO_PROXY, {}))


def network_access(options: CloudOptions, environ: Mapping[str, str] | None = None) -> NetworkAccess:
    """Return the access that the configuration describes. Reads the file of ``network.ca``.

    Args:
        options: sections ``service`` and ``network``.
        environ: variables that name proxies; None: those of this process.

    Raises:
        ConfigError: that file cannot be used.
    """
    return NetworkAccess(issuers_in(options.network.ca), proxies_of(options, environ))


def proxies_of(options: CloudOptions, environ: Mapping[str, str] | None = None) -> Proxies:
    """Return the choice of a proxy that the configuration and ``environ`` describe; see above."""
    network = options.network
    return Proxies(
        options.service.proxy,
        os.environ if environ is None else environ,
        network.proxy_username,
        network.proxy_password,
    )

"""Options of the network between this machine and the service."""

from __future__ import annotations

from dataclasses import dataclass

from ravatard.secret import Secret
from ravatard.setting import setting


@dataclass(frozen=True, slots=True)
class NetworkOptions:
    """Section ``network``: certificate authority and proxy login of a firm's network."""

    ca: str | None = setting(
        None,
        "File with certificates of issuers that are trusted beside those of this machine, PEM or DER: by "
        "the connections to the service, its proxy, files, streams and TURN servers. A proxy that reads what "
        "is encrypted needs its issuer here. The broker has mqtt.ca.",
        local_only=True,
    )
    proxy_username: str | None = setting(
        None,
        "User name at the proxy of service.proxy or of the environment, where its address has none.",
        pattern=r"[^\s\0:]{1,128}",
        words="at most 128 characters, no blanks, no colon",
        local_only=True,
    )
    proxy_password: Secret | None = setting(
        None,
        "Password at the proxy.",
        pattern=r"[^\0\r\n]{1,512}",
        words="one line of at most 512 characters",
        secret=True,
        local_only=True,
    )

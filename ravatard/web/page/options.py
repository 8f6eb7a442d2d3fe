"""Options of the owner's page."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from ravatard.installation import owners_command
from ravatard.setting import setting


def why_locked() -> str:
    """Return why a page is not opened to the local network, with what helps."""
    return (
        "page.listen is lan, and there is no password yet: set one "
        f"(`{owners_command('ravatard page password')}`); an appliance with a button and a speaker can also "
        "be claimed at the page"
    )


@dataclass(frozen=True, slots=True)
class PageOptions:
    """Section ``page``: a page to look at the appliance and to set it up, and its API for programs."""

    listen: Literal["off", "loopback", "lan"] = setting(
        "off",
        "off: no page; loopback: for this machine only; lan: for the local network, which needs a password "
        "(`sudo ravatard page password`), or a button and a speaker, by which it can be claimed.",
        local_only=True,
    )
    port: int = setting(
        8_480,
        "Port of the page; 0 takes any free one. Port 80 comes from systemd: enable ravatard-page.socket.",
        low=0,
        high=65_535,
        local_only=True,
    )
    names: tuple[str, ...] = setting(
        (),
        "Further names that the page may be opened by, besides the addresses of this machine, localhost, "
        "its host name, and that with .local.",
        pattern=r"[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?",
        words="a host name in lower case, without port",
        local_only=True,
    )
    tls: Literal["off", "self-made", "files"] = setting(
        "off",
        "off: http; self-made: https with a certificate made here, whose fingerprint `ravatard page` prints; "
        "files: https with `certificate` and `key`.",
        local_only=True,
    )
    certificate: str | None = setting(
        None, "PEM file of the certificate and its issuers, for `tls: files`.", local_only=True
    )
    key: str | None = setting(None, "PEM file of its private key.", local_only=True)

"""Options of the sound files that answers point at."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from ravatard.setting import setting


@dataclass(frozen=True, slots=True)
class MediaOptions:
    """Section ``media``: files of answers that are fetched, and their limits."""

    insecure: bool | None = setting(
        None,
        "True: fetch http addresses, too; False: only https; unset: http only when service.base_url is http "
        "itself.",
        local_only=True,
    )
    private_addresses: Literal["auto", "never", "always"] = setting(
        "auto",
        "Files on private networks and on this machine: auto fetches them only when service.base_url is "
        "there, too; never; always. Behind a proxy, which looks up names by itself, addresses and the "
        "names that this machine can look up are checked.",
        local_only=True,
    )
    redirects: int = setting(3, "Redirects that are followed.", low=0, high=10)
    connect_s: float = setting(
        10.0, "Looking up and reaching the server, for each address.", unit="s", low=0.1, high=60
    )
    silence_s: float = setting(
        15.0, "Longest pause of the server, also before its first byte.", unit="s", low=0.1, high=120
    )
    download_s: float = setting(
        120.0,
        "Waiting for the server in all, for one file; time in which the speaker plays does not count.",
        unit="s",
        low=1,
        high=3_600,
    )
    largest_mb: int = setting(32, "Largest file of one answer.", unit="MB", low=1, high=128)
    longest_s: int = setting(600, "Longest answer; the rest is cut.", unit="s", low=1, high=7_200)

    @property
    def largest_bytes(self) -> int:
        """Bytes of the largest file."""
        return self.largest_mb * (1 << 20)

"""What the configuration may say about the sound files that answers point at."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from ravatard.setting import setting


@dataclass(frozen=True, slots=True)
class MediaOptions:
    """Section ``media``: which files of answers are fetched, and what one may cost."""

    insecure: bool | None = setting(
        None,
        "True: http addresses are fetched, too; False: only https; unset: http only when service.base_url is "
        "http itself.",
    )
    private_addresses: Literal["auto", "never", "always"] = setting(
        "auto",
        "Files on private networks and on this machine: auto fetches them only when service.base_url is "
        "there, too; never; always.",
    )
    redirects: int = setting(3, "How often a server may point somewhere else.", low=0, high=10)
    connect_s: float = setting(
        10.0, "Finding and reaching the server, for each address.", unit="s", low=0.1, high=60
    )
    silence_s: float = setting(
        15.0, "How long the server may send nothing, also before its first byte.", unit="s", low=0.1, high=120
    )
    download_s: float = setting(
        120.0,
        "Waiting for the server in all, for one file; while the speaker plays nobody waits.",
        unit="s",
        low=1,
        high=3_600,
    )
    largest_mb: int = setting(32, "Largest file of one answer.", unit="MB", low=1, high=128)
    longest_s: int = setting(600, "Longest answer; what is longer is cut there.", unit="s", low=1, high=7_200)

    @property
    def largest_bytes(self) -> int:
        """Bytes of the largest file."""
        return self.largest_mb * (1 << 20)

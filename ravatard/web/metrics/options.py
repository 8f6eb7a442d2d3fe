"""Options of the figures for Prometheus."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from ravatard.secret import Secret
from ravatard.setting import setting


@dataclass(frozen=True, slots=True)
class MetricsOptions:
    """Section ``metrics``: figures for Prometheus; needs the extra ``metrics``."""

    listen: Literal["off", "loopback", "lan"] = setting(
        "off",
        "Serve the figures at http://HOST:PORT/metrics: loopback, to this machine; lan, to every machine "
        "that knows metrics.token.",
        local_only=True,
    )
    port: int = setting(9_484, "Port of the figures; 0 takes any free one.", low=0, high=65_535)
    token: Secret | None = setting(
        None,
        "Token that a scraper must send as `Authorization: Bearer`; needed for metrics.listen: lan. In "
        "Prometheus: authorization.credentials_file.",
        pattern=r"[\x21-\x7e]{16,256}",
        words="16 to 256 letters, digits and signs without blanks",
        secret=True,
        local_only=True,
    )
    textfile: str | None = setting(
        None,
        "Write the figures to this file, whose name ends in .prom, for node_exporter's textfile collector: "
        "no port is needed. The service may write there only if a drop-in says so (ReadWritePaths).",
        pattern=r"/[^\0]+\.prom",
        words="an absolute path that ends in .prom",
        local_only=True,
    )
    textfile_s: float = setting(
        15.0, "Seconds between two writings of that file.", unit="s", low=1, high=3_600
    )

    @property
    def wanted(self) -> bool:
        """True if the figures are given out at all."""
        return self.listen != "off" or self.textfile is not None

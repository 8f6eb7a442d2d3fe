"""Way of a program to its API: an HTTP proxy, and a certificate authority of its own."""

from __future__ import annotations

import base64
import ssl
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit

from ravatard.secret import Secret

_PROXY_PORT = 80


@dataclass(frozen=True, slots=True)
class NetworkSettings:
    """Settings of all connections of one client.

    Attributes:
        proxy: address of the proxy, with the user and password it may have; None without.
        ca_file: file with issuers that are trusted beside those of the machine, PEM; None without.
    """

    proxy: Secret | None = None
    ca_file: str | None = None

    @classmethod
    def checked(cls, proxy: str | None, ca_file: str | None) -> NetworkSettings:
        """Return the settings.

        Raises:
            ValueError: the proxy is none that can be used, or there is no such file.
        """
        if ca_file is not None and not Path(ca_file).is_file():
            raise ValueError(f"ca_file: {ca_file} is no file")
        if proxy is None:
            return cls(None, ca_file)
        try:
            parts = urlsplit(proxy)
            usable = parts.scheme == "http" and bool(parts.hostname) and parts.port != 0
        except ValueError:
            usable = False
        if not usable:
            raise ValueError(
                "proxy is no address such as http://proxy.example:3128; only http:// can be used"
            )
        return cls(Secret(proxy), ca_file)

    def context(self) -> ssl.SSLContext | None:
        """Return what a client trusts; None for what Python trusts by itself. Reads the file.

        Raises:
            OSError: it cannot be used.
        """
        if self.ca_file is None:
            return None
        context = ssl.create_default_context()
        context.load_verify_locations(cafile=self.ca_file)
        # Python 3.13 asks for extensions that certificates of firms often lack.
        context.verify_flags &= ~ssl.VERIFY_X509_STRICT
        return context

    def proxy_place(self) -> tuple[str, int] | None:
        """Return host and port of the proxy; None without."""
        if self.proxy is None:
            return None
        parts = urlsplit(self.proxy.reveal())
        return parts.hostname or "", parts.port or _PROXY_PORT

    def proxy_headers(self) -> dict[str, str]:
        """Return the headers that a request to the proxy has: its login by Basic (RFC 7617), or none."""
        parts = urlsplit(self.proxy.reveal()) if self.proxy is not None else None
        if parts is None or parts.username is None:
            return {}
        login = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
        return {"Proxy-Authorization": f"Basic {base64.b64encode(login.encode()).decode()}"}


#: Straight to the API, by what the machine trusts.
DIRECT = NetworkSettings()

"""Addresses of the owner's page, and a QR code of one for a phone."""

from __future__ import annotations

import socket
from contextlib import suppress

from ravatard.assembly.page import short_name
from ravatard.web.page.options import PageOptions

_DEFAULT_PORTS = {"http": 80, "https": 443}


def addresses(options: PageOptions) -> list[str]:
    """Return the addresses of the page, the best one for a phone first."""
    scheme = "http" if options.tls == "off" else "https"
    port = "" if options.port == _DEFAULT_PORTS[scheme] else f":{options.port}"
    hosts = ["localhost"]
    if options.listen == "lan":
        hosts = [*options.names, f"{short_name()}.local", *own_addresses()]
    return [f"{scheme}://{host}{port}/" for host in hosts]


def own_addresses() -> list[str]:
    """Return the address of this machine in the network that leads out of it; none without one.

    No packet is sent: connecting a datagram socket only chooses a route. The address is one for documents
    (RFC 5737).
    """
    with suppress(OSError), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.connect(("192.0.2.1", 9))
        return [str(probe.getsockname()[0])]
    return []


def qr_code(text: str) -> str:
    """Return a QR code of ``text`` for a terminal, two rows a line; "" without the library segno."""
    try:
        import segno
    except ImportError:
        return ""
    rows = [list(row) for row in segno.make(text, error="m").matrix_iter(border=2)]
    if len(rows) % 2:
        rows.append([0] * len(rows[0]))
    # Light modules are printed, so that it is right on a dark terminal.
    signs = {(0, 0): "█", (0, 1): "▀", (1, 0): "▄", (1, 1): " "}
    return "\n".join(
        "".join(signs[bool(above), bool(below)] for above, below in zip(*pair, strict=True))
        for pair in zip(rows[::2], rows[1::2], strict=True)
    )

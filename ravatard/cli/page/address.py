"""Addresses of the owner's page, and a QR code of one for a phone."""

from __future__ import annotations

from collections.abc import Sequence

from ravatard.host.page.names import own_addresses, short_name

_DEFAULT_PORTS = {"http": 80, "https": 443}


def addresses(scheme: str, port: int, listen: str, names: Sequence[str] = ()) -> list[str]:
    """Return the addresses of a page, the best one for a phone first.

    Args:
        scheme: http or https.
        port: port that it is served at.
        listen: loopback: for this machine only; lan: for the local network.
        names: further names of this machine, which the owner has configured.
    """
    suffix = "" if port == _DEFAULT_PORTS[scheme] else f":{port}"
    hosts = ["localhost"]
    if listen == "lan":
        hosts = [*names, f"{short_name()}.local", *own_addresses()]
    return [f"{scheme}://{host}{suffix}/" for host in hosts]


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

"""Captive portals: networks that answer in every server's place until a user logs in with a browser. Pure.

A portal cannot show the certificate of the service. So what is encrypted fails, and a request without
encryption is answered with a redirect to the login page, with that page, or with status 511 (RFC 6585).
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping
from urllib.parse import urlsplit

from ravatard.cloud.border import plain

#: Bytes of a page that are looked at.
LOOKED_AT_BYTES = 16 * 1024
#: RFC 6585 section 6.
NETWORK_LOGIN = 511
_TEMPORARY = frozenset({302, 303, 307})
_MOVED = _TEMPORARY | {301, 308}
_LONGEST_HOST = 80
_PAGE = re.compile(rb"<(?:!doctype html|html|head|body|script|style|meta|title|center)[\s>]", re.IGNORECASE)
#: Before a page: marks of UTF-8 and blanks; a comment, and the line of XML, each with its end.
_BLANK = b"\xef\xbb\xbf \t\r\n\f"
_BEFORE = {b"<!--": b"-->", b"<?xml": b"?>"}
#: The address of the login in a page: WISPr's, and that of a page that leads there by itself.
_LEADS = re.compile(
    rb"""(?:<LoginURL>\s{0,20}|http-equiv=["']?refresh["']?[^<>]{0,200}?url=\s{0,20}["']?)(https?://[^\s"'<>]{1,2000})""",
    re.IGNORECASE,
)


def portal_in(
    host: str, status: int, headers: Mapping[str, str], body: bytes = b"", *, meant: bool = False
) -> str:
    """Return the host of the portal that gave an answer without encryption; "" for any other answer.

    Args:
        host: the host that was asked.
        status: of HTTP.
        headers: of the answer.
        body: its beginning.
        meant: the request was one of the service's, which answers with no page and redirects nowhere.
    """
    moved = _host_of(headers.get("Location", ""))
    led = _LEADS.search(body[:LOOKED_AT_BYTES])
    page = _host_of(led[1].decode("ascii", "replace")) if led else ""
    if status == NETWORK_LOGIN:
        return moved or page or plain(host, _LONGEST_HOST)
    if status in _MOVED:
        away = bool(moved) and not _same_site(moved, host)
        return moved if away and (meant or status in _TEMPORARY) else ""
    if page and not _same_site(page, host):
        return page
    html = headers.get("Content-Type", "").strip().lower().startswith("text/html") or _is_page(body)
    return plain(host, _LONGEST_HOST) if meant and html and 200 <= status < 300 else ""


def _is_page(body: bytes) -> bool:
    """Return True if ``body`` begins as a page of HTML does, behind comments."""
    body = body[:LOOKED_AT_BYTES].lstrip(_BLANK)
    while end := next((end for begin, end in _BEFORE.items() if body.startswith(begin)), b""):
        body = body.partition(end)[2].lstrip(_BLANK)
    return bool(_PAGE.match(body))


def is_here(host: str) -> bool:
    """Return True for this machine, before which there is no portal."""
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host.lower().rstrip(".") in ("localhost", "")


def _host_of(address: str) -> str:
    """Return the host in an address of a stranger's; "" for none."""
    try:
        parts = urlsplit(address[:2_000].strip())
        return plain(parts.hostname or "", _LONGEST_HOST) if parts.scheme in ("http", "https") else ""
    except ValueError:
        return ""


def _same_site(one: str, other: str) -> bool:
    """Return True for hosts of one domain, by its last two labels: a service may redirect to its own."""
    ends = [host.lower().rstrip(".").split(".")[-2:] for host in (one, other)]
    numeric = any(label.isdigit() for end in ends for label in end[-1:]) or ":" in one + other
    return one == other if numeric else ends[0] == ends[1]

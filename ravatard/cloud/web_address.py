"""Addresses as they came: the escapes in them may be part of a signature, so none is rewritten."""

from __future__ import annotations

import ipaddress
import re
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit, urlunsplit

if TYPE_CHECKING:
    from yarl import URL

#: Characters that a request line cannot carry: blanks, controls, and everything beyond ASCII.
_UNSENDABLE = re.compile(r"[^\x21-\x7e]+")
#: Halves of a pair that stand for no byte of a header (PEP 383).
_HALVES = re.compile(r"[\ud800-\udc7f\udd00-\udfff]")
_NOT_OF_HOSTS = re.compile(r"[\x00-\x20\x7f/?#@%\\\[\]<>^|]")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
#: RFC 1035, 2.3.4. Encoding a longer one for the name service takes seconds: the time grows with the square.
_LONGEST_HOST, _LONGEST_LABEL = 253, 63
#: RFC 3490, section 3.1: dots between the labels of a name, also in other scripts.
_DOT = re.compile("[.\u3002\uff0e\uff61]")


def as_authority(host: str, port: int | None = None) -> str:
    """Return host and port as an address has them; IPv6 in brackets."""
    name = f"[{host}]" if ":" in host else host
    return name if port is None else f"{name}:{port}"


def may_be_host(host: str) -> bool:
    """Return True for a name that a host can have, and for a numeric address, of IPv6 also with a zone."""
    if ":" in host or host.rpartition(".")[2].isdigit():
        try:
            ipaddress.ip_address(host)
        except ValueError:
            return False
        return True
    # Encoding takes long for a long name, and may find dots in other signs.
    if len(host) > _LONGEST_HOST:
        return False
    try:
        encoded = host.encode("idna").decode("ascii")
    except UnicodeError:
        return False
    labels = encoded.removesuffix(".").split(".")
    right = all(0 < len(label) <= _LONGEST_LABEL for label in labels)
    return right and "*" not in encoded and not _NOT_OF_HOSTS.search(encoded)


def as_it_came(text: str) -> URL:
    """Return ``text`` as a URL with path and query unchanged, but for characters that must be escaped.

    Blanks around it are no part of it, as in browsers.

    Raises:
        ValueError: it is no address.
    """
    # Imported with the library that connects; the routes are made before it is loaded.
    from yarl import URL

    text = text.strip()
    if _CONTROL.search(text):
        raise ValueError("a control character in an address")
    scheme, place, path, query, fragment = urlsplit(text)
    place = _with_host_unescaped(place)
    if place and not place.isascii():
        _check_length(place)
        # Names beyond ASCII are encoded by yarl; without a path there is nothing else for it to change.
        place = URL(f"{scheme or 'http'}://{place}").raw_authority
    if place and not path:
        # A proxy is sent the whole address, in which an empty path before a query is not understood by all.
        path = "/"
    parts = (scheme, place, *(_UNSENDABLE.sub(_escaped, part) for part in (path, query, fragment)))
    return URL(urlunsplit(parts), encoded=True)


def _with_host_unescaped(place: str) -> str:
    """Return ``user@host:port`` with the escapes of the host's name resolved, as browsers do."""
    before, at, host = place.rpartition("@")
    if "%" not in host or host.startswith("["):
        return place
    host = unquote(host, errors="strict")
    if _NOT_OF_HOSTS.search(host):
        raise ValueError("a character in a host's name that none has")
    return before + at + host


def _check_length(place: str) -> None:
    """Raise ValueError unless the host of ``user@host:port`` is as short as a name can be."""
    host = urlsplit(f"//{place}").hostname or ""
    if len(host) > _LONGEST_HOST or any(len(label) > _LONGEST_LABEL for label in _DOT.split(host)):
        raise ValueError("a host's name that is longer than any can be")


def _escaped(found: re.Match[str]) -> str:
    # A header's bytes that are no UTF-8 come as surrogates; any other half of a pair becomes a "?".
    data = _HALVES.sub("?", found[0]).encode("utf-8", "surrogateescape")
    return "%" + data.hex("%").upper()

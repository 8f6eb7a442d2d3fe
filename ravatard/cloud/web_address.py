"""Addresses as they came: the escapes in them may be part of a signature, so none is rewritten."""

from __future__ import annotations

import re
from urllib.parse import urlsplit, urlunsplit

from yarl import URL

#: Characters that a request line cannot carry: blanks, controls, and everything beyond ASCII.
_UNSENDABLE = re.compile(r"[^\x21-\x7e]")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


def as_it_came(text: str) -> URL:
    """Return ``text`` as a URL with path and query unchanged, but for characters that must be escaped.

    Blanks around it are no part of it, as in browsers.

    Raises:
        ValueError: it is no address.
    """
    text = text.strip()
    if _CONTROL.search(text):
        raise ValueError("a control character in an address")
    scheme, place, path, query, fragment = urlsplit(text)
    if place and not place.isascii():
        # Names beyond ASCII are encoded by yarl; without a path there is nothing else for it to change.
        place = URL(f"{scheme or 'http'}://{place}").raw_authority
    parts = (scheme, place, *(_UNSENDABLE.sub(_escaped, part) for part in (path, query, fragment)))
    return URL(urlunsplit(parts), encoded=True)


def _escaped(found: re.Match[str]) -> str:
    # A header's bytes that are no UTF-8 come as surrogates; any other half of a pair becomes a "?".
    try:
        data = found[0].encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        data = b"?"
    return "".join(f"%{byte:02X}" for byte in data)

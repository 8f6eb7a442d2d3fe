"""Issuers of certificates that this machine trusts, loaded when a connection first needs them, and once.

aiohttp makes two contexts while it is imported, and each reads all issuers: 20 to 40 ms and 1.6 MB on a
desktop, also where the service has no TLS at all.
"""

from __future__ import annotations

import importlib
import os
import ssl
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from urllib.parse import urlsplit

_ENCRYPTED = frozenset({"https", "wss"})
#: Held while a context is made: in this time contexts may be made without issuers on purpose.
_making = threading.Lock()


@contextmanager
def _without_issuers() -> Iterator[None]:
    """Have contexts of the standard library made without issuers; no other context is made meanwhile."""
    with _making:
        setattr(ssl.SSLContext, "set_default_verify_paths", lambda _: None)  # noqa: B010 - hides the inherited one
        try:
            yield
        finally:
            delattr(ssl.SSLContext, "set_default_verify_paths")


def load_aiohttp() -> None:
    """Import aiohttp, with default contexts that trust no server. Takes seconds on a small board.

    A request in this process that passes no context of :func:`context_for` is refused, never let through.
    """
    with _without_issuers():
        importlib.import_module("aiohttp")


def context_for(tls: ssl.SSLContext | None, *urls: str) -> ssl.SSLContext | bool:
    """Return what aiohttp takes as ``ssl`` for a connection.

    Args:
        tls: issuers to trust; None: those this machine trusts.
        urls: addresses of the server and of the proxy before it, if there is one.

    Returns:
        A context; True, aiohttp's own default, if none of ``urls`` is encrypted: it is not used.
    """
    if tls is not None:
        return tls
    return trusted() if any(urlsplit(url).scheme in _ENCRYPTED for url in urls) else True


@cache
def trusted() -> ssl.SSLContext:
    """Return the context with the issuers that this machine trusts, the same one at every call."""
    with _making:
        context = ssl.create_default_context(
            capath=issuers_by_hash(os.environ, ssl.get_default_verify_paths())
        )
    # As aiohttp's own: without this a proxy that terminates TLS might choose HTTP/2.
    context.set_alpn_protocols(("http/1.1",))
    return context


def issuers_by_hash(environ: Mapping[str, str], paths: ssl.DefaultVerifyPaths) -> str | None:
    """Return the folder in which OpenSSL finds each issuer by its hash, when it needs it; None: read all.

    Only where the file with all issuers lies in that folder too, as on Debian, where
    ``update-ca-certificates`` writes both; not where the environment names other issuers.

    Args:
        environ: environment variables; SSL_CERT_FILE and SSL_CERT_DIR name issuers.
        paths: the places that OpenSSL knows.
    """
    if paths.capath is None or not {paths.openssl_cafile_env, paths.openssl_capath_env}.isdisjoint(environ):
        return None
    folder = Path(paths.capath).resolve()
    if paths.cafile is not None and Path(paths.cafile).resolve().parent != folder:
        return None
    return str(folder) if any(folder.glob("*.0")) else None

"""Issuers of certificates that this machine trusts, loaded when a connection first needs them, and once.

aiohttp makes two contexts while it is imported, and each reads all issuers: 20 to 40 ms and 1.6 MB on a
desktop, also where the service has no TLS at all.
"""

from __future__ import annotations

import codecs
import importlib
import os
import ssl
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from pathlib import Path
from urllib.parse import urlsplit

from ravatard.cloud.border import plain
from ravatard.errors import ConfigError

_ENCRYPTED = frozenset({"https", "wss"})
#: Debian's file with every issuer has 220 kB.
_LARGEST_FILE = 4 * 1024 * 1024
_PEM = b"-----BEGIN"
#: Limits of a sentence about issuers.
_MOST_TOLD, _LONGEST_NAME = 3, 80
_WANTED = "it has to hold a certificate, PEM or DER, and the user of the service must be able to read it"
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


@dataclass(frozen=True, slots=True)
class Issuers:
    """Certificates of issuers that are trusted beside those of this machine.

    Attributes:
        more: PEM as text, one certificate in DER as bytes, or "" for none.
    """

    more: str | bytes = field(default="", repr=False)


def issuers_in(file: str | None) -> Issuers:
    """Return the issuers in ``file``, the value of ``network.ca``; None for no file. Reads it.

    Raises:
        ConfigError: it cannot be used.
    """
    if file is None:
        return Issuers()
    try:
        # A pipe or a device is read for ever.
        if not Path(file).is_file():
            raise ConfigError(f"network.ca: {file} is no file; write the path of a certificate, PEM or DER")
        with Path(file).open("rb") as opened:
            data = opened.read(_LARGEST_FILE + 1)
        if len(data) > _LARGEST_FILE:
            raise ConfigError(
                f"network.ca: {file} is larger than {_LARGEST_FILE >> 20} MB; write a file with the "
                "certificates of your own issuers alone"
            )
    except (OSError, ValueError) as error:
        cause = getattr(error, "strerror", None) or type(error).__name__
        raise ConfigError(f"network.ca: {file} cannot be used ({cause}); {_WANTED}") from None
    more = _as_openssl_reads(data)
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(cadata=more)
    except (ssl.SSLError, ValueError):
        # OpenSSL's words for it are about its own parser.
        raise ConfigError(f"network.ca: {file} cannot be used ({_lack(more)}); {_WANTED}") from None
    return Issuers(more)


def out_of_date(issuers: Issuers, now: datetime) -> str:
    """Return a sentence about the issuers in ``network.ca`` that are not valid at ``now``; "" for none.

    Args:
        issuers: those of the file.
        now: this machine's clock.
    """
    if not issuers.more:
        return ""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(cadata=issuers.more)
    found: dict[str, None] = {}
    for one in context.get_ca_certs():
        begins, ends = (_seconds(one[key]) for key in ("notBefore", "notAfter"))
        if not begins <= now.timestamp() <= ends:
            fault = f"expired on {one['notAfter']}" if now.timestamp() > ends else "is not valid yet"
            found[f"{_name(one)} {fault}"] = None
    if not found:
        return ""
    told = ", ".join(list(found)[:_MOST_TOLD])
    return (
        f"of the issuers in network.ca {told}: by this machine's clock it is {now:%Y-%m-%d}; "
        "correct the clock, or write a file with the present one"
    )


def _seconds(text: object) -> int:
    return ssl.cert_time_to_seconds(str(text))


def _name(certificate: Mapping[str, object]) -> str:
    """Return the common name of an issuer, else its organization; both are a stranger's."""
    subject = certificate.get("subject")
    pairs = [pair for group in subject for pair in group] if isinstance(subject, tuple) else []
    names = {str(key): str(value) for key, value in pairs}
    name = names.get("commonName") or names.get("organizationName") or "one without a name"
    return plain(name, _LONGEST_NAME)


def _as_openssl_reads(data: bytes) -> str | bytes:
    """Return PEM as text and DER as bytes; ``data``: of a file, in which Windows may have set a mark."""
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        data = data.decode("utf-16", "replace").encode("ascii", "replace")
    if _PEM not in data:
        return data
    # Files that were joined have the mark between them, and OpenSSL knows no certificate behind one. Comments
    # may have any letters; the certificates have none beyond ASCII.
    return data.replace(codecs.BOM_UTF8, b"").decode("ascii", "replace").replace("\ufffd", "?")


def _lack(more: str | bytes) -> str:
    """Return why OpenSSL finds no certificate in the content of a file."""
    if not more:
        return "it is empty"
    if isinstance(more, bytes):
        return "no certificate is in it"
    if "CERTIFICATE-----" in more:
        return "a certificate in it is damaged"
    return "a key is in it, and no certificate" if "PRIVATE KEY-----" in more else "no certificate is in it"


def context_for(tls: ssl.SSLContext | Issuers | None, *urls: str) -> ssl.SSLContext | bool:
    """Return what aiohttp takes as ``ssl`` for a connection.

    Args:
        tls: issuers to trust beside those of this machine; a context: whom it trusts; None: only those of
            this machine.
        urls: addresses of the server and of the proxy before it, if there is one.

    Returns:
        A context; True, aiohttp's own default, if none of ``urls`` is encrypted: it is not used.
    """
    if isinstance(tls, ssl.SSLContext):
        return tls
    encrypted = any(urlsplit(url).scheme in _ENCRYPTED for url in urls)
    return trusted(tls or Issuers()) if encrypted else True


@cache
def trusted(issuers: Issuers) -> ssl.SSLContext:
    """Return the context with ``issuers`` and those that this machine trusts, the same one at every call."""
    with _making:
        context = ssl.create_default_context(
            capath=issuers_by_hash(os.environ, ssl.get_default_verify_paths())
        )
    if issuers.more:
        context.load_verify_locations(cadata=issuers.more)
        # Python 3.13 asks for extensions (RFC 5280) that certificates of firms often lack, and curl does not.
        context.verify_flags &= ~ssl.VERIFY_X509_STRICT
    # As aiohttp's own: without this a proxy that terminates TLS might choose HTTP/2.
    context.set_alpn_protocols(("http/1.1",))
    return context


def unverified() -> ssl.SSLContext:
    """Return a context that takes every certificate: to read whose it is, and to send nothing."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
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

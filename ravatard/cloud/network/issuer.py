"""Name of the issuer of a certificate that is not trusted, so that its owner knows which one is missing.

Python shows no certificate of a handshake that failed: the server is asked for it once more, over a
connection that trusts anyone and on which nothing is ever sent.
"""

from __future__ import annotations

import asyncio
import ssl

from ravatard.cloud.border import plain
from ravatard.cloud.network.trust import Issuers
from ravatard.cloud.network.tunnel import open_tunnel
from ravatard.cloud.proxy import Proxy

_LONGEST_NAME = 80
_LARGEST = 64 * 1024
#: Of X.690: explicit tag 0, by which a certificate tells its version.
_VERSION = 0xA0
#: Attribute types of RFC 5280 appendix A: common name and organisation.
_COMMON_NAME, _ORGANISATION = b"\x55\x04\x03", b"\x55\x04\x0a"
#: Tags of X.690 for texts that are not UTF-8.
_ENCODINGS = {0x14: "latin-1", 0x1E: "utf-16-be"}


async def issuer_at(host: str, port: int, proxy: Proxy | None, issuers: Issuers) -> str:
    """Return the name of the issuer of a server's certificate; the caller sets the deadline.

    Args:
        host: the server.
        port: its port.
        proxy: the proxy before it; None: there is none.
        issuers: issuers to trust for an encrypted proxy.

    Raises:
        OSError: it is not reached.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    loop = asyncio.get_running_loop()
    if proxy is None:
        transport, _ = await loop.create_connection(
            asyncio.Protocol, host, port, ssl=context, server_hostname=host
        )
    else:
        raw = await open_tunnel(proxy.url, str(proxy), (host, port), issuers)
        try:
            within = await loop.start_tls(raw, asyncio.Protocol(), context, server_hostname=host)
        except BaseException:
            raw.abort()
            raise
        if within is None:
            return ""
        transport = within
    try:
        shown = transport.get_extra_info("ssl_object")
        return issuer_in(shown.getpeercert(binary_form=True) or b"") if shown is not None else ""
    finally:
        transport.abort()


def issuer_in(certificate: bytes) -> str:
    """Return the common name of the issuer, else its organisation; "" for what cannot be read.

    Args:
        certificate: in DER (RFC 5280 section 4.1).
    """
    try:
        return _issuer_in(certificate[:_LARGEST])
    except (ValueError, IndexError):
        return ""


def _issuer_in(data: bytes) -> str:
    _, begin, _ = _element(data, 0)
    _, at, _ = _element(data, begin)
    tag, _, end = _element(data, at)
    # The version may be missing; behind it are serial number, algorithm, issuer.
    at = end if tag == _VERSION else at
    for _ in range(2):
        _, _, at = _element(data, at)
    _, at, last = _element(data, at)
    names: dict[bytes, str] = {}
    while at < last:
        # A set of attributes, each a sequence of type and value; the first of each set is looked at.
        _, inner, at = _element(data, at)
        _, inner, _ = _element(data, inner)
        _, begin, inner = _element(data, inner)
        kind = data[begin:inner]
        tag, begin, end = _element(data, inner)
        names[kind] = data[begin:end].decode(_ENCODINGS.get(tag, "utf-8"), "replace")
    return plain(names.get(_COMMON_NAME) or names.get(_ORGANISATION) or "", _LONGEST_NAME)


def _element(data: bytes, at: int) -> tuple[int, int, int]:
    """Return tag, begin and end of the element at ``at``.

    Raises:
        ValueError, IndexError: there is none.
    """
    length, begin = data[at + 1], at + 2
    if length & 0x80:
        size = length & 0x7F
        if not 1 <= size <= 4:
            raise ValueError("a length of no or too many bytes")
        length, begin = int.from_bytes(data[begin : begin + size]), begin + size
    if begin + length > len(data):
        raise ValueError("an element that is cut off")
    return data[at], begin, begin + length

"""Name of the issuer of a certificate that is not trusted, so that its owner knows which one is missing.

Python shows no certificate of a handshake that failed: the server is asked for it once more, over a
connection that trusts anyone and on which nothing is ever sent.
"""

from __future__ import annotations

import asyncio

from ravatard.cloud.border import plain
from ravatard.cloud.network.trust import Issuers, unverified
from ravatard.cloud.network.tunnel import open_tunnel
from ravatard.cloud.proxy import Proxy
from ravatard.core.certificate_fields import issuer_names

_LONGEST_NAME = 80
_LARGEST = 64 * 1024


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
    context = unverified()
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
        common, organization = issuer_names(certificate[:_LARGEST])
    except ValueError:
        return ""
    return plain(common or organization, _LONGEST_NAME)

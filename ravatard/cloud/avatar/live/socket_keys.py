"""Sockets of a service: their address, and the ways to prove that we may open them."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlsplit

from ravatard.cloud.avatar.address import ServiceAccess, plain_key_problem, socket_base
from ravatard.cloud.avatar.limits import SlidingLog
from ravatard.cloud.avatar.live.calls import ServiceCalls
from ravatard.cloud.option_groups import CloudOptions
from ravatard.errors import DeniedError
from ravatard.secret import Secret


class SocketKeys:
    """Ways to prove at a socket that we may open it; no document says which one counts.

    What has worked is tried first from then on.
    """

    def __init__(self, access: ServiceAccess) -> None:
        """``access``: the key of the service, which is looked at for each socket."""
        self._access = access
        self._worked = 0

    def ways(self, url: str, token: Secret | None) -> list[tuple[int, dict[str, str], str | None]]:
        """Return (number, headers, token in the address) of each way that is possible, in order.

        Raises:
            DeniedError: the key would be readable on its way.
        """
        key = self._access.key
        if key is not None and not self._access.plain_key and (problem := plain_key_problem(url)):
            raise DeniedError(f"{problem} with avatar.plain_key: true")
        ways: list[tuple[int, dict[str, str], str | None]] = []
        for number, bearer in enumerate((token or key, key if token else None)):
            if bearer is not None:
                ways.append((number, {"Authorization": f"Bearer {bearer.reveal()}"}, None))
        if token is not None:
            ways.append((2, {}, token.reveal()))
        if not ways:
            ways.append((3, {}, None))
        return sorted(ways, key=lambda way: way[0] != self._worked)

    def worked(self, number: int) -> None:
        """Note that the service accepted this way."""
        self._worked = number


@dataclass(frozen=True, slots=True)
class SocketOptions:
    """Facts for every socket of a service.

    Attributes:
        base: address that a session's id is appended to.
        host: host of the sockets, for people.
        keys: ways to prove that we may open it.
        limit: our messages, which are limited.
        connect_s: limit for opening.
        send_s: limit for handing over a message.
    """

    base: str
    host: str
    keys: SocketKeys
    limit: SlidingLog
    connect_s: float
    send_s: float


def socket_options_of(options: CloudOptions, calls: ServiceCalls, access: ServiceAccess) -> SocketOptions:
    """Return the facts for every socket of the configured service.

    Raises:
        DeniedError: the address of its sockets is none.
    """
    try:
        base = socket_base(calls.api, options.service.socket_url)
    except ValueError as error:
        raise DeniedError(f"service.socket_url {error}") from None
    return SocketOptions(
        base=base,
        host=urlsplit(base).netloc,
        keys=SocketKeys(access),
        limit=calls.limiting.limits.socket,
        connect_s=options.deadlines.connect_s,
        send_s=options.deadlines.send_s,
    )

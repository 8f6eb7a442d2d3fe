"""Tolerance of a signalling server: the messages that it accepts, learned from the sockets it closes. Pure.

A server of 5.0 or 5.1 knows neither ``listStreamers`` nor ``subscribe`` nor a player's ``ping``. It makes its
offer unasked, and closes the socket with 1008 on a type that it does not know (PROTOCOL.md, "Old servers").
"""

from __future__ import annotations

#: Messages without which a stream can play; an old server knows none of them.
NOT_OF_OLD_SERVERS = frozenset({"listStreamers", "subscribe", "ping"})
#: Close codes for a message that is not accepted (RFC 6455 section 7.4.1).
_NOT_ACCEPTED = frozenset({1002, 1003, 1007, 1008})
#: The socket was lost: no code at all, or none in a close frame (RFC 6455 section 7.4.1).
_LOST = frozenset({None, 1006})
_ANSWERED_BY = {
    "streamerList": "listStreamers",
    "subscribeFailed": "subscribe",
    "offer": "subscribe",
    "pong": "ping",
}


class Tolerance:
    """Tolerance of the server of one socket.

    Attributes:
        avoided: types of messages that are not sent.
        offered: True after an offer.
    """

    def __init__(self, avoided: frozenset[str]) -> None:
        """Begin with the types that an earlier socket gave a reason to avoid."""
        self.avoided = avoided
        self.offered = False
        self._unasked = False
        #: Types that were sent and are not answered yet, in order.
        self._open: list[str] = []

    def sends(self, kind: str) -> bool:
        """Return True if a message of this type is to be sent, and note that it is."""
        if kind in self.avoided:
            return False
        if kind not in self._open:
            self._open.append(kind)
        return True

    def received(self, kind: str) -> None:
        """Note the type of a message of the server."""
        answered = _ANSWERED_BY.get(kind)
        if kind == "offer" and not self.offered:
            self.offered = True
            if self._open != ["subscribe"]:
                # It waits for no subscription, as old servers do; a ping would end it.
                self._unasked = True
                self.avoided |= {"ping"}
        if answered in self._open:
            self._open.remove(answered)

    def after_close(self, code: int | None) -> frozenset[str]:
        """Return the types to avoid on the next socket, after this one was closed with ``code``.

        A socket without an offer gives no reason to leave out again what was left out on it. One that is lost
        on the first question may be an old server's behind a proxy that swallows its code: the next one asks
        nothing, and if that brings no offer, the one after it asks again.
        """
        last = self._open[-1] if self._open else ""
        lost = last == "listStreamers" and code in _LOST
        if lost or last == "ping" or (last and (self._unasked or code in _NOT_ACCEPTED)):
            return self.avoided | (NOT_OF_OLD_SERVERS if last == "listStreamers" else {last})
        return self.avoided if self.offered else frozenset()

"""Sessions of which nothing proves that they have ended: how long they are stopped again. Pure.

A service whose list of sessions is of another form than documented never proves an end. Its sessions would be
stopped for ever, and the appliance would never be well again. So a session that such a list does not name is
given up, and that is told.
"""

from __future__ import annotations

from ravatard.errors import LinkError
from ravatard.ports.host import OwedSession

#: A session is stopped again for so long at least, and so often; with the pauses of a lease that is as long.
DOUBTED_S = 6 * 3600.0
DOUBTED_TIMES = 30


class EndInDoubt(LinkError):
    """A session was stopped, and nothing says whether that has ended it."""


class Doubts:
    """Stops after which a session was in doubt, of this run."""

    def __init__(self) -> None:
        self._doubts: dict[OwedSession, tuple[float, int]] = {}

    def again(self, session: OwedSession, uptime_s: float) -> bool:
        """Note another stop that proved nothing; return True if the session is to be given up.

        Args:
            session: it.
            uptime_s: seconds since the boot, which never go back.
        """
        since_s, times = self._doubts.get(session, (uptime_s, 0))
        self._doubts[session] = since_s, times + 1
        return uptime_s - since_s >= DOUBTED_S and times + 1 >= DOUBTED_TIMES

    def forget(self, session: OwedSession) -> None:
        """Note that the session has ended, or was told to be open."""
        self._doubts.pop(session, None)

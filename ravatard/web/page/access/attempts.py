"""Limits on attempts to guess a password or a code. Pure; the clock must not go back."""

from __future__ import annotations

from collections import OrderedDict, deque

#: After the first wrong attempts of an address it waits for one second, then two, and so on.
FIRST_S = 1.0
LONGEST_S = 600.0
#: After so many doublings it is the longest; without an end a power has more digits than a float takes.
_MOST_DOUBLINGS = 10
#: Wrong attempts that cost no wait yet: a slip of the finger.
FREE = 2
#: An address that has been quiet for so long begins anew.
FORGOTTEN_S = 1_800.0
#: Attempts of all addresses in a minute.
A_MINUTE = 10
_MINUTE_S = 60.0
#: Addresses that are remembered; the limit of a minute bounds how fast they are used up.
_MOST_ADDRESSES = 512


class Attempts:
    """Counts attempts, by address and in all.

    Ask :meth:`wait_s` before an attempt; if it is 0, report the attempt by :meth:`begun`, and its outcome.
    """

    def __init__(self) -> None:
        self._recent: deque[float] = deque(maxlen=A_MINUTE)
        #: address -> number of wrong attempts in a row, time of the last.
        self._wrong: OrderedDict[str, tuple[int, float]] = OrderedDict()

    def wait_s(self, address: str, now: float) -> float:
        """Return the seconds until ``address`` may try."""
        wait_s = 0.0
        if len(self._recent) == A_MINUTE:
            wait_s = self._recent[0] + _MINUTE_S - now
        count, last_at = self._wrong.get(address, (0, now))
        if count > FREE and now - last_at < FORGOTTEN_S:
            doublings = min(count - FREE - 1, _MOST_DOUBLINGS)
            wait_s = max(wait_s, last_at + min(LONGEST_S, FIRST_S * 2**doublings) - now)
        return max(0.0, wait_s)

    def begun(self, now: float) -> None:
        """Count one attempt."""
        self._recent.append(now)

    def failed(self, address: str, now: float) -> None:
        """Count a wrong one."""
        count, last_at = self._wrong.pop(address, (0, now))
        self._wrong[address] = (1 if now - last_at >= FORGOTTEN_S else count + 1, now)
        while len(self._wrong) > _MOST_ADDRESSES:
            self._wrong.popitem(last=False)

    def succeeded(self, address: str) -> None:
        """Forget the wrong ones of ``address``."""
        self._wrong.pop(address, None)

"""Steady noise at the microphone, so loud that speech may not stand out from it: a hum, a fan, a wrong gain.

The gate cannot open for a voice that is no louder than the noise: the appliance is on but deaf, and says so.
"""

from __future__ import annotations

#: Above this, speech of -25 dBFS at one metre no longer stands out.
TOO_LOUD_DB = -32.0
#: Below this it is over: between the two, nothing changes.
_OVER_DB = -35.0
#: So long it must last, and be over: a vacuum cleaner in the next room is no fault.
_LASTS_S = 60.0


class SteadyNoise:
    """Judges the noise floor. Times are seconds of one clock.

    Attributes:
        sentence: the fault in words; "" while there is none.
    """

    def __init__(self) -> None:
        self.sentence = ""
        self._since: float | None = None

    def heard(self, floor_db: float, now: float) -> bool:
        """Take the noise floor, dBFS; return True when ``sentence`` begins or ends."""
        other = floor_db < _OVER_DB if self.sentence else floor_db > TOO_LOUD_DB
        if not other:
            self._since = None
            return False
        if self._since is None:
            self._since = now
        if now - self._since < _LASTS_S:
            return False
        self._since = None
        self.sentence = (
            ""
            if self.sentence
            else f"steady noise of {floor_db:.0f} dBFS at the microphone: speech must be louder to be heard; "
            "find what hums, turn the microphone down with `alsamixer` (F4), or choose one channel with "
            "capture.channel"
        )
        return True

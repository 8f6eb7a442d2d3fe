"""Options of quiet hours, and the minutes of a day that are quiet."""

from __future__ import annotations

from dataclasses import dataclass

from ravatard.setting import setting

_TIME = r"([01]?[0-9]|2[0-3]):[0-5][0-9]"
_IN_WORDS = "a time of day from 0:00 to 23:59, such as 22:00"
_HOUR = 60


@dataclass(frozen=True, slots=True)
class QuietOptions:
    """Section ``quiet``: hours of the day, by this machine's local time, with dim lights and a soft voice."""

    from_: str | None = setting(
        None,
        "Quiet hours begin at this local time; unset: there are none.",
        pattern=_TIME,
        words=_IN_WORDS,
        restart=False,
    )
    to: str | None = setting(
        None,
        "They end at this local time, on the next day if that is earlier.",
        pattern=_TIME,
        words=_IN_WORDS,
        restart=False,
    )
    brightness: int = setting(
        10,
        "Lights are no brighter than this meanwhile; 0: dark. An LED that cannot be dimmed is dark at 0 "
        "alone.",
        unit="%",
        low=0,
        high=100,
        restart=False,
    )
    volume: int = setting(
        30,
        "Answers and earcons are no louder than this meanwhile. A volume that is set in quiet hours holds "
        "until they end.",
        unit="%",
        low=0,
        high=100,
        restart=False,
    )
    earcons: bool = setting(False, "True: earcons sound in quiet hours, too.", restart=False)

    @property
    def are_set(self) -> bool:
        """True if there are quiet hours."""
        return self.from_ is not None and self.to is not None

    def hold_at(self, minute: int) -> bool:
        """Return True if a minute of the local day, 0 to 1439, is quiet.

        Only the face of the clock counts: where it is put forward or back, for summer time or because it was
        wrong, what it shows afterwards decides.
        """
        if self.from_ is None or self.to is None:
            return False
        begin, end = minute_of(self.from_), minute_of(self.to)
        if begin < end:
            return begin <= minute < end
        return minute >= begin or minute < end


def minute_of(time: str) -> int:
    """Return the minute of the day of a time such as ``7:05``."""
    hours, _, minutes = time.partition(":")
    return int(hours) * _HOUR + int(minutes)

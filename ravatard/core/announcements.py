"""Announcements: played to the room one after the other, and only while nothing is said or awaited."""

from __future__ import annotations

from dataclasses import dataclass, replace

from ravatard.core.actions import PlayAnnouncement
from ravatard.core.conversation.cues import Step
from ravatard.core.events import AnnouncementAsked


@dataclass(frozen=True, slots=True)
class Announcements:
    """Announcements that wait, and the one that is played.

    Attributes:
        waiting: what was asked for, oldest first; who asks bounds their number.
        playing: number of the one that the player was given and has not ended; None for none.
    """

    waiting: tuple[AnnouncementAsked, ...] = ()
    playing: int | None = None

    def asked(self, event: AnnouncementAsked) -> Step[Announcements]:
        """One more waits."""
        return replace(self, waiting=(*self.waiting, event)), ()

    def ended(self, number: int) -> Step[Announcements]:
        """The player is done with one."""
        return (replace(self, playing=None) if number == self.playing else self), ()

    def next(self, volume: int) -> Step[Announcements]:
        """Have the oldest played. ``volume``: percent of full, to which the speaker returns."""
        if self.playing is not None or not self.waiting:
            return self, ()
        first, *rest = self.waiting
        state = Announcements(tuple(rest), first.number)
        return state, [PlayAnnouncement(first.number, first.volume, volume)]

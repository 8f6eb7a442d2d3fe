"""Side that the avatar's voice is taken from: events of the socket or the WebRTC track, never both. Pure."""

from __future__ import annotations

from enum import Enum, unique

#: Audible sound on the track is played when no ``audio`` event comes for so long after its beginning.
DECIDE_S = 1.0


@unique
class SoundFrom(Enum):
    """Setting ``avatar.sound``, and what a session has shown."""

    AUTO = "auto"
    SOCKET = "socket"
    TRACK = "track"


class SoundSide:
    """Decides at the first answer of a session, and keeps to it.

    Attributes:
        side: AUTO while it is not decided.
    """

    def __init__(self, setting: SoundFrom) -> None:
        """Begin undecided unless the setting decides."""
        self.side = setting
        self._setting = setting
        self._loud_at: float | None = None

    def begin_session(self) -> None:
        """Forget what another session has shown."""
        self.side, self._loud_at = self._setting, None

    def audio_event(self) -> bool:
        """Note sound on the socket; return True if it is to be played."""
        if self.side is SoundFrom.AUTO:
            self.side = SoundFrom.SOCKET
        return self.side is SoundFrom.SOCKET

    def track_sound(self, now: float, *, loud: bool) -> bool:
        """Note sound on the track; return True if it is to be played.

        Args:
            now: loop time.
            loud: it can be heard.
        """
        if self.side is SoundFrom.AUTO:
            if loud and self._loud_at is None:
                self._loud_at = now
            if self._loud_at is not None and now - self._loud_at >= DECIDE_S:
                self.side = SoundFrom.TRACK
        return self.side is SoundFrom.TRACK

    def without_track(self) -> None:
        """Note that there is no track any more."""
        self.side = SoundFrom.SOCKET

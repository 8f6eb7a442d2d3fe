"""Wait from a press while the avatar is heard to its silence, from the events that a hub sees."""

from __future__ import annotations

from ravatard.core import events as ev


class PressToSilence:
    """Measures it; times are loop seconds.

    Attributes:
        pressed_at: when the press was whose silence is awaited; None while none is.
    """

    def __init__(self) -> None:
        """Begin in silence."""
        self.pressed_at: float | None = None
        self._audible = False

    def on_event(self, event: ev.Event) -> float | None:
        """Return the wait in seconds when ``event`` ends one; the hub is about to handle it."""
        match event:
            case ev.PlaybackStarted():
                self._audible = True
            case ev.ButtonPressed(at) if self._audible and self.pressed_at is None:
                self.pressed_at = at
            case ev.PlaybackEnded(at):
                pressed_at = self.pressed_at
                self._audible, self.pressed_at = False, None
                # The last of the sound may have been over for the converter before the press came here.
                return None if pressed_at is None else max(0.0, at - pressed_at)
            case ev.SpeakerLost():
                self._audible, self.pressed_at = False, None
            case _:
                pass
        return None

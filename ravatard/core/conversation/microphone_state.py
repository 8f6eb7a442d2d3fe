"""Whether we listen: the microphone is open, held while the avatar is heard, muted, or missing."""

from __future__ import annotations

from ravatard.core import actions as act
from ravatard.core.conversation.transitions import MICROPHONE, MicrophoneCue, step
from ravatard.core.indication import Show
from ravatard.core.states import MicrophoneStatus

#: Holding the button this long mutes or unmutes, where holding does not mean talking.
LONG_PRESS_S = 1.0


class MicrophoneState:
    """One small machine, the microphone, and the wishes of people about it. Times are the loop's seconds.

    Attributes:
        microphone: the capture device's true state.
        muted: somebody wants it closed; it may still be closing.
        known: it was opened, found missing, or closed on purpose since the start.
    """

    def __init__(self, out: list[act.Action | Show], *, muted: bool) -> None:
        """``out``: the list that actions are added to."""
        self.microphone = MicrophoneStatus.ABSENT
        self.muted = muted
        self.known = False
        self._out = out
        #: The ear was told not to listen. It remembers that also while there is no device.
        self._held = False
        self._free_at: float | None = None
        self._toggle_at: float | None = None

    @property
    def able(self) -> bool:
        """There is a microphone, and nobody wants it closed."""
        return not self.muted and self.microphone in (MicrophoneStatus.OPEN, MicrophoneStatus.HELD)

    # -------------------------------------------------------------- what the device does

    def ready(self, device: str) -> None:
        """The device delivers. One that opened before it heard of being muted is closing already."""
        self.known = True
        if not self.muted:
            self._cue(MicrophoneCue.READY)
            if self._held:
                self._cue(MicrophoneCue.HOLD)
            self._out.append(act.LogLine(f"microphone open: {device}"))

    def lost(self, reason: str) -> None:
        """The device is gone, and missed only by those who want to listen."""
        self.known = True
        if not self.muted:
            self._cue(MicrophoneCue.LOST)
            self._out.append(act.LogLine(f"no microphone: {reason}", warning=True))

    def closed(self) -> None:
        """The device is closed; late news when somebody has unmuted since."""
        self.known = True
        if self.muted:
            self._cue(MicrophoneCue.CLOSED)
            self._out.append(act.LogLine("microphone closed: muted"))

    # -------------------------------------------------------------- what people want

    def mute(self, wanted: bool | None) -> bool:
        """Close the device, open it, or (None) the other of what is. True when that is news."""
        muted = not self.muted if wanted is None else wanted
        news = muted is not self.muted
        self.muted = muted
        if news:
            self._out.append(act.Mute(muted))
        return news

    def pressed(self, now: float, *, may_mute: bool) -> None:
        """The button is down: listen at once; kept down, it mutes if it ``may_mute``."""
        self._free()
        self._toggle_at = now + LONG_PRESS_S if may_mute else None

    def released(self) -> None:
        """The button is up."""
        self._toggle_at = None

    # -------------------------------------------------------------- what the speaker does

    def hold(self) -> None:
        """The avatar is heard: it must not hear itself. Half duplex follows the speaker, not the server."""
        self._free_at = None
        self._held = True
        self._cue(MicrophoneCue.HOLD)
        self._out.append(act.Hold(held=True))

    def sounds(self) -> None:
        """The speaker sounds, perhaps again before its tail was over."""
        self._free_at = None

    def silent(self, at: float, tail_s: float) -> None:
        """The avatar fell silent at ``at``; its echo has not yet."""
        if self._held:
            self._free_at = at + tail_s

    def _free(self) -> None:
        self._free_at = None
        if self._held:
            self._held = False
            self._cue(MicrophoneCue.FREE)
            self._out.append(act.Hold(held=False))

    # -------------------------------------------------------------- the clock

    @property
    def deadline(self) -> float | None:
        """When :meth:`on_time` is due, or None."""
        return min((at for at in (self._free_at, self._toggle_at) if at is not None), default=None)

    def on_time(self, now: float) -> bool:
        """Do what is due. True when the button was held long enough to mute or unmute."""
        if self._free_at is not None and now >= self._free_at:
            self._free()
        if self._toggle_at is None or now < self._toggle_at:
            return False
        self._toggle_at = None
        return True

    def _cue(self, cue: MicrophoneCue) -> None:
        self.microphone = step(MICROPHONE, self.microphone, cue)

"""Microphone state: open, held while the avatar is heard, muted, or missing."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from ravatard.core.actions import Hold, LogLine, Mute
from ravatard.core.audio.echo.talk_over_hold import TalkOverHold
from ravatard.core.conversation.cues import MuteChanged, Step
from ravatard.core.conversation.transitions import MICROPHONE, MicrophoneCue, step
from ravatard.core.events import EchoRemoved
from ravatard.core.states import MicrophoneStatus

#: Holding the button this long mutes or unmutes, where holding does not mean talking.
LONG_PRESS_S = 1.0
#: For the log: an owner who starts it by hand sees nothing else.
_NEXT_STEP = (
    "the microphone is tried again by itself; `ravatard devices` lists what there is, `ravatard doctor` helps"
)
_NOT_TALKED_OVER = "the avatar cannot be talked over, only stopped by a press"
_TRIED_AGAIN = LogLine("talking over the avatar is tried again, after it took its own voice for a user's")


@dataclass(frozen=True, slots=True)
class MicrophoneState:
    """One small machine, the microphone, and the user's wishes about it. Times are loop seconds.

    Attributes:
        status: the capture device's true state.
        muted: the user wants it closed; it may still be closing.
        trouble: why there is no device, "" while there is one or none is wanted.
        known: it was opened, found missing, or closed on purpose since the start.
        held: the gate was asked not to listen. It remembers that also while there is no device.
        free_at: when the gate listens again after the avatar fell silent.
        toggle_at: when a button that is held down mutes or unmutes.
        tells_echo: its process can tell a user from the avatar's own voice, as it last reported.
        echo_trouble: why that cannot; "" for none.
        talk_over_hold: the process is not believed for a time.
    """

    status: MicrophoneStatus = MicrophoneStatus.ABSENT
    muted: bool = False
    trouble: str = ""
    known: bool = False
    held: bool = False
    free_at: float | None = None
    toggle_at: float | None = None
    tells_echo: bool = False
    echo_trouble: str = ""
    talk_over_hold: TalkOverHold = field(default_factory=TalkOverHold)

    @property
    def trusted(self) -> bool:
        """True if a user is told from the avatar's own voice, as far as is known."""
        return self.tells_echo and not self.talk_over_hold.is_on

    @property
    def talk_over_trouble(self) -> str:
        """Why the avatar cannot be talked over; "" for none."""
        return self.echo_trouble or self.talk_over_hold.reason

    @property
    def able(self) -> bool:
        """True while there is a microphone and the user does not want it closed."""
        return not self.muted and self.status in (MicrophoneStatus.OPEN, MicrophoneStatus.HELD)

    # -------------------------------------------------------------- events of the device

    def ready(self, device: str) -> Step[MicrophoneState]:
        """The device delivers. One that opened before it learned of being muted is closing already."""
        # Whether it can is reported anew by every process; what failed with one may work with the next.
        state, told = replace(self, known=True, trouble="", tells_echo=False, echo_trouble="")._believed()
        if self.muted:
            return state, told
        status = self._after(MicrophoneCue.READY)
        if self.held:
            status = step(MICROPHONE, status, MicrophoneCue.HOLD)
        return replace(state, status=status), [LogLine(f"microphone open: {device}"), *told]

    def lost(self, reason: str) -> Step[MicrophoneState]:
        """The device is gone, and missed only while it is not muted."""
        state = replace(self, known=True, tells_echo=False)
        if self.muted:
            return state, ()
        state = replace(state, status=self._after(MicrophoneCue.LOST), trouble=reason)
        told = LogLine(f"no microphone: {reason}", warning=True)
        # Once, not with each attempt that fails in another way.
        return state, [told] if self.trouble else [told, LogLine(_NEXT_STEP)]

    def closed(self) -> Step[MicrophoneState]:
        """The device is closed; out of date when the user has unmuted since."""
        state = replace(self, known=True, trouble="")
        if not self.muted:
            return state, ()
        state = replace(state, status=self._after(MicrophoneCue.CLOSED))
        return state, [LogLine("microphone closed: muted")]

    def echo_removed(self, event: EchoRemoved) -> Step[MicrophoneState]:
        """The device's process can tell a user from the avatar's own voice, or cannot."""
        state = replace(self, tells_echo=event.works, echo_trouble=event.reason)
        if not event.reason:
            return state, ()
        return state, [LogLine(f"{_NOT_TALKED_OVER}: {event.reason}", warning=True)]

    def distrust(self, now: float) -> Step[MicrophoneState]:
        """The avatar was taken for a user, more than once: hold the microphone for a time."""
        if self.echo_trouble or self.talk_over_hold.is_on:
            return self, ()
        state = replace(self, talk_over_hold=self.talk_over_hold.begun(now))
        return state, [LogLine(f"{_NOT_TALKED_OVER}: {state.talk_over_trouble}", warning=True)]

    def talked_over(self) -> Step[MicrophoneState]:
        """A user was surely heard over the avatar."""
        return replace(self, talk_over_hold=self.talk_over_hold.disproved()), ()

    def _believed(self) -> Step[MicrophoneState]:
        """Believe the process again, if it was not."""
        if not self.talk_over_hold.is_on:
            return self, ()
        state = replace(self, talk_over_hold=self.talk_over_hold.ended())
        if state.echo_trouble:
            return state, [LogLine(f"{_NOT_TALKED_OVER}: {state.echo_trouble}", warning=True)]
        return state, [_TRIED_AGAIN]

    # -------------------------------------------------------------- wishes of the user

    def mute(self, wanted: bool | None) -> Step[MicrophoneState]:
        """Close the device, open it, or (None) the other of both."""
        muted = not self.muted if wanted is None else wanted
        if muted is self.muted:
            return self, ()
        return replace(self, muted=muted), [Mute(muted), MuteChanged(muted)]

    def pressed(self, now: float, *, may_mute: bool) -> Step[MicrophoneState]:
        """The button is down: listen at once; kept down, it mutes if it ``may_mute``."""
        state, effects = self._free()
        return replace(state, toggle_at=now + LONG_PRESS_S if may_mute else None), effects

    def released(self) -> Step[MicrophoneState]:
        """The button is up."""
        return replace(self, toggle_at=None), ()

    # -------------------------------------------------------------- the avatar's voice

    def hold(self) -> Step[MicrophoneState]:
        """The avatar must not hear itself. Half duplex follows the speaker, not the service."""
        state = replace(self, free_at=None, held=True, status=self._after(MicrophoneCue.HOLD))
        return state, [Hold(held=True)]

    def voice_sounds(self) -> Step[MicrophoneState]:
        """The speaker sounds, perhaps again before its tail was over."""
        return replace(self, free_at=None), ()

    def voice_silent(self, at: float, tail_s: float) -> Step[MicrophoneState]:
        """The avatar fell silent at ``at``; its echo has not yet."""
        return replace(self, free_at=at + tail_s) if self.held else self, ()

    def _free(self) -> Step[MicrophoneState]:
        if not self.held:
            return replace(self, free_at=None), ()
        state = replace(self, free_at=None, held=False, status=self._after(MicrophoneCue.FREE))
        return state, [Hold(held=False)]

    # -------------------------------------------------------------- the clock

    @property
    def deadline(self) -> float | None:
        """Loop time at which :meth:`on_time` is due, or None."""
        times = (self.free_at, self.toggle_at, self.talk_over_hold.until)
        return min((at for at in times if at is not None), default=None)

    def on_time(self, now: float) -> Step[MicrophoneState]:
        """Do what is due: believe the process; listen again; mute or unmute after a long press."""
        state, told = self._believed() if self.talk_over_hold.is_over(now) else (self, ())
        state, freed = state._free() if state.free_at is not None and now >= state.free_at else (state, ())
        if state.toggle_at is None or now < state.toggle_at:
            return state, [*told, *freed]
        state, toggled = replace(state, toggle_at=None).mute(None)
        return state, [*told, *freed, *toggled]

    def _after(self, cue: MicrophoneCue) -> MicrophoneStatus:
        return step(MICROPHONE, self.status, cue)

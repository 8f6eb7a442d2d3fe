"""The machines of a conversation, coupled: what one of them reports, the others act on."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import assert_never

from ravatard.core.actions import Action
from ravatard.core.conversation import cues
from ravatard.core.conversation.cues import Cue, Step
from ravatard.core.conversation.earcon_policy import EarconPolicy
from ravatard.core.conversation.microphone_state import MicrophoneState
from ravatard.core.conversation.moment import Moment
from ravatard.core.conversation.playback_state import PlaybackState
from ravatard.core.conversation.service_state import ServiceState
from ravatard.core.conversation.transitions import TalkCue
from ravatard.core.conversation.turn_taking import TurnTaking
from ravatard.core.indication import WORDS, Indication, Look, Show
from ravatard.core.options.conversation import ConversationOptions
from ravatard.core.states import GateMode, TalkState

_STARTING = Indication(Look.STARTING, WORDS[Look.STARTING])
AnyMachine = ServiceState | TurnTaking | MicrophoneState | PlaybackState | EarconPolicy


@dataclass(frozen=True, slots=True)
class ConversationState:
    """State of a conversation between two events.

    Attributes:
        gate: the gate mode in use.
        service: link, live session, refusals.
        turns: talk and the open turn.
        microphone: the capture device and the user's wishes about it.
        playback: what is heard.
        earcons: whether a loss was reported.
        pressed: the button is down.
        indication: what the lights and the status show.
    """

    gate: GateMode
    service: ServiceState = field(default_factory=ServiceState)
    turns: TurnTaking = field(default_factory=TurnTaking)
    microphone: MicrophoneState = field(default_factory=MicrophoneState)
    playback: PlaybackState = field(default_factory=PlaybackState)
    earcons: EarconPolicy = field(default_factory=EarconPolicy)
    pressed: bool = False
    indication: Indication = _STARTING


class Machines:
    """The machines while one event goes through them. Each is a value; only here one takes another's place.

    Attributes:
        options: may be replaced while running.
        service, turns, microphone, playback, earcons: the machines as they are now.
        pressed: the button is down.
        now: loop time of the event in seconds.
        actions: what the event has led to so far.
    """

    def __init__(self, options: ConversationOptions, state: ConversationState) -> None:
        self.options = options
        self.service = state.service
        self.turns = state.turns
        self.microphone = state.microphone
        self.playback = state.playback
        self.earcons = state.earcons
        self.pressed = state.pressed
        self.now = 0.0
        self.actions: list[Action | Show] = []

    @property
    def values(self) -> tuple[object, ...]:
        """Values that decide what is due and what is shown."""
        return (
            *(self.service, self.turns, self.microphone, self.playback, self.earcons),
            *(self.pressed, self.options),
        )

    @property
    def moment(self) -> Moment:
        """The surroundings of a step of turn taking."""
        return Moment(self.now, self.options, self.service)

    def take(self, step: Step[AnyMachine]) -> None:
        """Keep a machine's new state, then carry out its effects in their order."""
        machine, effects = step
        match machine:
            case ServiceState():
                self.service = machine
            case TurnTaking():
                self.turns = machine
            case MicrophoneState():
                self.microphone = machine
            case PlaybackState():
                self.playback = machine
            case EarconPolicy():
                self.earcons = machine
            case _:
                assert_never(machine)
        for effect in effects:
            if isinstance(effect, Cue):
                self._pass_on(effect)
            else:
                self.actions.append(effect)

    def _pass_on(self, cue: Cue) -> None:  # noqa: C901, PLR0912 - a table: cue, and the machines that act on it
        """The coupling: which machines act on what another one reports. There is no other."""
        now, options, equipment = self.now, self.options, self.options.equipment
        match cue:
            case cues.Active():
                self.take(self.service.active(now))
            case cues.SessionWanted(turn):
                self.take(self.service.want_session(turn, options))
            case cues.SessionUnneeded():
                self.take(self.service.session_unneeded(now))
            case cues.SessionUseless(reason):
                self.take(self.service.end_session(reason, now))
            case cues.TurnOpened(cause):
                self.take(self.earcons.opened(cause, self.service.link, equipment))
            case cues.TurnClosed(cause):
                self.take(self.earcons.closed(cause, equipment))
            case cues.TurnAnswered():
                self.take(self.earcons.worked())
            case cues.AnswerFollows():
                self.take(self.playback.answer_follows())
            case cues.WordsLost(denied):
                refusal = self.service.shown_link(now)[1] if denied else None
                self.take(self.earcons.lost(refusal, equipment))
            case cues.MuteChanged(muted):
                self.take(self.earcons.muted(muted, equipment))
                if muted:
                    # At once: what was not sent yet never leaves, and no silence follows it either.
                    self.take(self.turns.cancel(asked=True))
            case cues.VoiceSounds():
                self.take(self.microphone.voice_sounds())
                self.take(self.turns.voice_sounds())
                half_duplex = equipment.audio.echo == "half-duplex"
                # A user who holds the button is listened to.
                if self.turns.talk is TalkState.SPEAKING and half_duplex and not self.pressed:
                    self.take(self.microphone.hold())
            case cues.VoiceGoesOn():
                self.take(self.turns.cued(TalkCue.SOUNDED))
            case cues.VoiceSilent(at):
                self.take(self.turns.cued(TalkCue.SILENT))
                self.take(self.microphone.voice_silent(at, equipment.audio.tail_ms / 1000))
            case cues.SoundAwaited(until):
                self.take(self.turns.await_sound(until))
            case cues.SoundMissing():
                self.take(self.turns.sound_missing())
            case _:
                assert_never(cue)

    # -------------------------------------------------------------- the clock

    def settle(self) -> float | None:
        """Do what is due; return when something is due next, as far as is known now, or None."""
        deadline = self._deadline()
        if deadline is not None and self.now >= deadline:
            self._on_time()
        else:
            self.take(self.service.keep(self.options, self.now))
        return self._deadline()

    def _on_time(self) -> None:
        self.take(self.turns.on_time(self.moment))
        self.take(self.microphone.on_time(self.now))
        self.take(self.playback.on_time(self.turns, self.options.equipment.audio, self.now))
        self.take(self.service.on_time(self.options, self.now, idle=self.turns.talk is TalkState.IDLE))

    def _deadline(self) -> float | None:
        idle = self.turns.talk is TalkState.IDLE
        times = (
            self.service.deadline(self.options, self.now, idle=idle),
            self.turns.deadline(self.options),
            self.microphone.deadline,
            self.playback.deadline(self.options.equipment.audio),
        )
        return min((at for at in times if at is not None), default=None)

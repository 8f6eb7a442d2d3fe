"""The machines of a conversation, coupled: what one of them reports, the others act on."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import assert_never

from ravatard.core.actions import Action, Interrupt, LogLine, StopPlayback
from ravatard.core.announcements import Announcements
from ravatard.core.conversation import cues
from ravatard.core.conversation.cues import Cue, Step
from ravatard.core.conversation.earcon_policy import EarconPolicy
from ravatard.core.conversation.microphone_state import MicrophoneState
from ravatard.core.conversation.moment import Moment
from ravatard.core.conversation.playback_state import PlaybackState
from ravatard.core.conversation.self_hearing import BargeIn
from ravatard.core.conversation.service_state import ServiceState
from ravatard.core.conversation.transitions import TalkCue
from ravatard.core.conversation.turn_taking import TurnTaking
from ravatard.core.events import AnnouncementAsked, AnnouncementBegun, AnnouncementEnded, AnnouncementEvent
from ravatard.core.indication import WORDS, Indication, Look, Show
from ravatard.core.options.conversation import ConversationOptions
from ravatard.core.options.equipment import Equipment
from ravatard.core.states import AttentionState, GateMode, LinkState, TalkState
from ravatard.core.wakeword.attention import Attention

_STARTING = Indication(Look.STARTING, WORDS[Look.STARTING])
AnyMachine = (
    ServiceState
    | TurnTaking
    | MicrophoneState
    | PlaybackState
    | EarconPolicy
    | Attention
    | BargeIn
    | Announcements
)


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
        barge_in: a voice that interrupted the avatar.
        pressed: the button is down.
        indication: what the lights and the status show.
        attention: whether the wake word is awaited.
        announcements: what is to be played to the room.
    """

    gate: GateMode
    service: ServiceState = field(default_factory=ServiceState)
    turns: TurnTaking = field(default_factory=TurnTaking)
    microphone: MicrophoneState = field(default_factory=MicrophoneState)
    playback: PlaybackState = field(default_factory=PlaybackState)
    earcons: EarconPolicy = field(default_factory=EarconPolicy)
    barge_in: BargeIn = field(default_factory=BargeIn)
    pressed: bool = False
    indication: Indication = _STARTING
    attention: Attention = field(default_factory=Attention)
    announcements: Announcements = field(default_factory=Announcements)


class Machines:
    """The machines while one event goes through them. Each is a value; only here one takes another's place.

    Attributes:
        options: may be replaced while running.
        service, turns, microphone, playback, earcons, attention, barge_in, announcements: the machines now.
        pressed: the button is down.
        takes_word: the gate waits for the wake word.
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
        self.attention, self.barge_in = state.attention, state.barge_in
        self.announcements = state.announcements
        self.pressed = state.pressed
        self.takes_word = state.gate.takes_word
        self.now = 0.0
        self.actions: list[Action | Show] = []

    @property
    def values(self) -> tuple[object, ...]:
        """Values that decide what is due and what is shown."""
        return (
            *(self.service, self.turns, self.microphone, self.playback, self.earcons),
            *(self.attention, self.barge_in, self.announcements, self.pressed, self.options),
        )

    @property
    def earcon_equipment(self) -> Equipment:
        """The equipment as far as earcons go: in quiet hours there may be none."""
        options = self.options
        if self.playback.is_quiet and not options.equipment.quiet.earcons:
            return replace(options.equipment, earcons=False)
        return options.equipment

    @property
    def moment(self) -> Moment:
        """The surroundings of a step of turn taking."""
        return Moment(self.now, self.options, self.service)

    @property
    def interrupts(self) -> bool:
        """True if the service takes an order to stop its answer."""
        return self.moment.may_interrupt

    @property
    def awaited(self) -> bool:
        """True while a turn waits for its answer at a service that can be told not to give it."""
        return self.interrupts and self.turns.waits

    @property
    def speaker_needed(self) -> bool:
        """True from a press or word to the end of the answer: an earcon or answer may be due at any moment.

        An answer that was not asked for opens the speaker itself.
        """
        if not self.options.equipment.speaks:
            return False
        woken = self.attention.state is AttentionState.WOKEN
        return self.pressed or woken or self.turns.talk is not TalkState.IDLE or self.playback.arriving

    def take(self, step: Step[AnyMachine]) -> None:  # noqa: C901, PLR0912 - a table of machines
        """Keep a machine's new state, then carry out its effects in their order."""
        machine, effects = step
        match machine:
            case ServiceState():
                self.service = machine
            case TurnTaking():
                self.turns = machine
            case Announcements():
                self.announcements = machine
            case MicrophoneState():
                self.microphone = machine
            case PlaybackState():
                self.playback = machine
            case EarconPolicy():
                self.earcons = machine
            case Attention():
                self.attention = machine
            case BargeIn():
                self.barge_in = machine
            case _:
                assert_never(machine)
        for effect in effects:
            if isinstance(effect, Cue):
                self._pass_on(effect)
            else:
                self.actions.append(effect)
                # What is silenced here the service need not go on with: it may be paid by the second.
                if isinstance(effect, StopPlayback) and self.interrupts:
                    self.actions.append(Interrupt())

    def _pass_on(self, cue: Cue) -> None:  # noqa: C901, PLR0912, PLR0915 - a table: who acts on what
        """The coupling: which machines act on what another one reports. There is no other."""
        now, options, equipment = self.now, self.options, self.options.equipment
        signals = self.earcon_equipment
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
                self.take(self.earcons.opened(cause, self.service.link, signals))
            case cues.TurnClosed(cause):
                self.take(self.earcons.closed(cause, signals))
            case cues.TurnSent():
                self.take(self.playback.words_sent(equipment.audio, now))
            case cues.TurnAnswered(spoken):
                self.take(self.earcons.worked())
                self.take(self.service.hears_as(self.service.deafness.answered(spoken=spoken)))
                if self.takes_word:
                    self.take(self.attention.answered())
            case cues.AnswerFollows():
                self.take(self.playback.answer_follows())
            case cues.WordsLost(denied):
                self._count_lost(cue)
                refusal = self.service.shown_link(now)[1] if denied else None
                self.take(self.earcons.lost(refusal, signals))
            case cues.MuteChanged(muted):
                self.take(self.earcons.muted(muted, signals))
                if muted:
                    self.take(self.attention.forgotten())
                    # At once: what was not sent yet never leaves, and no silence follows it either.
                    self.take(self.turns.cancel(asked=True))
                    self.take(self.barge_in.dismissed())
            case cues.VoiceSounds():
                self.take(self.microphone.voice_sounds())
                self.take(self.turns.voice_sounds())
                self.hold_if_heard()
                self.take(self.attention.voice_sounds(held=self.microphone.held))
            case cues.VoiceGoesOn():
                self.take(self.turns.cued(TalkCue.SOUNDED))
                self.take(self.attention.voice_sounds(held=self.microphone.held))
            case cues.VoiceSilent(at):
                self.take(self.turns.cued(TalkCue.SILENT))
                self.take(self.microphone.voice_silent(at, equipment.audio.tail_ms / 1000))
            case cues.SoundAwaited(until):
                self.take(self.turns.await_sound(until))
            case cues.SoundMissing():
                self.take(self.turns.sound_missing())
            case cues.WakeHeard():
                self.take(self.earcons.woken(self.service.link, signals))
            case cues.InterruptionFalse():
                self.take(self.turns.cancel(asked=True))
            case cues.InterruptionProven():
                self.take(self.microphone.talked_over())
            case cues.EchoMisheard():
                self.take(self.microphone.distrust(now))
                self.hold_if_heard()
            case _:
                assert_never(cue)

    def _count_lost(self, lost: cues.WordsLost) -> None:
        """Count words that the service has lost while it was reached."""
        if lost.reason and self.service.link is LinkState.ONLINE:
            deafness = self.service.deafness.words_lost(lost.reason, spoken=lost.spoken, taken=lost.taken)
            self.take(self.service.hears_as(deafness))

    @property
    def must_hold(self) -> bool:
        """True if the microphone must be held while the avatar is heard."""
        audio = self.options.equipment.audio
        if audio.tells_echo:
            return not (audio.is_talked_over and self.microphone.trusted)
        return audio.echo == "half-duplex" or self.microphone.talk_over_hold.is_on

    def hold_if_heard(self) -> None:
        """Hold the microphone now, if the avatar is heard and would be taken for a user."""
        # A user who holds the button is listened to.
        if self.turns.talk is TalkState.SPEAKING and self.must_hold and not self.pressed:
            self.take(self.microphone.hold())

    # -------------------------------------------------------------- the clock

    def settle(self) -> float | None:
        """Do what is due; return when something is due next, as far as is known now, or None."""
        due_next = self._settle()
        heard = self.playback.since is not None or self.playback.arriving
        if self.announcements.waiting and self.turns.talk is TalkState.IDLE and not (heard or self.pressed):
            self.take(self.announcements.next(self.playback.volume))
        return due_next

    def announcement(self, event: AnnouncementEvent) -> None:
        """Take an event of an announcement."""
        match event:
            case AnnouncementAsked():
                self.take(self.announcements.asked(event))
            case AnnouncementBegun():
                self.playback = replace(self.playback, announcing=True)
            case AnnouncementEnded(number, reason):
                self.playback = replace(self.playback, announcing=False)
                self.take(self.announcements.ended(number))
                if reason:
                    # Who asked for it is told; a press that stops it is no trouble.
                    self.actions.append(LogLine(f"an announcement was not played to its end: {reason}"))
            case _:
                assert_never(event)

    def _settle(self) -> float | None:
        deadline = self._deadline()
        if deadline is not None and self.now >= deadline:
            self._on_time()
        else:
            kept, effects = self.service.keep(self.options, self.now)
            if kept is self.service and not effects and not self.attention.due:
                return deadline
            self.take((kept, effects))
        heard = self.playback.since is not None or self.playback.arriving
        if self.attention.due and self.turns.talk is TalkState.IDLE and not heard:
            self._follow_up()
        return self._deadline()

    def _follow_up(self) -> None:
        """The answer is over: the user may follow it up, as soon as the microphone listens."""
        if not self.microphone.able:
            self.take(self.attention.forgotten())
        elif not self.microphone.held:
            self.take(self.attention.silent(self.now, self.options.wakeword.follow_up_s))

    def _on_time(self) -> None:
        self.take(self.turns.on_time(self.moment))
        # Before the microphone: silence that is found out late may have lasted for its tail already.
        self.take(self.playback.on_time(self.turns, self.options.equipment.audio, self.now))
        self.take(self.barge_in.on_time(self.now))
        self.take(self.microphone.on_time(self.now))
        self.take(self.attention.on_time(self.now))
        self.take(self.service.on_time(self.options, self.now, idle=self.turns.talk is TalkState.IDLE))

    def _deadline(self) -> float | None:
        idle = self.turns.talk is TalkState.IDLE
        times = (
            self.service.deadline(self.options, self.now, idle=idle),
            self.turns.deadline(self.options),
            *(self.microphone.deadline, self.attention.deadline, self.barge_in.deadline),
            self.playback.deadline(self.options.equipment.audio),
        )
        return min((at for at in times if at is not None), default=None)

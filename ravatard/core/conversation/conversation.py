"""The hub's mind: everything that happens comes in, everything that is to be done goes out.

Sans-I/O. The caller feeds every event in the order it happened, carries out the returned actions in their
order, and calls :meth:`Conversation.handle` with a :class:`Tick` when :attr:`Conversation.deadline` has come.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ravatard.core import actions as act
from ravatard.core import events as ev
from ravatard.core.conversation.earcon_policy import EarconPolicy
from ravatard.core.conversation.gate_mode import gate_mode
from ravatard.core.conversation.microphone_state import MicrophoneState
from ravatard.core.conversation.playback_state import PlaybackState
from ravatard.core.conversation.service_state import ServiceState
from ravatard.core.conversation.turn_taking import TurnTaking
from ravatard.core.indication import WORDS, Condition, Indication, Look, Show, look_for
from ravatard.core.options.conversation import ConversationOptions
from ravatard.core.states import GateMode, MicrophoneStatus, Refusal, SessionState, TalkState


class Conversation:
    """Couples the four small machines: link and session (standing), talk (turns), microphone (listening)."""

    def __init__(self, options: ConversationOptions) -> None:
        self._actions: list[act.Action | Show] = []
        self._options = options
        self._standing = ServiceState(options, self._actions)
        self._signals = EarconPolicy(options, self._actions)
        self._turns = TurnTaking(options, self._standing, self._signals, self._actions)
        self._listening = MicrophoneState(self._actions, muted=options.muted)
        self._speaking = PlaybackState(
            options, self._standing, self._turns, self._listening, self._signals, self._actions
        )
        self.gate = gate_mode(options.gate.mode, None, has_button=options.has_button).mode
        self._pressed = False
        self.indication = Indication(Look.STARTING, WORDS[Look.STARTING])
        self._handlers: dict[type[Any], Callable[[Any, float], None]] = {
            ev.MicrophoneReady: self._on_microphone_ready,
            ev.MicrophoneLost: self._on_microphone_lost,
            ev.UtteranceOpened: self._on_opened,
            ev.ChunkCaptured: self._on_chunk,
            ev.UtteranceClosed: self._on_closed,
            ev.ButtonPressed: self._on_pressed,
            ev.ButtonReleased: self._on_released,
            ev.LinkConnecting: lambda *_: self._standing.connecting(),
            ev.LinkOnline: self._on_online,
            ev.LinkOffline: self._on_offline,
            ev.LinkDenied: self._on_denied,
            ev.SessionStarted: self._on_session_started,
            ev.SessionRefused: self._on_session_refused,
            ev.SessionEnded: self._on_session_ended,
            ev.MessageSent: self._on_sent,
            ev.UtteranceDropped: self._on_dropped,
            ev.Answered: self._on_answered,
            ev.StreamBroke: self._on_stream_broke,
            ev.TextGiven: self._on_text,
            ev.MuteAsked: self._on_mute_asked,
            ev.MicrophoneClosed: lambda *_: self._listening.closed(),
            ev.RestartSessionAsked: self._on_restart_session,
            ev.OptionsChanged: self._on_options,
            ev.PlaybackStarted: lambda _, now: self._speaking.started(now, pressed=self._pressed),
            ev.PlaybackEnded: lambda event, now: self._speaking.ended(event.at, now),
            ev.SpeakerLost: lambda event, now: self._speaking.lost(event.reason, now),
            ev.AnswerUnplayable: lambda event, _: self._speaking.unplayable(event.reason),
            ev.VoiceOnline: lambda *_: self._speaking.voice_online(),
            ev.VoiceOffline: self._speaking.voice_offline,
            ev.VolumeAsked: lambda event, _: self._speaking.volume_asked(event),
            # Nothing to decide: the clock is looked at after every event, and the rest matters to others.
            ev.Tick: self._ignore,
            ev.SpeakerReady: self._ignore,
            ev.Played: self._ignore,
            ev.Listened: self._ignore,
            ev.MicrophoneEnded: self._ignore,
            ev.PressIgnored: self._ignore,
        }

    def handle(self, event: ev.Event, now: float) -> list[act.Action | Show]:
        """Take one event; returns what is to be done, in order. ``now``: loop time in seconds."""
        self._handlers[type(event)](event, now)
        self._look_at_the_clock(now)
        self._show(now)
        actions = self._actions.copy()
        self._actions.clear()
        return actions

    @property
    def deadline(self) -> float | None:
        """When a :class:`Tick` is wanted, or None."""
        standing_at = self._standing.deadline(idle=self.talk is TalkState.IDLE)
        times = (standing_at, self._turns.deadline, self._listening.deadline, self._speaking.deadline)
        return min((at for at in times if at is not None), default=None)

    @property
    def talk(self) -> TalkState:
        """Where the conversation is."""
        return self._turns.talk

    @property
    def microphone(self) -> MicrophoneStatus:
        """The capture device's state."""
        return self._listening.microphone

    @property
    def session(self) -> SessionState:
        """The live session's state."""
        return self._standing.session

    @property
    def volume(self) -> int:
        """Loudness of answers, percent of full."""
        return self._speaking.volume

    def overdue(self, now: float, grace_s: float = 2.0) -> str | None:
        """What should have happened ``grace_s`` ago and did not, in words; None when all is well."""
        at = self.deadline
        if at is None or now <= at + grace_s:
            return None
        return f"the {self.talk.value} state is {now - at:.1f} s over its deadline"

    # -------------------------------------------------------------- the microphone and the gate

    def _on_microphone_ready(self, event: ev.MicrophoneReady, _: float) -> None:
        self._listening.ready(event.device)
        if self._pressed and self._listening.able and not self._options.gate.toggle:
            self._do(act.Press())

    def _on_microphone_lost(self, event: ev.MicrophoneLost, now: float) -> None:
        self._listening.lost(event.reason)
        self._turns.lost_the_microphone(now)

    def _on_mute_asked(self, event: ev.MuteAsked, now: float) -> None:
        if not self._listening.mute(event.muted):
            return
        self._signals.muted(self._listening.muted)
        if self._listening.muted:
            # At once: what was not sent yet never leaves, and no silence follows it either.
            self._turns.cancel(now, asked=True)

    def _on_opened(self, event: ev.UtteranceOpened, now: float) -> None:
        if not self._listening.muted:
            self._speaking.opened(event.cause, now)
            self._turns.opened(event.utterance, event.cause, now)

    def _on_chunk(self, event: ev.ChunkCaptured, now: float) -> None:
        del now
        self._turns.chunk(event.utterance, event.pcm, event.read_at)

    def _on_closed(self, event: ev.UtteranceClosed, now: float) -> None:
        self._turns.closed(event.utterance, event.reason, event.speech_ms, now)
        self._speaking.closed(now, pressed=self._pressed)

    def _on_pressed(self, event: ev.ButtonPressed, now: float) -> None:
        del event
        self._pressed = True
        self._standing.pressed()
        self._speaking.stop(now)
        # Holding is free for another meaning only where it does not mean talking.
        may_mute = self._options.long_press_mutes and (self.gate is GateMode.VAD or self._options.gate.toggle)
        self._listening.pressed(now, may_mute=may_mute)
        # The gate would remember it, and open of itself once there is a microphone, however much later.
        if self._listening.able:
            self._do(act.Press())

    def _on_released(self, event: ev.ButtonReleased, now: float) -> None:
        del event, now
        self._pressed = False
        self._listening.released()
        self._do(act.Release())

    def _on_text(self, event: ev.TextGiven, now: float) -> None:
        self._turns.wrote(event.text, now)

    # -------------------------------------------------------------- the cloud

    def _on_online(self, event: ev.LinkOnline, now: float) -> None:
        self._standing.online(event.capabilities, now)
        self._do(act.LogLine(f"online: {self._standing.detail}"))
        self._choose_gate()
        self._turns.link_came(now)

    def _on_offline(self, event: ev.LinkOffline, now: float) -> None:
        self._standing.offline(event.reason)
        self._do(act.LogLine(f"offline: {event.reason} Next attempt in {event.retry_s:.1f} s.", warning=True))
        # Half of it went out on the lost connection: the rest alone would be half an utterance.
        self._turns.cancel(now, only_begun=True)

    def _on_denied(self, event: ev.LinkDenied, now: float) -> None:
        self._standing.denied(event.reason, event.refusal)
        self._do(act.LogLine(event.reason, warning=True))
        self._turns.cancel(now)

    def _on_session_started(self, event: ev.SessionStarted, now: float) -> None:
        del event
        self._standing.session_started(now)

    def _on_session_refused(self, event: ev.SessionRefused, now: float) -> None:
        self._standing.session_over(f"refused: {event.refusal.value}", now)
        other_mode = self._options.means.other_mode and event.refusal is Refusal.BUSY
        if other_mode or not self._standing.needs_session:
            self._do(act.LogLine(f"no live session: {event.reason}; trying without one"))
            self._turns.postpone(now)
            return
        self._standing.refused(event.refusal, event.retry_after_s, now)
        self._do(act.LogLine(f"no live session: {event.reason}", warning=True))
        self._turns.cancel(now)

    def _on_session_ended(self, event: ev.SessionEnded, now: float) -> None:
        self._standing.session_over(event.reason, now)
        self._turns.cancel(now, only_begun=True)

    def _on_stream_broke(self, event: ev.StreamBroke, now: float) -> None:
        if event.refusal is Refusal.EXPIRED and self._standing.session is not SessionState.NONE:
            self._on_session_expired(event.reason, now)
            return
        self._do(act.LogLine(f"the service says: {event.reason}", warning=True))
        self._standing.refused(event.refusal, None, now)
        self._turns.cancel(now)
        if event.refusal is Refusal.FAILED:
            self._standing.end_session(event.reason, now)

    def _on_session_expired(self, reason: str, now: float) -> None:
        if not self._standing.session_used:
            # Nothing was sent in this one: an echo of what was sent in the one before. It must not be
            # forgotten for that, for it is being paid for.
            return
        self._do(act.LogLine(f"the service says: {reason}", warning=True))
        self._standing.end_session(reason, now, gone=True)
        self._turns.say_again(now)

    def _on_restart_session(self, event: ev.RestartSessionAsked, now: float) -> None:
        del event
        self._turns.cancel(now, asked=True)
        self._standing.end_session("a new one was asked for", now)

    def _on_sent(self, event: ev.MessageSent, now: float) -> None:
        self._standing.session_used |= self.session is SessionState.LIVE
        self._turns.sent(event.turn, now, voice=event.read_at is not None)

    def _on_dropped(self, event: ev.UtteranceDropped, now: float) -> None:
        self._turns.dropped(event.turn, event.reason, now)

    def _on_answered(self, event: ev.Answered, now: float) -> None:
        turn = self._turns.turn
        self._turns.answered(now, self_heard=event.self_heard)
        self._speaking.answered(event, turn.number if turn is not None else 0, now)

    # -------------------------------------------------------------- the options

    def _on_options(self, event: ev.OptionsChanged, now: float) -> None:
        del now
        self._options = self._turns.options = event.options
        self._speaking.options = self._signals.options = event.options
        self._standing.reconfigure(event.options)
        self._choose_gate()

    def _choose_gate(self) -> None:
        capabilities = self._standing.capabilities
        listens = capabilities.listens if capabilities else None
        choice = gate_mode(self._options.gate.mode, listens, has_button=self._options.has_button)
        if choice.warning:
            self._do(act.LogLine(choice.warning, warning=True))
        if choice.mode is not self.gate:
            self.gate = choice.mode
            self._do(act.SetGate(choice.mode))

    def _ignore(self, event: ev.Event, now: float) -> None:
        pass

    # -------------------------------------------------------------- the clock, the lights

    def _look_at_the_clock(self, now: float) -> None:
        self._turns.on_time(now)
        if self._listening.on_time(now):
            self._on_mute_asked(ev.MuteAsked(None), now)
        self._speaking.on_time(now)
        self._standing.on_time(now, idle=self.talk is TalkState.IDLE)

    def _show(self, now: float) -> None:
        link, refusal = self._standing.shown_link(now)
        condition = Condition(
            started=self._listening.known and self._standing.tried,
            link=link,
            talk=self.talk,
            microphone=self.microphone,
            pressed=self._pressed and self.gate is not GateMode.VAD and not self._listening.muted,
            busy=self._standing.busy,
            denied=refusal,
        )
        look = look_for(condition)
        detail = self._standing.detail if refusal is not Refusal.MONEY else ""
        shown = Indication(look, f"{WORDS[look]}: {detail}" if detail else WORDS[look])
        if shown != self.indication:
            self.indication = shown
            self._do(Show(shown))

    def _do(self, action: act.Action | Show) -> None:
        self._actions.append(action)

"""Conversation: takes every event in order, and returns every action that follows from it.

Sans-I/O. The caller feeds every event in the order it happened, carries out the returned actions in their
order, and calls :meth:`Conversation.handle` with a :class:`Tick` when :attr:`Conversation.deadline` has come.
"""

from __future__ import annotations

import math
from typing import assert_never

from ravatard.core import actions as act
from ravatard.core import events as ev
from ravatard.core.conversation.gate_mode import gate_mode
from ravatard.core.conversation.machines import ConversationState, Machines
from ravatard.core.conversation.microphone_state import MicrophoneState
from ravatard.core.conversation.playback_state import PlaybackState
from ravatard.core.indication import WORDS, Condition, Indication, Show, look_for
from ravatard.core.options.conversation import ConversationOptions
from ravatard.core.states import GateMode, MicrophoneStatus, Refusal, SessionState, TalkState


class Conversation:
    """Decides which machines an event concerns, and in which order; they cue each other in machines.py.

    Attributes:
        gate: the gate mode in use.
        indication: what the lights and the status show.
        deadline: loop time at which a :class:`Tick` is wanted, or None; known after the first event.
    """

    def __init__(self, options: ConversationOptions, state: ConversationState | None = None) -> None:
        """Begin a new conversation, or go on from ``state``."""
        begun = state or ConversationState(
            gate_mode(options.gate.mode, None, has_button=options.has_button).mode,
            microphone=MicrophoneState(muted=options.muted),
            playback=PlaybackState(volume=options.equipment.volume),
        )
        self.gate = begun.gate
        self.indication = begun.indication
        # What is due in a state from before is looked up at the first event.
        self.deadline: float | None = None if state is None else -math.inf
        self._machines = Machines(options, begun)

    def handle(self, event: ev.Event, now: float) -> list[act.Action | Show]:
        """Take one event; return what is to be done, in order. ``now``: loop time in seconds."""
        m = self._machines
        m.now, m.actions = now, []
        before = m.values
        if isinstance(event, ev.CloudEvent):
            self._on_cloud(event)
        elif isinstance(event, ev.PlaybackEvent):
            self._on_speaker(event)
        elif isinstance(event, ev.RequestEvent):
            self._on_request(event)
        else:
            self._on_microphone(event)
        # Most of the twenty events a second change nothing, and then what is due and shown stays as it was.
        due = isinstance(event, ev.Tick) or (self.deadline is not None and now >= self.deadline)
        if due or m.values != before:
            self.deadline = m.settle()
            self._show()
        return m.actions

    @property
    def state(self) -> ConversationState:
        """The whole state; a value, equal to the one before when an event changed nothing."""
        m = self._machines
        return ConversationState(
            self.gate, m.service, m.turns, m.microphone, m.playback, m.earcons, m.pressed, self.indication
        )

    @property
    def talk(self) -> TalkState:
        """Phase of the conversation."""
        return self._machines.turns.talk

    @property
    def microphone(self) -> MicrophoneStatus:
        """The capture device's state."""
        return self._machines.microphone.status

    @property
    def session(self) -> SessionState:
        """The live session's state."""
        return self._machines.service.session

    @property
    def volume(self) -> int:
        """Loudness of answers, percent of full."""
        return self._machines.playback.volume

    def overdue(self, now: float, grace_s: float = 2.0) -> str | None:
        """Return what should have happened ``grace_s`` ago and did not, in words; None when all is well."""
        at = self.deadline
        if at is None or now <= at + grace_s:
            return None
        return f"the {self.talk.value} state is {now - at:.1f} s over its deadline"

    # -------------------------------------------------------------- events, and the machines they concern

    def _on_microphone(self, event: ev.MicrophoneEvent | ev.ButtonEvent) -> None:  # noqa: C901 - a table
        m = self._machines
        match event:
            case ev.MicrophoneReady(device):
                m.take(m.microphone.ready(device))
                if m.pressed and m.microphone.able and not m.options.gate.toggle:
                    m.actions.append(act.Press())
            case ev.MicrophoneLost(reason):
                m.take(m.microphone.lost(reason))
                m.take(m.turns.microphone_lost(m.moment))
            case ev.MicrophoneClosed():
                m.take(m.microphone.closed())
            case ev.UtteranceOpened():
                self._opened(event)
            case ev.ChunkCaptured(utterance=utterance, pcm=pcm, read_at=read_at):
                m.take(m.turns.chunk(utterance, pcm, read_at))
            case ev.UtteranceClosed(utterance, reason, speech_ms=speech_ms):
                m.take(m.turns.closed(utterance, reason, speech_ms, m.moment))
                m.take(m.playback.utterance_closed(self.talk))
            case ev.ButtonPressed():
                self._button_pressed()
            case ev.ButtonReleased():
                m.pressed = False
                m.take(m.microphone.released())
                m.actions.append(act.Release())
            case ev.MicrophoneEnded() | ev.Listened() | ev.PressIgnored():
                pass
            case _:
                assert_never(event)

    def _opened(self, event: ev.UtteranceOpened) -> None:
        m, now = self._machines, self._machines.now
        if m.microphone.muted:
            return
        audio = m.options.equipment.audio
        m.take(m.playback.utterance_opened(event.cause, m.turns, audio, now))
        allowed, objection = m.service.may_talk(event.cause, m.options, now)
        if objection is not None:
            m.actions.append(act.LogLine(objection, warning=True))
        if allowed:
            m.take(m.turns.opened(event.utterance, event.cause, m.moment))
        else:
            _, refusal = m.service.shown_link(now)
            m.take(m.earcons.refused(event.cause, refusal, m.options.equipment))
            m.take(m.service.wanted_by_voice(now))

    def _button_pressed(self) -> None:
        m, now = self._machines, self._machines.now
        m.pressed = True
        m.take(m.service.retry())
        m.take(m.playback.stop(m.turns, now))
        # Holding is free for another meaning only where it does not mean talking.
        holding_is_free = self.gate is GateMode.VAD or m.options.gate.toggle
        may_mute = m.options.long_press_mutes and holding_is_free
        m.take(m.microphone.pressed(now, may_mute=may_mute))
        # The gate would remember it, and open of itself once there is a microphone, however much later.
        if m.microphone.able:
            m.actions.append(act.Press())

    def _on_cloud(self, event: ev.CloudEvent) -> None:  # noqa: C901 - a table of events
        m, now = self._machines, self._machines.now
        match event:
            case ev.LinkConnecting():
                m.take(m.service.connecting())
            case ev.LinkOnline(capabilities):
                m.take(m.service.online(capabilities, m.options, now))
                self._choose_gate()
                m.take(m.turns.link_came(m.moment))
            case ev.LinkOffline(reason, retry_s):
                m.take(m.service.offline(reason, retry_s))
                # Half of it went out on the lost connection: the rest alone would be half an utterance.
                m.take(m.turns.cancel(only_begun=True))
            case ev.LinkDenied(reason, refusal):
                m.take(m.service.denied(reason, refusal))
                m.take(m.turns.cancel())
            case ev.SessionStarted():
                m.take(m.service.session_started(now))
            case ev.SessionRefused():
                self._session_refused(event)
            case ev.SessionEnded(reason):
                m.take(m.service.session_over(reason, now))
                m.take(m.turns.cancel(only_begun=True))
            case ev.MessageSent(turn, read_at):
                m.take(m.service.sent())
                m.take(m.turns.sent(turn, m.moment, voice=read_at is not None))
            case ev.UtteranceDropped(turn, reason):
                m.take(m.turns.dropped(turn, reason))
            case ev.Answered():
                self._answered(event)
            case ev.StreamBroke():
                self._stream_broke(event)
            case _:
                assert_never(event)

    def _session_refused(self, event: ev.SessionRefused) -> None:
        m, now = self._machines, self._machines.now
        m.take(m.service.session_over(f"refused: {event.refusal.value}", now))
        other_mode = m.options.equipment.other_mode and event.refusal is Refusal.BUSY
        if other_mode or not m.service.needs_session(m.options):
            m.actions.append(act.LogLine(f"no live session: {event.reason}; trying without one"))
            m.take(m.turns.postpone(m.moment))
            return
        m.take(m.service.refused(event.refusal, event.retry_after_s, m.options, now))
        m.actions.append(act.LogLine(f"no live session: {event.reason}", warning=True))
        m.take(m.turns.cancel())

    def _answered(self, event: ev.Answered) -> None:
        m, now = self._machines, self._machines.now
        number = m.turns.turn.number if m.turns.turn is not None else 0
        m.take(m.turns.answered(now, self_heard=event.self_heard))
        if event.self_heard:
            m.take(m.playback.self_heard(m.turns, now))
        elif m.options.equipment.speaks:
            capabilities = m.service.capabilities
            m.take(m.playback.answered(event, number, m.turns, capabilities, now))

    def _stream_broke(self, event: ev.StreamBroke) -> None:
        m, now = self._machines, self._machines.now
        expired = event.refusal is Refusal.EXPIRED and self.session is not SessionState.NONE
        if expired and not m.service.session_used:
            # Nothing was sent in this one: an echo of what was sent in the one before. It must not be
            # forgotten for that, for it is being paid for.
            return
        m.actions.append(act.LogLine(f"the service says: {event.reason}", warning=True))
        if expired:
            m.take(m.service.end_session(event.reason, now, gone=True))
            m.take(m.turns.say_again(m.moment))
            return
        m.take(m.service.refused(event.refusal, None, m.options, now))
        m.take(m.turns.cancel())
        if event.refusal is Refusal.FAILED:
            m.take(m.service.end_session(event.reason, now))

    def _on_speaker(self, event: ev.PlaybackEvent) -> None:
        m, now = self._machines, self._machines.now
        match event:
            case ev.PlaybackStarted():
                m.take(m.playback.started(now))
            case ev.PlaybackEnded(at):
                m.take(m.playback.ended(at))
            case ev.SpeakerLost(reason):
                m.take(m.playback.lost(reason, now))
            case ev.AnswerUnplayable(reason=reason):
                m.take(m.playback.unplayable(reason))
            case ev.VoiceOnline():
                m.take(m.playback.voice_online())
            case ev.VoiceOffline():
                m.take(m.playback.voice_offline(event, idle=m.turns.turn is None))
            case ev.SpeakerReady() | ev.Played():
                pass
            case _:
                assert_never(event)

    def _on_request(self, event: ev.RequestEvent) -> None:
        m, now = self._machines, self._machines.now
        match event:
            case ev.TextGiven(text):
                m.take(m.turns.wrote(text, m.moment))
            case ev.MuteAsked(muted):
                m.take(m.microphone.mute(muted))
            case ev.VolumeAsked():
                m.take(m.playback.volume_asked(event))
            case ev.RestartSessionAsked():
                m.take(m.turns.cancel(asked=True))
                m.take(m.service.end_session("a new one was asked for", now))
            case ev.OptionsChanged(options):
                m.options = options
                # What was refused may have been mended.
                m.take(m.service.retry())
                self._choose_gate()
            case ev.Tick():
                # The clock is looked at after every event.
                pass
            case _:
                assert_never(event)

    def _choose_gate(self) -> None:
        m = self._machines
        capabilities = m.service.capabilities
        listens = capabilities.listens if capabilities else None
        choice = gate_mode(m.options.gate.mode, listens, has_button=m.options.has_button)
        if choice.warning:
            m.actions.append(act.LogLine(choice.warning, warning=True))
        if choice.mode is not self.gate:
            self.gate = choice.mode
            m.actions.append(act.SetGate(choice.mode))

    def _show(self) -> None:
        m = self._machines
        link, refusal = m.service.shown_link(m.now)
        condition = Condition(
            started=m.microphone.known and m.service.tried,
            link=link,
            talk=self.talk,
            microphone=self.microphone,
            pressed=m.pressed and self.gate is not GateMode.VAD and not m.microphone.muted,
            busy=m.service.busy_until is not None,
            denied=refusal,
        )
        look = look_for(condition)
        detail = m.service.detail if refusal is not Refusal.MONEY else ""
        shown = Indication(look, f"{WORDS[look]}: {detail}" if detail else WORDS[look])
        if shown != self.indication:
            self.indication = shown
            m.actions.append(Show(shown))

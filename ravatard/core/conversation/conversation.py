"""Conversation: takes every event in order, and returns every action that follows from it.

Sans-I/O. The caller feeds every event in the order it happened, carries out the returned actions in their
order, and calls :meth:`Conversation.handle` with a :class:`Tick` when :attr:`Conversation.deadline` has come.
"""

from __future__ import annotations

import math
from typing import assert_never

from ravatard.core import actions as act
from ravatard.core import events as ev
from ravatard.core.conversation.cloud_events import on_answer_begun, on_cloud
from ravatard.core.conversation.gate_mode import gate_choice, options_after
from ravatard.core.conversation.machines import ConversationState, Machines
from ravatard.core.conversation.microphone_state import MicrophoneState
from ravatard.core.conversation.playback_state import PlaybackState
from ravatard.core.indication import FULLY_LIT, WORDS, Condition, Indication, Show, look_for, reason_of
from ravatard.core.options.conversation import ConversationOptions
from ravatard.core.states import Cause, LinkState, MicrophoneStatus, SessionState, TalkState


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
            gate_choice(options, None).mode,
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
        before, needed = m.values, m.speaker_needed
        if isinstance(event, ev.CloudEvent):
            self._on_cloud(event)
        elif isinstance(event, ev.PlaybackEvent):
            self._on_speaker(event)
        elif isinstance(event, ev.AnnouncementEvent):
            m.announcement(event)
        elif isinstance(event, ev.RequestEvent):
            self._on_request(event)
        else:
            self._on_microphone(event)
        # Most of the twenty events a second change nothing, and then what is due and shown stays as it was.
        due = isinstance(event, ev.Tick) or (self.deadline is not None and now >= self.deadline)
        if due or m.values != before:
            self.deadline = m.settle()
            if m.speaker_needed is not needed:
                m.actions.append(act.KeepSpeakerAwake(m.speaker_needed))
            self._show()
        return m.actions

    @property
    def state(self) -> ConversationState:
        """The whole state; a value, equal to the one before when an event changed nothing."""
        m = self._machines
        return ConversationState(
            *(self.gate, m.service, m.turns, m.microphone, m.playback, m.earcons, m.barge_in),
            *(m.pressed, self.indication, m.attention, m.announcements),
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

    def _on_microphone(self, event: ev.MicrophoneEvent | ev.ButtonEvent) -> None:  # noqa: C901, PLR0912 - a table
        m = self._machines
        match event:
            case ev.MicrophoneReady(device):
                m.take(m.microphone.ready(device))
                if m.pressed and m.microphone.able and not m.options.gate.toggle:
                    m.actions.append(act.Press())
            case ev.MicrophoneLost(reason):
                m.take(m.attention.forgotten())
                m.take(m.microphone.lost(reason))
                m.take(m.turns.microphone_lost(m.moment))
                m.hold_if_heard()
            case ev.EchoRemoved():
                m.take(m.microphone.echo_removed(event))
                m.hold_if_heard()
            case ev.MicrophoneClosed():
                m.take(m.microphone.closed())
            case ev.Woken():
                self._woken()
            case ev.WakeUnused():
                m.take(m.attention.unused())
            case ev.WakeWordLost():
                m.options = options_after(m.options, event)
                self._choose_gate()
            case ev.UtteranceOpened():
                self._opened(event)
            case ev.ChunkCaptured(utterance=utterance, pcm=pcm, read_at=read_at):
                m.take(m.turns.chunk(utterance, pcm, read_at))
            case ev.UtteranceClosed(utterance, reason, speech_ms=speech_ms):
                # Before it is sent: an interruption that was none has no words.
                m.take(m.barge_in.closed(event, m.now))
                m.take(m.turns.closed(utterance, reason, speech_ms, m.moment))
                m.take(m.playback.utterance_closed(self.talk))
            case ev.ButtonPressed():
                self._button_pressed()
            case ev.ButtonReleased():
                m.pressed = False
                m.take(m.microphone.released())
                m.actions.append(act.Release())
            case (
                ev.MicrophoneEnded()
                | ev.ConfirmationLost()
                | ev.Listened()
                | ev.PressIgnored()
                | ev.WakeMissed()
            ):
                pass
            case _:
                assert_never(event)

    def _woken(self) -> None:
        """The wake word was spoken: await what follows it, or do what it means while the avatar answers."""
        m = self._machines
        listens = m.microphone.able and not m.microphone.held
        if not listens or not self.gate.takes_word:
            # The gate has forgotten it meanwhile.
            return
        answers = m.playback.since is not None or m.playback.arriving or m.turns.sound_awaited
        in_answer = m.options.wakeword.in_answer
        if answers and in_answer != "off":
            m.take(m.playback.stop(m.turns, m.now, awaited=m.awaited))
        if answers and in_answer != "turn":
            m.take(m.attention.refused())
        else:
            m.take(m.attention.woken(m.now, m.options.gate.no_speech_s))

    def _opened(self, event: ev.UtteranceOpened) -> None:
        m, now = self._machines, self._machines.now
        if m.microphone.muted:
            return
        audio = m.options.equipment.audio
        m.take(m.attention.opened())
        heard, tells_echo = m.playback.since is not None, audio.tells_echo
        may_pause = tells_echo and m.barge_in.may_pause and not m.interrupts and event.cause is Cause.VOICE
        m.take(
            m.playback.utterance_opened(
                *(event.cause, m.turns, audio, now), awaited=m.awaited, may_pause=may_pause
            )
        )
        # Without anything against the echo, too: a loop must have an end.
        if heard and audio.echo != "half-duplex" and event.cause is Cause.VOICE:
            m.take(m.barge_in.began(event.utterance, paused=may_pause and m.playback.since is None))
        allowed, objection = m.service.may_talk(event.cause, m.options, now)
        if objection is not None:
            m.actions.append(act.LogLine(objection, warning=True))
        if allowed:
            m.take(m.service.hears_as(m.service.deafness.tried(now)))
            m.take(m.turns.opened(event.utterance, event.cause, m.moment))
        else:
            _, refusal = m.service.shown_link(now)
            m.take(m.earcons.refused(event.cause, refusal, m.earcon_equipment))
            m.take(m.service.wanted_by_voice(now))

    def _button_pressed(self) -> None:
        m, now = self._machines, self._machines.now
        m.pressed = True
        m.take(m.attention.pressed(opens=self.gate.takes_button))
        m.take(m.service.retry())
        m.take(m.barge_in.dismissed())
        m.take(m.playback.stop(m.turns, now, awaited=m.awaited))
        if m.interrupts:
            m.take(m.turns.unwanted())
        # Holding is free for another meaning only where it does not mean talking.
        holding_is_free = not self.gate.takes_button or m.options.gate.toggle
        may_mute = m.options.long_press_mutes and holding_is_free
        m.take(m.microphone.pressed(now, may_mute=may_mute))
        # The gate would remember it, and open of itself once there is a microphone, however much later.
        if m.microphone.able:
            m.actions.append(act.Press())

    def _on_cloud(self, event: ev.CloudEvent) -> None:
        on_cloud(self._machines, event)
        if isinstance(event, ev.LinkOnline):
            self._choose_gate()

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
            case ev.AnswerBegun():
                on_answer_begun(m)
            case ev.AnswerComplete():
                m.take(m.playback.answer_complete())
            case ev.SpeakerReady() | ev.SpeakerAsleep() | ev.SpeakerAwake() | ev.Played():
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
                m.take(m.service.hears_as(m.service.deafness.perhaps_mended()))
            case ev.AnsweredElsewhere():
                m.take(m.attention.forgotten())
                m.take(m.turns.cancel(asked=True))
            case ev.QuietChanged(quiet):
                m.take(m.playback.quiet(begin=quiet, limit=m.options.equipment.quiet.volume))
            case ev.OptionsChanged(options):
                m.take(m.playback.limited(m.options.equipment.quiet.volume, options.equipment.quiet.volume))
                known = m.options.equipment.wakeword_model
                is_other_word = options.equipment.wakeword_model != known
                m.options = options
                # What was refused may have been mended.
                m.take(m.service.retry())
                m.take(m.service.hears_as(m.service.deafness.perhaps_mended()))
                self._choose_gate(is_other_word=is_other_word)
            case ev.Tick():
                # The clock is looked at after every event.
                pass
            case _:
                assert_never(event)

    def _choose_gate(self, *, is_other_word: bool = False) -> None:
        m = self._machines
        capabilities = m.service.capabilities
        listens = capabilities.listens if capabilities else None
        choice = gate_choice(m.options, listens)
        if choice.warning:
            m.actions.append(act.LogLine(choice.warning, warning=True))
        if choice.mode is not self.gate or (is_other_word and choice.mode.takes_word):
            self.gate = choice.mode
            m.takes_word = choice.mode.takes_word
            m.take(m.attention.forgotten())
            m.actions.append(act.SetGate(choice.mode))

    def _show(self) -> None:
        m = self._machines
        link, refusal = m.service.shown_link(m.now)
        condition = Condition(
            started=m.microphone.known and m.service.tried,
            link=link,
            talk=self.talk,
            microphone=self.microphone,
            pressed=m.pressed and self.gate.takes_button and not m.microphone.muted,
            attention=m.attention.shown if self.gate.takes_word else None,
            busy=m.service.busy_until is not None,
            denied=refusal,
            deaf=bool(m.service.deafness.reason),
        )
        look = look_for(condition)
        detail = reason_of(
            look,
            online=m.service.link is LinkState.ONLINE,
            microphone=m.microphone.trouble,
            hearing=m.service.deafness.reason,
            service=m.service.detail,
        )
        brightness = m.options.equipment.quiet.brightness if m.playback.is_quiet else FULLY_LIT
        shown = Indication(look, f"{WORDS[look]}: {detail}" if detail else WORDS[look], brightness)
        if shown != self.indication:
            self.indication = shown
            m.actions.append(Show(shown))

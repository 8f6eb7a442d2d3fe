"""Status report of the appliance: its states in words, its faults, its last turns.

Speech, texts, session ids and tokens cannot get into it: nothing that holds one is kept.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from ravatard.core import actions as act
from ravatard.core import events as ev
from ravatard.core.audio.endpointing.steady_noise import SteadyNoise
from ravatard.core.audio.progress import Progress
from ravatard.core.capabilities import Capabilities
from ravatard.core.control.status_speaker import SpeakerReport
from ravatard.core.control.status_wakeword import WakeWordReport
from ravatard.core.conversation.conversation import Conversation
from ravatard.core.conversation.gate_mode import gate_choice
from ravatard.core.conversation.transitions import LINK, LinkCue, step
from ravatard.core.indication import Look, Show
from ravatard.core.options.conversation import ConversationOptions
from ravatard.core.states import LinkState, MicrophoneStatus, SessionState, TurnOutcome

#: How many turns are remembered.
TURNS_KEPT = 20

#: Looks of an appliance that works. Muted is one of them: the user wanted that.
_WORKING = {Look.WAITING, Look.READY, Look.LISTENING, Look.THINKING, Look.SPEAKING, Look.MUTED}

_COUNTED: dict[type[Any], str] = {
    ev.UtteranceOpened: "utterances",
    ev.UtteranceDropped: "utterances_dropped",
    ev.MessageSent: "messages",
    ev.Answered: "answers",
    ev.SessionStarted: "sessions_started",
    ev.SessionRefused: "sessions_refused",
    ev.PressIgnored: "presses_ignored",
}

#: Events that change only numbers of the report.
_QUIET = (ev.Listened, ev.ChunkCaptured, ev.MessageSent, ev.Played, ev.Tick)


class Reporter:
    """Observer of the hub that keeps what a report needs. Times are seconds of the loop's clock.

    Attributes:
        muted: the user wants the microphone closed; its true state is the conversation's.
        microphone_trouble: why there is no microphone, "" while there is one.
        changes: grows with whatever may change :meth:`face`.
    """

    def __init__(
        self,
        conversation: Conversation,
        options: ConversationOptions,
        started_at: float,
        progress: Progress,
        faults: Callable[[], tuple[str, ...]] = tuple,
        details: Callable[[], tuple[tuple[str, str], ...]] = tuple,
    ) -> None:
        """Report on ``conversation``, which is only read.

        Args:
            conversation: the hub's conversation.
            options: its options.
            started_at: when the appliance started.
            progress: of the microphone, which is only read.
            faults: gives a sentence for each fault that no event tells: a part that was configured and is
                missing, a session that cannot be ended.
            details: gives (label, value) lines about the service, see :class:`ravatard.ports.cloud.Cloud`.
        """
        self.muted = options.muted
        self.microphone_trouble = ""
        self.changes = 0
        self._conversation = conversation
        self._options = options
        self._faults = faults
        self._details = details
        self._started_at = started_at
        self._progress = progress
        self._since = dict.fromkeys(("look", "link", "session"), started_at)
        self._look = conversation.indication.look
        self._link = LinkState.OFFLINE
        self._link_reason = ""
        self._session_reason = ""
        self._capabilities: Capabilities | None = None
        self._device = ""
        self._recording_over = False
        self._unconfirmed = ""
        self._overruns = 0
        self._noise = SteadyNoise()
        self._counts = Counter(dict.fromkeys(_COUNTED.values(), 0))
        self._counts.update(dict.fromkeys(("overruns", "reconnects", "microphone_losses"), 0))
        self._outcomes: Counter[TurnOutcome] = Counter()
        self._turns: deque[tuple[float, act.TurnSummary, float | None]] = deque(maxlen=TURNS_KEPT)
        self._sending: tuple[int, float] = (0, 0.0)
        self._speaker = SpeakerReport(options)
        self._wakeword = WakeWordReport()

    # -------------------------------------------------------------- looking at the hub

    def on_event(self, event: ev.Event, now: float) -> None:
        """The hub is about to handle ``event``."""
        if isinstance(event, ev.ChunkCaptured):
            # Four a second in speech, and nothing here depends on one.
            return
        if name := _COUNTED.get(type(event)):
            self._counts[name] += 1
        self.changes += not isinstance(event, _QUIET)
        self._wakeword.on_event(event)
        self._speaker.on_event(event)
        self._speaker.timed(event, now)
        match event:
            case ev.LinkConnecting():
                self._on_link(LinkCue.TRYING, now)
            case ev.LinkOnline(capabilities):
                self._counts["reconnects"] += self._capabilities is not None
                self._capabilities = capabilities
                self._on_link(LinkCue.UP, now)
            case ev.LinkOffline(reason):
                self._on_link(LinkCue.DOWN, now, reason)
            case ev.LinkDenied(reason):
                self._on_link(LinkCue.REFUSED, now, reason)
            case ev.MessageSent(turn, read_at, sent_at) if read_at is not None:
                slowest_s = self._sending[1] if turn == self._sending[0] else 0.0
                self._sending = turn, max(slowest_s, sent_at - read_at)
            case ev.OptionsChanged(options):
                self._options = options
            case _:
                self._on_microphone(event, now)

    def _on_microphone(self, event: ev.Event, now: float) -> None:
        match event:
            case ev.Listened(overruns=overruns):
                self._counts["overruns"] += max(0, overruns - self._overruns)
                self._overruns = overruns
                self.changes += self._noise.heard(event.floor_db, now)
            case ev.MicrophoneReady(device):
                self._device, self.microphone_trouble = device, ""
                self._overruns, self._recording_over, self._noise = 0, False, SteadyNoise()
                self._unconfirmed = ""
            case ev.MicrophoneLost(reason):
                # Failing to open it again and again is one loss.
                self._counts["microphone_losses"] += bool(self._device)
                self._device, self.microphone_trouble = "", reason
            case ev.MicrophoneClosed():
                self._device = self.microphone_trouble = ""
            case ev.MicrophoneEnded():
                self._recording_over = True
            case ev.ConfirmationLost(reason):
                self._unconfirmed = reason
            case ev.WakeWordLost(reason):
                self._options = replace(self._options, wakeword_trouble=reason)
            case _:
                pass

    def on_action(self, action: object, now: float) -> None:
        """The hub has asked for ``action``."""
        match action:
            case Show(indication):
                self._on_look(indication.look, now)
            case act.SessionChanged(_, reason):
                self._session_reason = reason
                self._since["session"] = now
            case act.Mute(muted):
                self.muted = muted
            case act.TurnEnded(summary):
                self._outcomes[summary.outcome] += 1
                slowest_s = self._sending[1] if self._sending[0] == summary.turn else None
                self._turns.append((now, summary, slowest_s))
            case _:
                return
        self.changes += 1

    def _on_look(self, look: Look, now: float) -> None:
        if look is not self._look:
            self._look = look
            self._since["look"] = now

    def _on_link(self, cue: LinkCue, now: float, reason: str = "") -> None:
        before, self._link = self._link, step(LINK, self._link, cue)
        if self._link is not before:
            self._since["link"] = now
        # While connecting again, the reason of the last failure still holds.
        if reason or self._link is LinkState.ONLINE:
            self._link_reason = reason

    # -------------------------------------------------------------- what is reported

    @property
    def link(self) -> LinkState:
        """Our connection to the service."""
        return self._link

    @property
    def degraded(self) -> list[str]:
        """One sentence for each fault; muted on purpose is none."""
        faults = list(self._faults())
        if self._link is LinkState.DENIED or (self._look is Look.NO_MONEY):
            faults.append(
                f"refused by the service: {self._link_reason or self._conversation.indication.status}"
            )
        elif self._link is not LinkState.ONLINE:
            faults.append(f"offline: {self._link_reason or 'not connected yet'}")
        elif self._look is Look.BUSY:
            faults.append("busy: the service has no free place at the moment")
        if deaf := self._conversation.state.service.deafness.sentence:
            faults.append(deaf)
        if self._conversation.microphone is MicrophoneStatus.ABSENT:
            faults.append(f"no microphone: {self.microphone_trouble or 'not opened yet'}")
        if trouble := self._conversation.state.microphone.echo_trouble:
            faults.append(f"the avatar cannot be talked over: {trouble}")
        if self._recording_over:
            faults.append("deaf: the recording used as the microphone is over")
        if self._unconfirmed:
            faults.append(f"speech is not confirmed: {self._unconfirmed}")
        if self._noise.sentence and self._conversation.microphone is not MicrophoneStatus.MUTED:
            faults.append(self._noise.sentence)
        faults += self._speaker.degraded
        listens = self._capabilities.listens if self._capabilities is not None else None
        choice = gate_choice(self._options, listens)
        return [*faults, choice.warning] if choice.warning else faults

    def face(self) -> tuple[object, ...]:
        """Return the parts of the report that are no numbers: their changes are sent to those who watch."""
        conversation = self._conversation
        states = (
            self._link,
            conversation.session,
            conversation.talk,
            conversation.microphone,
            self.muted,
            conversation.gate,
        )
        speaker = (conversation.volume, *self._speaker.face())
        return (
            conversation.indication,
            *states,
            self._device,
            *speaker,
            *self.degraded,
            self._outcomes.total(),
        )

    def snapshot(self, now: float) -> dict[str, Any]:
        """Return the whole report as plain data; the newest turn is the last."""
        conversation, capabilities = self._conversation, self._capabilities
        degraded = self.degraded
        ages = {name: round(now - since, 1) for name, since in self._since.items()}
        return {
            "state": conversation.indication.look.value,
            "status": conversation.indication.status,
            "since_s": ages["look"],
            "working": conversation.indication.look in _WORKING and not degraded,
            "degraded": degraded,
            "link": {"state": self._link.value, "since_s": ages["link"], "reason": self._link_reason},
            "session": {
                "state": conversation.session.value,
                "since_s": ages["session"],
                "reason": self._session_reason if conversation.session is SessionState.NONE else "",
            },
            "talk": conversation.talk.value,
            "microphone": {"state": conversation.microphone.value, "device": self._device, **self._levels()},
            "muted": self.muted,
            "speaker": self._speaker.snapshot(),
            "volume": conversation.volume,
            "gate": conversation.gate.value,
            "wakeword": (
                self._wakeword.snapshot(self._options.wakeword.word) if conversation.gate.takes_word else None
            ),
            "avatar": capabilities.avatar if capabilities else "",
            "language": capabilities.language if capabilities else "",
            "service": dict(self._details()),
            "uptime_s": round(now - self._started_at, 1),
            "turns": [_turn(now - at, summary, slowest_s) for at, summary, slowest_s in self._turns],
            "counters": {
                **self._counts,
                **self._speaker.counts,
                **self._wakeword.counts,
                "turns": {outcome.value: self._outcomes[outcome] for outcome in TurnOutcome},
            },
        }

    def _levels(self) -> dict[str, float | None]:
        """Return levels of the newest heartbeat and the noise floor, dBFS, and the score of the wake word.

        None before the first.
        """
        listened = self._progress.listened
        return {
            "level_db": round(listened.level_db, 1) if listened is not None else None,
            "floor_db": round(listened.floor_db, 1) if listened is not None else None,
            "wake_score": round(listened.wake_score, 2) if listened is not None else None,
        }


def _turn(age_s: float, summary: act.TurnSummary, slowest_s: float | None) -> dict[str, Any]:
    """Return one turn as plain data; ``slowest_s``: longest from last sample to sending."""
    return {
        "turn": summary.turn,
        "ended_s_ago": round(age_s, 1),
        "outcome": summary.outcome.value,
        "cause": summary.cause.value if summary.cause is not None else "text",
        "spoken_ms": round(summary.spoken_ms),
        "speech_ms": round(summary.speech_ms),
        "messages": summary.messages,
        "answer_ms": round(summary.answer_ms) if summary.answer_ms is not None else None,
        "slowest_send_ms": round(slowest_s * 1000, 1) if slowest_s is not None else None,
    }

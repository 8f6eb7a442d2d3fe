"""Status report of the appliance: its states in words, its faults, its last turns.

Speech, texts, session ids and tokens cannot get into it: nothing that holds one is kept.
"""

from __future__ import annotations

from collections import Counter
from typing import Any

from ravatard.core import actions as act
from ravatard.core import events as ev
from ravatard.core.audio.progress import Progress
from ravatard.core.capabilities import Capabilities
from ravatard.core.control.parts_report import PartsReport
from ravatard.core.control.status_microphone import MicrophoneReport
from ravatard.core.control.status_speaker import SpeakerReport
from ravatard.core.control.status_turns import TurnReport
from ravatard.core.control.status_wakeword import WakeWordReport
from ravatard.core.conversation.conversation import Conversation
from ravatard.core.conversation.gate_mode import gate_choice, options_after
from ravatard.core.conversation.transitions import LINK, LinkCue, step
from ravatard.core.indication import Look, Show
from ravatard.core.options.conversation import ConversationOptions
from ravatard.core.states import LinkState, MicrophoneStatus, SessionState, TurnOutcome

#: Version of the report. A field that is new does not change it; one that goes or means something else does.
SCHEMA = 1

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

#: Looks that show a fault with its reason, so that it is told once.
_BESIDE: frozenset[Look] = frozenset()
_REFUSED = frozenset({Look.FAULT, Look.NO_MONEY})
_OFFLINE = frozenset({Look.OFFLINE, Look.CONNECTING})
_DEAF = frozenset({Look.FAULT, Look.SERVICE_DEAF})

#: Events that change only numbers of the report.
_QUIET = (ev.Listened, ev.ChunkCaptured, ev.MessageSent, ev.Played, ev.Tick)


class Reporter:
    """Observer of the hub that keeps what a report needs. Times are seconds of the loop's clock.

    Attributes:
        muted: the user wants the microphone closed; its true state is the conversation's.
        changes: grows with whatever may change :meth:`face`.
    """

    def __init__(
        self,
        conversation: Conversation,
        options: ConversationOptions,
        started_at: float,
        progress: Progress,
        parts: PartsReport | None = None,
    ) -> None:
        """Report on ``conversation``, which is only read.

        Args:
            conversation: the hub's conversation.
            options: its options.
            started_at: when the appliance started.
            progress: of the microphone, which is only read.
            parts: what the parts tell; None: nothing.
        """
        self.muted = options.muted
        self.changes = 0
        self._conversation = conversation
        self._options = options
        self._parts = parts or PartsReport()
        self._started_at = started_at
        self._since = dict.fromkeys(("look", "link", "session"), started_at)
        self._look = conversation.indication.look
        self._link = LinkState.OFFLINE
        self._link_reason = ""
        self._session_reason = ""
        self._capabilities: Capabilities | None = None
        self._counts = Counter(dict.fromkeys((*_COUNTED.values(), "reconnects"), 0))
        self._microphone = MicrophoneReport(progress)
        self._turns = TurnReport()
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
        self._options = options_after(self._options, event)
        self._wakeword.on_event(event)
        self._speaker.on_event(event)
        self._turns.on_event(event, now)
        self.changes += self._microphone.on_event(event, now)
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
            case _:
                pass

    def on_action(self, action: object, now: float) -> None:
        """The hub has asked for ``action``."""
        self._wakeword.on_action(action)
        match action:
            case Show(indication):
                self._on_look(indication.look, now)
            case act.SessionChanged(_, reason):
                self._session_reason = reason
                self._since["session"] = now
            case act.Mute(muted):
                self.muted = muted
            case act.TurnEnded(summary):
                self._turns.ended(summary, now)
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
    def microphone_trouble(self) -> str:
        """Why there is no microphone, "" while there is one."""
        return self._microphone.trouble

    @property
    def degraded(self) -> list[str]:
        """One sentence for each fault; muted on purpose is none."""
        return [*(sentence for sentence, _ in self._found()), *self._parts.side_faults()]

    def _found(self) -> list[tuple[str, frozenset[Look]]]:
        """Return a sentence for each fault of the voice, with the looks that show it by themselves."""
        conversation, service = self._conversation, self._conversation.state.service
        faults = [(sentence, _BESIDE) for sentence in self._parts.faults()]
        if self._link is LinkState.DENIED or (self._look is Look.NO_MONEY):
            reason = self._link_reason or conversation.indication.status
            faults.append((f"refused by the service: {reason}", _REFUSED))
        elif self._link is not LinkState.ONLINE:
            faults.append((f"offline: {self._link_reason or 'not connected yet'}", _OFFLINE))
        elif self._look is Look.BUSY:
            faults.append(("busy: the service has no free place at the moment", frozenset({Look.BUSY})))
        if service.deafness.sentence:
            # A link that is refused has the light, and its own reason.
            shown_by = _DEAF if service.link is LinkState.ONLINE else _BESIDE
            faults.append((service.deafness.sentence, shown_by))
        if conversation.microphone is MicrophoneStatus.ABSENT:
            trouble = self.microphone_trouble or "not opened yet"
            faults.append((f"no microphone: {trouble}", frozenset({Look.NO_MICROPHONE})))
        beside = self._microphone.degraded(
            conversation.microphone, conversation.state.microphone.talk_over_trouble
        )
        beside += self._speaker.degraded
        listens = self._capabilities.listens if self._capabilities is not None else None
        if warning := gate_choice(self._options, listens).warning:
            beside.append(warning)
        return [*faults, *((sentence, _BESIDE) for sentence in beside)]

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
            self._microphone.device,
            *speaker,
            *self.degraded,
            self._turns.outcomes.total(),
        )

    def snapshot(self, now: float) -> dict[str, Any]:
        """Return the whole report as plain data; the newest turn is the last."""
        conversation, capabilities = self._conversation, self._capabilities
        look, found, aside = conversation.indication.look, self._found(), self._parts.side_faults()
        ages = {name: round(now - since, 1) for name, since in self._since.items()}
        return {
            "schema": SCHEMA,
            **self._parts.machine(),
            "state": look.value,
            "status": conversation.indication.status,
            "since_s": ages["look"],
            "working": look in _WORKING and not found,
            "degraded": [*(sentence for sentence, _ in found), *aside],
            "other_troubles": [*(sentence for sentence, shown_by in found if look not in shown_by), *aside],
            "link": {"state": self._link.value, "since_s": ages["link"], "reason": self._link_reason},
            # Not named after the token: a support bundle hides what is named like a secret.
            "access_expires_s": _left(self._parts.token_dies_at(), now),
            "session": {
                "state": conversation.session.value,
                "since_s": ages["session"],
                "reason": self._session_reason if conversation.session is SessionState.NONE else "",
                **self._minutes(now),
            },
            "talk": conversation.talk.value,
            "microphone": self._microphone.snapshot(conversation.microphone, self._turns.silence_ms),
            "muted": self.muted,
            "speaker": self._speaker.snapshot(self._turns.first_sound_s),
            "volume": conversation.volume,
            "quiet": conversation.state.playback.is_quiet,
            "quiet_hours": self._quiet_hours(),
            "gate": conversation.gate.value,
            "wakeword": (
                self._wakeword.snapshot(self._options.wakeword.word) if conversation.gate.takes_word else None
            ),
            "avatar": capabilities.avatar if capabilities else "",
            "language": capabilities.language if capabilities else "",
            "service": dict(self._parts.details()),
            **self._figures(now),
        }

    def _figures(self, now: float) -> dict[str, Any]:
        """Return what is counted and timed."""
        return {
            "uptime_s": round(now - self._started_at, 1),
            "turns": self._turns.listed(now),
            "first_sound": self._turns.first_sounds(),
            "press_to_silence": self._turns.silences(),
            "near_misses": {
                "wake_word": self._wakeword.counts["wake_near_misses"],
                "gate": self._microphone.near_misses,
                "press": self._counts["presses_ignored"],
            },
            "counters": {
                **self._counts,
                **self._microphone.counts,
                **self._speaker.counts,
                **self._wakeword.counts,
                **self._parts.counts(),
                "turns": {outcome.value: self._turns.outcomes[outcome] for outcome in TurnOutcome},
            },
        }

    def _quiet_hours(self) -> dict[str, str] | None:
        """Return when quiet hours begin and end, by the local time; None: there are none."""
        quiet = self._options.equipment.quiet
        return None if quiet.from_ is None or quiet.to is None else {"from": quiet.from_, "to": quiet.to}

    def _minutes(self, now: float) -> dict[str, float | None]:
        """Return the minutes of paid sessions: of the one that is held, of 24 hours, and those left."""
        paid = self._conversation.state.service.paid
        used_s, left_s = paid.session_s(now), paid.left_s(self._options.spend, now)
        return {
            "minutes": None if used_s is None else round(used_s / 60, 1),
            "day_minutes": round(paid.day_s(now) / 60, 1),
            "minutes_left": None if left_s is None else round(left_s / 60, 1),
        }


def _left(ends_at: float | None, now: float) -> float | None:
    """Return the seconds until ``ends_at``; None: there is no end."""
    return None if ends_at is None else round(ends_at - now, 1)

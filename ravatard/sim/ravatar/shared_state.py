"""State shared by the parts of one simulated cloud: options, tokens, licences, record, calendar."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime

from ravatard.sim.avatar_voice import AvatarVoice, NullAvatarVoice
from ravatard.sim.options import AnnouncedOptions, SimOptions, TurnDetectorOptions
from ravatard.sim.ravatar.history import ChatHistory
from ravatard.sim.ravatar.licences import Licences
from ravatard.sim.ravatar.record import Record, SessionRecord
from ravatard.sim.ravatar.spoken_answers import SpokenAnswers
from ravatard.sim.ravatar.spoken_turns import SpokenTurns
from ravatard.sim.tokens import TokenMint


@dataclass(slots=True)
class SharedState:
    """Shared state of one simulated cloud.

    Attributes:
        options: behaviour; may be replaced while it runs.
        turn_detector: detection of the end of a turn.
        announced: values it announces about itself.
        mint: issues and verifies tokens.
        licences: pool of live sessions.
        record: record of events.
        epoch_s: Unix time at which the front's clock stood at 0.
        spoken: sound of the answers in chat mode.
        history: chat history for ``GET /chat``.
        spoken_turns: turn detection of the open sessions, by licence.
        voice: speaks the answers in live mode; set by a front that has streams.
        scheme: scheme of the front's address: "http" or "https".
    """

    options: SimOptions
    turn_detector: TurnDetectorOptions
    announced: AnnouncedOptions
    mint: TokenMint
    licences: Licences
    record: Record
    epoch_s: float
    spoken: SpokenAnswers
    history: ChatHistory = field(default_factory=ChatHistory)
    spoken_turns: dict[str, SpokenTurns] = field(default_factory=dict)
    voice: AvatarVoice = field(default_factory=NullAvatarVoice)
    scheme: str = "http"

    def wall_s(self, now: float) -> float:
        """Return the Unix time at ``now`` on the front's clock."""
        return self.epoch_s + now

    def iso(self, now: float) -> str:
        """Return the ISO 8601 time at ``now`` on the front's clock."""
        return datetime.fromtimestamp(self.wall_s(now), UTC).isoformat(timespec="milliseconds")

    def spoken_turns_of(self, session: SessionRecord) -> SpokenTurns:
        """Return the turn detection of a session, made at the first call."""
        turns = self.spoken_turns.get(session.licence)
        if turns is None:
            turns = SpokenTurns(session, self.record, self.turn_detector, self.options.carry_on)
            self.spoken_turns[session.licence] = turns
        return turns

"""What every part of one simulated cloud shares: options, tokens, licences, memory, calendar."""

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
    """The common ground of one simulated cloud.

    Attributes:
        options: how it behaves; may be replaced while it runs.
        turn_detector: how it finds the end of a turn.
        announced: what it says about itself.
        mint: makes and checks tokens.
        licences: the pool of live sessions.
        record: what happened.
        epoch_s: Unix time at which the front's clock stood at 0.
        spoken: what its answers in chat mode sound like.
        history: what ``GET /chat`` gives back.
        spoken_turns: the ears of the open sessions, by licence.
        voice: what says the answers aloud; replaced by a front that can.
        scheme: how browsers reach the front: "http" or "https".
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
        """Unix time at ``now`` of the front's clock."""
        return self.epoch_s + now

    def iso(self, now: float) -> str:
        """ISO 8601 at ``now`` of the front's clock."""
        return datetime.fromtimestamp(self.wall_s(now), UTC).isoformat(timespec="milliseconds")

    def spoken_turns_of(self, session: SessionRecord) -> SpokenTurns:
        """The session's ear; the first question makes it."""
        turns = self.spoken_turns.get(session.licence)
        if turns is None:
            turns = SpokenTurns(session, self.record, self.turn_detector, self.options.carry_on)
            self.spoken_turns[session.licence] = turns
        return turns

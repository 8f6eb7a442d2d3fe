"""The streamer of one live session: its name, its speech, and the sockets that watch it."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

from ravatard.sim.ravatar.record import SessionRecord
from ravatard.sim.streaming.speech_track import SpeechTrack


@dataclass(slots=True, eq=False)
class Streamer:
    """What an engine is to its signalling server.

    Attributes:
        session: whose avatar it is.
        speech: what is said, and when.
        players: how many are subscribed.
        turn: counts the times the user interrupted; an answer made before is not said after.
        over: set when the session is.
    """

    session: SessionRecord
    speech: SpeechTrack
    players: int = 0
    turn: int = 0
    over: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def streamer_id(self) -> str:
        """The name players subscribe to."""
        return f"Streamer{self.session.number}"

"""Streamer of one live session: its name, its speech track, and its subscribers."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

from ravatard.sim.ravatar.record import SessionRecord
from ravatard.sim.streaming.speech_track import SpeechTrack


@dataclass(slots=True, eq=False)
class Streamer:
    """Streamer, as a signalling server sees an engine.

    Attributes:
        session: its live session.
        speech: its speech track.
        players: number of subscribers.
        turn: counts interruptions by the user; an answer from before one is not spoken after it.
        over: set when the session is over.
    """

    session: SessionRecord
    speech: SpeechTrack
    players: int = 0
    turn: int = 0
    over: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def streamer_id(self) -> str:
        """Name to which players subscribe."""
        return f"Streamer{self.session.number}"

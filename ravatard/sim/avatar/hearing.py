"""User's voice in one session: listening from start_listening to its end, by socket or track."""

from __future__ import annotations

from dataclasses import dataclass, field

from ravatard.sim.avatar.options import SimTalkOptions
from ravatard.sim.avatar.record import AvatarSessionRecord, HeardTurn, Path
from ravatard.sim.avatar.sound_pieces import for_detector
from ravatard.sim.options import TurnDetectorOptions
from ravatard.sim.ravatar.turn_detector import speech_seconds

#: Longest turn kept, two minutes of s16le mono 24 kHz; the rest is dropped.
_LONGEST_BYTES = 120 * 48_000


@dataclass(frozen=True, slots=True)
class SpokenTurn:
    """End of a turn.

    Attributes:
        speech_s: seconds of speech in it; 0: nothing was understood.
        parrot: sound to be spoken by the avatar, s16le mono 24 kHz; b"": none.
    """

    speech_s: float
    parrot: bytes = field(default=b"", repr=False)


class AvatarEar:
    """Hearing of one session.

    Attributes:
        listening: True between start_listening and stop_listening.
    """

    def __init__(self, options: SimTalkOptions, record: AvatarSessionRecord) -> None:
        self.listening = False
        self._options = options
        self._record = record
        self._turns: dict[Path, HeardTurn] = {}
        self._settled = False

    def start(self, now: float) -> None:
        """Begin to listen; sound of a bracket that was never closed is dropped."""
        self._close("dropped", now)
        self.listening = True
        self._settled = False
        self._open(now)

    def take(self, path: Path, pcm: bytes, now: float) -> None:
        """Take sound (s16le mono 24 kHz)."""
        turn = self._turns.setdefault(path, HeardTurn(path, now))
        if turn.first_at is None:
            turn.first_at = now
            self._record.heard.append(turn)
        turn.last_at = now
        turn.parts += 1
        turn.pcm += pcm[: _LONGEST_BYTES - len(turn.pcm)]

    def commit(self, now: float) -> SpokenTurn | None:
        """End the turn of the socket; None: this service does not listen there."""
        turn = self._turns.pop("socket", None) or HeardTurn("socket", now)
        self._settled = True
        if not self.listening or self._options.ear == "parrot":
            self._finish(turn, "spoken" if turn.pcm else "empty", now)
            return SpokenTurn(0.0, bytes(turn.pcm))
        if self._options.ear not in {"socket", "both"}:
            self._finish(turn, "deaf", now)
            return None
        return self._understood(turn, now)

    def stop(self, now: float) -> SpokenTurn | None:
        """End listening; return a turn that ends by it, or None."""
        self.listening = False
        ear = self._options.ear
        track, socket = self._turns.pop("track", None), self._turns.get("socket")
        found: SpokenTurn | None = None
        if track is not None and ear in {"track", "both"} and (track.parts or ear == "track"):
            found = self._understood(track, now)
        elif track is not None:
            self._finish(track, "deaf", now)
        if socket is not None and ear in {"socket", "both"} and not self._options.commit_needed:
            del self._turns["socket"]
            spoken = self._understood(socket, now)
            found = spoken if found is None or not found.speech_s else found
        self._close("dropped", now)
        # A track beside a committed turn is silent: that is no mistake.
        return None if found is not None and not found.speech_s and self._settled else found

    def clear(self, now: float) -> None:
        """Drop the sound taken so far; more may follow."""
        self._settled = True
        self._close("cleared", now)
        if self.listening:
            self._open(now)

    def _understood(self, turn: HeardTurn, now: float) -> SpokenTurn:
        speech_s = speech_seconds(for_detector(bytes(turn.pcm)), TurnDetectorOptions()) if turn.pcm else 0.0
        self._finish(turn, "heard" if speech_s else "empty", now)
        return SpokenTurn(speech_s)

    def _open(self, now: float) -> None:
        self._turns = {"socket": HeardTurn("socket", now), "track": HeardTurn("track", now)}

    def _close(self, outcome: str, now: float) -> None:
        for turn in self._turns.values():
            self._finish(turn, outcome, now)
        self._turns = {}

    def _finish(self, turn: HeardTurn, outcome: str, now: float) -> None:
        turn.ended_at = now
        turn.outcome = outcome

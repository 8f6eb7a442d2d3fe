"""What happened in the simulated cloud, for a test to read and a person to see. Tokens are never in it.

Times are seconds on the clock of the front in use (the event loop's).
"""

from __future__ import annotations

from collections import Counter, deque
from dataclasses import dataclass, field

from ravatard.core.audio_format import RATE_HZ, SAMPLE_BYTES, samples_in, seconds_of
from ravatard.sim.options import KeepOptions


@dataclass(slots=True, eq=False)
class TurnRecord:
    """One spoken turn in a session. Samples are counted from the first one the session received.

    Attributes:
        first_sample: first sample of speech, as the service's detector found it.
        last_sample: one past the last sample of speech, or None while it goes on.
        began_at: when the message came that made the detector say "speech".
        ended_at: when the message came that made it say "over", or None.
        answered_at: when the answer went out, or None.
    """

    first_sample: int
    began_at: float
    last_sample: int | None = None
    ended_at: float | None = None
    answered_at: float | None = None

    @property
    def speech_s(self) -> float:
        """Seconds from the first to the last sample of speech; 0 while it goes on."""
        return 0.0 if self.last_sample is None else seconds_of(self.last_sample - self.first_sample)


@dataclass(frozen=True, slots=True)
class PieceRecord:
    """One PCM message of a session.

    Attributes:
        at: when it came.
        first_sample: index of its first sample in the session.
        samples: how many it brought.
    """

    at: float
    first_sample: int
    samples: int


@dataclass(slots=True, eq=False)
class SessionRecord:
    """One live session, from its start to its end.

    Attributes:
        number: counted from 1.
        licence: the LicenseId.
        ended_by: "client" or "service"; None while it is open.
        samples: how many came, kept or not.
        audio: the sound received, s16le mono 16 kHz, from the first sample on; emptied when room is short.
        audio_kept: all of the sound is there.
        pieces: the messages that brought it, emptied with it.
    """

    number: int
    licence: str
    user_id: str
    avatar_id: str
    started_at: float
    ended_at: float | None = None
    ended_by: str | None = None
    end_reason: str = ""
    samples: int = 0
    audio: bytearray = field(default_factory=bytearray, repr=False)
    audio_kept: bool = True
    pieces: list[PieceRecord] = field(default_factory=list, repr=False)
    turns: list[TurnRecord] = field(default_factory=list)

    def sound_of(self, turn: TurnRecord) -> bytes:
        """The speech of one turn as it was received, s16le mono 16 kHz."""
        last = self.samples if turn.last_sample is None else turn.last_sample
        return bytes(self.audio[turn.first_sample * SAMPLE_BYTES : last * SAMPLE_BYTES])


@dataclass(frozen=True, slots=True)
class MessageRecord:
    """One socket message.

    Attributes:
        at: when it came, or went out.
        direction: "in" or "out", as the service sees it.
        user_id: whose socket it was.
        line: number of the socket, from 1.
        kind: "text", "pcm", "blob" or "refused" coming in; its type going out.
        fields: its documented fields; sound is replaced by its size.
    """

    at: float
    direction: str
    user_id: str
    line: int
    kind: str
    fields: dict[str, object] = field(repr=False)


@dataclass(frozen=True, slots=True)
class RequestRecord:
    """One REST call; ``path`` is without the query."""

    at: float
    method: str
    path: str
    status: int


@dataclass(frozen=True, slots=True)
class Violation:
    """A client did what the documents do not allow.

    Attributes:
        at: when.
        kind: one word for counting.
        detail: one sentence for people.
        user_id: who did it, "" when nobody knows.
    """

    at: float
    kind: str
    detail: str
    user_id: str


class Record:
    """Everything that happened.

    Attributes:
        sessions: the sessions kept, oldest first.
        messages: the socket messages kept, oldest first.
        requests: the REST calls kept, oldest first.
        violations: what clients did wrong, oldest first.
        refusals: how often each kind of thing was refused, violations included.
        counts: totals since the start: sessions_started, sessions_ended, turns, answers, messages_in,
            messages_out, requests, violations, lines_opened, lines_closed, samples.
    """

    def __init__(self, keep: KeepOptions) -> None:
        self.sessions: deque[SessionRecord] = deque()
        self.messages: deque[MessageRecord] = deque(maxlen=keep.messages)
        self.requests: deque[RequestRecord] = deque(maxlen=keep.requests)
        self.violations: deque[Violation] = deque(maxlen=keep.requests)
        self.refusals: Counter[str] = Counter()
        self.counts: Counter[str] = Counter()
        self._keep_sessions = keep.sessions
        self._room_bytes = int(keep.audio_s * RATE_HZ) * SAMPLE_BYTES

    def open_licences(self) -> list[str]:
        """The licences that are paid for at this moment, oldest first."""
        return [session.licence for session in self.sessions if session.ended_at is None]

    def session_started(self, licence: str, user_id: str, avatar_id: str, now: float) -> SessionRecord:
        """A session began; returns its record, which :meth:`sound` and :meth:`session_ended` take."""
        self.counts["sessions_started"] += 1
        session = SessionRecord(self.counts["sessions_started"], licence, user_id, avatar_id, now)
        self.sessions.append(session)
        if len(self.sessions) > self._keep_sessions:
            ended = next((one for one in self.sessions if one.ended_at is not None), None)
            # An open session is never forgotten: somebody must be able to find it.
            if ended is not None:
                self._forget_sound(ended)
                self.sessions.remove(ended)
        return session

    def session_ended(self, session: SessionRecord, by: str, reason: str, now: float) -> None:
        """A session is over."""
        self.counts["sessions_ended"] += 1
        session.ended_at = now
        session.ended_by = by
        session.end_reason = reason

    def sound(self, session: SessionRecord, pcm: bytes, now: float) -> None:
        """A session received sound."""
        samples = samples_in(pcm)
        first_sample = session.samples
        session.samples += samples
        self.counts["samples"] += samples
        if not session.audio_kept:
            return
        self._make_room(len(pcm), session)
        if len(pcm) > self._room_bytes:
            self._forget_sound(session)
            return
        self._room_bytes -= len(pcm)
        session.audio += pcm
        session.pieces.append(PieceRecord(now, first_sample, samples))

    def turn_began(self, session: SessionRecord, first_sample: int, now: float) -> TurnRecord:
        """The detector heard speech; returns the turn's record."""
        self.counts["turns"] += 1
        turn = TurnRecord(first_sample, now)
        session.turns.append(turn)
        return turn

    def message(self, message: MessageRecord) -> None:
        """A socket message came or went."""
        self.counts["messages_in" if message.direction == "in" else "messages_out"] += 1
        self.messages.append(message)

    def request(self, at: float, method: str, path: str, status: int) -> None:
        """A REST call was answered."""
        self.counts["requests"] += 1
        self.requests.append(RequestRecord(at, method, path, status))

    def refused(self, kind: str) -> None:
        """Something was refused that a well-behaved client may have asked for: busy, an expired token."""
        self.refusals[kind] += 1

    def violated(self, at: float, kind: str, detail: str, user_id: str = "") -> None:
        """A client did, and was refused, what the documents do not allow."""
        self.refusals[kind] += 1
        self.counts["violations"] += 1
        self.violations.append(Violation(at, kind, detail, user_id))

    def _make_room(self, wanted_bytes: int, session: SessionRecord) -> None:
        for other in self.sessions:
            if self._room_bytes >= wanted_bytes:
                return
            if other is not session and other.audio:
                self._forget_sound(other)

    def _forget_sound(self, session: SessionRecord) -> None:
        self._room_bytes += len(session.audio)
        session.audio_kept = False
        session.audio = bytearray()
        session.pieces = []

"""Record of the simulated cloud, for tests and the status page. It never contains tokens.

Times are seconds on the clock of the front in use (the event loop's).
"""

from __future__ import annotations

from collections import Counter, deque
from dataclasses import dataclass, field

from ravatard.core.audio_format import RATE_HZ, SAMPLE_BYTES, samples_in, seconds_of
from ravatard.sim.options import KeepOptions


@dataclass(slots=True, eq=False)
class TurnRecord:
    """Spoken turn of a session. Samples are counted from the first one the session received.

    Attributes:
        first_sample: first sample of speech, as found by the service's detector.
        last_sample: one past the last sample of speech, or None while it goes on.
        began_at: arrival of the message in which the detector found the beginning.
        ended_at: arrival of the message in which it found the end, or None.
        answered_at: time of the answer, or None.
    """

    first_sample: int
    began_at: float
    last_sample: int | None = None
    ended_at: float | None = None
    answered_at: float | None = None

    @property
    def speech_s(self) -> float:
        """Duration from the first to the last sample of speech; 0 while it goes on."""
        return 0.0 if self.last_sample is None else seconds_of(self.last_sample - self.first_sample)


@dataclass(frozen=True, slots=True)
class PieceRecord:
    """PCM message of a session.

    Attributes:
        at: time of arrival.
        first_sample: index of its first sample in the session.
        samples: number of its samples.
    """

    at: float
    first_sample: int
    samples: int


@dataclass(slots=True, eq=False)
class SessionRecord:
    """Live session.

    Attributes:
        number: counted from 1.
        licence: the LicenseId.
        ended_by: "client" or "service"; None while it is open.
        samples: number received, kept or not.
        audio: sound received, s16le mono 16 kHz, from the first sample on; dropped when space is short.
        audio_kept: True while all of the sound is kept.
        pieces: the messages that brought it, dropped with it.
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
        """Return the received speech of one turn, s16le mono 16 kHz."""
        last = self.samples if turn.last_sample is None else turn.last_sample
        return bytes(self.audio[turn.first_sample * SAMPLE_BYTES : last * SAMPLE_BYTES])


@dataclass(frozen=True, slots=True)
class MessageRecord:
    """Socket message.

    Attributes:
        at: time of arrival or sending.
        direction: "in" or "out", from the service's side.
        user_id: user of the socket.
        line: number of the socket, from 1.
        kind: "text", "pcm", "blob" or "refused" coming in; its type going out.
        fields: documented fields; sound is replaced by its size.
    """

    at: float
    direction: str
    user_id: str
    line: int
    kind: str
    fields: dict[str, object] = field(repr=False)


@dataclass(frozen=True, slots=True)
class RequestRecord:
    """REST call; ``path`` is without the query."""

    at: float
    method: str
    path: str
    status: int


@dataclass(frozen=True, slots=True)
class Violation:
    """Violation of the documents by a client.

    Attributes:
        at: time.
        kind: one word for counting.
        detail: one sentence for readers.
        user_id: the user, "" when unknown.
    """

    at: float
    kind: str
    detail: str
    user_id: str


class Record:
    """Record of all events.

    Attributes:
        sessions: the sessions kept, oldest first.
        messages: the socket messages kept, oldest first.
        requests: the REST calls kept, oldest first.
        violations: violations kept, oldest first.
        refusals: number of refusals by kind, violations included.
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
        """Return the licences of open sessions, oldest first."""
        return [session.licence for session in self.sessions if session.ended_at is None]

    def session_started(self, licence: str, user_id: str, avatar_id: str, now: float) -> SessionRecord:
        """Record a new session; return it for :meth:`sound` and :meth:`session_ended`."""
        self.counts["sessions_started"] += 1
        session = SessionRecord(self.counts["sessions_started"], licence, user_id, avatar_id, now)
        self.sessions.append(session)
        if len(self.sessions) > self._keep_sessions:
            ended = next((one for one in self.sessions if one.ended_at is not None), None)
            # An open session is never dropped: it must remain visible.
            if ended is not None:
                self._forget_sound(ended)
                self.sessions.remove(ended)
        return session

    def session_ended(self, session: SessionRecord, by: str, reason: str, now: float) -> None:
        """Record the end of a session."""
        self.counts["sessions_ended"] += 1
        session.ended_at = now
        session.ended_by = by
        session.end_reason = reason

    def sound(self, session: SessionRecord, pcm: bytes, now: float) -> None:
        """Record sound received by a session."""
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
        """Record the beginning of a turn and return it."""
        self.counts["turns"] += 1
        turn = TurnRecord(first_sample, now)
        session.turns.append(turn)
        return turn

    def message(self, message: MessageRecord) -> None:
        """Record a socket message."""
        self.counts["messages_in" if message.direction == "in" else "messages_out"] += 1
        self.messages.append(message)

    def request(self, at: float, method: str, path: str, status: int) -> None:
        """Record an answered REST call."""
        self.counts["requests"] += 1
        self.requests.append(RequestRecord(at, method, path, status))

    def refused(self, kind: str) -> None:
        """Count a refusal that a correct client may meet: busy, an expired token."""
        self.refusals[kind] += 1

    def violated(self, at: float, kind: str, detail: str, user_id: str = "") -> None:
        """Record a refused violation of the documents."""
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

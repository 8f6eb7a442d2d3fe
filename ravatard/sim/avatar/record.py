"""Record of the simulated AvaTar API, for tests.

Times are seconds on the clock of the front in use (the event loop's). Sound is s16le mono 24 kHz.
"""

from __future__ import annotations

from collections import Counter, deque
from dataclasses import dataclass, field
from typing import Literal

from ravatard.sim.ravatar.record import Violation

_KEPT = 20_000

Path = Literal["socket", "track"]


@dataclass(slots=True, eq=False)
class HeardTurn:
    """Sound of the user between start_listening and its end, by one path.

    Attributes:
        path: "socket" or "track".
        began_at: arrival of start_listening.
        pcm: the sound received, converted to s16le mono 24 kHz.
        ended_at: arrival of the message that ended it, or None.
        outcome: "heard", "empty", "cleared", "dropped" (never committed), "deaf" (this service does not
            listen on this path) or "spoken" (parrot); None while it goes on.
        parts: messages or packets that brought it.
        first_at: arrival of the first part, or None.
        last_at: arrival of the last part, or None.
    """

    path: Path
    began_at: float
    pcm: bytearray = field(default_factory=bytearray, repr=False)
    ended_at: float | None = None
    outcome: str | None = None
    parts: int = 0
    first_at: float | None = None
    last_at: float | None = None


@dataclass(slots=True, eq=False)
class SaidAnswer:
    """Spoken answer.

    Attributes:
        number: counted from 1 in its session.
        cause: "voice", "chat", "speak", "buffer" (appended sound) or "unasked".
        text: its words, "" for appended sound.
        pcm: its whole sound, s16le mono 24 kHz.
        started_at: time of its first sound, or None.
        ended_at: time of its end, or None.
        cut_at: time of the interruption, or None.
        pieces: audio events sent.
    """

    number: int
    cause: str
    text: str
    pcm: bytes = field(repr=False)
    started_at: float | None = None
    ended_at: float | None = None
    cut_at: float | None = None
    pieces: int = 0


@dataclass(slots=True, eq=False)
class AvatarSessionRecord:
    """Session.

    Attributes:
        number: counted from 1.
        session_id: its id.
        access_token: its token.
        created_at: time of streaming.new.
        stopped_at: time of its end, or None.
        how: "client" or "service"; None while it is open.
        fields: fields of streaming.new.
        heard: turns of the user, oldest first.
        said: answers, oldest first.
        sockets: sockets opened.
        starts: offers answered.
        frames: frame events sent.
        frame_bytes: their messages' bytes.
        appends: audio_buffer_append messages, and
        appended_bytes: their sound's bytes as sent.
        stray_appends: those outside start_listening and stop_listening.
        track_frames: frames of 20 ms decoded from the user's track, and
        stray_track_frames: those outside start_listening and stop_listening that were not silent.
    """

    number: int
    session_id: str
    access_token: str = field(repr=False)
    created_at: float
    fields: dict[str, object]
    stopped_at: float | None = None
    how: str | None = None
    heard: list[HeardTurn] = field(default_factory=list)
    said: list[SaidAnswer] = field(default_factory=list)
    sockets: int = 0
    starts: int = 0
    frames: int = 0
    frame_bytes: int = 0
    appends: int = 0
    appended_bytes: int = 0
    stray_appends: int = 0
    track_frames: int = 0
    stray_track_frames: int = 0


@dataclass(frozen=True, slots=True)
class AvatarRequestRecord:
    """REST call; ``path`` is without the query, ``fields`` is its JSON body."""

    at: float
    method: str
    path: str
    status: int
    fields: dict[str, object] = field(repr=False)


@dataclass(frozen=True, slots=True)
class SocketMessageRecord:
    """Socket message except frames, which are only counted.

    Attributes:
        at: time of arrival or sending.
        direction: "in" or "out", from the service's side.
        session: number of the session.
        kind: its type, or "refused".
        fields: its fields; sound is replaced by its length in characters.
    """

    at: float
    direction: str
    session: int
    kind: str
    fields: dict[str, object] = field(repr=False)


class AvatarRecord:
    """Record of all events; older requests, messages and violations are dropped, sessions never.

    Attributes:
        sessions: all sessions, oldest first.
        requests: REST calls, oldest first.
        messages: socket messages, oldest first.
        violations: violations of the document by a client, oldest first.
        refusals: number of refusals by kind, violations included.
    """

    def __init__(self) -> None:
        self.sessions: list[AvatarSessionRecord] = []
        self.requests: deque[AvatarRequestRecord] = deque(maxlen=_KEPT)
        self.messages: deque[SocketMessageRecord] = deque(maxlen=_KEPT)
        self.violations: deque[Violation] = deque(maxlen=_KEPT)
        self.refusals: Counter[str] = Counter()

    @property
    def open_sessions(self) -> list[AvatarSessionRecord]:
        """Sessions that are open, oldest first."""
        return [one for one in self.sessions if one.stopped_at is None]

    @property
    def heard(self) -> list[HeardTurn]:
        """Turns that were heard, of all sessions in their order."""
        return [turn for one in self.sessions for turn in one.heard if turn.outcome == "heard"]

    @property
    def said(self) -> list[SaidAnswer]:
        """Answers of all sessions in their order."""
        return [answer for one in self.sessions for answer in one.said]

    def refused(self, kind: str) -> None:
        """Count a refusal that a correct client may meet."""
        self.refusals[kind] += 1

    def violated(self, at: float, kind: str, detail: str) -> None:
        """Record a violation of the document."""
        self.refusals[kind] += 1
        self.violations.append(Violation(at, kind, detail, ""))

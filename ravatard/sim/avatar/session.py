"""One session of the simulated AvaTar API: its socket's commands, its turns, its frames."""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Protocol

from ravatard.sim.avatar.hearing import AvatarEar, SpokenTurn
from ravatard.sim.avatar.options import AvatarSimOptions
from ravatard.sim.avatar.record import AvatarRecord, AvatarSessionRecord
from ravatard.sim.avatar.sound_pieces import SoundRefused, appended
from ravatard.sim.avatar.speaking import AvatarMouth, SpokenWords
from ravatard.sim.avatar.timetable import Timetable
from ravatard.sim.jpeg import grey_jpeg
from ravatard.sim.ravatar import utterance
from ravatard.sim.ravatar.turn_detector import level_dbfs

#: Grey levels of the picture, silent and speaking.
_SILENT, _SPEAKING = 60, 200
#: RFC 6455, section 7.4.1.
_CLOSE_NORMAL = 1000
#: A frame that is later than this is left out.
_LATE_S = 1.0
#: Louder sound of a track outside of listening is recorded: Opus makes some noise of digital silence.
_AUDIBLE_DBFS = -70.0


@dataclass(slots=True, eq=False)
class AvatarSharedState:
    """State shared by the sessions.

    Attributes:
        options: behaviour; may be replaced at any time, for sessions to come.
        record: record of events.
        synthesize: makes a WAV file of a text.
        epoch_s: Unix time at which the front's clock stood at 0.
        answers: number of answers given.
    """

    options: AvatarSimOptions
    record: AvatarRecord
    synthesize: Callable[[str], bytes]
    epoch_s: float
    answers: int = 0

    def answer(self, heard: str) -> str | None:
        """Return the next answer; None: this avatar never answers."""
        texts = self.options.talk.answers
        self.answers += 1
        return texts[(self.answers - 1) % len(texts)].replace("{heard}", heard) if texts else None


class SocketOut(Protocol):
    """Open socket of a session, as the session sends to it."""

    def put(self, event: Mapping[str, object], now: float) -> None:
        """Send an event."""
        ...

    def put_frame(self, text: str) -> None:
        """Send a frame event that is written already."""
        ...

    def over(self, code: int, reason: str, now: float) -> None:
        """Close it after what was sent so far."""
        ...

    def stir(self) -> None:
        """Look at the session's next event again."""
        ...

    def abandon(self) -> None:
        """Leave it open, and send nothing any more."""
        ...


class SimAvatarSession:
    """Session from streaming.new to its end.

    Attributes:
        record: its record.
        socket: its open socket, or None: events are lost then.
        mouth: the avatar's voice.
    """

    def __init__(self, shared: AvatarSharedState, record: AvatarSessionRecord, now: float) -> None:
        self.record = record
        self.socket: SocketOut | None = None
        self._shared = shared
        self._options = shared.options
        self._timetable = Timetable()
        self.mouth = AvatarMouth(self._options, record, self._timetable, self._send, shared.synthesize, now)
        self._ear = AvatarEar(self._options.talk, record)
        self._next_frame: float | None = None
        self._pictures: dict[int, str] = {}

    # ------------------------------------------------------------------ time

    def next_due(self) -> float | None:
        """Return the time of the next event, or None."""
        times = (self._timetable.next_due(), self._next_frame)
        return min((at for at in times if at is not None), default=None)

    def tick(self, now: float) -> None:
        """Send the events due by ``now``."""
        self._timetable.run(now)
        while self._next_frame is not None and self._next_frame <= now:
            at = self._next_frame
            self._next_frame += 1 / self._options.picture.frames_per_s
            if self.socket is not None and now - at < _LATE_S:
                self._frame(self.socket, at)

    # ------------------------------------------------------------------ socket

    def attach(self, socket: SocketOut, now: float) -> None:
        """Take an open socket; an older one is closed with 4409."""
        if self.socket is not None:
            self._shared.record.refused("second_socket")
            self.socket.over(4409, "another client took the session", now)
        self.socket = socket
        self.record.sockets += 1
        if self._options.lease.greeting:
            self.mouth.rest(now)
        self._next_frame = now if self._options.picture.frames_per_s else None

    def detach(self, socket: SocketOut, now: float) -> None:
        """Forget a closed socket; the session goes on without."""
        if self.socket is socket:
            self.socket = None
            self._next_frame = None
            if self._ear.listening:
                self._ear.clear(now)
                self._ear.stop(now)
                self.mouth.resting = "idle"

    def end(self, now: float, tell: str = "Session expired") -> None:
        """End: notice and close as the options say; without ``tell`` the client asked for it."""
        socket, self.socket = self.socket, None
        self.mouth.interrupt(now)
        self._next_frame = None
        lease = self._options.lease
        if socket is None:
            return
        if lease.farewell == "silent":
            socket.abandon()
            return
        if lease.farewell == "error" and tell:
            socket.put({"type": "error", "code": "SESSION_EXPIRED", "message": tell}, now)
        socket.over(lease.close_code if tell else _CLOSE_NORMAL, "session over", now)

    # ------------------------------------------------------------------ commands

    def command(self, kind: str, data: object, now: float) -> None:
        """Carry out a command of the socket."""
        self.tick(now)
        match kind:
            case "start_listening":
                self._start_listening(now)
            case "stop_listening":
                self._stop_listening(now)
            case "audio_buffer_append":
                self._append(data, now)
            case "audio_buffer_commit":
                self._commit(now)
            case "audio_buffer_clear":
                self._ear.clear(now)
            case _ if self._options.talk.obeys_interrupt:
                self.mouth.interrupt(now)

    def _start_listening(self, now: float) -> None:
        if self.mouth.speaking:
            if self._options.talk.while_speaking == "refuse":
                self.error("INVALID_STATE", "The avatar is speaking", now)
                return
            if self._options.talk.while_speaking == "interrupt":
                self.mouth.interrupt(now)
        self._ear.start(now)
        self.mouth.resting = "listening"
        self._send({"type": "status", "status": "listening", "message": "Avatar is now listening..."}, now)

    def _stop_listening(self, now: float) -> None:
        turn = self._ear.stop(now)
        self.mouth.resting = "idle"
        if not self.mouth.speaking:
            self.mouth.rest(now)
        if turn is not None:
            self._turn(turn, now)

    def _append(self, data: object, now: float) -> None:
        text = data.get("audio") if isinstance(data, Mapping) else None
        try:
            pcm, sent_bytes = appended(text, self._options.voice.upload)
        except SoundRefused as refused:
            self.error("AUDIO_PROCESSING_ERROR", str(refused), now)
            return
        self.record.appends += 1
        self.record.appended_bytes += sent_bytes
        self.record.stray_appends += not self._ear.listening
        self._ear.take("socket", pcm, now)

    def _commit(self, now: float) -> None:
        turn = self._ear.commit(now)
        if turn is None:
            return
        if turn.parrot:
            self.mouth.say(SpokenWords("", "buffer", pcm=turn.parrot), now)
        else:
            self._turn(turn, now)

    def track_heard(self, pcm: bytes, now: float) -> None:
        """Take 20 ms of the user's track, s16le mono 24 kHz."""
        self.record.track_frames += 1
        if self._ear.listening:
            self._ear.take("track", pcm, now)
        elif level_dbfs(pcm) > _AUDIBLE_DBFS:
            self.record.stray_track_frames += 1

    def _turn(self, turn: SpokenTurn, now: float) -> None:
        if not turn.speech_s:
            self.error("AUDIO_BUFFER_EMPTY", "No speech was found in the audio input", now)
            return
        talk = self._options.talk
        understood = utterance.speech(turn.speech_s)
        if talk.chat_events in {"both", "user"}:
            event: dict[str, object] = {"type": "chat", "role": "user", "content": understood.request}
            self._timetable.plan(now + talk.think_s / 2, partial(self._send, event))
        answer = self._shared.answer(understood.heard)
        if answer is not None:
            told = talk.chat_events in {"both", "agent"}
            self.mouth.say(SpokenWords(answer, "voice", told=told), now + talk.think_s)

    # ------------------------------------------------------------------ from the calls

    def written(self, text: str, now: float) -> str:
        """Take a text; return the answer, which is spoken, too, where the options say so."""
        self.tick(now)
        talk = self._options.talk
        if talk.chat_beside:
            self._send({"type": "chat", "role": "user", "content": text}, now)
        answer = self._shared.answer(utterance.text(text).heard) or ""
        words = SpokenWords(answer, "chat", told=talk.chat_beside)
        self.mouth.say(words, now + talk.think_s, aloud=talk.speaks == "service" and bool(answer))
        return answer

    def speak(self, text: str, now: float, cause: str = "speak") -> float:
        """Speak a text; return its duration in seconds."""
        self.tick(now)
        return self.mouth.say(SpokenWords(text, cause, told=cause == "unasked"), now)

    def error(self, code: str, message: str, now: float) -> None:
        """Send an error event."""
        self._send({"type": "error", "code": code, "message": message}, now)

    # ------------------------------------------------------------------ inside

    def _send(self, event: dict[str, object], now: float) -> None:
        if self.socket is not None:
            self.socket.put(event, now)

    def _frame(self, socket: SocketOut, at: float) -> None:
        level = _SPEAKING if self.mouth.speaking else _SILENT
        if level not in self._pictures:
            picture = grey_jpeg(level, self._options.picture.size_bytes)
            self._pictures[level] = base64.b64encode(picture).decode()
        self.record.frames += 1
        text = (
            f'{{"type":"frame","data":"{self._pictures[level]}",'
            f'"frame_id":{self.record.frames},"timestamp":{self._shared.epoch_s + at:.3f}}}'
        )
        self.record.frame_bytes += len(text)
        socket.put_frame(text)

"""Playback state: whether the avatar is heard, and what is played or stopped."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from ravatard.core.actions import LogLine, PausePlayback, PlayAnswer, ResumeVoice, SetVolume, StopPlayback
from ravatard.core.capabilities import Capabilities
from ravatard.core.conversation import cues
from ravatard.core.conversation.cues import Step
from ravatard.core.conversation.sound_budget import UNASKED_S, SoundBudget
from ravatard.core.conversation.turn_taking import TurnTaking
from ravatard.core.events import Answered, VoiceOffline, VolumeAsked
from ravatard.core.options.audio import AudioOptions
from ravatard.core.states import Cause, TalkState, VoiceSource

#: A piece of an answer that is late by more than this may never come: the microphone is not held for it.
PIECE_GAP_S = 5.0
#: The sound of an answer in pieces is being made when its text is there, or comes with its first piece.
PIECES_SOUND_S = 15.0
#: A file has to be found, fetched and decoded; after longer than that the light need not show "thinking".
FILE_SOUND_S = 15.0
#: The live voice comes about when its text does.
STREAM_SOUND_S = 2.0


@dataclass(frozen=True, slots=True)
class PlaybackState:
    """Follows the speaker, not the service: SPEAKING is what is heard. Times are loop seconds.

    Attributes:
        since: since when the avatar is heard, or None.
        volume: percent of full.
        usual_volume: percent of full that comes back after quiet hours; None outside them.
        streaming: the live voice arrives.
        gave_up: a session was ended because its voice could not be had, and none has been had since.
        interrupted: the answer that sounded was stopped, and no other has come since.
        budget: how long the avatar may still be heard before the user speaks again.
        unasked_by: until when the sound of an answer without a question may begin, or None.
        arriving: an answer in pieces has begun to come, and more of it will.
        came: such an answer has begun to come since the user's last words.
        gap_at: when it fell silent, waiting for its next piece; it still counts as heard.
        announcing: what sounds next, or now, is an announcement and no answer.
    """

    since: float | None = None
    volume: int = 100
    usual_volume: int | None = None
    streaming: bool = False
    gave_up: bool = False
    interrupted: bool = False
    budget: SoundBudget = field(default_factory=SoundBudget)
    unasked_by: float | None = None
    arriving: bool = False
    came: bool = False
    gap_at: float | None = None
    announcing: bool = False

    # -------------------------------------------------------------- what the speaker does

    def started(self, now: float) -> Step[PlaybackState]:
        """The avatar is about to be heard; without a budget for that it is stopped before it is."""
        if self.since is None and not self.announcing and not self.budget.allows(now):
            return self._refused_sound()
        since = now if self.since is None else self.since
        budget = self.budget if self.announcing else self.budget.started(now)
        state = replace(self, since=since, budget=budget, unasked_by=None, gap_at=None)
        return state, [cues.VoiceSounds()]

    def ended(self, at: float) -> Step[PlaybackState]:
        """The last of the sound left the converter at ``at``; a piece that is late ends no answer."""
        if self.arriving and self.since is not None:
            return replace(self, gap_at=at), ()
        return self._silent(at)

    def _silent(self, at: float) -> Step[PlaybackState]:
        """Silence since ``at``. Unasked sound keeps no session open, and an announcement none."""
        asked = self.budget.is_asked(at) and not self.announcing
        state = replace(self, since=None, gap_at=None, budget=self.budget.ended(at))
        return state, [*([cues.Active()] if asked else []), cues.VoiceSilent(at)]

    def utterance_closed(self, talk: TalkState) -> Step[PlaybackState]:
        """The user spoke while the avatar was heard, and is done: from now on it must not hear itself."""
        return self, [
            cues.VoiceSounds()
        ] if self.since is not None and talk is not TalkState.LISTENING else ()

    def lost(self, reason: str, now: float) -> Step[PlaybackState]:
        """The speaker is gone: nothing is heard any more, and no event would report that."""
        report = LogLine(f"no speaker: {reason}", warning=True)
        if self.since is None:
            return self, [report]
        state, effects = self._silent(now)
        return state, [report, *effects]

    # -------------------------------------------------------------- what is to be heard

    def words_sent(self, audio: AudioOptions, now: float) -> Step[PlaybackState]:
        """Words of the user are with the service: answers are asked for."""
        budget = self.budget.asked(now, audio.longest_answer_s)
        return replace(self, budget=budget, came=False), ()

    def answered(
        self, event: Answered, number: int, turns: TurnTaking, capabilities: Capabilities | None, now: float
    ) -> Step[PlaybackState]:
        """An answer to turn ``number`` came: play it, or wait for its sound. The user is not interrupted."""
        if turns.talk is TalkState.LISTENING:
            return self, ()
        source = capabilities.voice if capabilities is not None else VoiceSource.ELSEWHERE
        if source is VoiceSource.ANSWER and (event.file_url or event.sound):
            if not self.budget.allows(now):
                return self._refused()
            answer = PlayAnswer(number, event.file_url, event.sound)
            if not self.budget.is_asked(now):
                # Not awaited, so that a session whose service goes on and on is idle all the same.
                return replace(self, unasked_by=now + FILE_SOUND_S), [answer]
            return self, [answer, cues.SoundAwaited(now + FILE_SOUND_S)]
        if source in (VoiceSource.STREAM, VoiceSource.PIECES) and self.since is not None:
            # It goes straight on from what is heard already: the speaker will not report that it began.
            return self, [cues.VoiceGoesOn()]
        if source is VoiceSource.STREAM and self.streaming and self.budget.is_asked(now):
            return self, [cues.SoundAwaited(now + STREAM_SOUND_S)]
        if source is VoiceSource.PIECES and not self.came and self.budget.is_asked(now):
            return self, [cues.SoundAwaited(now + PIECES_SOUND_S)]
        return self, ()

    def answer_begun(self, turns: TurnTaking, now: float) -> Step[PlaybackState]:
        """The first piece of an answer came; it is not played when it is not wanted, nor over a new turn."""
        if self.since is None and not self.budget.allows(now):
            return self._refused_sound()
        begun = turns.turn is not None and turns.turn.begun
        if turns.talk is TalkState.LISTENING and not begun:
            return self.stop(turns, now, awaited=True)
        return replace(self, arriving=True, came=True, interrupted=False), ()

    def await_pieces(self, now: float) -> Step[PlaybackState]:
        """Its sound is on its way from the first piece to the speaker."""
        if self.since is not None:
            return self, [cues.VoiceGoesOn()]
        if self.budget.is_asked(now):
            return self, [cues.SoundAwaited(now + PIECES_SOUND_S)]
        # Not awaited, so that a session whose service goes on and on is idle all the same.
        return replace(self, unasked_by=now + PIECES_SOUND_S), ()

    def answer_complete(self) -> Step[PlaybackState]:
        """All pieces of the answer came; when it has fallen silent already, that was its end."""
        state = replace(self, arriving=False)
        return (state, ()) if self.gap_at is None else state._silent(self.gap_at)

    def _refused_sound(self) -> Step[PlaybackState]:
        state, report = self._refused()
        state = replace(state, interrupted=True, unasked_by=None, arriving=False)
        return state, [*report, StopPlayback()]

    def _refused(self) -> Step[PlaybackState]:
        """The avatar speaks without being asked, and has done so for too long: do not play it."""
        if self.budget.refused:
            return self, ()
        report = "the avatar goes on speaking without being asked; that is not played before the user speaks"
        return replace(self, budget=replace(self.budget, refused=True)), [LogLine(report, warning=True)]

    def self_heard(self, turns: TurnTaking, now: float) -> Step[PlaybackState]:
        """An answer came to what the avatar itself said: do not play it, and stop what sounds."""
        state, stopped = self.stop(turns, now)
        return state, [*stopped, LogLine("the avatar heard itself; that answer is not played", warning=True)]

    def unplayable(self, reason: str) -> Step[PlaybackState]:
        """The sound of an answer cannot be had."""
        return self, [
            cues.SoundMissing(),
            LogLine(f"an answer cannot be played: {reason}", warning=True),
            cues.WordsLost(),
        ]

    def utterance_opened(
        self,
        cause: Cause,
        turns: TurnTaking,
        audio: AudioOptions,
        now: float,
        *,
        awaited: bool,
        may_pause: bool,
    ) -> Step[PlaybackState]:
        """The user begins to speak: that may interrupt the avatar.

        Args:
            cause: a press or the voice.
            turns: turn taking.
            audio: section ``audio``.
            now: loop time.
            awaited: see :meth:`stop`.
            may_pause: see :meth:`stop`; only while the avatar is heard.
        """
        if audio.barge_in != "voice" and cause is Cause.VOICE:
            return self, ()
        return self.stop(turns, now, awaited=awaited, pause=may_pause and self.since is not None)

    def stop(
        self, turns: TurnTaking, now: float, *, awaited: bool = False, pause: bool = False
    ) -> Step[PlaybackState]:
        """Silence at once, also of what has not sounded yet.

        Args:
            turns: turn taking.
            now: loop time.
            awaited: the service may be told to, too.
            pause: keep the rest of the answer.
        """
        unasked = self.unasked_by is not None and now <= self.unasked_by
        if self.since is None and not (turns.sound_awaited or unasked or self.arriving or awaited):
            return self, ()
        budget = self.budget.ended(now)
        state = replace(self, since=None, interrupted=True, budget=budget, unasked_by=None)
        state = replace(state, arriving=False, gap_at=None)
        silence = PausePlayback() if pause else StopPlayback()
        return state, [cues.SoundMissing(), silence, cues.VoiceSilent(now)]

    def answer_follows(self) -> Step[PlaybackState]:
        """An answered turn ended: what the live voice says now is not what was interrupted."""
        return replace(self, interrupted=False), [ResumeVoice()] if self.interrupted else ()

    def voice_online(self) -> Step[PlaybackState]:
        """The live voice arrives."""
        state = replace(self, streaming=True, gave_up=False, interrupted=False)
        return state, () if self.streaming else [LogLine("the avatar's live voice arrives")]

    def voice_offline(self, event: VoiceOffline, *, idle: bool) -> Step[PlaybackState]:
        """The live voice does not arrive; when that is hopeless the session is useless. ``idle``: no turn."""
        state = replace(self, streaming=False)
        report = [LogLine(f"no live voice: {event.reason}", warning=True)] if event.is_trouble else []
        if not event.hopeless or not idle or self.gave_up:
            return state, report
        # Once: a stream that cannot be had must not buy one session after the other.
        return replace(state, gave_up=True), [*report, cues.SessionUseless("its voice cannot be had")]

    def volume_asked(self, event: VolumeAsked) -> Step[PlaybackState]:
        """Set the volume, or change it."""
        volume = max(0, min(100, event.percent + (self.volume if event.relative else 0)))
        return replace(self, volume=volume), [SetVolume(volume, lasting=not self.is_quiet)]

    @property
    def is_quiet(self) -> bool:
        """True in quiet hours."""
        return self.usual_volume is not None

    def quiet(self, *, begin: bool, limit: int) -> Step[PlaybackState]:
        """Quiet hours begin: no louder than ``limit``, percent; or they end: as loud as before them."""
        if begin is self.is_quiet:
            return self, ()
        usual = self.volume if self.usual_volume is None else self.usual_volume
        volume = min(usual, limit) if begin else usual
        state = replace(self, volume=volume, usual_volume=usual if begin else None)
        return state, [SetVolume(volume, lasting=False)] if volume != self.volume else ()

    def limited(self, before: int, now: int) -> Step[PlaybackState]:
        """The limit of quiet hours is another one; a volume that the user has set in them stays."""
        usual = self.usual_volume
        if usual is None or self.volume != min(usual, before) or min(usual, now) == self.volume:
            return self, ()
        return replace(self, volume=min(usual, now)), [SetVolume(min(usual, now), lasting=False)]

    # -------------------------------------------------------------- the clock

    def deadline(self, audio: AudioOptions) -> float | None:
        """Return when :meth:`on_time` is due, or None."""
        if self.since is None:
            return None
        gap_ends_at = self.gap_at + PIECE_GAP_S if self.gap_at is not None else None
        times = (self.since + audio.longest_answer_s, self.budget.ends_at, gap_ends_at)
        return min(at for at in times if at is not None)

    def on_time(self, turns: TurnTaking, audio: AudioOptions, now: float) -> Step[PlaybackState]:
        """Stop sound that never ends, and waiting for a piece that never comes: the microphone is held."""
        deadline = self.deadline(audio)
        if deadline is None or now < deadline:
            return self, ()
        if self.gap_at is not None and now >= self.gap_at + PIECE_GAP_S:
            return replace(self, arriving=False)._silent(self.gap_at)
        asked = self.budget.is_asked(now)
        state, stopped = self.stop(turns, now)
        limit_s = audio.longest_answer_s if asked else min(UNASKED_S, audio.longest_answer_s)
        why = "" if asked else " without being asked"
        report = f"an answer was stopped: it sounded for {limit_s:g} s{why}"
        return state, [LogLine(report, warning=True), *stopped]

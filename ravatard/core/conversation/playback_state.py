"""Playback state: whether the avatar is heard, and what is played or stopped."""

from __future__ import annotations

from dataclasses import dataclass, replace

from ravatard.core.actions import LogLine, PlayAnswer, ResumeVoice, SetVolume, StopPlayback
from ravatard.core.capabilities import Capabilities
from ravatard.core.conversation import cues
from ravatard.core.conversation.cues import Step
from ravatard.core.conversation.turn_taking import TurnTaking
from ravatard.core.events import Answered, VoiceOffline, VolumeAsked
from ravatard.core.options.audio import AudioOptions
from ravatard.core.states import Cause, TalkState, VoiceSource

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
        streaming: the live voice arrives.
        gave_up: a session was ended because its voice could not be had, and none has been had since.
        interrupted: the answer that sounded was stopped, and no other has come since.
    """

    since: float | None = None
    volume: int = 100
    streaming: bool = False
    gave_up: bool = False
    interrupted: bool = False

    # -------------------------------------------------------------- what the speaker does

    def started(self, now: float) -> Step[PlaybackState]:
        """The avatar is about to be heard."""
        return replace(self, since=now if self.since is None else self.since), [cues.VoiceSounds()]

    def ended(self, at: float) -> Step[PlaybackState]:
        """The last of the sound left the converter at ``at``."""
        return replace(self, since=None), [cues.Active(), cues.VoiceSilent(at)]

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
        state, effects = self.ended(now)
        return state, [report, *effects]

    # -------------------------------------------------------------- what is to be heard

    def answered(
        self, event: Answered, number: int, turns: TurnTaking, capabilities: Capabilities | None, now: float
    ) -> Step[PlaybackState]:
        """An answer to turn ``number`` came: play it, or wait for its sound. The user is not interrupted."""
        if turns.talk is TalkState.LISTENING:
            return self, ()
        source = capabilities.voice if capabilities is not None else VoiceSource.ELSEWHERE
        if source is VoiceSource.ANSWER and (event.file_url or event.sound):
            answer = PlayAnswer(number, event.file_url, event.sound)
            return self, [answer, cues.SoundAwaited(now + FILE_SOUND_S)]
        if source is VoiceSource.STREAM and self.since is not None:
            # It goes straight on from what is heard already: the speaker will not report that it began.
            return self, [cues.VoiceGoesOn()]
        if source is VoiceSource.STREAM and self.streaming:
            return self, [cues.SoundAwaited(now + STREAM_SOUND_S)]
        return self, ()

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
        self, cause: Cause, turns: TurnTaking, audio: AudioOptions, now: float
    ) -> Step[PlaybackState]:
        """The user begins to speak: that may interrupt the avatar."""
        interrupts = audio.barge_in == "voice" or cause is Cause.BUTTON
        return self.stop(turns, now) if interrupts else (self, ())

    def stop(self, turns: TurnTaking, now: float) -> Step[PlaybackState]:
        """Silence at once, also of what has not sounded yet."""
        if self.since is None and not turns.sound_awaited:
            return self, ()
        state = replace(self, since=None, interrupted=True)
        return state, [cues.SoundMissing(), StopPlayback(), cues.VoiceSilent(now)]

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
        return replace(self, volume=volume), [SetVolume(volume)]

    # -------------------------------------------------------------- the clock

    def deadline(self, audio: AudioOptions) -> float | None:
        """Return when :meth:`on_time` is due, or None."""
        return None if self.since is None else self.since + audio.longest_answer_s

    def on_time(self, turns: TurnTaking, audio: AudioOptions, now: float) -> Step[PlaybackState]:
        """Stop sound that never ends: it would keep the microphone held for good."""
        deadline = self.deadline(audio)
        if deadline is None or now < deadline:
            return self, ()
        state, stopped = self.stop(turns, now)
        report = f"an answer was stopped: it sounded for {audio.longest_answer_s:g} s"
        return state, [LogLine(report, warning=True), *stopped]

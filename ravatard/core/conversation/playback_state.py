"""Whether the avatar is heard: what is played, what stops it, and what that means for the microphone."""

from __future__ import annotations

from ravatard.core import actions as act
from ravatard.core import events as ev
from ravatard.core.conversation.earcon_policy import EarconPolicy
from ravatard.core.conversation.microphone_state import MicrophoneState
from ravatard.core.conversation.service_state import ServiceState
from ravatard.core.conversation.transitions import TalkCue
from ravatard.core.conversation.turn_taking import TurnTaking
from ravatard.core.indication import Show
from ravatard.core.options.conversation import ConversationOptions
from ravatard.core.states import Cause, TalkState, VoiceSource

#: A file has to be found, fetched and decoded; who waits longer than that need not see "thinking" any more.
FILE_SOUND_S = 15.0
#: The live voice comes about when its text does.
STREAM_SOUND_S = 2.0


class PlaybackState:
    """Follows the speaker, not the service: SPEAKING is what is heard. Times are seconds of the loop's clock.

    Attributes:
        options: may be replaced while running.
        since: since when the avatar is heard, or None.
        volume: percent of full.
        streaming: the live voice arrives.
    """

    def __init__(
        self,
        options: ConversationOptions,
        standing: ServiceState,
        turns: TurnTaking,
        listening: MicrophoneState,
        signals: EarconPolicy,
        out: list[act.Action | Show],
    ) -> None:
        """``out``: the list that actions are added to."""
        self.options = options
        self.since: float | None = None
        self.volume = options.means.volume
        self.streaming = False
        self._gave_up = False
        self._standing = standing
        self._turns = turns
        self._listening = listening
        self._signals = signals
        self._out = out

    # -------------------------------------------------------------- what the speaker does

    def started(self, now: float, *, pressed: bool) -> None:
        """The avatar is about to be heard; ``pressed``: who presses the button is listened to."""
        self.since = now if self.since is None else self.since
        self._listening.sounds()
        self._turns.cue(TalkCue.SOUNDED)
        self._turns.sound_came()
        if (
            self._turns.talk is TalkState.SPEAKING
            and self.options.means.audio.echo == "half-duplex"
            and not pressed
        ):
            self._listening.hold()

    def ended(self, at: float, now: float) -> None:
        """The last of it left the converter at ``at``."""
        self.since = None
        self._standing.active_at = now
        self._turns.cue(TalkCue.SILENT)
        self._listening.silent(at, self.options.means.audio.tail_ms / 1000)

    def closed(self, now: float, *, pressed: bool) -> None:
        """Somebody spoke while the avatar was heard, and is done: now it must not hear itself."""
        if self.since is not None and self._turns.talk is not TalkState.LISTENING:
            self.started(now, pressed=pressed)

    def lost(self, reason: str, now: float) -> None:
        """The speaker is gone: nobody is heard any more, and nobody would tell."""
        self._out.append(act.LogLine(f"no speaker: {reason}", warning=True))
        if self.since is not None:
            self.ended(now, now)

    # -------------------------------------------------------------- what is to be heard

    def answered(self, event: ev.Answered, turn: int, now: float) -> None:
        """An answer to turn ``turn`` came: play it, or wait for its sound. Nobody is interrupted."""
        if event.self_heard:
            self.stop(now)
            self._out.append(act.LogLine("the avatar heard itself; that answer is not played", warning=True))
            return
        if self._turns.talk is TalkState.LISTENING or not self.options.means.speaks:
            return
        capabilities = self._standing.capabilities
        source = capabilities.voice if capabilities is not None else VoiceSource.ELSEWHERE
        if source is VoiceSource.ANSWER and (event.file_url or event.sound):
            self._out.append(act.PlayAnswer(turn, event.file_url, event.sound))
            self._turns.await_sound(now + FILE_SOUND_S)
        elif source is VoiceSource.STREAM and self.since is not None:
            # It goes straight on from what is heard already: the speaker will not tell that it began.
            self._turns.cue(TalkCue.SOUNDED)
        elif source is VoiceSource.STREAM and self.streaming:
            self._turns.await_sound(now + STREAM_SOUND_S)

    def unplayable(self, reason: str) -> None:
        """The sound of an answer cannot be had: the light says so no longer, and the log why."""
        self._turns.no_sound()
        self._out.append(act.LogLine(f"an answer cannot be played: {reason}", warning=True))
        self._signals.failed()

    def opened(self, cause: Cause, now: float) -> None:
        """Somebody begins to speak."""
        if self.options.means.audio.barge_in == "voice" or cause is Cause.BUTTON:
            self.stop(now)

    def stop(self, now: float) -> None:
        """Silence at once, also of what has not sounded yet."""
        if self.since is not None or self._turns.sound_awaited:
            self.since = None
            self._turns.no_sound()
            self._out.append(act.StopPlayback())
            self._turns.cue(TalkCue.SILENT)
            self._listening.silent(now, self.options.means.audio.tail_ms / 1000)

    def voice_online(self) -> None:
        """The live voice arrives."""
        if not self.streaming:
            self._out.append(act.LogLine("the avatar's live voice arrives"))
        self.streaming = True
        self._gave_up = False

    def voice_offline(self, event: ev.VoiceOffline, now: float) -> None:
        """The live voice does not arrive. When that is hopeless the session is of no use to anybody."""
        self.streaming = False
        if event.is_trouble:
            self._out.append(act.LogLine(f"no live voice: {event.reason}", warning=True))
        if event.hopeless and self._turns.turn is None and not self._gave_up:
            # Once: a stream that nobody can have must not buy one session after the other.
            self._gave_up = True
            self._standing.end_session("its voice cannot be had", now)

    def volume_asked(self, event: ev.VolumeAsked) -> None:
        """Louder or softer."""
        self.volume = max(0, min(100, event.percent + (self.volume if event.relative else 0)))
        self._out.append(act.SetVolume(self.volume))

    # -------------------------------------------------------------- the clock

    @property
    def deadline(self) -> float | None:
        """When :meth:`on_time` is due, or None."""
        return None if self.since is None else self.since + self.options.means.audio.longest_answer_s

    def on_time(self, now: float) -> None:
        """Stop what sounds for ever: it would keep the microphone held, and us deaf."""
        if self.deadline is not None and now >= self.deadline:
            longest_s = self.options.means.audio.longest_answer_s
            self._out.append(
                act.LogLine(f"an answer was stopped: it sounded for {longest_s:g} s", warning=True)
            )
            self.stop(now)

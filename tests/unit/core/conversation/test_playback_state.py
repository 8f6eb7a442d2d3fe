"""What is heard, what stops it, and what the microphone does meanwhile."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from ravatard.core import actions as act
from ravatard.core import events as ev
from ravatard.core.conversation.playback_state import FILE_SOUND_S, STREAM_SOUND_S
from ravatard.core.conversation.turn_taking import OTHER_MODE_S
from ravatard.core.indication import Look
from ravatard.core.options.audio import AudioOptions
from ravatard.core.options.conversation import ConversationOptions
from ravatard.core.options.equipment import Equipment
from ravatard.core.options.quiet import QuietOptions
from ravatard.core.states import (
    Cause,
    CloseReason,
    Earcon,
    MicrophoneStatus,
    Refusal,
    SessionState,
    TalkState,
    TurnOutcome,
    VoiceSource,
)
from tests.unit.core.conversation.test_conversation import CAPABILITIES, CHUNK, OPTIONS, Talker, of, outcomes

ALOUD = replace(OPTIONS, equipment=Equipment(speaks=True))


def aloud(**means: Any) -> ConversationOptions:
    return replace(OPTIONS, equipment=Equipment(**{"speaks": True, **means}))


CHAT = replace(CAPABILITIES, streams_audio=False, needs_session=False, voice=VoiceSource.ANSWER)
LIVE = replace(CAPABILITIES, voice=VoiceSource.STREAM)
URL = "https://files.example/answer.wav"


def in_chat(options: AudioOptions | None = None) -> Talker:
    talker = Talker(aloud(audio=options or AudioOptions()))
    talker.happens(ev.LinkOnline(CHAT))
    return talker


def in_live_mode(options: AudioOptions | None = None) -> Talker:
    talker = Talker(aloud(audio=options or AudioOptions()))
    talker.happens(ev.LinkOnline(LIVE), ev.VoiceOnline())
    return talker


def sounds(talker: Talker) -> None:
    talker.happens(ev.PlaybackStarted(talker.now))


# ---------------------------------------------------------------- a service that does not stream


def test_an_utterance_goes_out_whole_when_it_is_over() -> None:
    talker = in_chat()
    first, second = b"\1\0" * 4096, b"\2\0" * 100

    talker.opens()
    before = talker.chunk(first) + talker.chunk(second)
    read_at = talker.now
    talker.passes(0.2)
    after = talker.closes()

    assert of(act.SendAudio, before + after) == []
    assert of(act.SendUtterance, after) == [act.SendUtterance(1, first + second, read_at)]
    assert of(act.StartSession, before + after) == []


@pytest.mark.parametrize(("speaks", "prepared"), [(True, 1), (False, 0)])
def test_the_decoder_is_prepared_for_the_answer_that_is_awaited_where_there_is_a_speaker(
    speaks: bool, prepared: int
) -> None:
    talker = Talker(aloud(speaks=speaks))
    talker.happens(ev.LinkOnline(CHAT))

    assert len(of(act.PrepareDecoder, talker.says())) == prepared


def test_no_silence_follows_an_utterance_that_went_out_whole() -> None:
    talker = in_chat()
    talker.says()

    assert of(act.SendAudio, talker.passes(10.0)) == []


def test_an_utterance_in_which_nothing_was_said_is_not_sent() -> None:
    talker = in_chat()
    talker.opens(Cause.BUTTON)
    talker.chunk()

    assert of(act.SendUtterance, talker.closes(CloseReason.NO_SPEECH)) == []


def test_it_is_told_as_one_message() -> None:
    talker = in_chat()
    talker.says(chunks=3)
    talker.happens(ev.MessageSent(1, talker.now, talker.now))

    (over,) = of(act.TurnEnded, talker.answers())

    assert over.summary.messages == 1
    assert over.summary.spoken_ms == pytest.approx(3 * 256.0)


def test_before_the_service_was_reached_the_configuration_says_whether_it_streams() -> None:
    talker = Talker(aloud(streams=False), online=False)
    talker.opens()
    talker.chunk()

    assert of(act.SendUtterance, talker.closes()) == [act.SendUtterance(1, CHUNK, talker.now)]


def test_after_an_interruption_the_live_voice_is_played_again_with_the_next_answer() -> None:
    talker = in_live_mode()
    sounds(talker)
    talker.opens(Cause.BUTTON)
    talker.chunk()
    talker.happens(ev.MessageSent(1, talker.now, talker.now))
    assert of(act.ResumeVoice, talker.closes(CloseReason.RELEASED)) == []

    assert of(act.ResumeVoice, talker.answers()) == [act.ResumeVoice()]

    assert of(act.ResumeVoice, talker.says()) == []


def test_another_stream_has_nothing_of_an_interrupted_answer() -> None:
    talker = in_live_mode()
    sounds(talker)
    talker.happens(ev.ButtonPressed(talker.now), ev.VoiceOnline())

    assert not talker.hub.state.playback.interrupted


# ---------------------------------------------------------------- a service that is busy in one mode

AUTO = aloud(other_mode=True)


def refused_in_live_mode(options: ConversationOptions = AUTO) -> Talker:
    talker = Talker(options)
    talker.opens()
    talker.chunk()
    talker.happens(ev.SessionRefused(Refusal.BUSY, "all are busy"))
    return talker


def test_words_for_a_busy_service_go_out_whole_in_the_other_mode() -> None:
    talker = refused_in_live_mode()
    more = talker.chunk()
    more += talker.closes() + talker.passes(3.0)

    actions = talker.happens(ev.LinkOnline(CHAT))

    assert [one for one in more if isinstance(one, act.SendAudio | act.SendUtterance)] == []
    (sent,) = of(act.SendUtterance, actions)
    assert sent.pcm == CHUNK * 2
    talker.happens(ev.MessageSent(1, talker.now, talker.now), ev.Answered("Hello."))
    assert outcomes(talker) == [TurnOutcome.ANSWERED]


def test_words_still_being_said_go_out_when_they_are_over() -> None:
    talker = refused_in_live_mode()
    talker.happens(ev.LinkOnline(CHAT))
    talker.chunk()

    (sent,) = of(act.SendUtterance, talker.closes())

    assert sent.pcm == CHUNK * 2


def test_text_for_a_busy_service_goes_out_in_the_other_mode() -> None:
    talker = Talker(AUTO)
    talker.happens(ev.TextGiven("Hello"), ev.SessionRefused(Refusal.BUSY, "all are busy"))

    assert of(act.SendText, talker.happens(ev.LinkOnline(CHAT))) == [act.SendText(1, "Hello")]


def test_text_that_joins_what_waits_goes_out_with_it_once() -> None:
    talker = refused_in_live_mode()

    waiting = talker.happens(ev.TextGiven("and this"))
    sent = talker.happens(ev.LinkOnline(CHAT)) + talker.chunk() + talker.closes()

    assert of(act.SendText, waiting) == []
    assert of(act.SendText, sent) == [act.SendText(1, "and this")]


def test_a_link_in_the_same_mode_sends_nothing_that_waits_for_another() -> None:
    talker = refused_in_live_mode()
    talker.closes()

    assert of(act.SendUtterance, talker.happens(ev.LinkOnline(LIVE))) == []


def test_another_mode_is_not_waited_for_for_ever() -> None:
    talker = refused_in_live_mode()
    talker.closes()

    talker.passes(OTHER_MODE_S + 0.1)

    assert outcomes(talker) == [TurnOutcome.CANCELLED]


def test_without_another_mode_a_busy_service_costs_the_turn() -> None:
    assert outcomes(refused_in_live_mode(ALOUD)) == [TurnOutcome.CANCELLED]


def test_a_refusal_that_comes_when_no_session_is_needed_any_more_costs_nothing() -> None:
    talker = Talker(ALOUD)
    talker.opens()
    talker.chunk()
    talker.closes()
    talker.happens(ev.LinkOnline(CHAT))

    actions = talker.happens(ev.SessionRefused(Refusal.BUSY, "all are busy"))

    assert len(of(act.SendUtterance, actions)) == 1
    assert talker.hub.session is SessionState.NONE


def test_a_refusal_after_everybody_left_is_no_trouble() -> None:
    talker = Talker(AUTO)

    talker.happens(ev.SessionRefused(Refusal.BUSY, "all are busy"))

    assert talker.look() is Look.READY


def test_words_begun_in_chat_mode_go_out_whole_also_when_a_session_is_needed_by_then() -> None:
    talker = in_chat()
    talker.opens()
    talker.chunk()
    talker.happens(ev.LinkOnline(LIVE))

    actions = talker.closes()

    assert of(act.StartSession, actions) == [act.StartSession(1)]
    assert len(of(act.SendUtterance, actions)) == 1


def test_a_session_that_is_not_needed_in_this_mode_is_ended() -> None:
    talker = Talker(ALOUD)
    talker.says()
    talker.answers()

    assert len(of(act.EndSession, talker.happens(ev.LinkOnline(CHAT)))) == 1


# ---------------------------------------------------------------- answers that bring their sound


def test_the_file_of_an_answer_is_played_and_the_avatar_thinks_until_it_sounds() -> None:
    talker = in_chat()
    talker.says()
    talker.happens(ev.MessageSent(1, talker.now, talker.now))

    actions = talker.happens(ev.Answered("Hello.", file_url=URL))

    assert of(act.PlayAnswer, actions) == [act.PlayAnswer(1, URL)]
    assert outcomes(talker) == [TurnOutcome.ANSWERED]
    assert talker.look() is Look.THINKING
    sounds(talker)
    assert talker.look() is Look.SPEAKING


def test_a_file_that_never_sounds_is_not_waited_for_for_ever() -> None:
    talker = in_chat()
    talker.happens(ev.Answered("Hello.", sound=b"RIFF"))

    talker.passes(FILE_SOUND_S + 0.1)

    assert talker.look() is Look.READY


def test_an_answer_that_cannot_be_played_is_told_and_the_avatar_is_ready_again() -> None:
    talker = in_chat()
    talker.happens(ev.Answered("Hello.", file_url=URL))

    actions = talker.happens(ev.AnswerUnplayable(0, "it is no sound."))

    assert [told.text for told in of(act.LogLine, actions)] == ["an answer cannot be played: it is no sound."]
    assert of(act.PlayEarcon, actions) == [act.PlayEarcon(Earcon.ERROR)]
    assert talker.look() is Look.READY


def test_an_unplayable_answer_does_not_end_the_next_turn() -> None:
    talker = in_chat()
    talker.happens(ev.Answered("Hello.", file_url=URL))
    talker.says()

    talker.happens(ev.AnswerUnplayable(0, "it is no sound."))

    assert talker.talk() is TalkState.THINKING


def test_an_answer_of_words_alone_needs_no_sound() -> None:
    talker = in_chat()

    assert of(act.PlayAnswer, talker.answers()) == []
    assert talker.look() is Look.READY


def test_who_speaks_is_not_interrupted_by_a_late_answer() -> None:
    talker = in_chat()
    talker.opens()

    assert of(act.PlayAnswer, talker.happens(ev.Answered("Hello.", file_url=URL))) == []


def test_without_a_speaker_nothing_is_played() -> None:
    talker = Talker(aloud(speaks=False))
    talker.happens(ev.LinkOnline(CHAT))

    assert of(act.PlayAnswer, talker.happens(ev.Answered("Hello.", file_url=URL))) == []


def test_a_message_with_a_file_is_not_played_beside_the_live_voice() -> None:
    talker = in_live_mode()

    assert of(act.PlayAnswer, talker.happens(ev.Answered("Hello.", file_url=URL))) == []


def test_an_answer_that_goes_on_from_one_that_is_heard_is_heard() -> None:
    talker = in_live_mode()
    talker.answers()
    sounds(talker)
    talker.happens(ev.TextGiven("And now?"))

    talker.answers()
    talker.passes(STREAM_SOUND_S + 0.1)
    assert talker.talk() is TalkState.SPEAKING
    talker.happens(ev.PlaybackEnded(talker.now))

    assert talker.talk() is TalkState.IDLE


def test_the_live_voice_is_awaited_only_while_it_arrives() -> None:
    talker = in_live_mode()
    talker.says()
    talker.answers()
    assert talker.look() is Look.THINKING
    talker.passes(STREAM_SOUND_S + 0.1)
    assert talker.look() is Look.READY

    talker.happens(ev.VoiceOffline("the stream broke"))
    talker.answers()

    assert talker.look() is Look.READY


# ---------------------------------------------------------------- self-hearing


def test_what_the_avatar_said_itself_is_not_answered_aloud() -> None:
    talker = in_chat()
    talker.says()
    talker.happens(ev.MessageSent(1, talker.now, talker.now))

    actions = talker.happens(ev.Answered("Hello.", file_url=URL, self_heard=True))

    assert of(act.PlayAnswer, actions) == []
    assert outcomes(talker) == [TurnOutcome.SELF_HEARD]


def test_half_duplex_holds_the_microphone_until_the_tail_after_the_converter() -> None:
    talker = in_chat()
    sounds(talker)
    assert talker.microphone() is MicrophoneStatus.HELD

    talker.now += 5.0
    talker.happens(ev.PlaybackEnded(talker.now - 0.1))
    talker.passes(0.19)
    assert talker.microphone() is MicrophoneStatus.HELD
    talker.passes(0.02)

    assert talker.microphone() is MicrophoneStatus.OPEN


def test_without_half_duplex_the_microphone_stays_open() -> None:
    talker = in_chat(AudioOptions(echo="off"))

    sounds(talker)

    assert talker.microphone() is MicrophoneStatus.OPEN
    assert talker.look() is Look.SPEAKING


def test_a_person_who_spoke_into_the_answer_leaves_the_microphone_held_afterwards() -> None:
    talker = in_chat()
    talker.opens()
    sounds(talker)
    assert talker.microphone() is MicrophoneStatus.OPEN

    talker.closes()

    assert talker.microphone() is MicrophoneStatus.HELD


@pytest.mark.parametrize(
    "gone",
    [
        (ev.MicrophoneLost("unplugged"), ev.MicrophoneReady("usb")),
        (ev.MuteAsked(True), ev.MicrophoneClosed(), ev.MuteAsked(False), ev.MicrophoneReady("usb")),
    ],
)
def test_a_microphone_that_was_away_while_the_avatar_spoke_is_listened_to_afterwards(
    gone: tuple[ev.Event, ...],
) -> None:
    talker = in_chat()
    sounds(talker)
    talker.happens(*gone[:-1])

    talker.happens(ev.PlaybackEnded(talker.now))
    actions = talker.passes(0.5)
    talker.happens(gone[-1])

    assert of(act.Hold, actions) == [act.Hold(False)]
    assert talker.microphone() is MicrophoneStatus.OPEN


def test_a_microphone_that_comes_back_while_the_avatar_speaks_is_held() -> None:
    talker = in_chat()
    sounds(talker)

    talker.happens(ev.MicrophoneLost("unplugged"), ev.MicrophoneReady("usb"))

    assert talker.microphone() is MicrophoneStatus.HELD


def test_while_the_button_is_down_the_microphone_is_not_held() -> None:
    talker = in_chat()
    talker.happens(ev.ButtonPressed(talker.now))

    sounds(talker)

    assert talker.microphone() is MicrophoneStatus.OPEN


# ---------------------------------------------------------------- interrupting


def test_a_press_silences_the_answer_and_opens_the_microphone_at_once() -> None:
    talker = in_chat()
    sounds(talker)

    actions = talker.happens(ev.ButtonPressed(talker.now))

    assert of(act.StopPlayback, actions) == [act.StopPlayback()]
    assert of(act.Hold, actions) == [act.Hold(False)]
    assert talker.microphone() is MicrophoneStatus.OPEN


def test_a_press_also_stops_an_answer_that_has_not_sounded_yet() -> None:
    talker = in_chat()
    talker.happens(ev.Answered("Hello.", file_url=URL))

    assert of(act.StopPlayback, talker.happens(ev.ButtonPressed(talker.now))) == [act.StopPlayback()]


def test_a_press_into_silence_stops_nothing() -> None:
    talker = in_chat()

    assert of(act.StopPlayback, talker.happens(ev.ButtonPressed(talker.now))) == []


@pytest.mark.parametrize(
    ("audio", "stopped"),
    [(AudioOptions(echo="off", barge_in="voice"), 1), (AudioOptions(echo="off", barge_in="button"), 0)],
)
def test_a_voice_interrupts_only_where_it_may(audio: AudioOptions, stopped: int) -> None:
    talker = in_chat(audio)
    sounds(talker)

    assert len(of(act.StopPlayback, talker.opens(Cause.VOICE))) == stopped


def test_an_answer_that_sounds_for_ever_does_not_keep_us_deaf() -> None:
    talker = in_chat(AudioOptions(longest_answer_s=60.0))
    sounds(talker)

    actions = talker.passes(60.5)

    assert of(act.StopPlayback, actions) == [act.StopPlayback()]
    assert talker.microphone() is MicrophoneStatus.OPEN


def test_a_speaker_that_is_lost_in_mid_answer_leaves_nobody_speaking() -> None:
    talker = in_chat()
    sounds(talker)

    talker.happens(ev.SpeakerLost("unplugged"))
    talker.passes(0.4)

    assert talker.look() is Look.READY
    assert talker.microphone() is MicrophoneStatus.OPEN


def test_a_speaker_that_is_lost_in_silence_is_told() -> None:
    talker = in_chat()

    (told,) = of(act.LogLine, talker.happens(ev.SpeakerLost("unplugged")))

    assert told == act.LogLine("no speaker: unplugged", warning=True)


# ---------------------------------------------------------------- the live voice


def test_a_live_voice_that_cannot_be_had_ends_the_session() -> None:
    talker = in_live_mode()
    talker.says()
    talker.answers()

    actions = talker.happens(ev.VoiceOffline("it broke again", hopeless=True))

    assert len(of(act.EndSession, actions)) == 1
    assert talker.hub.session is SessionState.NONE


def test_a_live_voice_that_ends_with_its_session_is_not_complained_of() -> None:
    talker = in_live_mode()

    assert of(act.LogLine, talker.happens(ev.VoiceOffline(ev.SESSION_OVER))) == []
    assert len(of(act.LogLine, talker.happens(ev.VoiceOnline(), ev.VoiceOffline("it broke")))) == 2


def test_a_voice_that_nobody_can_have_does_not_buy_one_session_after_the_other() -> None:
    talker = in_live_mode()
    for _ in range(3):
        talker.says()
        talker.answers()
        talker.happens(ev.VoiceOffline("it broke again", hopeless=True))
    ended = [action for _, action in talker.log if isinstance(action, act.EndSession)]
    assert len(ended) == 1

    talker.happens(ev.VoiceOnline(), ev.VoiceOffline("it broke again", hopeless=True))

    assert talker.hub.session is SessionState.NONE


def test_a_live_voice_that_cannot_be_had_does_not_cut_off_a_turn() -> None:
    talker = in_live_mode()
    talker.says()

    assert of(act.EndSession, talker.happens(ev.VoiceOffline("it broke again", hopeless=True))) == []


def test_that_the_live_voice_arrives_is_told_once() -> None:
    talker = Talker(ALOUD)

    told = of(act.LogLine, talker.happens(ev.VoiceOnline(), ev.VoiceOnline()))

    assert [one.text for one in told] == ["the avatar's live voice arrives"]


# ---------------------------------------------------------------- volume


@pytest.mark.parametrize(
    ("asked", "percent"),
    [
        (ev.VolumeAsked(40), 40),
        (ev.VolumeAsked(-10, relative=True), 70),
        (ev.VolumeAsked(50, relative=True), 100),
        (ev.VolumeAsked(-5), 0),
    ],
)
def test_the_volume_is_set_within_its_limits(asked: ev.VolumeAsked, percent: int) -> None:
    talker = Talker(aloud(volume=80))

    assert of(act.SetVolume, talker.happens(asked)) == [act.SetVolume(percent)]
    assert talker.hub.volume == percent


# ---------------------------------------------------------------- earcons


def earcons(talker: Talker) -> list[Earcon]:
    return [action.earcon for _, action in talker.log if isinstance(action, act.PlayEarcon)]


def test_a_press_is_answered_when_listening_begins_and_when_it_is_over() -> None:
    talker = in_chat()
    talker.opens(Cause.BUTTON)
    talker.chunk()
    talker.closes(CloseReason.RELEASED)

    assert earcons(talker) == [Earcon.LISTENING, Earcon.SENT]


def test_a_voice_is_answered_by_the_light_alone() -> None:
    talker = in_chat()
    talker.says()

    assert earcons(talker) == []


def test_who_presses_while_we_are_offline_hears_that() -> None:
    talker = in_chat()
    talker.happens(ev.LinkOffline("no network.", 5.0))

    talker.opens(Cause.BUTTON)

    assert earcons(talker) == [Earcon.OFFLINE]


def test_words_that_are_lost_are_told_once_until_something_works_again() -> None:
    talker = in_chat()
    for _ in range(3):
        talker.says()
        talker.happens(ev.MessageSent(talker.hub.state.turns.count, talker.now, talker.now))
        talker.passes(31.0)
    assert outcomes(talker) == [TurnOutcome.UNANSWERED] * 3
    assert earcons(talker) == [Earcon.ERROR]

    talker.says()
    talker.happens(ev.MessageSent(4, talker.now, talker.now))
    talker.answers()
    talker.says()
    talker.happens(ev.MessageSent(5, talker.now, talker.now))
    talker.passes(31.0)

    assert earcons(talker) == [Earcon.ERROR, Earcon.ERROR]


def test_words_too_old_to_be_sent_are_told_of() -> None:
    talker = in_chat()
    talker.happens(ev.LinkOffline("no network.", 5.0))
    talker.says()
    talker.says()

    talker.passes(31.0)

    assert earcons(talker) == [Earcon.ERROR]


def test_without_money_it_sounds_like_that() -> None:
    talker = Talker(ALOUD)
    talker.opens()
    talker.happens(ev.SessionRefused(Refusal.MONEY, "no money"))

    assert earcons(talker) == [Earcon.NO_MONEY]


def test_who_presses_and_is_refused_hears_why() -> None:
    for refusal, earcon in ((Refusal.MONEY, Earcon.NO_MONEY), (Refusal.DENIED, Earcon.ERROR)):
        talker = Talker(ALOUD)
        talker.happens(ev.LinkDenied("no", refusal))
        talker.opens(Cause.BUTTON)
        talker.opens(Cause.VOICE)

        assert earcons(talker) == [earcon]


def test_muting_and_unmuting_sound_different() -> None:
    talker = Talker(ALOUD)

    talker.happens(ev.MuteAsked(True), ev.MuteAsked(True), ev.MuteAsked(False))

    assert earcons(talker) == [Earcon.MUTED, Earcon.LISTENING]


def test_who_mutes_in_mid_word_wants_that() -> None:
    talker = Talker(ALOUD)
    talker.opens()

    talker.happens(ev.MuteAsked(True))

    assert earcons(talker) == [Earcon.MUTED]


def test_earcons_can_be_off() -> None:
    talker = Talker(aloud(earcons=False))

    talker.happens(ev.MuteAsked(True))

    assert earcons(talker) == []


# ---------------------------------------------------------------- quiet hours


QUIET = QuietOptions("22:00", "7:00", brightness=5, volume=30)


def at_night(quiet: QuietOptions = QUIET, **means: Any) -> Talker:
    return Talker(aloud(**{"volume": 80, "quiet": quiet, **means}))


def test_quiet_hours_lower_the_volume_and_dim_the_lights_and_leave_all_as_it_was() -> None:
    talker = at_night()

    begun = talker.happens(ev.QuietChanged(True))
    assert of(act.SetVolume, begun) == [act.SetVolume(30, lasting=False)]
    assert talker.hub.indication.brightness == 5

    over = talker.happens(ev.QuietChanged(False))
    assert of(act.SetVolume, over) == [act.SetVolume(80, lasting=False)]
    assert talker.hub.indication.brightness == 100


def test_a_volume_that_is_lower_already_stays() -> None:
    talker = at_night(volume=20)

    assert of(act.SetVolume, talker.happens(ev.QuietChanged(True))) == []
    assert of(act.SetVolume, talker.happens(ev.QuietChanged(False))) == []
    assert talker.hub.volume == 20


def test_a_volume_that_is_set_in_quiet_hours_holds_until_they_end_and_survives_no_restart() -> None:
    talker = at_night()
    talker.happens(ev.QuietChanged(True))

    assert of(act.SetVolume, talker.happens(ev.VolumeAsked(50))) == [act.SetVolume(50, lasting=False)]
    assert talker.hub.volume == 50
    talker.happens(ev.QuietChanged(False))

    assert talker.hub.volume == 80
    assert of(act.SetVolume, talker.happens(ev.VolumeAsked(50))) == [act.SetVolume(50)]


def test_what_is_told_twice_counts_once() -> None:
    talker = at_night()
    talker.happens(ev.QuietChanged(True))

    assert talker.happens(ev.QuietChanged(True)) == []
    talker.happens(ev.QuietChanged(False))
    assert talker.happens(ev.QuietChanged(False)) == []


def test_earcons_are_silent_in_quiet_hours_unless_they_are_wanted() -> None:
    for wanted in (False, True):
        talker = at_night(replace(QUIET, earcons=wanted))
        talker.happens(ev.LinkOnline(CHAT), ev.QuietChanged(True))

        talker.happens(ev.MuteAsked(True))
        assert earcons(talker) == ([Earcon.MUTED] if wanted else [])
        talker.happens(ev.QuietChanged(False), ev.MuteAsked(False))
        assert earcons(talker)[-1:] == [Earcon.LISTENING]


def test_another_limit_holds_at_once_unless_the_user_has_set_the_volume() -> None:
    for asked, heard in ((None, 10), (50, 50)):
        talker = at_night()
        talker.happens(ev.QuietChanged(True))
        if asked is not None:
            talker.happens(ev.VolumeAsked(asked))

        louder = aloud(volume=80, quiet=replace(QUIET, volume=10, brightness=1))
        talker.happens(ev.OptionsChanged(louder))

        assert (talker.hub.volume, talker.hub.indication.brightness) == (heard, 1)
        talker.happens(ev.QuietChanged(False))
        assert talker.hub.volume == 80

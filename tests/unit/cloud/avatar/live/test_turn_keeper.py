"""Turns on a session's socket: evidence, parrots, words, errors and the ends of answers."""

from __future__ import annotations

import base64
import struct

import pytest

from ravatard.cloud.avatar.events import AudioPiece, AvatarStatus, ChatWords, ErrorSaid, StatusNow
from ravatard.cloud.avatar.live.answer_tracker import AnswerTracker
from ravatard.cloud.avatar.live.answer_voice import PREFILL_S
from ravatard.cloud.avatar.live.learned import EVIDENCE_S, Learned, SocketOrder, SpeakOrder, paths_of
from ravatard.cloud.avatar.live.turn_keeper import TurnKeeper
from ravatard.cloud.avatar.options import AvatarOptions
from ravatard.cloud.avatar.refusals import SessionVanished
from ravatard.cloud.avatar.turns.microphone_path import MicrophonePath
from ravatard.cloud.avatar.turns.sound_side import SoundFrom, SoundSide
from ravatard.cloud.option_groups import CloudOptions
from ravatard.cloud.speech_to_text.options import SpeechToTextOptions
from ravatard.core.events import Answered, ServiceHearing, ServiceMessage, StreamBroke, TurnFailed
from ravatard.errors import AuthError
from tests.unit.cloud.avatar.world import PieceSink

SPEAKING = StatusNow(AvatarStatus.SPEAKING, "speaking")
IDLE = StatusNow(AvatarStatus.IDLE, "idle")


def piece(seconds: float) -> AudioPiece:
    return AudioPiece(base64.b64encode(b"\x10\x20" * round(24_000 * seconds)).decode(), seconds, 24_000)


class Kept:
    """A keeper, what it told and ordered, and a sink."""

    def __init__(self, *paths: MicrophonePath, sound: SoundFrom = SoundFrom.AUTO) -> None:
        self.said: list[ServiceMessage] = []
        self.orders: list[SocketOrder | SpeakOrder] = []
        self.slowed: list[float] = []
        self.sink = PieceSink()
        learned = Learned(AvatarOptions(), paths or (MicrophonePath.SOCKET,))
        self.keeper = TurnKeeper(
            learned, SoundSide(sound), self.said.append, self.orders.append, self.slowed.append
        )
        self.keeper.answers.voice.sink = self.sink


async def test_sound_without_words_is_an_answer_when_it_is_over() -> None:
    kept = Kept()
    kept.keeper.asked_in_writing(0.0)

    await kept.keeper.take(SPEAKING, 1.0)
    await kept.keeper.take(piece(1.0), 1.1)
    during = list(kept.said)
    await kept.keeper.take(IDLE, 2.0)
    kept.keeper.on_time(2.6)

    assert during == []
    assert kept.said == [Answered("", "")]
    assert (kept.sink.seconds, kept.sink.ended) == ([1.0], 1)


async def test_words_of_the_user_come_with_the_answer() -> None:
    kept = Kept()
    kept.keeper.utterance_began(0.0)
    kept.keeper.utterance_ended(2.0, 2.0)

    await kept.keeper.take(ChatWords(True, "what time"), 2.5)
    await kept.keeper.take(ChatWords(False, "It is noon."), 3.0)

    assert kept.said == [Answered("It is noon.", "what time")]
    assert kept.keeper.learned.understands
    assert kept.keeper.learned.trial.proven


async def test_a_parrot_is_cut_off_and_its_path_left() -> None:
    kept = Kept(MicrophonePath.SOCKET, MicrophonePath.TRACK)
    kept.keeper.utterance_began(0.0)
    kept.keeper.utterance_ended(3.0, 3.0)

    for number in range(6):
        await kept.keeper.take(piece(0.5), 3.1 + number * 0.1)
    kept.keeper.on_time(4.0)
    kept.keeper.on_time(10.0)

    assert kept.sink.seconds == [pytest.approx(0.5, abs=0.01)]
    assert kept.orders == [SocketOrder.INTERRUPT]
    assert kept.keeper.learned.trial.path is MicrophonePath.TRACK
    assert [type(one) for one in kept.said] == [TurnFailed]


async def test_two_turns_without_evidence_leave_the_path_and_a_third_way_is_deaf() -> None:
    kept = Kept(MicrophonePath.SOCKET, MicrophonePath.TRACK)
    for number in range(4):
        at = number * 100.0
        kept.keeper.utterance_began(at)
        kept.keeper.utterance_ended(at + 3.0, 3.0)
        due = kept.keeper.due()
        assert due == at + 3.0 + EVIDENCE_S
        kept.keeper.on_time(due)
    await kept.keeper.take(SPEAKING, 400.0)

    assert [(one.deaf, "track" in one.reason) for one in kept.said if isinstance(one, ServiceHearing)] == [
        (True, True),
        (False, False),
    ]


@pytest.mark.parametrize("waited_s", [3.0, 5.0, 14.9])
@pytest.mark.parametrize("how", ["session", "voice", "writing"])
async def test_a_turn_that_is_cut_short_without_evidence_was_not_heard(how: str, waited_s: float) -> None:
    kept = Kept(MicrophonePath.SOCKET, MicrophonePath.TRACK)
    for number in range(4):
        at = number * 100.0
        kept.keeper.utterance_began(at)
        kept.keeper.utterance_ended(at + 3.0, 3.0)
        match how:
            case "session":
                kept.keeper.session_over(at + 3.0 + waited_s, ours=True)
            case "voice":
                kept.keeper.utterance_began(at + 3.0 + waited_s)
            case _:
                kept.keeper.asked_in_writing(at + 3.0 + waited_s)

    assert [one.deaf for one in kept.said if isinstance(one, ServiceHearing)] == [True]


@pytest.mark.parametrize(("waited_s", "ours"), [(0.0, True), (2.9, True), (10.0, False)])
async def test_a_turn_whose_session_broke_or_ended_at_once_says_nothing(waited_s: float, ours: bool) -> None:
    kept = Kept()
    for number in range(6):
        at = number * 100.0
        kept.keeper.utterance_ended(at, 3.0)
        kept.keeper.session_over(at + waited_s, ours=ours)

    assert kept.said == []


async def test_a_service_that_is_still_deaf_is_told_again() -> None:
    kept = Kept()
    for number in range(5):
        kept.keeper.utterance_ended(number * 100.0, 3.0)
        kept.keeper.on_time(number * 100.0 + EVIDENCE_S)

    assert [one.deaf for one in kept.said if isinstance(one, ServiceHearing)] == [True] * 4


async def test_a_cough_that_is_not_answered_says_nothing() -> None:
    kept = Kept(MicrophonePath.SOCKET, MicrophonePath.TRACK)
    for number in range(6):
        kept.keeper.utterance_ended(number * 100.0, 1.0)
        kept.keeper.on_time(number * 100.0 + EVIDENCE_S)

    assert kept.keeper.learned.trial.path is MicrophonePath.SOCKET


async def test_errors_have_their_reactions() -> None:
    kept = Kept()
    kept.keeper.utterance_began(0.0)

    await kept.keeper.take(ErrorSaid("INVALID_STATE", "the avatar is speaking"), 0.5)
    await kept.keeper.take(ErrorSaid("INVALID_STATE", "again"), 0.6)
    await kept.keeper.take(ErrorSaid("RATE_LIMIT_EXCEEDED"), 0.7)
    await kept.keeper.take(ErrorSaid("CAPACITY"), 0.8)
    await kept.keeper.take(ErrorSaid("SOMETHING", "broke"), 0.9)
    await kept.keeper.take(ErrorSaid("BUFFER_EMPTY"), 1.0)

    assert kept.orders == [SocketOrder.LISTEN_AGAIN]
    assert kept.slowed == [0.7]
    assert [type(one) for one in kept.said] == [StreamBroke, TurnFailed]
    with pytest.raises(SessionVanished):
        await kept.keeper.take(ErrorSaid("SESSION_EXPIRED"), 1.1)
    with pytest.raises(AuthError):
        await kept.keeper.take(ErrorSaid("UNAUTHORIZED"), 1.2)


async def test_sound_that_cannot_be_used_twice_is_sent_in_the_other_form() -> None:
    kept = Kept()
    for at in (1.0, 2.0):
        await kept.keeper.take(ErrorSaid("AUDIO_PROCESSING_ERROR", "Failed"), at)

    assert kept.keeper.learned.upload == "wav"


async def test_an_answer_that_is_not_spoken_is_ordered_after_a_second_and_a_half() -> None:
    kept = Kept()
    kept.keeper.asked_in_writing(0.0)
    kept.keeper.answered_in_writing(1.0, "Hello.")

    assert kept.keeper.due() == 2.5
    kept.keeper.on_time(2.5)

    assert kept.orders == [SpeakOrder("Hello.")]
    assert kept.said == [Answered("Hello.", "")]


async def test_the_track_is_played_from_its_beginning_when_nothing_comes_on_the_socket() -> None:
    ends: list[float] = []
    tracker = AnswerTracker(SoundSide(SoundFrom.AUTO), lambda: ends.append(1.0), ends.append)
    tracker.voice.sink = sink = PieceSink()
    loud, quiet = b"\x00\x20" * 960, bytes(1_920)

    for number in range(200):
        at = number / 50
        tracker.track_sound(loud if 10 <= number < 100 else quiet, at)
        tracker.on_time(at)
    tracker.on_time(20.0)

    assert len(sink.answers) == 1
    assert sink.answers[0].count(b"\x00\x20") == 90 * 960
    assert ends == [1.0]


@pytest.mark.parametrize(
    ("microphone", "speech", "paths"),
    [
        ("auto", SpeechToTextOptions(uri="tcp://a:1"), (MicrophonePath.TEXT,)),
        ("socket", SpeechToTextOptions(uri="tcp://a:1"), (MicrophonePath.SOCKET,)),
        ("socket", SpeechToTextOptions(uri="tcp://a:1", use="always"), (MicrophonePath.TEXT,)),
        ("track", SpeechToTextOptions(), (MicrophonePath.TRACK,)),
        ("off", SpeechToTextOptions(), (MicrophonePath.OFF,)),
    ],
)
def test_the_paths_follow_from_the_settings(
    microphone: str, speech: SpeechToTextOptions, paths: tuple[MicrophonePath, ...]
) -> None:
    avatar = AvatarOptions(microphone=microphone)  # type: ignore[arg-type]

    assert paths_of(CloudOptions(avatar=avatar, speech_to_text=speech)) == paths


@pytest.mark.parametrize(
    "code", ["GENERATE_FAILED", "BUSY", "AUDIO_FAILED", "RATE_LIMIT", "EMPTY", "", "my secret is"]
)
async def test_what_an_error_says_in_words_is_told_and_logged_nowhere(
    code: str, caplog: pytest.LogCaptureFixture
) -> None:
    kept = Kept()
    with caplog.at_level("DEBUG"):
        for at in range(3):
            await kept.keeper.take(ErrorSaid(code, "cannot answer 'my secret is 1234'"), float(at))

    assert "secret" not in caplog.text
    assert "secret" not in str([getattr(one, "reason", "") for one in kept.said])


@pytest.mark.parametrize("code", ["SESSION_EXPIRED", "UNAUTHORIZED"])
async def test_an_error_that_ends_the_session_names_its_code_alone(code: str) -> None:
    with pytest.raises((SessionVanished, AuthError)) as raised:
        await Kept().keeper.take(ErrorSaid(code, "my secret is 1234"), 0.0)

    assert code in str(raised.value)
    assert "secret" not in str(raised.value)


def silence(seconds: float, peak: int = 0) -> AudioPiece:
    """Sound that nobody hears: nothing at all, or noise below what is audible."""
    samples = struct.pack("<2h", peak, -peak) * round(12_000 * seconds)
    return AudioPiece(base64.b64encode(samples).decode(), seconds, 24_000)


@pytest.mark.parametrize("peak", [0, 3, 90])
@pytest.mark.parametrize("status", [False, True])
async def test_silence_is_no_answer_and_no_evidence_however_much_of_it_comes(peak: int, status: bool) -> None:
    kept = Kept()
    for turn in range(2):
        at = turn * 100.0
        kept.keeper.utterance_began(at)
        kept.keeper.utterance_ended(at + 3.0, 3.0)
        for number in range(300):
            await kept.keeper.take(silence(0.1, peak), at + 3.1 + number * 0.1)
            if status and number == 200:
                await kept.keeper.take(IDLE, at + 3.1 + number * 0.1)
            if (due := kept.keeper.due()) is not None and due <= at + 3.1 + number * 0.1:
                kept.keeper.on_time(due)

    assert [type(one) for one in kept.said] == [ServiceHearing]
    assert kept.said == [one for one in kept.said if isinstance(one, ServiceHearing) and one.deaf]
    assert kept.sink.seconds == []
    assert not kept.keeper.learned.trial.proven


async def test_an_answer_that_silence_follows_for_ever_is_over() -> None:
    kept = Kept()
    kept.keeper.utterance_began(0.0)
    kept.keeper.utterance_ended(3.0, 3.0)
    await kept.keeper.take(piece(0.5), 3.5)
    for number in range(100):
        now = 3.6 + number * 0.1
        await kept.keeper.take(silence(0.1), now)
        if (due := kept.keeper.due()) is not None and due <= now:
            kept.keeper.on_time(due)

    assert [type(one) for one in kept.said] == [Answered]
    assert (len(kept.sink.answers), kept.sink.ended) == (1, 1)


async def test_an_answer_begins_with_its_sound_and_loses_none_of_it_to_the_silence_before() -> None:
    kept = Kept()
    kept.keeper.utterance_began(0.0)
    kept.keeper.utterance_ended(3.0, 3.0)
    for number in range(10):
        await kept.keeper.take(silence(0.1), 3.5 + number * 0.1)
    kept.keeper.on_time(4.45)
    before = list(kept.sink.answers)
    await kept.keeper.take(piece(0.5), 4.6)
    kept.keeper.on_time(10.0)

    assert before == []
    assert kept.sink.seconds == [pytest.approx(0.5 + PREFILL_S, abs=0.01)]
    assert kept.keeper.learned.trial.proven


async def test_silence_on_the_socket_does_not_keep_the_voice_on_the_track_from_being_played() -> None:
    kept = Kept()
    kept.keeper.utterance_began(0.0)
    kept.keeper.utterance_ended(3.0, 3.0)
    tone = struct.pack("<2h", 8_000, -8_000) * 480
    for number in range(100):
        now = 4.0 + number * 0.02
        await kept.keeper.take(silence(0.02), now)
        kept.keeper.track_sound(tone, now)
        if (due := kept.keeper.due()) is not None and due <= now:
            kept.keeper.on_time(due)

    assert kept.keeper.answers.sound.side is SoundFrom.TRACK
    assert sum(kept.sink.seconds) > 0.5


@pytest.mark.parametrize(("answered", "told"), [(False, 1), (True, 0)])
async def test_a_socket_that_is_lost_before_the_answer_fails_the_turn(answered: bool, told: int) -> None:
    kept = Kept()
    kept.keeper.utterance_began(0.0)
    kept.keeper.utterance_ended(3.0, 3.0)
    if answered:
        await kept.keeper.take(piece(0.5), 3.5)

    kept.keeper.socket_lost()
    kept.keeper.socket_lost()

    assert [type(one) for one in kept.said if isinstance(one, TurnFailed)] == [TurnFailed] * told

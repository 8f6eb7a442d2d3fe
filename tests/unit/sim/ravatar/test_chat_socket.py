from __future__ import annotations

import base64
import json
import sys

import pytest

from ravatard.sim.avatar_voice import NullAvatarVoice
from ravatard.sim.exchange import Close
from ravatard.sim.options import ChatOptions, SimOptions
from ravatard.sim.ravatar.chat_socket import NOTHING_HEARD
from ravatard.sim.ravatar.cloud import SimCloud
from tests.unit.sim.caller import ADA, CHUNK, Caller, ogg, quiet, said, tone, wav, wav_of, webm

THINK_S = 0.8


def _caller(chat: ChatOptions | None = None, **options: object) -> Caller:
    service = SimOptions(**options)  # type: ignore[arg-type] # one keyword at a time
    return Caller(SimCloud(service, chat=chat, speak=_speak))


def _speak(_text: str) -> bytes:
    return wav(0.5)


class _Stream(NullAvatarVoice):
    """A voice that writes down what it was asked."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, str, str]] = []

    def speak(self, licence: str, text: str) -> None:
        self.calls.append(("speak", licence, text))

    def interrupt(self, licence: str) -> None:
        self.calls.append(("interrupt", licence, ""))


def test_a_text_is_answered_after_the_think_time() -> None:
    caller = _caller()
    line = caller.line()
    caller.now = 10.0

    caller.send(line, caller.text("Hello!"))

    assert line.next_due() == 10.0 + THINK_S
    assert said(line, 10.7) == []
    assert [message["answer"] for message in said(line, 10.8)] == [
        'I heard you write "Hello!". How interesting!'
    ]


def test_an_answer_has_the_fields_a_client_may_use() -> None:
    caller = _caller(chat=ChatOptions(sound="text"))
    line = caller.line()
    caller.send(line, caller.text("Hello!", language="de"))

    (answer,) = said(line, 1.0)

    assert {name: answer[name] for name in answer if name not in {"_id", "answer"}} == {
        "type": "incoming",
        "direction": "incoming",
        "user_id": "user-1",
        "request": "Hello!",
        "avatar_id": ADA,
        "avatar_name": "Ada",
        "date": 1_767_225_600,
        "chat_type": "text",
        "language_code": "de",
    }


def test_answers_take_turns() -> None:
    caller = _caller(answers=("one", "two"))
    line = caller.line()

    for _ in range(3):
        caller.send(line, caller.text())

    assert [message["answer"] for message in said(line, 1.0)] == ["one", "two", "one"]


def test_a_service_without_answers_says_nothing() -> None:
    caller = _caller(answers=())
    line = caller.line()

    caller.send(line, caller.text())
    licence = caller.start()
    caller.speak(line, licence, tone(1.0) + quiet(1.0))

    assert line.next_due() is None
    assert len(caller.cloud.record.sessions[0].turns) == 1


def test_a_spoken_turn_is_answered_when_its_silence_was_received() -> None:
    caller = _caller()
    line, licence = caller.line(), caller.start()

    caller.speak(line, licence, tone(1.0) + quiet(0.8))
    (answer,) = said(line, caller.now + THINK_S)

    assert answer["answer"] == "I heard you for 1.0 seconds. How interesting!"
    assert answer["request"] == "(speech, 1.0 s)"
    assert answer["chat_type"] == "voice"


def test_a_turn_whose_frames_just_stop_is_never_answered() -> None:
    caller = _caller()
    line, licence = caller.line(), caller.start()

    caller.speak(line, licence, tone(1.0))

    assert line.next_due() is None
    assert said(line, caller.now + 3_600) == []


def test_speech_during_the_think_time_carries_the_turn_on() -> None:
    caller = _caller()
    line, licence = caller.line(), caller.start()
    caller.speak(line, licence, tone(1.0) + quiet(0.792))

    caller.speak(line, licence, tone(0.512))
    withdrawn = said(line, caller.now + 60)
    caller.speak(line, licence, quiet(1.024))
    answers = said(line, caller.now + THINK_S)

    assert withdrawn == []
    assert [answer["request"] for answer in answers] == ["(speech, 2.3 s)"]
    assert len(caller.cloud.record.sessions[0].turns) == 1


def test_speech_during_the_think_time_may_be_a_turn_of_its_own() -> None:
    caller = _caller(carry_on=False)
    line, licence = caller.line(), caller.start()
    caller.speak(line, licence, tone(1.0) + quiet(0.792))

    caller.speak(line, licence, tone(0.512) + quiet(1.024))

    assert [answer["request"] for answer in said(line, caller.now + THINK_S)] == [
        "(speech, 1.0 s)",
        "(speech, 0.5 s)",
    ]
    assert len(caller.cloud.record.sessions[0].turns) == 2


def test_speech_after_the_answer_is_another_turn() -> None:
    caller = _caller(think_s=0.1)
    line, licence = caller.line(), caller.start()

    for _ in range(2):
        caller.speak(line, licence, tone(1.0) + quiet(1.048))

    assert len(said(line, caller.now + 1)) == 2
    assert len(caller.cloud.record.sessions[0].turns) == 2


def test_a_turn_may_go_on_over_another_socket() -> None:
    caller = _caller()
    first, licence = caller.line(), caller.start()
    caller.speak(first, licence, tone(1.0))
    first.closed(caller.now)
    second = caller.line()

    caller.speak(second, licence, quiet(1.0))

    assert [answer["request"] for answer in said(second, caller.now + THINK_S)] == ["(speech, 1.0 s)"]


def test_an_answer_to_a_closed_socket_is_lost() -> None:
    caller = _caller()
    line, licence = caller.line(), caller.start()
    caller.speak(line, licence, tone(1.0) + quiet(0.8))

    line.closed(caller.now)

    assert caller.cloud.record.sessions[0].turns[0].answered_at is None
    assert caller.cloud.record.counts["lines_closed"] == 1


def test_an_answer_that_was_due_before_the_socket_closed_was_given() -> None:
    caller = _caller()
    line = caller.line()
    caller.send(line, caller.text())

    line.closed(5.0)

    assert caller.cloud.record.counts["answers"] == 1


def test_the_record_knows_when_everything_of_a_turn_was() -> None:
    caller = _caller()
    line, licence = caller.line(), caller.start()
    caller.now = 10.0

    caller.speak(line, licence, quiet(0.512) + tone(1.024) + quiet(0.768))
    said(line, 99.0)

    (turn,) = caller.cloud.record.sessions[0].turns
    assert (turn.first_sample, turn.last_sample) == (8_000, 24_640)
    assert turn.began_at == pytest.approx(10.768)
    assert turn.ended_at == pytest.approx(12.304)
    assert turn.answered_at == pytest.approx(12.304 + THINK_S)


def test_the_record_keeps_the_sound_that_was_sent() -> None:
    caller = _caller()
    line, licence = caller.line(), caller.start()

    caller.speak(line, licence, tone(1.024))

    assert bytes(caller.cloud.record.sessions[0].audio) == tone(1.024)


@pytest.mark.parametrize("live", [True, False])
@pytest.mark.parametrize("raw", [wav(1.5), webm(1.5), ogg(1.5)])
def test_a_recording_is_answered_with_the_length_of_its_speech(live: bool, raw: bytes) -> None:
    caller = _caller()
    line, licence = caller.line(), caller.start()
    more = {"isLive": True, "LicenseId": licence} if live else {}

    caller.send(line, caller.blob(raw, **more))
    (answer,) = said(line, 1.0)

    assert (answer["request"], answer["chat_type"]) == ("(speech, 1.5 s)", "voice")
    assert answer["answer"] == "I heard you for 1.5 seconds. How interesting!"


@pytest.mark.parametrize("sound", [quiet(2.0), b"", quiet(1.0) + tone(0.04) + quiet(1.0)])
def test_a_recording_in_which_nobody_speaks_is_told_so(sound: bytes) -> None:
    caller = _caller()
    line = caller.line()

    caller.send(line, caller.blob(wav_of(sound)))
    (answer,) = said(line, 1.0)

    assert answer["answer"] == NOTHING_HEARD
    assert answer["request"].startswith("(silence, ")
    assert not caller.cloud.record.violations


def test_without_pyav_a_recording_is_answered_and_the_record_says_that_nobody_heard_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    caller = _caller()
    line, raw = caller.line(), webm()
    monkeypatch.setitem(sys.modules, "av", None)

    caller.send(line, caller.blob(raw))

    assert [answer["request"] for answer in said(line, 1.0)] == ["(WebM recording)"]
    assert caller.cloud.record.messages[1].fields["file_base64_data"] == (
        f"(WebM of {len(raw)} bytes, taken unheard: PyAV is not installed)"
    )


def test_the_record_says_what_a_recording_is_and_how_much_of_it_is_speech() -> None:
    caller = _caller()
    line = caller.line()

    caller.send(line, caller.blob(wav_of(quiet(1.0) + tone(1.0) + quiet(1.0))))

    kept = caller.cloud.record.messages[1].fields["file_base64_data"]
    assert kept == "(WAV, 3.0 s, 1.0 s of it speech)"


def test_an_answer_in_chat_mode_says_where_its_sound_is_and_the_history_remembers() -> None:
    caller = _caller(licences=0)
    line = caller.line()

    caller.send(line, caller.text())
    (answer,) = said(line, 1.0)
    _, history = caller.get("/chat?user_id=user-1")

    assert answer["fileUrl"].startswith("http://localhost/sim/files/")
    assert [message.get("fileUrl") for message in history["payload"]] == [None, answer["fileUrl"]]


def test_sound_in_a_message_is_neither_in_the_history_nor_in_the_record() -> None:
    caller = _caller(chat=ChatOptions(sound="inline"))
    line = caller.line()

    caller.send(line, caller.text())
    (answer,) = said(line, 1.0)
    _, history = caller.get("/chat?user_id=user-1")

    assert base64.b64decode(answer["file_base64_data"]) == wav(0.5)
    assert "file_base64_data" not in history["payload"][1]
    assert caller.cloud.record.messages[-1].fields["file_base64_data"] == (
        f"({len(answer['file_base64_data'])} characters)"
    )


def test_an_answer_in_live_mode_is_spoken_in_the_stream_alone() -> None:
    caller = _caller()
    line, licence, stream = caller.line(), caller.start(), _Stream()
    caller.cloud.shared.voice = stream

    caller.send(line, caller.text(isLive=True, LicenseId=licence))
    (answer,) = said(line, 1.0)
    caller.send(line, caller.text())
    said(line, 2.0)

    assert "fileUrl" not in answer
    assert stream.calls == [("interrupt", licence, ""), ("speak", licence, answer["answer"])]


@pytest.mark.parametrize("message", ["{", b"\xff\xfe", "[]"])
def test_a_malformed_message_is_told_and_the_socket_lives_on(message: str | bytes) -> None:
    caller = _caller()
    line = caller.line()

    line.received(message, 1.0)
    caller.send(line, caller.text())

    kinds = [item["type"] for item in said(line, 2.0)]
    assert kinds == ["system", "incoming"]
    assert [violation.kind for violation in caller.cloud.record.violations] == ["malformed_json"]


def test_a_refused_message_is_told_why() -> None:
    caller = _caller()
    line = caller.line()

    caller.send(line, caller.text(language="xx"))

    assert said(line, 0.0)[0]["message"] == "Message refused: language 'xx' is not known"
    assert [message.kind for message in caller.cloud.record.messages] == ["connection", "refused", "system"]


def test_a_message_for_an_ended_session_is_told_that_it_expired() -> None:
    caller = _caller()
    line, licence = caller.line(), caller.start()
    caller.end(licence)

    caller.send(line, caller.pcm(licence, bytes(CHUNK)))

    assert said(line, 0.0)[0]["message"] == "Session expired"
    assert [violation.kind for violation in caller.cloud.record.violations] == ["ended_licence"]


def test_a_message_for_the_session_of_another_is_told_that_it_expired() -> None:
    caller = _caller()
    line, other = caller.line(), Caller(caller.cloud, "user-2").start()

    caller.send(line, caller.text(isLive=True, LicenseId=other))

    assert said(line, 0.0)[0]["message"] == "Session expired"
    assert [violation.kind for violation in caller.cloud.record.violations] == ["unknown_licence"]


def test_a_message_that_crossed_the_end_by_the_service_is_no_breach() -> None:
    caller = _caller()
    line, licence = caller.line(), caller.start()
    caller.cloud.expire_licence(licence, 0.0, tell="")

    caller.send(line, caller.pcm(licence, bytes(CHUNK)))

    assert said(line, 0.0)[0]["message"] == "Session expired"
    assert caller.cloud.record.refusals == {"expired_licence": 1}
    assert not caller.cloud.record.violations


def test_a_session_that_ended_is_not_answered_any_more() -> None:
    caller = _caller()
    line, licence = caller.line(), caller.start()
    caller.send(line, caller.text("live", isLive=True, LicenseId=licence))
    caller.send(line, caller.text("chat"))

    caller.end(licence)

    assert [answer["request"] for answer in said(line, 1.0)] == ["chat"]


@pytest.mark.parametrize(("code", "kind"), [(1009, "oversize"), (1007, "bad_frame")])
def test_what_could_not_be_read_is_a_breach(code: int, kind: str) -> None:
    caller = _caller()
    line = caller.line()

    line.unreadable(code, 1.0)

    assert [violation.kind for violation in caller.cloud.record.violations] == [kind]


def test_a_stream_error_is_sent_at_once() -> None:
    caller = _caller()
    line = caller.line()
    wakes = caller.wakes

    caller.cloud.say("Something went wrong", 3.0)

    assert caller.wakes > wakes
    assert line.next_due() == 3.0
    assert said(line, 3.0) == [
        {"type": "system", "message": "Something went wrong", "timestamp": "2026-01-01T00:00:03.000+00:00"}
    ]


def test_a_service_that_hangs_up_says_first_what_was_due() -> None:
    caller = _caller()
    line = caller.line()
    caller.send(line, caller.text())

    caller.cloud.hang_up(1011, "restart", 2.0)

    answer, close = line.due(2.0)
    assert json.loads(str(answer))["type"] == "incoming"
    assert close == Close(1011, "restart")

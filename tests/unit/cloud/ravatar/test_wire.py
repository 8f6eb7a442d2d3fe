"""RAVATAR's socket messages: what is sent, and what is made of everything that may come."""

from __future__ import annotations

import base64
import io
import json
import wave

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ravatard.cloud.ravatar.wire import (
    AudioTemplate,
    FaultyAnswer,
    UnknownMessage,
    common_fields,
    received,
    stream_error,
    text_message,
    utterance_message,
    wav,
)
from ravatard.core.events import Answered, StreamBroke
from ravatard.core.states import Refusal
from ravatard.secret import Secret

LICENCE = Secret("license-abc-123")
COMMON = common_fields("avatar-1", "user-1", "en", "ravatard", "session-1")

# ---------------------------------------------------------------- sent


def test_a_voice_message_is_the_one_of_the_document() -> None:
    pcm = bytes(range(256)) * 32

    message = json.loads(AudioTemplate(COMMON, LICENCE).fill(pcm))

    assert message == {
        "avatar_id": "avatar-1",
        "user_id": "user-1",
        "chat_type": "voice",
        "language": "en",
        "requestType": "audio",
        "source": "ravatard",
        "isLive": True,
        "LicenseId": "license-abc-123",
        "audio_base64_pcm": base64.b64encode(pcm).decode(),
        "session": "session-1",
    }


@settings(deadline=None)
@given(st.binary(max_size=8192))
def test_every_voice_message_holds_exactly_4096_samples(pcm: bytes) -> None:
    sound = base64.b64decode(json.loads(AudioTemplate(COMMON, LICENCE).fill(pcm))["audio_base64_pcm"])

    assert len(sound) == 8192
    assert sound.startswith(pcm)
    assert not any(sound[len(pcm) :])


def test_names_with_every_kind_of_character_survive_the_template() -> None:
    common = common_fields('a"b\\', "ü", "日本", "{}%s", "\u2028")

    message = json.loads(AudioTemplate(common, Secret('"')).fill(b""))

    assert {key: message[key] for key in common} == common


def test_a_template_does_not_show_what_is_in_it() -> None:
    assert "license" not in repr(AudioTemplate(COMMON, LICENCE))


def test_text_in_live_mode_names_its_licence_and_text_in_chat_mode_does_not() -> None:
    live = json.loads(text_message(COMMON, "Hello", LICENCE))
    chat = json.loads(text_message(COMMON, "Hello", None))

    assert live == {
        **COMMON,
        "chat_type": "text",
        "requestType": "text",
        "request": "Hello",
        "isLive": True,
        "LicenseId": "license-abc-123",
    }
    assert chat["isLive"] is False
    assert "LicenseId" not in chat


def test_a_session_nobody_gave_is_left_out() -> None:
    assert "session" not in common_fields("a", "u", "en", "s", "")


# ---------------------------------------------------------------- whole utterances


@settings(deadline=None)
@given(st.binary(max_size=400).map(lambda data: data[: len(data) // 2 * 2]))
def test_a_wav_file_holds_the_sound_as_the_document_wants_it(pcm: bytes) -> None:
    with wave.open(io.BytesIO(wav(pcm))) as file:
        assert file.getparams()[:4] == (1, 2, 16_000, len(pcm) // 2)
        assert file.readframes(len(pcm)) == pcm


def test_a_wav_file_is_byte_for_byte_what_the_standard_library_writes() -> None:
    written = io.BytesIO()
    with wave.open(written, "wb") as file:
        file.setparams((1, 2, 16_000, 0, "NONE", ""))
        file.writeframes(b"\1\2" * 99)

    assert wav(b"\1\2" * 99) == written.getvalue()


def test_an_utterance_in_chat_mode_is_the_one_of_the_document() -> None:
    message = json.loads(utterance_message(COMMON, b"\1\2", None, push_to_talk=True))

    assert message == {
        "avatar_id": "avatar-1",
        "user_id": "user-1",
        "chat_type": "voice",
        "language": "en",
        "requestType": "audio",
        "source": "ravatard",
        "isLive": False,
        "isPushToTalk": True,
        "file_base64_data": base64.b64encode(wav(b"\1\2")).decode(),
        "session": "session-1",
    }


def test_an_utterance_in_live_mode_names_its_licence() -> None:
    message = json.loads(utterance_message(COMMON, b"\1\2", LICENCE, push_to_talk=False))

    assert (message["isLive"], message["LicenseId"]) == (True, "license-abc-123")
    assert "isPushToTalk" not in message


def test_names_with_the_holes_own_character_survive_the_template() -> None:
    common = common_fields("\ufffc", "\ufffc", "\ufffc", "\ufffc", "\ufffc")

    message = json.loads(utterance_message(common, b"", None, push_to_talk=False))

    assert {key: message[key] for key in common} == common
    assert base64.b64decode(message["file_base64_data"]) == wav(b"")


# ---------------------------------------------------------------- received: answers


@pytest.mark.parametrize(
    "message",
    [
        {"answer": "Hi."},
        {"type": "incoming", "answer": "Hi."},
        {"type": "message", "direction": "incoming", "answer": "Hi."},
        {"type": "event", "answer": "Hi."},
        {"type": "no such type", "content": "Hi."},
        {"answer": ">what I said\n\nHi."},
        {"direction": "incoming", "answer": "Hi.", "fileUrl": None, "request": 7},
        {"type": "INCOMING", "content": "Hi."},
        {"type": "incoming", "message": "Hi.", "timestamp": "2026-01-01T00:00:00Z"},
        {"answer": "", "content": "Hi.", "date": 1737820801, "unheard_of": {"a": [1]}},
        {"answer": 5, "content": "Hi."},
    ],
)
def test_an_answer_is_understood_in_every_documented_shape(message: object) -> None:
    meaning = received(json.dumps(message))

    assert isinstance(meaning, Answered)
    assert meaning.text == "Hi."


def test_text_is_taken_from_the_first_field_that_has_some() -> None:
    meaning = received('{"message": "3", "content": "2", "answer": "1"}')

    assert isinstance(meaning, Answered)
    assert meaning.text == "1"


def test_a_binary_frame_of_json_is_json() -> None:
    assert isinstance(received(b'{"answer": "Hi."}'), Answered)


def test_what_the_service_heard_and_where_its_film_is_comes_along() -> None:
    meaning = received(
        json.dumps({"answer": "Hi.", "request": "hello", "fileUrl": "https://x.example/a.mp4"})
    )

    assert isinstance(meaning, Answered)
    assert (meaning.heard, meaning.file_url) == ("hello", "https://x.example/a.mp4")


@pytest.mark.parametrize(
    "value",
    [
        "SGVsbG8=",
        "SGVsbG8",
        "SGVs\r\nbG8=\n",
        "data:audio/webm;base64,SGVsbG8=",
        " Data:audio/webm;base64,SGVsbG8=",
        "DATA:;base64,SGVsbG8",
        "data:audio/webm;codecs=opus;base64,SGVsbG8=",
    ],
)
@pytest.mark.parametrize("name", ["file_base64_data", "audio_base64"])
def test_inline_sound_is_decoded(name: str, value: str) -> None:
    meaning = received(json.dumps({"type": "incoming", name: value}))

    assert isinstance(meaning, Answered)
    assert meaning.sound == b"Hello"


@pytest.mark.parametrize(
    ("written", "text"), [("5", "5"), ("2.50", "2.50"), ("-3", "-3"), ("1e3", "1000"), ('"5"', "5")]
)
def test_an_answer_may_be_a_number(written: str, text: str) -> None:
    assert received(f'{{"type": "incoming", "answer": {written}}}') == Answered(text=text)


@pytest.mark.parametrize("value", ["", "data:", "data:,"])
def test_inline_sound_that_is_none_counts_as_missing(value: str) -> None:
    assert isinstance(received(json.dumps({"audio_base64": value})), UnknownMessage)


@pytest.mark.parametrize(
    "value", ["no base64!", "A", "ü", "SGVs*G8=", "data:audio/wav;base64,SGVsb$8=", "SGVsb"]
)
def test_inline_sound_that_cannot_be_read_is_a_fault_beside_the_rest_of_the_answer(value: str) -> None:
    alone = received(json.dumps({"audio_base64": value}))
    beside = received(json.dumps({"audio_base64": value, "answer": "Hello"}))

    assert isinstance(alone, FaultyAnswer)
    assert isinstance(beside, FaultyAnswer)
    assert alone.answer is None
    assert (beside.answer, bool(beside.fault)) == (Answered("Hello"), True)


@settings(deadline=None)
@given(
    st.binary(min_size=1, max_size=64), st.booleans(), st.booleans(), st.sampled_from(["", "\n", " ", "\xa0"])
)
def test_inline_sound_is_the_same_in_every_spelling_of_base64(
    sound: bytes, url_safe: bool, padded: bool, blank: str
) -> None:
    text = (base64.urlsafe_b64encode if url_safe else base64.b64encode)(sound).decode()
    text = blank.join(text if padded else text.rstrip("="))

    meaning = received(json.dumps({"audio_base64": text}))

    assert isinstance(meaning, Answered)
    assert meaning.sound == sound


# ---------------------------------------------------------------- received: the rest


@pytest.mark.parametrize(
    ("text", "refusal"),
    [
        ("Something went wrong", Refusal.FAILED),
        ("something went wrong.", Refusal.FAILED),
        ("Connection timeout", Refusal.TIMEOUT),
        ("All AI assistants are busy at the moment", Refusal.BUSY),
        ("Session expired", Refusal.EXPIRED),
        (" Session expired! ", Refusal.EXPIRED),
    ],
)
@pytest.mark.parametrize("shape", ["plain", "string", "answer", "message", "error", "system"])
def test_a_stream_error_is_known_however_it_is_wrapped(text: str, refusal: Refusal, shape: str) -> None:
    wrapped = {
        "plain": text,
        "string": json.dumps(text),
        "answer": json.dumps({"type": "incoming", "answer": text}),
        "message": json.dumps({"message": text}),
        "error": json.dumps({"status": 503, "error": text}),
        "system": json.dumps({"type": "system", "content": text}),
    }[shape]

    meaning = received(wrapped)

    assert isinstance(meaning, StreamBroke)
    assert meaning.refusal is refusal


def test_an_avatar_that_tells_of_an_error_has_not_met_one() -> None:
    story = "Something went wrong with my cake yesterday, so let me tell you how I baked it again."

    assert stream_error(story) is None
    assert isinstance(received(json.dumps({"answer": story})), Answered)


def test_the_question_in_front_of_a_spoken_answer_is_what_was_heard() -> None:
    meaning = received(json.dumps({"answer": ">what I said\n\nHi.\n\nBye."}))

    assert isinstance(meaning, Answered)
    assert (meaning.heard, meaning.text) == ("what I said", "Hi.\n\nBye.")


@pytest.mark.parametrize("field", ["type", "direction"])
@pytest.mark.parametrize("kind", ["connection", "system", "outgoing", "SYSTEM"])
def test_what_is_not_meant_for_people_says_nothing_to_us(kind: str, field: str) -> None:
    meaning = received(json.dumps({field: kind, "content": "Hi."}))

    assert isinstance(meaning, UnknownMessage)
    assert not meaning.malformed


@pytest.mark.parametrize("kind", ["event", "no such type", "x" * 500])
def test_an_event_without_words_or_sound_says_nothing_to_us(kind: str) -> None:
    meaning = received(json.dumps({"type": kind, "data": {"a": 1}}))

    assert isinstance(meaning, UnknownMessage)
    assert not meaning.malformed
    assert len(meaning.look) < 60


@pytest.mark.parametrize("message", ["{}", '{"type": "incoming"}', '{"answer": null}', '"hello"'])
def test_a_message_without_content_says_nothing(message: str) -> None:
    assert isinstance(received(message), UnknownMessage)


@pytest.mark.parametrize("data", ["", "{", "hello", b"\xff\xfe\x00", "[1, 2]", "7", "null", "[" * 100_000])
def test_what_is_no_message_is_told_as_such_without_its_content(data: str | bytes) -> None:
    meaning = received(data)

    assert isinstance(meaning, UnknownMessage)
    assert meaning.malformed
    assert "hello" not in meaning.look


@settings(deadline=None)
@given(st.text() | st.binary())
def test_nothing_that_comes_raises(data: str | bytes) -> None:
    assert isinstance(received(data), Answered | StreamBroke | UnknownMessage | FaultyAnswer)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
)
FIELDS = [
    "type",
    "direction",
    "answer",
    "content",
    "message",
    "file_base64_data",
    "fileUrl",
    "error",
    "request",
]


@settings(deadline=None)
@given(st.dictionaries(st.sampled_from(FIELDS), JSON))
def test_no_field_of_any_type_raises(message: dict[str, object]) -> None:
    assert isinstance(received(json.dumps(message)), Answered | StreamBroke | UnknownMessage | FaultyAnswer)

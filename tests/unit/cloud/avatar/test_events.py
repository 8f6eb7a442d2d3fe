from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ravatard.cloud.avatar.events import (
    AudioPiece,
    AvatarEvent,
    AvatarStatus,
    ChatWords,
    ErrorSaid,
    FrameSeen,
    StatusNow,
    UnknownEvent,
    frame_in,
    meaning_of,
    objects_in,
    received,
)
from tests.examples import examples
from tests.growth import assert_linear, repeated

JPEG = "/9j/" + "A" * 40_000


def test_the_documented_events_are_read() -> None:
    assert received('{"type":"audio","data":"UklGRg==","duration":2.5,"sample_rate":24000}') == AudioPiece(
        "UklGRg==", 2.5, 24_000
    )
    assert received('{"type":"chat","role":"agent","content":"Hello!"}') == ChatWords(False, "Hello!")
    assert received(b'{"type":"chat","role":"user","content":"Hi"}') == ChatWords(True, "Hi")
    assert received('{"type":"status","status":"listening","message":"Now"}') == StatusNow(
        AvatarStatus.LISTENING, "listening", "Now"
    )
    assert received(
        '{"type":"error","code":"AUDIO_PROCESSING_ERROR","message":"Failed to process audio input"}'
    ) == ErrorSaid("AUDIO_PROCESSING_ERROR", "Failed to process audio input")


@pytest.mark.parametrize("as_bytes", [False, True])
@pytest.mark.parametrize(
    "message",
    [
        {"type": "frame", "data": JPEG, "frame_id": 12345, "timestamp": 1705920123.456},
        {"data": JPEG, "frame_id": 12345, "timestamp": 1705920123.456, "type": "frame"},
        {"frame_id": 12345, "timestamp": 1705920123.456, "type": "frame", "data": JPEG},
    ],
)
def test_a_frame_is_told_by_its_ends_in_any_order_of_fields(message: object, as_bytes: bool) -> None:
    for separators in ((",", ":"), (", ", ": ")):
        text = json.dumps(message, separators=separators)

        assert received(text.encode() if as_bytes else text) == FrameSeen(len(text), 1705920123.456)


def test_a_frame_is_never_parsed() -> None:
    # It is no JSON at all: only its ends are looked at.
    assert received('{"type":"frame","data":"' + "\\" * 9_000) == FrameSeen(9_024)


#: Members that name a frame and are none of the message's own type.
NESTED: list[dict[str, object]] = [
    {"meta": {"type": "frame"}},
    {"meta": [{"type": "frame", "frame_id": 1, "timestamp": 1.5}]},
    {"meta": {"a": {"b": [1, {"type": "frame"}]}}},
    {"note": '"type":"frame"'},
    {"note": '","type":"frame"}'},
    {"event": "frame"},
    {"subtype": "frame", "frame_id": 7},
    {"note": 'a \\" , "type":"frame"'},
]


@pytest.mark.parametrize("kind", ["audio", "chat"])
@pytest.mark.parametrize("nested", NESTED)
@pytest.mark.parametrize("separators", [(",", ":"), (", ", ": ")])
def test_a_frame_that_is_only_named_deeper_makes_no_picture_of_sound_or_words(
    kind: str, nested: dict[str, object], separators: tuple[str, str]
) -> None:
    own = {"data": "A" * 4_000} if kind == "audio" else {"content": "words " * 800, "role": "agent"}
    parts: list[dict[str, object]] = [{"type": kind}, {**own}, nested]
    for at in range(3):
        for order in (parts[at:] + parts[:at], parts[at:][::-1] + parts[:at]):
            text = json.dumps(
                {name: value for part in order for name, value in part.items()}, separators=separators
            )

            assert isinstance(received(text), AudioPiece if kind == "audio" else ChatWords), text[:200]


@pytest.mark.parametrize("first", [{"type": "frame", "data": JPEG}, {"data": JPEG, "type": "frame"}])
@pytest.mark.parametrize("between", ["", "\n"])
def test_sound_in_one_message_with_a_frame_is_not_dropped_with_it(
    first: dict[str, str], between: str
) -> None:
    sound = {"type": "audio", "data": "UklGRg=="}
    for two in ((first, sound), (sound, first)):
        text = between.join(map(json.dumps, two))

        assert frame_in(text) is None
        assert sorted(type(meaning_of(one, 1)).__name__ for one in objects_in(text)) == [
            "AudioPiece",
            "FrameSeen",
        ]


@pytest.mark.parametrize("more", [{"meta": {"w": 1}}, {"type": "frame"}, {"tags": ["a"]}])
def test_a_frame_whose_ends_leave_it_open_is_read_and_is_a_frame(more: dict[str, object]) -> None:
    text = json.dumps({"data": JPEG, "type": "frame", **more})

    assert received(text) == FrameSeen(len(text))


def test_a_short_frame_is_a_frame() -> None:
    assert received('{"type":"frame","data":"","timestamp":3}') == FrameSeen(40, 3.0)


def test_words_about_a_frame_are_words() -> None:
    text = '"type":"frame" ' * 100

    assert received(json.dumps({"type": "chat", "role": "agent", "content": text})) == ChatWords(False, text)


def test_fields_may_stand_in_data() -> None:
    assert received('{"type":"chat","data":{"role":"bot","content":"a"}}') == ChatWords(False, "a")
    assert received('{"type":"audio","data":{"audio":"QQ==","sample_rate":16000}}') == AudioPiece(
        "QQ==", None, 16_000
    )
    assert received('{"type":"status","data":{"status":"Idle"}}') == StatusNow(AvatarStatus.IDLE, "Idle")
    assert received('{"type":"error","error":{"code":"X","message":"y"}}') == ErrorSaid("X", "y")


@pytest.mark.parametrize(
    "message",
    ["", "null", "[]", "hello", "{}", '{"type":7}', '{"type":"audio"}', '{"type":"pong"}', b"\xff\xfe{"],
)
def test_anything_else_is_unknown(message: str | bytes) -> None:
    assert isinstance(received(message), UnknownEvent)


def test_an_unknown_status_is_no_fault() -> None:
    assert received('{"type":"status","status":"pondering"}') == StatusNow(AvatarStatus.OTHER, "pondering")


def test_absurd_numbers_count_as_missing() -> None:
    assert received('{"type":"audio","data":"QQ==","duration":1e99,"sample_rate":-5}') == AudioPiece("QQ==")


def test_speech_and_words_stay_out_of_reprs() -> None:
    assert "Hello" not in repr(received('{"type":"chat","role":"agent","content":"Hello"}'))
    assert "QQ==" not in repr(received('{"type":"audio","data":"QQ=="}'))


ANY = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=6), inner, max_size=2),
    max_leaves=5,
)


@settings(deadline=None, max_examples=examples(400))
@given(
    st.dictionaries(
        st.sampled_from(
            ["type", "data", "role", "content", "status", "code", "message", "error", "timestamp"]
        ),
        ANY | st.sampled_from(["frame", "audio", "chat", "status", "error"]),
    ).map(json.dumps)
    | st.text(max_size=60)
    | st.binary(max_size=60)
)
def test_no_message_raises(message: str | bytes) -> None:
    assert isinstance(received(message), AvatarEvent)


@settings(deadline=None, max_examples=examples(100))
@given(st.integers(0, 200))
def test_a_message_cut_off_anywhere_does_not_raise(length: int) -> None:
    text = json.dumps({"type": "chat", "role": "agent", "content": "ü" * 20, "data": {"a": [1, {"b": None}]}})

    assert isinstance(received(text[:length]), AvatarEvent)
    assert isinstance(received(text.encode()[:length]), AvatarEvent)


@pytest.mark.parametrize("piece", ['{"type":', '"frame"', "[", "\\", '{"a":"', " "])
def test_hostile_messages_take_linear_time(piece: str) -> None:
    assert_linear(received, repeated(piece))


ONE, TWO = {"type": "chat", "content": 'a "}{" b\\'}, {"type": "status", "data": {"status": "idle"}}


@pytest.mark.parametrize("between", ["", "\n", "\r\n", " ", "\x1e"])
@pytest.mark.parametrize("as_bytes", [False, True])
@pytest.mark.parametrize("count", [1, 2, 5])
def test_all_messages_of_one_frame_are_read(between: str, as_bytes: bool, count: int) -> None:
    text = between.join([json.dumps(ONE), json.dumps(TWO)] * count)

    assert objects_in(text.encode() if as_bytes else text) == (ONE, TWO) * count


def test_a_list_of_messages_is_read_and_what_is_no_message_costs_itself() -> None:
    assert objects_in(json.dumps([ONE, 3, TWO])) == (ONE, TWO)
    assert objects_in(json.dumps(ONE) + "\n{nonsense}\n" + json.dumps(TWO)) == (ONE, None, TWO)
    assert objects_in(json.dumps(ONE) + "\nnonsense") == (ONE,)
    assert objects_in("[]") == objects_in("nonsense") == objects_in("}{") == (None,)


def test_long_sound_behind_another_message_is_read() -> None:
    sound = {"type": "audio", "data": "QUJD" * 500_000}

    assert objects_in(json.dumps(TWO) + json.dumps(sound)) == (TWO, sound)


def test_more_messages_than_one_frame_holds_are_left_out() -> None:
    assert len(objects_in("{}" * 5_000)) == 64
    assert len(objects_in("{}" * 50_000)) == 1

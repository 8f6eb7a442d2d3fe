from __future__ import annotations

import base64

import pytest

from ravatard.sim.options import SimOptions
from ravatard.sim.ravatar import avatars
from ravatard.sim.ravatar.cloud import SimCloud
from ravatard.sim.ravatar.messages import MessageRefused, check, fields_of, shown, without_sound
from ravatard.sim.sound.container import Recording
from tests.unit.sim.caller import CHUNK, Caller, ogg, tone, wav, webm

CALLER = Caller(SimCloud())
PCM = bytes(CHUNK)
OPTIONS = SimOptions()
NO_DETECTOR = SimOptions(vad_enabled=False)


def _refused(fields: dict[str, object], options: SimOptions = OPTIONS) -> str:
    with pytest.raises(MessageRefused) as refused:
        check(fields, CALLER.user_id, options)
    return refused.value.kind


def _without(fields: dict[str, object], name: str) -> dict[str, object]:
    return {key: value for key, value in fields.items() if key != name}


def test_a_text_in_chat_mode_is_taken() -> None:
    said = check(CALLER.text("Hello!"), CALLER.user_id, OPTIONS)

    assert (said.content, said.language, said.licence, said.avatar.name) == ("Hello!", "en", None, "Ada")


def test_a_text_in_live_mode_carries_its_licence() -> None:
    said = check(CALLER.text(isLive=True, LicenseId="licence"), CALLER.user_id, OPTIONS)

    assert said.licence == "licence"


def test_pcm_in_live_mode_is_decoded() -> None:
    said = check(CALLER.pcm("licence", b"\x01\x02" * 4_096), CALLER.user_id, OPTIONS)

    assert said.content == b"\x01\x02" * 4_096


@pytest.mark.parametrize("more", [{}, {"isLive": True, "LicenseId": "licence"}, {"isPushToTalk": True}])
def test_a_recording_is_taken_in_both_modes(more: dict[str, object]) -> None:
    said = check(CALLER.blob(wav(0.5), **more), CALLER.user_id, OPTIONS)

    assert said.content == Recording("WAV", len(wav(0.5)), tone(0.5))


@pytest.mark.parametrize(("raw", "kind"), [(webm(), "WebM"), (ogg(), "Ogg")])
def test_what_a_browser_records_is_taken(raw: bytes, kind: str) -> None:
    said = check(CALLER.blob(raw), CALLER.user_id, OPTIONS)

    assert isinstance(said.content, Recording)
    assert said.content.kind == kind


def test_without_a_detector_a_voice_message_must_be_push_to_talk() -> None:
    fields = CALLER.blob(wav())

    assert _refused(fields, NO_DETECTOR) == "push_to_talk"
    assert _refused(fields | {"isPushToTalk": False}, NO_DETECTOR) == "push_to_talk"
    assert check(fields | {"isPushToTalk": True}, CALLER.user_id, NO_DETECTOR).licence is None


@pytest.mark.parametrize("held", [{}, {"isPushToTalk": False}, {"isPushToTalk": True}])
def test_with_a_detector_push_to_talk_is_the_users_choice(held: dict[str, object]) -> None:
    assert check(CALLER.blob(wav(), **held), CALLER.user_id, OPTIONS).language == "en"


def test_neither_a_text_nor_live_mode_is_asked_for_push_to_talk() -> None:
    live = CALLER.blob(wav(), isLive=True, LicenseId="licence")

    assert check(CALLER.text(), CALLER.user_id, NO_DETECTOR).content == "Hello!"
    assert check(live, CALLER.user_id, NO_DETECTOR).licence == "licence"


def test_the_session_identifier_of_the_user_is_taken() -> None:
    fields = CALLER.text(session=avatars.session_id(CALLER.user_id))

    assert check(fields, CALLER.user_id, OPTIONS).content == "Hello!"


def test_unknown_fields_are_no_matter() -> None:
    assert check(CALLER.text(colour="blue"), CALLER.user_id, OPTIONS).content == "Hello!"


@pytest.mark.parametrize(
    "name", ["avatar_id", "user_id", "language", "source", "isLive", "chat_type", "requestType", "request"]
)
@pytest.mark.parametrize("absent", ["left out", None, ""])
def test_every_required_field_of_a_text_is_required(name: str, absent: object) -> None:
    fields = _without(CALLER.text(), name) if absent == "left out" else CALLER.text() | {name: absent}

    expected = "wrong_field" if (name, absent) == ("isLive", "") else "missing_field"
    assert _refused(fields) == expected


@pytest.mark.parametrize("name", ["avatar_id", "user_id", "language", "source", "chat_type", "request"])
@pytest.mark.parametrize("wrong", [7, True, ["a"], {"a": 1}])
def test_every_text_field_must_be_a_string(name: str, wrong: object) -> None:
    assert _refused(CALLER.text() | {name: wrong}) == "wrong_field"


@pytest.mark.parametrize(
    ("changes", "kind"),
    [
        ({"avatar_id": "nobody"}, "unknown_avatar"),
        ({"user_id": "user-2"}, "wrong_user"),
        ({"language": "xx"}, "unknown_language"),
        ({"session": "session-of-somebody"}, "unknown_session"),
        ({"session": 7}, "wrong_field"),
        ({"isPushToTalk": "true"}, "wrong_field"),
        ({"file_base64_data": "UklG"}, "wrong_field"),
        ({"isLive": "false"}, "wrong_field"),
        ({"isLive": 1}, "wrong_field"),
        ({"isLive": True}, "missing_field"),
        ({"isLive": True, "LicenseId": 7}, "wrong_field"),
        ({"chat_type": "video"}, "wrong_combination"),
        ({"requestType": "audio"}, "wrong_combination"),
        ({"audio_base64_pcm": ""}, "wrong_field"),
    ],
)
def test_a_text_with_a_wrong_field_is_refused(changes: dict[str, object], kind: str) -> None:
    assert _refused(CALLER.text() | changes) == kind


@pytest.mark.parametrize(
    ("fields", "kind"),
    [
        (CALLER.voice(), "missing_field"),
        (CALLER.voice(audio_base64_pcm=base64.b64encode(PCM).decode()), "wrong_field"),
        (CALLER.pcm("licence", PCM) | {"file_base64_data": "UklG"}, "wrong_field"),
        (CALLER.pcm("licence", PCM) | {"audio_base64_pcm": "no base64!"}, "bad_base64"),
        (CALLER.pcm("licence", PCM) | {"audio_base64_pcm": "abc"}, "bad_base64"),
        (CALLER.pcm("licence", PCM) | {"audio_base64_pcm": "é"}, "bad_base64"),
        (CALLER.pcm("licence", PCM) | {"audio_base64_pcm": 7}, "wrong_field"),
        (CALLER.pcm("licence", PCM[:-2]), "pcm_size"),
        (CALLER.pcm("licence", PCM + PCM), "pcm_size"),
        (CALLER.blob(b"OggS" + bytes(100)), "wrong_container"),
        (CALLER.blob(b"fLaC" + bytes(100)), "wrong_container"),
        (CALLER.blob(wav(), isPushToTalk="true"), "wrong_field"),
        (CALLER.blob(wav(), isPushToTalk=None), "wrong_field"),
        (CALLER.blob(wav(), isPushToTalk=1), "wrong_field"),
        (CALLER.blob(b"") | {"file_base64_data": ""}, "missing_field"),
    ],
)
def test_wrong_sound_is_refused(fields: dict[str, object], kind: str) -> None:
    assert _refused(fields) == kind


def test_a_lenient_service_takes_pcm_of_any_whole_number_of_samples() -> None:
    assert check(
        CALLER.pcm("licence", bytes(10)), CALLER.user_id, SimOptions(strict_chunks=False)
    ).content == bytes(10)
    assert _refused(CALLER.pcm("licence", bytes(9)), SimOptions(strict_chunks=False)) == "pcm_size"
    assert (
        _refused(CALLER.pcm("licence", b"") | {"audio_base64_pcm": "===="}, SimOptions(strict_chunks=False))
        == "bad_base64"
    )


def test_a_refusal_says_what_is_wrong_with_which_value() -> None:
    with pytest.raises(MessageRefused, match="language 'xx' is not known"):
        check(CALLER.text(language="xx"), CALLER.user_id, OPTIONS)


@pytest.mark.parametrize("message", ["", "{", "[]", b"\xff", "null"])
def test_what_is_no_object_is_malformed(message: str | bytes) -> None:
    with pytest.raises(MessageRefused, match=r"^the message is ") as refused:
        fields_of(message)

    assert refused.value.kind == "malformed_json"


def test_a_binary_message_is_read_as_text() -> None:
    assert fields_of(b'{"a": 1}') == {"a": 1}


def test_only_documented_fields_are_shown_and_no_sound() -> None:
    kept = shown(CALLER.pcm("licence", PCM) | {"token": "sesame", "file_base64_data": 7, "request": {"a": 1}})

    assert "token" not in kept
    assert kept["audio_base64_pcm"] == "(10924 characters)"
    assert kept["file_base64_data"] == 7
    assert kept["request"] == "(dict)"


def test_long_text_is_shown_short() -> None:
    assert shown({"request": "a" * 300})["request"] == "a" * 200 + "…"


def test_of_a_message_of_ours_the_sound_is_kept_as_its_size() -> None:
    sent: dict[str, object] = {"answer": "a" * 300, "file_base64_data": "UklG", "audio_base64": "UklGRg=="}

    assert without_sound(sent) == {
        "answer": "a" * 300,
        "file_base64_data": "(4 characters)",
        "audio_base64": "(8 characters)",
    }

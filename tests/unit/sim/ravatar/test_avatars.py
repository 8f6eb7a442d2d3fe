from __future__ import annotations

from ravatard.sim.options import AnnouncedOptions
from ravatard.sim.ravatar import avatars


def _body() -> dict[str, object]:
    return avatars.connection_body("user-1", False, AnnouncedOptions(message_timeout_s=20))


def test_the_connection_body_has_every_documented_field() -> None:
    assert set(_body()) == {
        "status",
        "session",
        "avatars_info",
        "languages",
        "chat_types",
        "messageTimeoutSeconds",
        "stopSpeakingTimeoutSeconds",
        "vadEnabled",
        "voiceModeSelector",
    }


def test_it_says_what_the_options_say() -> None:
    body = _body()

    assert (body["messageTimeoutSeconds"], body["vadEnabled"]) == (20, False)


def test_there_are_avatars_with_and_without_a_live_mode() -> None:
    avatars = _body()["avatars_info"]

    assert isinstance(avatars, list)
    assert [one["hasLiveMode"] for one in avatars] == [True, False, True]
    assert {"_id", "name", "greetingText", "previewIcons", "startButtonIcon"} <= set(avatars[0])


def test_there_are_several_languages() -> None:
    languages = _body()["languages"]

    assert isinstance(languages, list)
    assert {"name", "language_code", "icon_url"} == set(languages[0])
    assert {"en", "de", "uk"} <= {one["language_code"] for one in languages}


def test_avatars_are_found_by_id_only() -> None:
    found = avatars.avatar("avatar-ada-001")

    assert found is not None
    assert found.name == "Ada"
    assert avatars.avatar("Ada") is None
    assert avatars.avatar(["avatar-ada-001"]) is None


def test_a_user_keeps_his_session_identifier() -> None:
    assert avatars.session_id("a") == avatars.session_id("a") != avatars.session_id("b")

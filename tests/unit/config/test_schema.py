"""What settings there are, and what is said about those there are not."""

from __future__ import annotations

from typing import Any, Literal

import pytest

from ravatard.cloud.options import ServiceOptions
from ravatard.config import Key, Options, Schema, secrets_of
from ravatard.errors import InternalError
from ravatard.secret import Secret
from ravatard.setting import Setting


def _key(form: Any, *, secret: bool = False) -> Key:
    return Key("part", "item", form, None, Setting("It does this.", secret=secret))


def test_every_section_is_an_option_group_at_its_defaults() -> None:
    assert Options().service == ServiceOptions()
    assert Schema().sections["service"] is ServiceOptions


def test_a_key_knows_every_name_it_goes_by() -> None:
    key = Schema().keys["service.project_id"]

    assert key.dotted == "service.project_id"
    assert key.variable == "RAVATARD_SERVICE__PROJECT_ID"
    assert key.credential == "ravatard.service.project_id"


@pytest.mark.parametrize(
    ("annotation", "form", "optional"),
    [
        (int, int, False),
        (int | None, int, True),
        (Secret | None, Secret, True),
        (Literal["a", "b"], Literal["a", "b"], False),
        (Literal["a"] | None, Literal["a"], True),
        (tuple[int, ...], tuple[int, ...], False),
        (tuple[int, ...] | None, tuple[int, ...], True),
    ],
)
def test_the_form_of_a_type_is_what_it_is_when_set(annotation: Any, form: Any, optional: bool) -> None:
    key = _key(annotation)

    assert key.form == form
    assert key.optional is optional


def test_a_union_of_two_types_is_our_mistake() -> None:
    with pytest.raises(InternalError, match=r"part\.item"):
        _ = _key(int | str).form


def test_a_secret_is_known_by_its_type_or_its_description() -> None:
    assert _key(Secret | None).secret
    assert _key(str | None, secret=True).secret
    assert not _key(str | None).secret


def test_the_project_is_a_secret() -> None:
    assert Schema().keys["service.project_id"].secret


def test_all_secrets_of_a_configuration_are_found() -> None:
    options = Options(service=ServiceOptions(project_id=Secret("proj-1"), avatar="Ada"))

    assert secrets_of(options) == [Secret("proj-1")]
    assert secrets_of(Options()) == []


def test_the_service_comes_first_and_sections_of_one_cloud_last() -> None:
    sections = list(Schema().sections)

    assert (sections[0], sections[-4:]) == ("service", ["ravatar", "stream", "avatar", "avatar_voice"])


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("gates", "did you mean gate?"),
        ("microfone", "did you mean microphone?"),
        ("silence_ms", "did you mean the key gate.silence_ms?"),
        (
            "voice_id",
            "did you mean the key avatar_voice.voice_id? A key is indented below its section's name",
        ),
        ("avatars", "did you mean avatar?"),
        ("projectid", "did you mean the key service.project_id?"),
        ("device", "did you mean the key microphone.device, speaker.device or pixels.device?"),
        ("bord", "did you mean board?"),
        ("board", "write `board: NAME` into the file itself"),
        ("gate.silence_ms", "write silence_ms on a line of its own, indented, below gate:"),
        ("zzz", "there are service, microphone, speaker"),
        ("", "there are service, microphone, speaker"),
    ],
)
def test_an_unknown_section_is_answered_with_the_nearest(name: str, says: str) -> None:
    assert says in Schema().about_unknown_section(name)


@pytest.mark.parametrize(
    ("section", "name", "says"),
    [
        ("gate", "silnce_ms", "did you mean gate.silence_ms?"),
        ("session", "silence_ms", "did you mean gate.silence_ms?"),
        ("lights", "pinn", "did you mean lights.pin?"),
        ("service", "pin", "did you mean button.pin or lights.pin?"),
        ("voice", "no_speech_sec", "did you mean gate.no_speech_s?"),
        ("button", "zzz", "button has pin, pull_up, bounce_ms"),
    ],
)
def test_an_unknown_key_is_answered_with_the_nearest(section: str, name: str, says: str) -> None:
    assert says in Schema().about_unknown_key(section, name)

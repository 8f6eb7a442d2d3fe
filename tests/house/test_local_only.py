"""No page, no message and no other machine sets a program, a path or an address of this one."""

from __future__ import annotations

import re
from typing import get_args

import pytest

from ravatard.config.schema import Key, Schema
from ravatard.secret import Secret

#: Settings that are free text and name no program, path or address, with what they name. A new setting that
#: is text belongs in this table, or is made with ``local_only=True``.
NAMES_NEITHER = {
    "service.user_id": "a user of the service",
    "service.project_id": "a project of the service",
    "service.api_key": "a key",
    "service.avatar": "an avatar of the service",
    "service.language": "a language",
    "service.source": "this client, in messages",
    "microphone.device": "a sound card, looked for among those there are",
    "speaker.device": "a sound card, looked for among those there are",
    "wakeword.word": "a model, by a name without dots and slashes (wakeword/model.py)",
    "wakeword.sensitivity": "a word or a number",
    "quiet.from": "a time of day",
    "quiet.to": "a time of day",
    "kiosk.contact": "a line of the page, shown as text",
    "speech_to_text.language": "a language",
    "mqtt.username": "a user of the broker",
    "mqtt.prefix": "a topic",
    "home_assistant.discovery_prefix": "a topic",
    "home_assistant.name": "a name, shown as text",
    "group.name": "a room, by a name without slashes",
    "avatar.model": "a model of the service",
    "avatar_voice.voice_id": "a voice of the service",
}
#: Endings of names whose settings are programs, paths or addresses whatever their type.
_TELLING = re.compile(
    r"(^|_)(command|program|fifo|wav|file|folder|directory|path|ur[il]|proxy|host|hosts|address|addresses|"
    r"certificate|key|ca|socket|users|texts|names|listen)$"
)
_KEYS = list(Schema().keys.values())


def _is_text(key: Key) -> bool:
    return key.form in (str, Secret) or any(form in (str, Secret) for form in get_args(key.form))


@pytest.mark.parametrize("key", _KEYS, ids=lambda key: key.dotted)
def test_a_setting_that_may_name_a_program_a_path_or_an_address_is_set_on_this_machine_only(key: Key) -> None:
    may_name_one = _is_text(key) or _TELLING.search(key.name) is not None

    assert not may_name_one or key.setting.local_only or key.dotted in NAMES_NEITHER, (
        "make it with local_only=True, or say in NAMES_NEITHER what it names instead"
    )


def test_the_table_of_texts_that_name_neither_is_true() -> None:
    free = {key.dotted for key in _KEYS if not key.setting.local_only}

    assert set(NAMES_NEITHER) <= free


@pytest.mark.parametrize(
    "dotted",
    [
        *("microphone.command", "microphone.fifo", "microphone.wav", "speaker.command", "speaker.wav"),
        *("service.base_url", "service.socket_url", "service.proxy", "earcons.folder", "kiosk.texts"),
        *("speech_to_text.uri", "pixels.device", "kiosk.design"),
        # These choose or allow addresses.
        *("service.kind", "media.private_addresses", "media.insecure", "avatar.plain_key", "kiosk.users"),
        # These would cut the page off from its owner, or send secrets in clear.
        *("page.listen", "page.port", "page.tls", "mqtt.port", "mqtt.tls"),
    ],
)
def test_the_known_ones_are_marked(dotted: str) -> None:
    assert Schema().keys[dotted].setting.local_only

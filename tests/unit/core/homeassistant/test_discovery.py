"""The discovery message: small, complete, with the entities and topics that were agreed."""

from __future__ import annotations

import json
import re
from dataclasses import fields
from typing import Any

import pytest

from ravatard.core.homeassistant.discovery import MESSAGE_LIMIT, DeviceFacts, discovery_message
from ravatard.core.homeassistant.topics import Topics
from ravatard.core.indication import Look
from ravatard.mqtt.options import HomeAssistantOptions, MqttOptions

ID = "ravatard-0123456789abcdef"
TOPICS = Topics("ravatard", ID)


def discovered(topics: Topics = TOPICS, **facts: Any) -> dict[str, Any]:
    return dict(json.loads(discovery_message(topics, DeviceFacts("Kitchen", "1.2.3", **facts))))


def test_there_are_twelve_entities_and_three_that_are_off_by_default() -> None:
    components = discovered()["cmps"]

    off = {key for key, one in components.items() if one.get("en") is False}
    assert off == {"restart", "minutes", "heat"}
    assert {key: one["p"] for key, one in components.items() if key not in off} == {
        "state": "sensor",
        "mute": "switch",
        "volume": "number",
        "say": "notify",
        "press": "button",
        "end": "button",
        "button": "event",
        "turn": "event",
        "problem": "binary_sensor",
        "microphone": "binary_sensor",
        "answer": "sensor",
        "software": "update",
    }
    assert components["state"]["ops"] == [look.value for look in Look]


def test_the_volume_may_be_nothing_at_all() -> None:
    volume = discovered()["cmps"]["volume"]

    assert (volume["min"], volume["max"]) == (0, 100)


def test_every_component_has_an_id_of_its_own_and_topics_of_the_appliance() -> None:
    message = discovered()

    ids = [one["uniq_id"] for one in message["cmps"].values()]
    assert len(set(ids)) == len(ids)
    topics = [one[key] for one in message["cmps"].values() for key in ("stat_t", "cmd_t") if key in one]
    assert all(topic.startswith(f"ravatard/{ID}/") for topic in topics)
    assert message["stat_t"] == f"ravatard/{ID}/state"
    assert message["avty_t"] == f"ravatard/{ID}/availability"
    assert message["o"]["name"] == "ravatard"
    # Neither is allowed, or handed down, there.
    assert not {"~", "qos"} & set(message)


def test_software_is_installed_only_by_a_command_of_the_owner() -> None:
    assert "cmd_t" not in discovered()["cmps"]["software"]
    assert discovered(installs=True)["cmps"]["software"]["cmd_t"] == f"ravatard/{ID}/update/set"


def test_a_board_that_is_known_is_the_model() -> None:
    assert "mdl" not in discovered()["dev"]
    assert discovered(model="Pi")["dev"]["mdl"] == "Pi"


@pytest.mark.parametrize("letter", ["K", "\U0001f50a"])
def test_with_the_longest_names_that_the_settings_take_it_is_small_enough(letter: str) -> None:
    def longest(section: type, key: str) -> str:
        pattern = next(one for one in fields(section) if one.name == key).metadata["setting"].pattern
        name = letter if re.fullmatch(pattern, letter) else "p"
        return name * max(count for count in range(1, 100) if re.fullmatch(pattern, name * count))

    prefix = longest(MqttOptions, "prefix")
    discovery = longest(HomeAssistantOptions, "discovery_prefix")
    name = longest(HomeAssistantOptions, "name")
    topics = Topics(prefix, ID, discovery)
    version = "10.20.30~git20261129143205.7d6f0c4+deb12"
    facts = DeviceFacts(name, version, "Raspberry Pi " * 20, installs=True)

    assert (len(prefix), len(discovery), len(name)) == (32, 16, 40)
    assert len(discovery_message(topics, facts)) <= MESSAGE_LIMIT


def test_topics_are_below_the_prefix_and_commands_are_found_in_them() -> None:
    assert TOPICS.config == f"homeassistant/device/{ID}/config"
    assert TOPICS.birth == "homeassistant/status"
    assert TOPICS.commands == f"ravatard/{ID}/+/set"
    assert TOPICS.group("lobby") == "ravatard/group/lobby/turn"
    assert TOPICS.command(f"ravatard/{ID}/mute/set") == "mute"
    for other in (f"ravatard/{ID}/set", f"ravatard/{ID}/a/b/set", f"ravatard/{ID}/mute", "x/mute/set"):
        assert TOPICS.command(other) is None
    assert TOPICS.config in TOPICS.kept
    assert len(Topics("ravatard", ID, "").kept) == len(TOPICS.kept) - 1

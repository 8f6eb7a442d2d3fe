"""Discovery message: the appliance as one device of Home Assistant, with all its entities.

Abbreviated keys are those of Home Assistant's MQTT integration (its page "MQTT discovery", "Supported
abbreviations"). Topics are written in full: ``~`` is not allowed at the level of the device. ``qos`` stands
in each component: the device's own is not handed down.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from ravatard.core.homeassistant.presses import PressKind
from ravatard.core.homeassistant.report import payload_of
from ravatard.core.homeassistant.topics import Topics
from ravatard.core.homeassistant.turn_events import TURN_EVENTS
from ravatard.core.indication import Look

#: Characters of a board's model: a longer one would crowd out an entity.
LONGEST_MODEL = 64
#: Bytes, with the longest names that the settings take: each start of Home Assistant brings one, and brokers
#: for small devices may take no more than some kilobytes.
MESSAGE_LIMIT = 4_608
PRESS_PAYLOAD = payload_of({"ms": 0}).decode()
INSTALL_PAYLOAD = "INSTALL"

_DIAGNOSTIC = {"ent_cat": "diagnostic"}
_CONFIG = {"ent_cat": "config"}
_OFF_BY_DEFAULT = {"en": False}

Component = dict[str, Any]


@dataclass(frozen=True, slots=True)
class DeviceFacts:
    """Facts about the appliance for the device's page.

    Attributes:
        name: name of the device.
        version: of the program.
        model: the board; "" if it is not known.
        installs: an update can be installed by a command.
    """

    name: str
    version: str
    model: str = ""
    installs: bool = False


def discovery_message(topics: Topics, facts: DeviceFacts) -> bytes:
    """Return the payload for ``topics.config``, to be retained."""
    device: dict[str, Any] = {"ids": topics.id, "name": facts.name, "mf": "ravatard", "sw": facts.version}
    if facts.model:
        device["mdl"] = facts.model[:LONGEST_MODEL]
    message = {
        "dev": device,
        "o": {"name": "ravatard", "sw": facts.version},
        "avty_t": topics.of("availability"),
        # Handed down to every component without one of its own; the others' schemas drop it.
        "stat_t": topics.of("state"),
        "cmps": {
            key: {"p": platform, "uniq_id": f"{topics.id}_{key}", **component}
            for key, platform, component in _components(topics, facts)
        },
    }
    return payload_of(message)


def _components(topics: Topics, facts: DeviceFacts) -> Iterator[tuple[str, str, Component]]:
    """Yield key, platform and the rest of each component."""
    yield from _controls(topics)
    yield from _events(topics)
    yield from _diagnostics(topics, facts)


def _controls(topics: Topics) -> Iterator[tuple[str, str, Component]]:
    # Without a name of its own it has the device's.
    state = {"name": None, "dev_cla": "enum", "ops": [look.value for look in Look]}
    yield "state", "sensor", {**state, **_field("state")}
    mute = {"name": "Mute", "ic": "mdi:microphone-off", **_set(topics, "mute")}
    yield "mute", "switch", {**mute, **_field("mute")}
    # By its documents the least value is 1 unless it is given.
    loudness = {"min": 0, "max": 100, "mode": "slider", "unit_of_meas": "%"}
    volume = {"name": "Volume", **loudness, **_set(topics, "volume")}
    yield "volume", "number", {**volume, **_field("volume")}
    yield "say", "notify", {"name": "Say", **_set(topics, "say")}
    yield "press", "button", {"name": "Press", "pl_prs": PRESS_PAYLOAD, **_set(topics, "press")}
    yield "end", "button", {"name": "End session", **_CONFIG, **_set(topics, "restart-session")}
    restart = {"name": "Restart", "dev_cla": "restart", **_CONFIG, **_OFF_BY_DEFAULT}
    yield "restart", "button", {**restart, **_set(topics, "restart")}


def _events(topics: Topics) -> Iterator[tuple[str, str, Component]]:
    button = {"name": "Button", "dev_cla": "button", "evt_typ": [kind.value for kind in PressKind]}
    yield "button", "event", {**button, "stat_t": topics.of("event/button"), "qos": 1}
    turn = {"name": "Turn", "evt_typ": list(TURN_EVENTS)}
    yield "turn", "event", {**turn, "stat_t": topics.of("event/turn"), "qos": 1}


def _diagnostics(topics: Topics, facts: DeviceFacts) -> Iterator[tuple[str, str, Component]]:
    problem = {
        "name": "Problem",
        "dev_cla": "problem",
        "json_attr_t": topics.of("state"),
        "json_attr_tpl": "{{{'degraded':value_json.degraded}|tojson}}",
    }
    yield "problem", "binary_sensor", {**problem, **_DIAGNOSTIC, **_field("problem")}
    yield "microphone", "binary_sensor", {"name": "Microphone open", **_DIAGNOSTIC, **_field("microphone")}
    answer = {"name": "Last answer", "dev_cla": "duration", "unit_of_meas": "s", "sug_dsp_prc": 1}
    yield "answer", "sensor", {**answer, **_DIAGNOSTIC, **_of(topics, "last-turn", "answer_s")}
    update = {"name": "Software", "dev_cla": "firmware", "stat_t": topics.of("update"), **_DIAGNOSTIC}
    if facts.installs:
        update |= {"pl_inst": INSTALL_PAYLOAD, **_set(topics, "update")}
    yield "software", "update", update
    minutes = {"name": "Session minutes today", "dev_cla": "duration", "unit_of_meas": "min"}
    rarely = {**_DIAGNOSTIC, **_OFF_BY_DEFAULT}
    yield "minutes", "sensor", {**minutes, **rarely, **_of(topics, "health", "minutes")}
    heat = {"name": "Board temperature", "dev_cla": "temperature", "unit_of_meas": "°C"}
    yield "heat", "sensor", {**heat, **rarely, **_of(topics, "health", "temperature")}


def _of(topics: Topics, name: str, field: str) -> Component:
    return {"stat_t": topics.of(name), **_field(field)}


def _field(field: str) -> Component:
    """Return a component's template; alone it reads the device's own state topic."""
    return {"val_tpl": f"{{{{value_json.{field}}}}}"}


def _set(topics: Topics, command: str) -> Component:
    return {"cmd_t": topics.of(f"{command}/set"), "qos": 1}

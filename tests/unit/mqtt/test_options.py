"""Prefixes that mean something to a broker, and names that would break a topic, are refused."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from ravatard.config import load
from ravatard.errors import ConfigError

BAD = {
    "mqtt.prefix": ("ravatard/#", "house/+", "#", "$SYS", "/house", "house/", "a b", "a//b", "x" * 33, ""),
    "home_assistant.discovery_prefix": ("homeassistant/#", "+", "x" * 17),
    "group.name": ("lobby/2", "a#", "+", "", "x" * 33),
    "mqtt.host": ("broker:1883/x", "a b", "", "tcp://broker"),
}


def configured(folder: Path, key: str, value: str) -> Path:
    section, name = key.split(".")
    path = folder / "ravatard.yaml"
    path.write_text(yaml.safe_dump({"service": {"project_id": "p"}, section: {name: value}}))
    return path


@pytest.mark.parametrize(("key", "value"), [(key, value) for key, values in BAD.items() for value in values])
def test_a_name_that_a_broker_would_read_otherwise_is_refused(tmp_path: Path, key: str, value: str) -> None:
    with pytest.raises(ConfigError, match=key.replace(".", r"\.")):
        load(configured(tmp_path, key, value), {})


@pytest.mark.parametrize(
    ("key", "value"),
    [("mqtt.prefix", "house/first-floor"), ("group.name", "lobby"), ("mqtt.host", "192.168.1.4")],
)
def test_an_ordinary_one_is_taken(tmp_path: Path, key: str, value: str) -> None:
    options = load(configured(tmp_path, key, value), {}).options

    section, name = key.split(".")
    assert getattr(getattr(options, section), name) == value

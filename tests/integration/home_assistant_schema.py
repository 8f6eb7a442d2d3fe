"""Run by a Python that has Home Assistant: judges a discovery message as its MQTT integration does.

Standard input is the message; standard output one line a component: its key, platform, and what is enabled.
"""

from __future__ import annotations

import asyncio
import json
import sys
import tempfile
from importlib import import_module


async def main() -> None:
    # Templates are judged inside a running Home Assistant only.
    import_module("homeassistant.core").HomeAssistant(tempfile.gettempdir())
    discovery = import_module("homeassistant.components.mqtt.discovery")
    payload = discovery.MQTTDiscoveryPayload(json.loads(sys.stdin.read()))
    discovery._replace_all_abbreviations(payload)
    discovery.DEVICE_DISCOVERY_SCHEMA(payload)
    components = payload.pop("components")
    for key, component in components.items():
        discovery._merge_common_device_options(component, payload)
        platform = component.pop("platform")
        given = set(component)
        judged = import_module(f"homeassistant.components.mqtt.{platform}").DISCOVERY_SCHEMA(
            {**component, "device": payload["device"]}
        )
        # What a schema does not know it drops without a word; the device's own topic is for others.
        dropped = given - set(judged) - {"state_topic"}
        assert not dropped, (key, dropped)
        print(key, platform, judged.get("entity_category"), judged["enabled_by_default"])  # noqa: T201


asyncio.run(main())

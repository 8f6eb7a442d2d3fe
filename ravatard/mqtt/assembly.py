"""Parts of the MQTT adapter, built from its option groups."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from ravatard.core.backoff import Backoff, BackoffOptions
from ravatard.core.homeassistant.discovery import DeviceFacts
from ravatard.core.homeassistant.topics import Topics
from ravatard.mqtt.adapter import MqttAdapter, patience_of
from ravatard.mqtt.aiomqtt_broker import AiomqttBroker
from ravatard.mqtt.event_queue import EventQueue
from ravatard.mqtt.group_channel import GroupChannel
from ravatard.mqtt.home import BIRTH_JITTER_S, HomeParts
from ravatard.mqtt.options import GroupOptions, HomeAssistantOptions, MqttOptions
from ravatard.mqtt.software import Software
from ravatard.ports.broker import KeptRecord, KeptTopics
from ravatard.ports.group import Room


@dataclass(frozen=True, slots=True)
class MqttSections:
    """Sections of the configuration that MQTT needs.

    Attributes:
        mqtt: the broker.
        home: Home Assistant.
        group: the room.
        reconnect: pauses between attempts, as for the service.
    """

    mqtt: MqttOptions
    home: HomeAssistantOptions = field(default_factory=HomeAssistantOptions)
    group: GroupOptions = field(default_factory=GroupOptions)
    reconnect: BackoffOptions = field(default_factory=BackoffOptions)


@dataclass(frozen=True, slots=True)
class ApplianceIdentity:
    """Identity of the appliance, as others see it.

    Attributes:
        id: client id at the broker, and part of every topic.
        version: of the program.
        model: of the board; "" if it is not known.
    """

    id: str
    version: str
    model: str = ""


def mqtt_adapter(
    sections: MqttSections,
    own: ApplianceIdentity,
    record: KeptRecord | None,
    chance: Callable[[], float],
) -> tuple[MqttAdapter, Room | None]:
    """Return the adapter, and the room if there is a group.

    Args:
        sections: of the configuration; the broker's has a host.
        own: this appliance.
        record: of topics that are kept; None: this run leaves none behind.
        chance: gives numbers in [0, 1).
    """
    mqtt, home = sections.mqtt, sections.home
    topics = Topics(mqtt.prefix, own.id, home.discovery_prefix if home.discovery else "")
    parts = HomeParts(
        topics=topics,
        facts=DeviceFacts(home.name, own.version, own.model, installs=home.update_command is not None),
        software=Software(own.version, home.update_check, home.update_command),
        events=EventQueue(),
        chance=chance,
        spread_s=max(BIRTH_JITTER_S, sections.reconnect.spread_s),
    )
    kept = KeptTopics(mqtt.host or "", mqtt.broker_port, topics.kept)
    name = sections.group.name
    channel = None if name is None else GroupChannel(topics.group(name))
    adapter = MqttAdapter(
        AiomqttBroker(mqtt, own.id),
        parts,
        lambda: Backoff(patience_of(sections.reconnect), chance),
        (record, kept),
        channel,
    )
    return adapter, None if channel is None or name is None else Room(channel, own.id, name)

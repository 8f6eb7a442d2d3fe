"""Topics of one appliance: everything of it below one prefix, so that a broker's rules are one line."""

from __future__ import annotations

from dataclasses import dataclass

#: Home Assistant, MQTT integration: default discovery prefix, and where it announces its start.
DISCOVERY_PREFIX = "homeassistant"


@dataclass(frozen=True, slots=True)
class Topics:
    """Topics by their use.

    Attributes:
        prefix: first levels of every topic.
        id: id of the appliance, also its client id.
        discovery: Home Assistant's discovery prefix; "" for no discovery.
    """

    prefix: str
    id: str
    discovery: str = DISCOVERY_PREFIX

    def of(self, name: str) -> str:
        """Return the topic of the appliance that ends in ``name``, such as ``state`` or ``event/turn``."""
        return f"{self.prefix}/{self.id}/{name}"

    @property
    def commands(self) -> str:
        """Filter for the topics of all commands."""
        return self.of("+/set")

    def command(self, topic: str) -> str | None:
        """Return the name of the command that ``topic`` is for; None if it is for none."""
        before, after = self.of(""), "/set"
        if not (topic.startswith(before) and topic.endswith(after)):
            return None
        name = topic[len(before) : -len(after)]
        return name if name and "/" not in name else None

    @property
    def config(self) -> str:
        """Topic of the discovery message."""
        return f"{self.discovery}/device/{self.id}/config"

    @property
    def birth(self) -> str:
        """Topic where Home Assistant announces that it has started."""
        return f"{self.discovery}/status"

    def group(self, name: str) -> str:
        """Return the topic of the turns of a group."""
        return f"{self.prefix}/group/{name}/turn"

    @property
    def kept(self) -> tuple[str, ...]:
        """Topics whose last message the broker keeps, in the order in which they are taken back."""
        own = tuple(self.of(name) for name in ("availability", "state", "last-turn", "update", "instance"))
        return (self.config, *own) if self.discovery else own

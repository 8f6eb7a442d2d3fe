"""Adapters for other programs, as far as they are switched on; what is off is not loaded."""

from __future__ import annotations

import logging
import random
import time
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from ravatard import __version__
from ravatard.assembly.kept_record import FileKeptRecord
from ravatard.cloud.factory import kind_of
from ravatard.cloud.network.trust import load_aiohttp
from ravatard.config import Options
from ravatard.host.board.health import board_model
from ravatard.host.identity import appliance_id
from ravatard.installation import adding
from ravatard.ports.adapter import Adapter
from ravatard.ports.group import Room

log = logging.getLogger("ravatard")


@dataclass(frozen=True, slots=True)
class OtherPrograms:
    """Ways in and out of the appliance for other programs and appliances.

    Attributes:
        adapters: the adapters.
        room: the other appliances of the room; None: there are none.
    """

    adapters: tuple[Adapter, ...] = ()
    room: Room | None = None


def other_programs(options: Options, state: Path | None, without: list[str]) -> OtherPrograms:
    """Return what is configured.

    Args:
        options: the configuration.
        state: the state directory; None: nothing is to be remembered.
        without: gets a sentence for each adapter that is not installed.
    """
    metrics = _metrics(options, state, without)
    mqtt, room = _mqtt(options, state, without)
    return OtherPrograms(tuple(one for one in (metrics, mqtt) if one is not None), room)


def _certificates(options: Options, state: Path | None) -> dict[str, Path]:
    """Return the files with certificates of this appliance, by their use."""
    from ravatard.host.page.certificate import NAME

    page, mqtt, found = options.page, options.mqtt, {}
    if page.listen != "off" and page.tls == "files" and page.certificate is not None:
        found["page"] = Path(page.certificate)
    elif page.listen != "off" and page.tls == "self-made" and state is not None:
        found["page"] = state / NAME
    if mqtt.host is not None and mqtt.certificate is not None:
        found["mqtt"] = Path(mqtt.certificate)
    return found


def _metrics(options: Options, state: Path | None, without: list[str]) -> Adapter | None:
    if not options.metrics.wanted or _lacks("prometheus_client", "metrics", without):
        return None
    load_aiohttp()
    from ravatard.host.metrics.certificate_expiry import expiries
    from ravatard.web.metrics.collector import StaticFacts
    from ravatard.web.metrics.metrics import Metrics

    day_minutes = options.spend.day_minutes
    facts = StaticFacts(
        version=__version__,
        mode="live" if kind_of(options).features(options).live else "chat",
        day_budget_s=None if day_minutes is None else day_minutes * 60,
        started_at=time.time(),
        certificates=expiries(_certificates(options, state)),
    )
    return Metrics(options.metrics, facts)


def _mqtt(options: Options, state: Path | None, without: list[str]) -> tuple[Adapter | None, Room | None]:
    record = FileKeptRecord(state) if state is not None else None
    if options.mqtt.host is None:
        if options.group.name is not None:
            without.append("no group: its appliances meet at an MQTT broker; write its name as mqtt.host")
        # A file that is looked for is all that this costs while nothing was ever kept.
        kept = record.read() if record is not None else None
        if kept is None or record is None or find_spec("aiomqtt") is None:
            return None, None
        from ravatard.mqtt.farewell import farewell_to

        return farewell_to(options.mqtt, appliance_id(), record, kept), None
    if _lacks("aiomqtt", "mqtt", without):
        return None, None
    from ravatard.mqtt.assembly import ApplianceIdentity, MqttSections, mqtt_adapter

    sections = MqttSections(options.mqtt, options.home_assistant, options.group, options.reconnect)
    own = ApplianceIdentity(appliance_id(), __version__, board_model() or "")
    return mqtt_adapter(sections, own, record, random.SystemRandom().random)


def _lacks(library: str, extra: str, without: list[str]) -> bool:
    """Return True if a library is missing; it is told once."""
    if find_spec(library) is not None:
        return False
    sentence = f"the Python package {library} is missing; {adding(extra)}"
    log.warning("running without section %s: %s", extra, sentence)
    without.append(f"no {extra}: {sentence}")
    return True

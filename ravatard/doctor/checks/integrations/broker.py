"""Check of the MQTT broker: it lets us in, passes on what is ours, and no other appliance has our id."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from uuid import uuid4

from ravatard.core.homeassistant.topics import Topics
from ravatard.doctor.check import Case
from ravatard.doctor.checks.running import daemons
from ravatard.doctor.result import CheckResult, broken, fine, needless, unknown, warning
from ravatard.doctor.user import store_is_closed
from ravatard.errors import RavatardError
from ravatard.host.identity import appliance_id
from ravatard.installation import adding
from ravatard.ports.broker import BrokerConnection, Publication

#: For the way of a message to the broker and back.
ECHO_S = 3.0
#: Name look-up, connection and log-in have deadlines of their own, a few seconds each.
LIMIT_S = 20.0

_SAME_ID = (
    "two appliances have the same machine-id (a copied card?): remove /etc/machine-id on one of them and "
    "restart it"
)


@dataclass(frozen=True, slots=True)
class _Trial:
    """Outcome of a trial.

    Attributes:
        echoed: a message below our topics came back.
        is_present: the broker says that an appliance with our id is there.
    """

    echoed: bool
    is_present: bool


async def look_at_broker(case: Case) -> CheckResult:
    """Check the broker of section ``mqtt``, if there is one, under an id of the doctor's own."""
    options, machine = case.options.mqtt, case.machine
    if options.host is None:
        return needless("no MQTT broker is configured (mqtt.host)")
    if machine.version("aiomqtt") is None:
        return broken("the Python package aiomqtt is missing", adding("mqtt", machine.prefix, machine.root))
    if options.username is not None and options.password is None and (case.sealed or store_is_closed(case)):
        return unknown(
            "the password for the MQTT broker is kept where only root sees it", "sudo ravatard doctor"
        )
    own = appliance_id(machine.path("/etc/machine-id"))
    topics = Topics(options.prefix, own)
    # The daemon's own id would take the connection over.
    broker = machine.broker(options, f"{own}-doctor")
    will = Publication(topics.of("doctor"), b"")
    try:
        async with broker.connected(will) as connection:
            trial = await _tried(connection, topics)
    except RavatardError as error:
        fact, _, remedy = str(error).partition("; ")
        return broken(fact, remedy or "start the broker, or correct mqtt.host and mqtt.port")
    address = f"{options.host}:{options.broker_port}"
    if not trial.echoed:
        return broken(
            f"the MQTT broker {address} lets us in, but passes on nothing below {topics.of('')}",
            f"correct the broker's rules: this user has to read and write {topics.of('#')}",
        )
    return _presence(case, trial, own) or fine(
        f"the MQTT broker {address} passes on what is below {topics.of('')}"
    )


def _presence(case: Case, trial: _Trial, own: str) -> CheckResult | None:
    """Return what is wrong between the daemon and the broker; None: nothing."""
    if case.daemon is None:
        if trial.is_present and not daemons(case.machine):
            return broken(
                f"an appliance with our id {own} is on the MQTT broker, and none runs here", _SAME_ID
            )
        return None
    degraded = case.daemon.get("degraded")
    told = degraded if isinstance(degraded, list) else []
    fault = next((str(one) for one in told if str(one).startswith("no MQTT: ")), None)
    if fault is None:
        return None
    fact, _, remedy = fault.partition("; ")
    return warning(f"the daemon says: {fact}", remedy or "if it stays so: sudo systemctl restart ravatard")


async def _tried(connection: BrokerConnection, topics: Topics) -> _Trial:
    """Send a message to ourselves. Nothing of it stays on the broker.

    Raises:
        LinkError, DeniedError: the broker does not take it.
    """
    echo, presence, mark = topics.of("doctor"), topics.of("availability"), uuid4().hex.encode()
    await connection.subscribe(echo, presence)
    await connection.publish(Publication(echo, mark, sure=True))
    is_present = False
    try:
        async with asyncio.timeout(ECHO_S):
            # What is kept comes first.
            async for message in connection.messages():
                if message.topic == presence:
                    is_present = message.payload == b"online"
                elif message.payload == mark:
                    return _Trial(True, is_present)
    except TimeoutError:
        pass
    return _Trial(False, is_present)

"""The broker lets us in and passes on what is ours, or what to do is said."""

from __future__ import annotations

import pytest

from ravatard.doctor.result import Verdict
from ravatard.errors import DeniedError, LinkError
from ravatard.host.identity import appliance_id
from ravatard.ports.broker import BrokerMessage
from tests.unit.doctor.patient import CONFIG, Patient, running
from tests.unit.mqtt.fakes import FakeBroker, FakeConnection

WITH_ONE = CONFIG + "mqtt: {host: broker.lan}\n"
MACHINE_ID = "0123456789abcdef0123456789abcdef"


@pytest.fixture
def own(patient: Patient) -> str:
    patient.config(WITH_ONE)
    return appliance_id(patient.write("etc/machine-id", f"{MACHINE_ID}\n"))


async def test_without_a_broker_there_is_nothing_to_look_at(patient: Patient) -> None:
    assert (await patient.finding("mqtt")).result.verdict is Verdict.NEEDLESS


async def test_a_broker_that_passes_on_what_is_ours_is_fine_and_keeps_nothing(
    patient: Patient, own: str
) -> None:
    connection = FakeConnection(echoes=True)
    patient.broker = FakeBroker(connection)

    found = (await patient.finding("mqtt")).result

    assert found.verdict is Verdict.FINE
    assert found.text == f"the MQTT broker broker.lan:1883 passes on what is below ravatard/{own}/"
    # The daemon's own connection must not be taken over.
    assert patient.broker_id == f"{own}-doctor"
    assert not any(message.retained for message in connection.published)


async def test_a_broker_whose_rules_leave_us_out_is_told(patient: Patient, own: str) -> None:
    patient.broker = FakeBroker(FakeConnection())

    found = (await patient.finding("mqtt")).result

    assert found.verdict is Verdict.BROKEN
    assert "passes on nothing" in found.text
    assert f"ravatard/{own}/#" in found.remedy


async def test_an_appliance_with_our_id_is_told_unless_it_is_ours(patient: Patient, own: str) -> None:
    for status, verdict in ((None, Verdict.BROKEN), (running(), Verdict.FINE)):
        connection = FakeConnection(echoes=True)
        connection.comes.put_nowait(BrokerMessage(f"ravatard/{own}/availability", b"online", retained=True))
        patient.broker, patient.status = FakeBroker(connection), status

        found = (await patient.finding("mqtt")).result

        assert found.verdict is verdict
        assert ("machine-id" in found.remedy) is (verdict is Verdict.BROKEN)


async def test_the_daemons_own_word_is_repeated(patient: Patient, own: str) -> None:
    del own
    patient.status = running(degraded=["no MQTT: another client has our id; remove /etc/machine-id"])
    patient.broker = FakeBroker(FakeConnection(echoes=True))

    found = (await patient.finding("mqtt")).result

    assert found.verdict is Verdict.WARNING
    assert found.text == "the daemon says: no MQTT: another client has our id"
    assert found.remedy == "remove /etc/machine-id"


@pytest.mark.parametrize(
    ("error", "text", "remedy"),
    [
        (DeniedError("it refuses us; correct mqtt.password"), "it refuses us", "correct mqtt.password"),
        (LinkError("it is away"), "it is away", "start the broker, or correct mqtt.host and mqtt.port"),
    ],
)
async def test_a_broker_that_is_not_reached_or_refuses_is_told_with_the_remedy(
    patient: Patient, own: str, error: Exception, text: str, remedy: str
) -> None:
    del own
    patient.broker = FakeBroker(refusal=error)

    found = (await patient.finding("mqtt")).result

    assert (found.verdict, found.text, found.remedy) == (Verdict.BROKEN, text, remedy)


async def test_a_library_that_is_missing_and_a_password_of_roots_are_told(patient: Patient, own: str) -> None:
    del own
    del patient.packages["aiomqtt"]
    assert "aiomqtt is missing" in (await patient.finding("mqtt")).result.text
    patient.packages["aiomqtt"] = "2.5.1"
    patient.config(CONFIG + "mqtt: {host: broker.lan, username: avatar}\n")
    patient.uid = 1_000
    (patient.root / "etc/credstore").chmod(0o700)

    found = (await patient.finding("mqtt")).result

    assert found.verdict is Verdict.UNKNOWN
    assert found.remedy == "sudo ravatard doctor"

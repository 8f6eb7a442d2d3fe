"""The broker behind its library: what its refusals are called, and which version of MQTT is tried next."""

from __future__ import annotations

import pytest
from aiomqtt import ProtocolVersion

from ravatard.errors import DeniedError, LinkError
from ravatard.mqtt.aiomqtt_broker import AiomqttBroker
from ravatard.mqtt.options import MqttOptions

#: Reason codes of CONNACK, MQTT 5.0 section 3.2.2.2.
OLDER_VERSION, BAD_PASSWORD, SERVER_BUSY = 0x84, 0x86, 0x89


def broker(**options: object) -> AiomqttBroker:
    return AiomqttBroker(MqttOptions(host="broker.example", **options), "ravatard-0123")  # type: ignore[arg-type]


def version(tried: AiomqttBroker) -> ProtocolVersion:
    return tried._protocol


@pytest.mark.parametrize(("options", "port"), [({}, 1883), ({"tls": True}, 8883), ({"port": 11883}, 11883)])
def test_its_place_is_host_and_port(options: dict[str, object], port: int) -> None:
    assert broker(**options).place == f"broker.example:{port}"


def test_a_wrong_password_is_named_and_no_other_version_is_tried() -> None:
    tried = broker()

    refused = tried.refused(BAD_PASSWORD)

    assert isinstance(refused, DeniedError)
    assert "mqtt.password" in str(refused)
    assert version(tried) is ProtocolVersion.V5


def test_another_reason_is_told_by_its_number() -> None:
    assert f"reason {SERVER_BUSY}" in str(broker().refused(SERVER_BUSY))


def test_a_broker_that_knows_no_newer_version_is_asked_in_the_older_one_once() -> None:
    tried = broker()

    first, second = tried.refused(OLDER_VERSION), tried.refused(OLDER_VERSION)

    assert isinstance(first, LinkError)
    assert isinstance(second, DeniedError)
    assert version(tried) is ProtocolVersion.V311


def test_a_broker_that_hangs_up_is_asked_in_the_other_version_each_time() -> None:
    tried = broker()

    told = [(str(tried.hung_up()), version(tried)) for _ in range(3)]

    assert [used for _, used in told] == [ProtocolVersion.V311, ProtocolVersion.V5, ProtocolVersion.V311]
    assert all("broker.example:1883" in text and "mqtt.certificate" not in text for text, _ in told)


def test_a_client_certificate_is_named_where_there_is_tls() -> None:
    assert "mqtt.certificate" in str(broker(tls=True).hung_up())

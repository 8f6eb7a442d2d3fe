"""Ways for other programs are built when they are configured, and a missing one is told."""

from __future__ import annotations

from pathlib import Path

import pytest

from ravatard.assembly import adapters
from ravatard.assembly.adapters import _certificates, other_programs
from ravatard.assembly.kept_record import FileKeptRecord
from ravatard.config import Options
from ravatard.mqtt.options import GroupOptions, MqttOptions
from ravatard.ports.broker import KeptTopics
from ravatard.web.metrics.options import MetricsOptions
from ravatard.web.page.options import PageOptions


async def test_what_is_configured_is_built() -> None:
    without: list[str] = []
    options = Options(
        metrics=MetricsOptions(listen="loopback"),
        mqtt=MqttOptions(host="broker.example"),
        group=GroupOptions("lobby"),
    )

    built = other_programs(options, None, without)

    assert [one.name for one in built.adapters] == ["metrics", "mqtt"]
    assert built.room is not None
    assert built.room.name == "lobby"
    assert without == []


@pytest.mark.parametrize(
    ("page", "expected"),
    [
        (PageOptions(listen="lan", tls="self-made"), "/state/page-certificate.pem"),
        (PageOptions(listen="lan", tls="files", certificate="/etc/page.pem"), "/etc/page.pem"),
        (PageOptions(listen="lan", tls="off"), None),
        (PageOptions(tls="self-made"), None),
    ],
)
def test_the_certificates_in_use_are_told_to_the_metrics(page: PageOptions, expected: str | None) -> None:
    mqtt = MqttOptions(host="broker.example", tls=True, certificate="/etc/client.pem", key="/etc/client.key")

    found = _certificates(Options(page=page, mqtt=mqtt), Path("/state"))

    assert {use: str(path) for use, path in found.items()} == (
        {"mqtt": "/etc/client.pem"} | ({} if expected is None else {"page": expected})
    )


async def test_what_was_switched_off_says_farewell_once(tmp_path: Path) -> None:
    FileKeptRecord(tmp_path).write(KeptTopics("broker.example", 1_883, ("a",)))

    assert [one.name for one in other_programs(Options(), tmp_path, []).adapters] == ["mqtt farewell"]
    assert other_programs(Options(), tmp_path / "other", []).adapters == ()


async def test_a_library_that_is_missing_and_a_group_without_a_broker_are_told(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    without: list[str] = []
    monkeypatch.setattr(adapters, "find_spec", lambda _: None)
    options = Options(metrics=MetricsOptions(listen="loopback"), mqtt=MqttOptions(host="broker.example"))

    assert other_programs(options, None, without).adapters == ()
    other_programs(Options(group=GroupOptions("lobby")), None, without)

    assert [sentence.partition(":")[0] for sentence in without] == ["no metrics", "no mqtt", "no group"]

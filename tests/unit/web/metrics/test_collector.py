"""Every figure is the report's, names and units are Prometheus's, and there are never too many series."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from ravatard.core.audio.speaker_events import PlaybackStarted
from ravatard.core.control.figures import Figures
from ravatard.core.events import SessionRefused, UtteranceClosed, UtteranceOpened
from ravatard.core.states import Cause, CloseReason, Refusal
from ravatard.web.metrics.collector import StaticFacts, StatusCollector
from ravatard.web.metrics.exposition import Exposition
from tests.unit.web.metrics.fakes import FakeHandler, fresh_report

#: More would cost a fleet's Prometheus more than they are worth.
MOST_SERIES = 110
MOST_BYTES = 12_288

Series = dict[tuple[str, tuple[tuple[str, str], ...]], float]


async def scraped(
    report: dict[str, Any],
    figures: Figures | None = None,
    certificates: Callable[[], Mapping[str, float]] | None = None,
) -> Series:
    facts = StaticFacts("1.2.3", "live", 3_600.0, 1_700_000_000.0, certificates or dict)
    collector = StatusCollector(figures or Figures(), lambda: 0.0, facts)
    text = (await Exposition(collector, FakeHandler(report)).text()).decode()
    assert len(text) <= MOST_BYTES
    families = text_string_to_metric_families(text)
    return {
        (one.name, tuple(sorted(one.labels.items()))): one.value
        for family in families
        for one in family.samples
    }


def busy_report() -> dict[str, Any]:
    """A report in which everything has happened, and all text but its id is a planted secret."""
    report = fresh_report()
    planted = "planted-secret"
    report |= {"status": planted, "degraded": [planted, planted], "avatar": planted, "volume": 55}
    report |= {"id": "ravatard-0123", "service": {"user": planted}, "health": {"temperature_c": 48.5}}
    report["microphone"] |= {"device": planted, "level_db": -30.5, "floor_db": -61.0, "state": "held"}
    report["session"]["state"] = report["link"]["state"] = "live"
    report["link"]["state"] = "online"
    counters = report["counters"]
    for number, name in enumerate(name for name in counters if name != "turns"):
        counters[name] = 100 + number
    counters["turns"] = {name: 7 + number for number, name in enumerate(counters["turns"])}
    return report


async def test_every_counter_of_the_report_is_there_with_its_value() -> None:
    report = busy_report()

    series = await scraped(report)

    counters = report["counters"]
    for outcome, count in counters["turns"].items():
        assert series["ravatard_turns_total", (("outcome", outcome),)] == count
    for name, key in {
        "utterances": "utterances",
        "messages_sent": "messages",
        "sessions_started": "sessions_started",
        "reconnects": "reconnects",
        "overruns": "overruns",
        "underruns": "underruns",
        "wakes": "wakes",
    }.items():
        assert series[f"ravatard_{name}_total", ()] == counters[key]
    assert series["ravatard_false_starts_total", (("gate", "button"),)] == counters["presses_ignored"]


async def test_a_counter_that_not_every_appliance_has_is_there_when_the_report_has_it() -> None:
    report = busy_report()
    assert ("ravatard_mqtt_messages_dropped_total", ()) not in await scraped(report)
    report["counters"]["mqtt_dropped"] = 17

    assert (await scraped(report))["ravatard_mqtt_messages_dropped_total", ()] == 17


async def test_certificates_and_the_token_expire_when_they_do() -> None:
    report = busy_report()
    assert not [name for name, _ in await scraped(report) if "expiry" in name]
    facts = StaticFacts(certificates=lambda: {"page": 1_800_000_000.0, "mqtt": 1_900_000_000.0})
    report["access_expires_s"] = 3_600.4
    collector = StatusCollector(Figures(), lambda: 0.0, facts, wall=lambda: 1_700_000_000.0)
    text = (await Exposition(collector, FakeHandler(report)).text()).decode()
    found = {line.partition(" ")[0]: line.partition(" ")[2] for line in text.splitlines()}

    name = "ravatard_certificate_expiry_timestamp_seconds"
    assert float(found[f'{name}{{certificate="page"}}']) == 1_800_000_000
    assert float(found[f'{name}{{certificate="mqtt"}}']) == 1_900_000_000
    assert float(found["ravatard_token_expiry_timestamp_seconds"]) == 1_700_003_600


async def test_states_levels_and_facts_are_there_in_base_units() -> None:
    series = await scraped(busy_report())

    (info,) = (dict(labels) for name, labels in series if name == "ravatard_info")
    assert info == {"id": "ravatard-0123", "version": "1.2.3", "board": "", "mode": "live"}
    states = {labels[0][1]: value for (name, labels), value in series.items() if name == "ravatard_state"}
    assert [state for state, value in states.items() if value] == ["starting"]
    assert len(states) == 15
    assert series["ravatard_volume_ratio", ()] == 0.55
    assert series["ravatard_microphone_level_dbfs", ()] == -30.5
    assert series["ravatard_microphone_open", ()] == series["ravatard_link_up", ()] == 1
    assert series["ravatard_session_active", ()] == 1
    assert series["ravatard_troubles", ()] == 2
    assert series["ravatard_board_temperature_celsius", ()] == 48.5
    assert series["ravatard_session_budget_seconds", ()] == 3_600


async def test_what_is_not_known_has_no_series() -> None:
    series = await scraped(fresh_report())

    assert ("ravatard_microphone_level_dbfs", ()) not in series
    assert ("ravatard_board_temperature_celsius", ()) not in series


async def test_waits_are_histograms_and_refusals_have_reasons() -> None:
    figures = Figures()
    for now, event in (
        (0.0, UtteranceOpened(1, Cause.VOICE, 0)),
        (1.0, UtteranceClosed(1, CloseReason.SILENCE, 0, 900.0)),
        (1.6, PlaybackStarted(1.6)),
        (2.0, SessionRefused(Refusal.BUSY, "planted-secret")),
    ):
        figures.on_event(event, now)

    series = await scraped(fresh_report(), figures)

    assert series["ravatard_answer_seconds_bucket", (("le", "0.5"),)] == 0
    assert series["ravatard_answer_seconds_bucket", (("le", "0.75"),)] == 1
    assert series["ravatard_answer_seconds_sum", ()] == pytest.approx(0.6)
    assert series["ravatard_sessions_refused_total", (("reason", "busy"),)] == 1


async def test_no_text_and_no_id_becomes_a_label_and_the_series_are_few() -> None:
    report = busy_report()
    report["access_expires_s"], report["counters"]["mqtt_dropped"] = 3_600.0, 17

    series = await scraped(report, certificates=lambda: {"page": 1.8e9, "mqtt": 1.9e9})

    assert "planted" not in str(series)
    assert series["ravatard_certificate_expiry_timestamp_seconds", (("certificate", "mqtt"),)] == 1.9e9
    assert 60 < len(series) <= MOST_SERIES

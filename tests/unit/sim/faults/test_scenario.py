"""The words of a scenario."""

from __future__ import annotations

from dataclasses import fields
from typing import get_args

import pytest

from ravatard.setting import Setting
from ravatard.sim.faults import scenario as fs


def test_every_fault_has_one_word() -> None:
    assert set(fs.WORDS.values()) == set(get_args(fs.Fault))
    assert len(fs.WORDS) == len(get_args(fs.Fault))


@pytest.mark.parametrize("kind", [*fs.WORDS.values(), fs.When, fs.FaultStep])
def test_every_setting_is_described_and_numbers_have_a_range(
    kind: type[fs.Fault | fs.When | fs.FaultStep],
) -> None:
    assert kind.__doc__
    for one in fields(kind):
        if one.name in {"do", "when"}:
            continue
        told = one.metadata["setting"]
        assert isinstance(told, Setting)
        assert told.text.endswith(".")
        if str(one.type).removesuffix(" | None") in {"int", "float"}:
            assert told.low is not None
            assert told.high is not None


def test_only_a_scenario_with_tls_has_a_certificate() -> None:
    assert fs.Scenario((fs.FaultStep(fs.Refuse()),)).certificates == ()
    steps: list[fs.Fault] = [fs.Refuse(), fs.Tls("expired"), fs.Tls(), fs.Tls("expired")]
    assert fs.Scenario(tuple(map(fs.FaultStep, steps))).certificates == ("expired", "self-signed")

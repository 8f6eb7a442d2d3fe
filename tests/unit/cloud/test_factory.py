"""Kinds of cloud: every configurable kind has one, and each session is ended by its own."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import fields, replace
from typing import Literal, get_args, get_type_hints

import pytest

from ravatard.cloud import factory
from ravatard.cloud.factory import KINDS, SessionEnder, kind_of, open_cloud
from ravatard.cloud.kind import CloudResources, EndSession, Kind
from ravatard.cloud.lease import MemoryLedger
from ravatard.cloud.option_groups import CloudOptions
from ravatard.cloud.options import ServiceOptions
from ravatard.cloud.speech_to_text.cloud import TranscribedCloud
from ravatard.cloud.speech_to_text.options import SpeechToTextOptions
from ravatard.config import Schema
from ravatard.errors import DeniedError
from ravatard.ports.host import OwedSession
from ravatard.ports.network import Network
from ravatard.secret import Secret
from ravatard.sim.network import SimNetwork
from ravatard.sim.options import SimOptions
from ravatard.sim.ravatar.cloud import SimCloud

OPTIONS = CloudOptions(service=ServiceOptions(base_url="http://sim.example", project_id=Secret("proj-1")))


def _session(kind: str) -> OwedSession:
    return OwedSession(kind, Secret("s-1"), "http://sim.example", "kiosk-1")


def test_every_kind_that_can_be_configured_is_known() -> None:
    assert set(KINDS) == set(get_args(get_type_hints(ServiceOptions)["kind"]))


@pytest.mark.parametrize("name", sorted(KINDS))
def test_sections_and_keys_of_a_kind_exist(name: str) -> None:
    kind = KINDS[name]()

    assert set(kind.sections) <= {item.name for item in fields(CloudOptions)}
    assert Schema().keys[kind.credential_key].secret
    assert kind.doctor.ids <= {"token", "avatar", "live", "stream"}


@pytest.mark.parametrize(
    ("mode", "live", "falls_back"), [("live", True, False), ("chat", False, False), ("auto", True, True)]
)
def test_the_mode_decides_the_features(
    mode: Literal["live", "chat", "auto"], live: bool, falls_back: bool
) -> None:
    options = CloudOptions()
    options = replace(options, ravatar=replace(options.ravatar, mode=mode))

    features = kind_of(options).features(options)

    assert (features.live, features.falls_back) == (live, falls_back)
    assert bool(features.no_live) is not live


@pytest.mark.parametrize("live", [True, False])
def test_live_sessions_are_switched_on_and_off(live: bool) -> None:
    kind = kind_of(CloudOptions())

    assert kind.features(kind.in_mode(CloudOptions(), live=live)).live is live


async def test_a_session_of_an_unknown_kind_is_sent_nowhere() -> None:
    sim = SimCloud(SimOptions())
    ender = SessionEnder(OPTIONS, SimNetwork(sim), lambda: 0.0)

    with pytest.raises(DeniedError, match="of kind 'another', which this ravatard does not know"):
        await ender.end(_session("another"))

    assert list(sim.record.requests) == []


async def test_the_configured_cloud_keeps_a_session_of_an_unknown_kind_and_says_so_once(
    caplog: pytest.LogCaptureFixture,
) -> None:
    sim, ledger = SimCloud(SimOptions()), MemoryLedger()
    ledger.add(_session("another"))
    resources = CloudResources(SimNetwork(sim), "kiosk-1", lambda: 0.0, ledger)

    async with open_cloud(OPTIONS, resources).opened():
        await asyncio.sleep(3_600.0)

    warnings = [one.message for one in caplog.records if one.levelno == logging.WARNING]
    assert warnings == [
        "a live session could not be ended and will be tried again: it is of kind 'another', which this "
        "ravatard does not know; install the version that started it"
    ]
    assert ledger.owed() == [_session("another")]
    assert list(sim.record.requests) == []


async def test_each_session_is_ended_by_its_own_kind_whichever_is_configured(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    ended = []

    def ender(_options: CloudOptions, _network: Network, _chance: Callable[[], float]) -> EndSession:
        async def end(session: OwedSession) -> None:
            ended.append(session)

        return end

    def second() -> Kind:
        return replace(KINDS["ravatar"](), ender=ender)

    sim, ledger = SimCloud(SimOptions()), MemoryLedger()
    monkeypatch.setattr(factory, "KINDS", {**KINDS, "second": second})
    ledger.add(_session("second"))
    ledger.add(_session("ravatar"))

    async with open_cloud(OPTIONS, CloudResources(SimNetwork(sim), "kiosk-1", lambda: 0.0, ledger)).opened():
        await asyncio.sleep(1.0)

    assert (ended, ledger.owed()) == ([_session("second")], [])
    assert [request.path for request in sim.record.requests] == ["/jwt", "/endLiveSession"]


@pytest.mark.parametrize(
    ("options", "transcribed"),
    [
        (SpeechToTextOptions(), False),
        (SpeechToTextOptions(use="always"), False),
        (SpeechToTextOptions(uri="unix:///run/recogniser"), False),
        (SpeechToTextOptions(uri="unix:///run/recogniser", use="always"), True),
    ],
)
async def test_a_recogniser_is_put_before_every_cloud_only_when_that_is_wanted(
    options: SpeechToTextOptions, transcribed: bool
) -> None:
    network = SimNetwork(SimCloud(SimOptions()))
    resources = CloudResources(network, "kiosk-1", lambda: 0.5)

    cloud = open_cloud(replace(OPTIONS, speech_to_text=options), resources)

    assert isinstance(cloud, TranscribedCloud) is transcribed

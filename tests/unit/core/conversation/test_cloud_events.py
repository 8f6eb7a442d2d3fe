"""Events of the cloud reach the machines that they concern."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ravatard.core import events as ev
from ravatard.core.conversation.cloud_events import on_answer_begun, on_cloud
from ravatard.core.conversation.conversation import Conversation
from ravatard.core.conversation.machines import Machines
from ravatard.core.states import LinkState, VoiceSource
from tests.unit.core.conversation.test_conversation import CAPABILITIES, OPTIONS


@pytest.fixture
def machines() -> Machines:
    return Machines(OPTIONS, Conversation(OPTIONS).state)


def test_a_link_that_comes_is_the_services_business(machines: Machines) -> None:
    on_cloud(machines, ev.LinkOnline(CAPABILITIES))

    assert machines.service.link is LinkState.ONLINE
    assert machines.turns.turn is None


def test_hearing_is_the_services_business(machines: Machines) -> None:
    on_cloud(machines, ev.ServiceHearing(True, "no ear"))

    assert machines.service.deafness.reason == "no ear"


def test_an_answer_that_begins_is_arriving(machines: Machines) -> None:
    on_cloud(machines, ev.LinkOnline(replace(CAPABILITIES, voice=VoiceSource.PIECES)))

    on_answer_begun(machines)

    assert machines.playback.arriving

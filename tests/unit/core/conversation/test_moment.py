"""The surroundings of a step: how a service wants the end of an utterance."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ravatard.core.capabilities import Capabilities
from ravatard.core.conversation.moment import Moment
from ravatard.core.conversation.service_state import ServiceState
from tests.unit.core.conversation.test_conversation import CAPABILITIES, OPTIONS


@pytest.mark.parametrize(
    ("capabilities", "may_mark", "wants_silence"),
    [
        (None, True, True),
        (CAPABILITIES, False, True),
        (replace(CAPABILITIES, marks_utterances=True), True, False),
    ],
)
def test_a_service_that_is_not_known_yet_may_want_either(
    capabilities: Capabilities | None, may_mark: bool, wants_silence: bool
) -> None:
    moment = Moment(0.0, OPTIONS, ServiceState(capabilities=capabilities))

    assert (moment.may_mark, moment.wants_silence) == (may_mark, wants_silence)

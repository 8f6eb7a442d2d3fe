from __future__ import annotations

from ravatard.devices.cards import capture_state
from ravatard.devices.reopening import Patience
from ravatard.devices.soundchild import SoundChild
from ravatard.devices.surroundings import Child, Surroundings


def test_unless_a_test_says_otherwise_they_are_the_real_machine() -> None:
    surroundings = Surroundings()
    kind: type[Child] = SoundChild

    assert surroundings.spawn is kind
    assert surroundings.cards is capture_state
    assert surroundings.patience == Patience()

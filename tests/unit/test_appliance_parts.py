"""The parts of the appliance: what they tell for the status."""

from __future__ import annotations

import random
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any, cast

from ravatard.appliance_parts import Parts
from ravatard.ports.network import NamedHost


class TokenCloud:
    """A cloud with a token, and with a session that it could not end."""

    endings = SimpleNamespace(faults=("a session is left open",))

    def token_dies_at(self) -> float:
        return 60.0


@dataclass
class Place:
    """Where the owner's page is served."""

    served: str


def parts(**given: Any) -> Parts:
    nothing = cast("Any", None)
    given = {"cloud": SimpleNamespace(endings=SimpleNamespace(faults=())), **given}
    return Parts(microphone=nothing, lamp=nothing, notifier=nothing, chance=random.random, **given)


def adapter(fault: str, **counts: int) -> Any:
    return SimpleNamespace(faults=(fault,) if fault else (), counts=counts)


def screen(*, sound_in_browser: bool) -> Any:
    return SimpleNamespace(faults=("the port is taken",), sound_in_browser=sound_in_browser)


def test_what_touches_the_voice_is_told_apart_from_what_does_not() -> None:
    page = cast("Any", SimpleNamespace(faults=("no page",)))
    quiet = parts(
        page=page,
        screen=screen(sound_in_browser=False),
        adapters=[adapter("no broker")],
        host_side_faults=lambda: ("a full disk",),
    )
    loud = parts(cloud=TokenCloud(), without=("no speaker",), faults=lambda: ("hot",), adapters=[adapter("")])

    assert quiet.all_faults() == ()
    assert quiet.side_faults() == ("a full disk", "no page", "the port is taken", "no broker")
    assert loud.all_faults() == ("no speaker", "a session is left open", "hot")
    assert loud.side_faults() == ()


def test_a_display_that_plays_the_voice_is_a_part_of_it() -> None:
    aloud = parts(screen=screen(sound_in_browser=True))

    assert aloud.all_faults() == ("the port is taken",)
    assert aloud.side_faults() == ()


def test_counters_of_all_ways_for_other_programs_are_told_by_name() -> None:
    assert parts(adapters=[adapter("", dropped=3), adapter("", scraped=5)]).counts() == {
        "dropped": 3,
        "scraped": 5,
    }


def test_the_end_of_a_token_is_told_where_the_service_gives_one() -> None:
    assert parts(cloud=TokenCloud()).token_dies_at() == 60.0
    assert parts().token_dies_at() is None


def test_the_page_has_its_place_among_the_fields_of_the_machine() -> None:
    page = cast("Any", SimpleNamespace(place=lambda: Place("loopback")))

    assert parts(machine=lambda: {"id": "x"}, page=page).fields() == {
        "id": "x",
        "page": {"served": "loopback"},
        "named_hosts": [],
    }
    assert parts().fields() == {"page": None, "named_hosts": []}


def test_hosts_that_the_service_has_named_are_told() -> None:
    fields = parts(named_hosts=lambda: (NamedHost("stun", "stun.example", 3478),)).fields()

    assert fields["named_hosts"] == [{"protocol": "stun", "host": "stun.example", "port": 3478}]

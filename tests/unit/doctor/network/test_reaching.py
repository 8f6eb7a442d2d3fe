"""Connections by each version of IP: one is kept, and none is left behind."""

from __future__ import annotations

import asyncio
import errno

import pytest

from ravatard.doctor.network.destination import Outcome, State
from ravatard.doctor.network.reaching import TrialEnded, addresses_of, reach, worst
from tests.unit.doctor.network.fakes import FakeLinks, FakeStream

V4, V6 = "192.0.2.7", "2001:db8::7"


def links(by_4: FakeStream | OSError | None, by_6: FakeStream | OSError | None) -> FakeLinks:
    found = FakeLinks()
    found.names["a.example"] = [V6, V4]
    found.streams = {(V4, 443): [by_4], (V6, 443): [by_6]}
    return found


async def test_ipv4_is_kept_where_both_are_had() -> None:
    by_4, by_6 = FakeStream(), FakeStream()

    reached = await reach(links(by_4, by_6), "a.example", 443)

    assert (reached.stream, reached.families, reached.note) == (by_4, (4, 6), "")
    assert (by_4.aborted, by_6.aborted) == (False, True)


async def test_cancelling_drops_what_was_had() -> None:
    by_4 = FakeStream()
    async with asyncio.TaskGroup() as group:
        task = group.create_task(reach(links(by_4, None), "a.example", 443), name="reach")
        await asyncio.sleep(1.0)
        task.cancel()

    assert by_4.aborted


async def test_of_two_failures_that_of_a_version_the_machine_has_is_told() -> None:
    no_route = OSError(errno.ENETUNREACH, "Network is unreachable")

    with pytest.raises(TrialEnded) as ended:
        await reach(links(no_route, ConnectionRefusedError()), "a.example", 443)

    assert ended.value.outcome == Outcome(State.REFUSED, f"{V6} refuses")


def test_without_any_way_that_of_ipv4_is_told() -> None:
    by_4, by_6 = Outcome(State.UNREACHABLE, "4"), Outcome(State.UNREACHABLE, "6")

    assert worst({6: by_6, 4: by_4}) == by_4


@pytest.mark.parametrize(
    "address",
    ["0.0.0.0", "::", "::ffff:0.0.0.0", "224.0.0.1", "ff02::1", "255.255.255.255", "fe80::1"],
)
async def test_an_address_of_no_host_is_none(address: str) -> None:
    found = FakeLinks()
    found.names["a.example"] = [address]

    with pytest.raises(TrialEnded) as ended:
        await addresses_of(found, "a.example")

    text = (
        f"the name servers give {address} for a.example, an address of no host: a filter may block the name"
    )
    assert ended.value.outcome == Outcome(State.NAMELESS, text)
    found.names["a.example"] = [address, V4, V6]
    assert await addresses_of(found, "a.example") == {4: V4, 6: V6}


@pytest.mark.parametrize("address", ["0.0.0.0", "127.0.0.1", "fe80::1%eth0", "169.254.7.7", V6])
async def test_an_address_in_the_place_of_a_name_is_taken_as_it_is(address: str) -> None:
    found = FakeLinks()
    found.names[address] = [address]

    assert list((await addresses_of(found, address)).values()) == [address]


async def test_an_address_with_its_zone_is_one() -> None:
    found = FakeLinks()
    found.names["printer.local"] = ["fe80::1%eth0"]

    assert await addresses_of(found, "printer.local") == {6: "fe80::1%eth0"}

"""What becomes of a reply and of a message."""

from __future__ import annotations

import pytest

from ravatard.sim.exchange import Delivery, Fragments, Reply
from ravatard.sim.faults.corruption import RandomDelays, spoiled_message, spoiled_reply
from ravatard.sim.faults.scenario import Delay, Malformed, Oversize, Split, Swallow, TransferFault, Truncate

REPLY = Reply(200, {}, b"0123456789")


@pytest.mark.parametrize(
    ("fault", "body", "delivery"),
    [
        (Delay(2.0), b"0123456789", Delivery(after_s=2.0)),
        (Split(4), b"0123456789", Delivery(pieces=4)),
        (Truncate(0.3), b"012", Delivery()),
        (Malformed("{"), b"{", Delivery()),
        (Oversize(12), b"0123456789  ", Delivery()),
        (Swallow(), b"0123456789", Delivery()),
    ],
)
def test_a_reply_is_spoiled(fault: TransferFault, body: bytes, delivery: Delivery) -> None:
    spoiled = spoiled_reply(REPLY, fault, RandomDelays())

    assert (spoiled.status, spoiled.body, spoiled.delivery) == (200, body, delivery)


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        (Delay(2.0), "0123456789"),
        (Split(4), Fragments("0123456789", 4)),
        (Truncate(0), ""),
        (Malformed("{"), "{"),
        (Oversize(12), "0123456789  "),
        (Swallow(), None),
    ],
)
def test_a_message_is_spoiled(fault: TransferFault, message: str | Fragments | None) -> None:
    assert spoiled_message("0123456789", fault) == message


def test_faults_add_up() -> None:
    late = spoiled_reply(spoiled_reply(REPLY, Delay(1.0), RandomDelays()), Delay(2.0), RandomDelays())
    cut = spoiled_message(Fragments("0123456789", 4), Truncate())

    assert late.delivery.after_s == 3.0
    assert cut == Fragments("01234", 4)


def test_the_dice_fall_the_same_way_in_every_run_and_stay_within_the_jitter() -> None:
    first, second = RandomDelays(), RandomDelays()
    delay = Delay(1.0, 2.0, seed=3)

    thrown = [first.wait_s(delay) for _ in range(100)]

    assert thrown == [second.wait_s(delay) for _ in range(100)]
    assert thrown != [second.wait_s(Delay(1.0, 2.0, seed=4)) for _ in range(100)]
    assert 1.0 <= min(thrown) < 1.2
    assert 2.8 < max(thrown) <= 3.0

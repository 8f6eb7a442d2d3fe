"""Corruption of outgoing replies and messages: late, in pieces, cut short, malformed, too long."""

from __future__ import annotations

import random
from dataclasses import replace
from typing import assert_never

from ravatard.sim.exchange import Delivery, Fragments, Reply
from ravatard.sim.faults.scenario import Delay, Malformed, Oversize, Split, Swallow, TransferFault, Truncate


class RandomDelays:
    """Random waits of each :class:`ravatard.sim.faults.scenario.Delay`, the same in every run."""

    def __init__(self) -> None:
        self._generators: dict[int, random.Random] = {}

    def wait_s(self, delay: Delay) -> float:
        """Return the next wait."""
        if delay.seed not in self._generators:
            # Faults must be repeatable; this randomness protects no secret.
            self._generators[delay.seed] = random.Random(delay.seed)  # noqa: S311
        return delay.delay_s + self._generators[delay.seed].random() * delay.jitter_s


def spoiled_reply(reply: Reply, fault: TransferFault, delays: RandomDelays) -> Reply:
    """Return ``reply`` under ``fault``."""
    delivery: Delivery = reply.delivery
    match fault:
        case Delay():
            late = delivery.after_s + delays.wait_s(fault)
            return replace(reply, delivery=replace(delivery, after_s=late))
        case Split(pieces):
            return replace(reply, delivery=replace(delivery, pieces=pieces), stream=None)
        case Truncate(keep):
            return replace(reply, body=reply.body[: int(len(reply.body) * keep)], stream=None)
        case Malformed(text):
            return replace(reply, body=text.encode(), stream=None)
        case Oversize(size_bytes):
            return replace(reply, body=reply.body.ljust(size_bytes), stream=None)
        case Swallow():
            return reply
        case _:
            assert_never(fault)


def spoiled_message(message: str | Fragments, fault: TransferFault) -> str | Fragments | None:
    """Return ``message`` under ``fault``; None if it is swallowed. Delays are applied by the socket."""
    text = message if isinstance(message, str) else message.text
    pieces = 1 if isinstance(message, str) else message.pieces
    match fault:
        case Delay():
            pass
        case Split():
            pieces = fault.pieces
        case Truncate(keep):
            text = text[: int(len(text) * keep)]
        case Malformed():
            text = fault.text
        case Oversize(size_bytes):
            text = text.ljust(size_bytes)
        case Swallow():
            return None
        case _:
            assert_never(fault)
    return text if pieces == 1 else Fragments(text, pieces)

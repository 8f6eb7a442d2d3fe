"""The picture of a session on the display: it may be replaced at any moment."""

from __future__ import annotations

import asyncio

from ravatard.secret import Secret
from ravatard.web.kiosk.embedding import Inspection
from ravatard.web.kiosk.kiosk import Kiosk
from ravatard.web.kiosk.options import KioskOptions
from ravatard.web.kiosk.origin import Origin

ORIGIN = Origin("https", "stream.example", 443)
#: Seconds in which a connection is closed.
CLOSING_S = 0.5


class SlowInspection:
    """Takes a minute, and when it is ended some time to close its connection; ``begun``: the addresses."""

    def __init__(self) -> None:
        self.begun: list[str] = []

    async def __call__(self, address: Secret, within_s: float) -> Inspection:
        del within_s
        self.begun.append(address.reveal())
        try:
            await asyncio.sleep(60.0)
        finally:
            await asyncio.sleep(CLOSING_S)
        return Inspection((ORIGIN,))


async def test_a_session_that_begins_while_the_inspection_of_the_last_one_is_being_ended_is_inspected() -> (
    None
):
    inspect = SlowInspection()
    kiosk = Kiosk(KioskOptions(enabled=True, port=0), inspect=inspect)
    async with asyncio.TaskGroup() as group:
        serving = group.create_task(kiosk.serve())
        kiosk.stage(Secret("https://stream.example/one"), Secret("token"))
        await asyncio.sleep(1.0)
        kiosk.stage(None, None)
        await asyncio.sleep(CLOSING_S / 2)
        kiosk.stage(Secret("https://stream.example/two"), Secret("token"))
        await asyncio.sleep(CLOSING_S)

        assert [one.partition("?")[0] for one in inspect.begun] == [
            "https://stream.example/one",
            "https://stream.example/two",
        ]
        serving.cancel()

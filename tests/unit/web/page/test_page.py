"""The page's answers to the daemon: who may connect, what a press means, what is wrong."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from ravatard.core.audio.progress import Progress
from ravatard.ports.page import Appliance
from ravatard.web.page.access import password
from ravatard.web.page.access.password import hashed
from ravatard.web.page.log_ring import LogRing
from ravatard.web.page.options import PageOptions, why_locked
from ravatard.web.page.page import Page, PageParts
from tests.unit.web.page.access.test_doorkeeper import MemoryFile
from tests.unit.web.page.api.test_health_api import Commands
from tests.unit.web.page.api.test_sound_api import Control, Trials
from tests.unit.web.page.samples import PlayedJournal

NEAR, FAR, OWN = "192.168.0.9", "8.8.8.8", "192.168.0.7"


@pytest.fixture(autouse=True)
def cheap(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(password, "COST", 16)


class Placed:
    """A page beside an appliance."""

    def __init__(self, listen: str = "lan", *, button: bool = True, speaker: bool = True) -> None:
        self.file = MemoryFile()
        parts = PageParts(self.file, Commands(b""), LogRing(), PlayedJournal(), Trials(), language="de")
        options = replace(PageOptions(), listen=listen)  # type: ignore[arg-type]
        self.page = Page(options, parts)
        self.page._appliance = Appliance(Control(), Progress(), has_button=button, has_speaker=speaker)

    async def claimed(self) -> None:
        await self.page._vault.change(lambda before: before.with_password(hashed("correct horse")))

    def admits(self) -> tuple[bool, bool, bool]:
        """Whether this machine, a neighbour and the Internet may connect."""
        return tuple(self.page._admits(peer, OWN) for peer in ("127.0.0.1", NEAR, FAR))  # type: ignore[return-value]


async def test_neighbours_may_connect_once_there_is_a_way_to_claim_or_a_password() -> None:
    locked = Placed(button=False)
    before = locked.admits(), locked.page.faults
    await locked.claimed()

    assert before == ((True, False, False), (f"the page is served to this machine only: {why_locked()}",))
    assert (locked.admits(), locked.page.faults) == ((True, True, False), ())
    assert Placed().admits() == (True, True, False)
    assert Placed(speaker=False).admits() == (True, False, False)
    assert Placed("loopback").admits() == (True, False, False)


async def test_a_press_says_digits_while_a_page_awaits_it() -> None:
    placed = Placed()
    assert not placed.page.takes_press()

    placed.page._doorkeeper.await_press(button=True)

    assert placed.page.takes_press()
    assert not placed.page.takes_press(), "the next press opens the gate again"
    assert len(placed.page._to_say) == 1


async def test_an_appliance_that_cannot_speak_keeps_its_button() -> None:
    placed = Placed(speaker=False)
    placed.page._doorkeeper.await_press(button=True)

    assert not placed.page.takes_press()


def test_a_damaged_file_of_passwords_is_a_fault(tmp_path: Path) -> None:
    placed = Placed()
    placed.file.content = b"{"
    placed.page._vault.refresh()

    assert "ravatard page password" in placed.page.faults[0]
    assert placed.page.port is None

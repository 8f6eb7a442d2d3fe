from __future__ import annotations

import re

import pytest

from ravatard.sim.ravatar.avatars import AVATARS, SimAvatar
from ravatard.sim.streaming.picture import picture_page


@pytest.mark.parametrize("avatar", AVATARS)
def test_the_page_shows_whom_the_session_is_with(avatar: SimAvatar) -> None:
    page = picture_page(avatar, 7)

    assert f"<title>{avatar.name}</title>" in page
    assert "live session 7" in page


def test_the_page_needs_nothing_from_anywhere_else() -> None:
    sources = re.findall(r'(?:src|href)="([^"]*)"', picture_page(AVATARS[0], 1))

    assert len(sources) == 1
    assert sources[0].startswith("data:image/svg+xml,")
    assert sources[0].endswith("%3C/svg%3E")

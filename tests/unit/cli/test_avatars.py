"""The list of avatars."""

from __future__ import annotations

from ravatard.cli.avatars import listed
from ravatard.cloud.ravatar.rest import AvatarInfo, ConnectionReply

AVATARS = ConnectionReply(
    avatars=(
        AvatarInfo("a-1", "Ada", True),
        AvatarInfo("b-22", "日本", False),
        AvatarInfo("c\x1b[2J", "", True),
    )
)


def test_columns_stand_below_each_other_and_a_star_marks_the_one_in_use() -> None:
    assert list(listed(AVATARS, "ada")) == [
        "* Ada   a-1   live and chat",
        "  日本  b-22  chat only",
        "  c[2J  c[2J  live and chat",
    ]


def test_an_id_chooses_as_well_and_nothing_chooses_nobody() -> None:
    assert [line[0] for line in listed(AVATARS, "B-22")] == [" ", "*", " "]
    assert [line[0] for line in listed(AVATARS, None)] == [" ", " ", " "]


def test_no_avatars_are_told_in_words() -> None:
    assert list(listed(ConnectionReply(), "Ada")) == [
        "the service has no avatar for this project; ask RAVATAR for one"
    ]

"""Files that come in parts."""

from __future__ import annotations

import pytest

from ravatard.errors import MediaError
from ravatard.stages.playing.content import (
    FORGOTTEN_S,
    LARGEST_BYTES,
    MOST_BYTES,
    MOST_UPLOADS,
    AnnouncementContents,
)


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


def test_the_parts_are_one_file_and_it_is_taken_once() -> None:
    contents = AnnouncementContents(Clock())

    assert [contents.add_part("a", part) for part in (b"one", b"two")] == [3, 6]

    assert contents.uploaded("a") == b"onetwo"
    with pytest.raises(MediaError, match="nothing was sent"):
        contents.uploaded("a")


def test_a_file_that_grows_too_large_is_refused_and_forgotten() -> None:
    contents = AnnouncementContents(Clock())
    contents.add_part("a", bytes(LARGEST_BYTES))

    with pytest.raises(MediaError, match="larger than 8 MiB"):
        contents.add_part("a", b"x")
    with pytest.raises(MediaError):
        contents.uploaded("a")


def test_only_so_many_are_kept_and_a_client_that_left_blocks_no_other() -> None:
    clock = Clock()
    contents = AnnouncementContents(clock)
    for name in "abc"[:MOST_UPLOADS]:
        contents.add_part(name, b"x")

    with pytest.raises(MediaError, match="try again"):
        contents.add_part("another", b"x")
    clock.now += FORGOTTEN_S + 1

    assert contents.add_part("another", b"x") == 1
    with pytest.raises(MediaError):
        contents.uploaded("a")


def test_all_that_waits_has_a_limit() -> None:
    contents = AnnouncementContents(Clock())
    contents.put(1, bytes(MOST_BYTES))

    with pytest.raises(MediaError, match="too much waits"):
        contents.put(2, b"x")
    contents.take(1)
    contents.put(3, b"x")

    assert contents.take(3) == b"x"


def test_what_was_asked_for_is_taken_once() -> None:
    contents = AnnouncementContents(Clock())
    contents.put(7, b"sound")

    assert (contents.take(7), contents.take(7)) == (b"sound", b"")

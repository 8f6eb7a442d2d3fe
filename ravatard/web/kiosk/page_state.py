"""What a display shows of the avatar, as the page reports it: the vocabulary, and reading a report."""

from __future__ import annotations

from enum import Enum, unique

import msgspec

#: A report is a few dozen bytes.
REPORT_LIMIT_BYTES = 1_024


@unique
class PageState(Enum):
    """What became of the picture."""

    AWAY = "away"
    """No page is open, or its browser died."""
    EMPTY = "empty"
    """A page is open; there is no session to show."""
    LOADING = "loading"
    """The streaming page is being loaded, or looked at before that."""
    PLAYING = "playing"
    """The streaming page says that it plays."""
    SILENT = "silent"
    """The streaming page is shown, but did not say that it plays, or may not make a sound before a touch."""
    REFUSED = "refused"
    """The streaming page cannot be shown; the display says why."""


#: One line each for ``ravatard status``.
SCREEN_WORDS: dict[PageState, str] = {
    PageState.AWAY: "no page is open; `systemctl status ravatard-kiosk` tells of the browser",
    PageState.EMPTY: "the page is open, no session to show",
    PageState.LOADING: "the picture is loading",
    PageState.PLAYING: "the picture plays",
    PageState.SILENT: "the streaming page is open but does not play; the display says what to do",
    PageState.REFUSED: "the streaming page cannot be shown; the display says why",
}


class PageReport(msgspec.Struct, frozen=True):
    """What a page says of its frame.

    Attributes:
        picture: what became of it.
        frame: which frame it is about; "" for none.
    """

    picture: PageState
    frame: str = ""


def read_report(message: str | bytes) -> PageReport | None:
    """One message of a page; None for anything that is not a report."""
    try:
        report = msgspec.json.decode(message, type=PageReport)
    except (msgspec.DecodeError, UnicodeError):
        return None
    # Whether a page is there is seen by its socket, never said by it.
    return None if report.picture is PageState.AWAY else report

"""State of the picture on a page, and the reports in which a page sends it."""

from __future__ import annotations

from enum import Enum, unique

import msgspec

#: Longest report; a real one is a few dozen bytes.
REPORT_LIMIT_BYTES = 1_024


@unique
class PageState(Enum):
    """State of the avatar's picture on the display."""

    AWAY = "away"
    """No page is open, or its browser died."""
    EMPTY = "empty"
    """A page is open; there is no session to show."""
    LOADING = "loading"
    """The streaming page is being inspected or loaded."""
    PLAYING = "playing"
    """The streaming page reports that it plays."""
    SILENT = "silent"
    """The streaming page is shown, but has not reported that it plays, or needs a touch before its sound."""
    REFUSED = "refused"
    """The streaming page cannot be shown; the display says why."""


#: One line each for ``ravatard status``.
SCREEN_WORDS: dict[PageState, str] = {
    PageState.AWAY: "no page is open; `systemctl status ravatard-kiosk` shows the browser",
    PageState.EMPTY: "the page is open, no session to show",
    PageState.LOADING: "the picture is loading",
    PageState.PLAYING: "the picture plays",
    PageState.SILENT: "the streaming page is open but does not play; the display says what to do",
    PageState.REFUSED: "the streaming page cannot be shown; the display says why",
}


class PageReport(msgspec.Struct, frozen=True):
    """Report of a page about its frame.

    Attributes:
        picture: state of the picture.
        frame: the frame in question; "" for none.
        sounding: its player says that the avatar is heard from this browser. One that never says so plays
            unheard by the daemon.
    """

    picture: PageState
    frame: str = ""
    sounding: bool = False


def read_report(message: str | bytes) -> PageReport | None:
    """Decode one message of a page; return None if it is not a report."""
    try:
        report = msgspec.json.decode(message, type=PageReport)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return None
    # AWAY is known from the socket and is never reported.
    return None if report.picture is PageState.AWAY else report

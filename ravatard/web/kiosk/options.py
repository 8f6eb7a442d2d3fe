"""What the configuration may say about the page for a display."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from ravatard.setting import setting


@dataclass(frozen=True, slots=True)
class KioskOptions:
    """Section ``kiosk``: a page on this machine's own address that shows the avatar and the states.

    Every program of this machine can open it while a session is live, and learn the token from it.
    """

    enabled: bool = setting(
        False,
        "True: a page for a display is served on http://127.0.0.1, to this machine only; every user of this "
        "machine can open it.",
    )
    port: int = setting(8_470, "Port of the page; 0 takes any free one.", low=0, high=65_535)
    sound: Literal["browser", "daemon"] = setting(
        "browser",
        "Who plays the avatar's live voice: browser, together with the picture; daemon, through the speaker "
        "of the configuration, with the page asked to be silent.",
    )
    check_page: bool = setting(
        True,
        "True: the streaming page is looked at before it is shown, so that one that may not be embedded or "
        "cannot be reached is told in words; False: the browser is on its own.",
    )
    check_s: float = setting(10.0, "How long that look may take.", unit="s", low=0.5, high=60)
    start_s: float = setting(
        20.0, "A picture that has not begun to play by then is reported as silent.", unit="s", low=2, high=120
    )

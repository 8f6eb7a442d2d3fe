"""Options of the page for a display."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from ravatard.setting import setting


@dataclass(frozen=True, slots=True)
class KioskOptions:
    """Section ``kiosk``: a page on a loopback address that shows the avatar and the state.

    Every program of the users who may open it can learn the token from it during a live session.
    """

    enabled: bool = setting(
        False,
        "True: serve a page for a display on http://127.0.0.1, for this machine only.",
    )
    users: tuple[str, ...] = setting(
        ("ravatard-kiosk",),
        "Users of this machine who may open the page, besides root and the daemon's own; for example the "
        "user of a desktop.",
        local_only=True,
    )
    port: int = setting(8_470, "Port of the page; 0 takes any free one.", low=0, high=65_535)
    sound: Literal["browser", "daemon"] = setting(
        "daemon",
        "Player of the avatar's live voice: daemon, through the configured speaker, with the page muted; "
        "browser, together with the picture. The microphone is held while the daemon plays, and while "
        "the streaming page says that it does (it posts `ravatar-sound-start` and `ravatar-sound-end` to the "
        "page that embeds it). Beside one that does not say so, browser needs a speakerphone.",
    )
    texts: str | None = setting(
        None,
        "A folder with texts of your own for the page: de.yaml and so on, one file a language, with the keys "
        "that differ. The page takes the language of service.language; English, German, French, Spanish, "
        "Ukrainian and Russian are shipped.",
        local_only=True,
    )
    design: str | None = setting(
        None,
        "A folder with a design of your own for the page: logo.png (or .jpg, .webp), at most 1 MB, and "
        "colours.yaml with the colours that differ (ground, panel, ink, quiet, open, muted, wait, think, "
        'money), such as ground: "#0b0f14".',
        local_only=True,
    )
    contact: str | None = setting(
        None,
        "A line that the page adds when the avatar is not available: whom visitors may ask.",
        pattern=r"\S.{0,119}",
        words="one line that does not begin with a blank, at most 120 characters",
    )
    check_page: bool = setting(
        True,
        "True: inspect the streaming page before it is shown, and say why it cannot be embedded or "
        "reached; False: leave that to the browser.",
    )
    check_s: float = setting(10.0, "Longest time for that inspection.", unit="s", low=0.5, high=60)
    start_s: float = setting(
        20.0,
        "A picture that does not play within this time is reported as silent.",
        unit="s",
        low=2,
        high=120,
    )

"""Options of RAVATAR alone: its mode, and the picture of a live session."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from ravatard.setting import setting


@dataclass(frozen=True, slots=True)
class RavatarOptions:
    """Section ``ravatar``: live sessions or chat, and the fallback when no session is free."""

    mode: Literal["live", "chat", "auto"] = setting(
        "live",
        "live: sound is sent while you speak, in a live session that is paid for; chat: whole utterances, "
        "no session, each answer brings its sound; auto: live, but chat for a while when no avatar is free.",
    )
    chat_while_busy_s: float = setting(
        300.0,
        "With mode auto: time in chat mode before live mode is tried again, give or take a quarter.",
        unit="s",
        low=10,
        high=86_400,
    )
    voice_attempts: int = setting(
        5,
        "Failed attempts in a row at the live voice before it is given up until the next session.",
        low=1,
        high=100,
    )


@dataclass(frozen=True, slots=True)
class StreamOptions:
    """Section ``stream``: the picture of a live session."""

    width: int = setting(1280, "Width of the avatar's picture.", unit="px", low=16, high=1920)
    height: int = setting(720, "Height of the avatar's picture.", unit="px", low=16, high=1080)

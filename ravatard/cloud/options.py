"""What the configuration may say about the service, and the deadlines of everything asked of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from ravatard.secret import Secret
from ravatard.setting import setting


@dataclass(frozen=True, slots=True)
class ServiceOptions:
    """Section ``service``: which avatar, where, and as whom."""

    kind: Literal["ravatar"] = setting("ravatar", "Which cloud the avatar lives in.")
    base_url: str = setting("https://chat.rvtr.ai", "Where the REST calls go.", pattern=r"https?://[^\s?#]+")
    socket_url: str | None = setting(
        None,
        "Where the WebSocket goes; unset: the base URL with ws(s) for http(s) and the path /ws/chat.",
        pattern=r"wss?://[^\s?#]+",
    )
    user_id: str | None = setting(
        None,
        "Who this appliance is for the service; unset: `ravatard-` and a name made from this machine's id.",
        pattern=r"[A-Za-z0-9_-]{1,128}",
    )
    project_id: Secret | None = setting(
        None, "Your project, as given by RAVATAR.", pattern=r"[A-Za-z0-9-]{1,64}", secret=True
    )
    avatar: str | None = setting(
        None,
        "Id or name of the avatar; unset takes the first one that can talk in the mode of section ravatar.",
    )
    language: str = setting(
        "en", "Language code of the conversation.", pattern=r"[A-Za-z]{2,3}([_-][A-Za-z0-9]+)*"
    )
    source: str = setting(
        "ravatard", "What this client calls itself in every message.", pattern=r"[^\s].{0,63}"
    )


@dataclass(frozen=True, slots=True)
class DeadlineOptions:
    """Section ``deadlines``: how long the service may take before it counts as gone."""

    connect_s: float = setting(10.0, "Opening the WebSocket.", unit="s", low=0.1, high=120)
    token_s: float = setting(10.0, "Getting a token.", unit="s", low=0.1, high=120)
    request_s: float = setting(10.0, "Any other REST call.", unit="s", low=0.1, high=120)
    start_s: float = setting(30.0, "Starting a live session.", unit="s", low=1, high=120)
    send_s: float = setting(5.0, "Handing one message to the socket.", unit="s", low=0.1, high=60)
    end_s: float = setting(4.0, "Ending a live session, also while stopping.", unit="s", low=0.1, high=6)
    ping_s: float = setting(
        5.0, "Seconds between pings; a peer silent for half of it more is gone.", unit="s", low=1, high=60
    )

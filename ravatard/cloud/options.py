"""Options of the service, whichever kind it is, and its deadlines."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from ravatard.secret import Secret
from ravatard.setting import setting


@dataclass(frozen=True, slots=True)
class ServiceOptions:
    """Section ``service``: kind and address of the cloud, credentials, avatar and language."""

    kind: Literal["ravatar"] = setting("ravatar", "Kind of cloud that hosts the avatar.")
    base_url: str = setting(
        "https://chat.rvtr.ai", "URL of the service's REST calls.", pattern=r"https?://[^\s?#]+"
    )
    socket_url: str | None = setting(
        None,
        "URL of the service's WebSocket; unset: the base URL with ws(s) for http(s) and the path /ws/chat.",
        pattern=r"wss?://[^\s?#]+",
    )
    user_id: str | None = setting(
        None,
        "User id of this appliance at the service; unset: `ravatard-` and a hash of this machine's id.",
        pattern=r"[A-Za-z0-9_-]{1,128}",
    )
    project_id: Secret | None = setting(
        None, "Your project, as given by RAVATAR.", pattern=r"[A-Za-z0-9-]{1,64}", secret=True
    )
    avatar: str | None = setting(
        None,
        "Id or name of the avatar; unset: the first one that has the mode of section ravatar.",
    )
    language: str = setting(
        "en", "Language code of the conversation.", pattern=r"[A-Za-z]{2,3}([_-][A-Za-z0-9]+)*"
    )
    source: str = setting(
        "ravatard", "Name of this client in every message to the service.", pattern=r"[^\s].{0,63}"
    )
    proxy: str | None = setting(
        None,
        "HTTP proxy for requests, socket and files, such as http://proxy.example:3128; none: no proxy; "
        "unset: HTTP_PROXY, HTTPS_PROXY, ALL_PROXY and NO_PROXY of the environment.",
        pattern=r"none|https?://[^\s?#@]+",
    )


@dataclass(frozen=True, slots=True)
class DeadlineOptions:
    """Section ``deadlines``: time limits for the service's replies."""

    connect_s: float = setting(10.0, "Opening the WebSocket.", unit="s", low=0.1, high=120)
    token_s: float = setting(10.0, "Getting a token.", unit="s", low=0.1, high=120)
    request_s: float = setting(10.0, "Any other REST call.", unit="s", low=0.1, high=120)
    start_s: float = setting(30.0, "Starting a live session.", unit="s", low=1, high=120)
    send_s: float = setting(5.0, "Sending one message on the WebSocket.", unit="s", low=0.1, high=60)
    end_s: float = setting(4.0, "Ending a live session, also at shutdown.", unit="s", low=0.1, high=6)
    ping_s: float = setting(
        5.0,
        "Seconds between pings; one unanswered for half of that means a lost connection.",
        unit="s",
        low=1,
        high=60,
    )

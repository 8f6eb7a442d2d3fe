"""Options of the service, whichever kind it is, and its deadlines."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal
from urllib.parse import urlsplit

from ravatard.secret import Secret
from ravatard.setting import setting

#: RAVATAR's developer guide.
_RAVATAR_URL = "https://chat.rvtr.ai"
#: AvaTar API reference, "Base URLs", local development.
_AVATAR_URL = "http://localhost:8000/v1"


@dataclass(frozen=True, slots=True)
class ServiceOptions:
    """Section ``service``: kind and address of the cloud, credentials, avatar and language."""

    kind: Literal["ravatar", "avatar"] = setting(
        "ravatar",
        "Kind of cloud that hosts the avatar: RAVATAR, or a self-hosted AvaTar API.",
        local_only=True,
    )
    base_url: str = setting(
        _RAVATAR_URL,
        "URL of the service's REST calls; unset with kind avatar: http://localhost:8000/v1.",
        pattern=r"https?://[^\s?#]+",
        words="an address that begins with https:// or http://, without blanks, ? and #",
        local_only=True,
    )
    socket_url: str | None = setting(
        None,
        "URL of the service's WebSocket; unset: the base URL with ws(s) for http(s) and the path /ws/chat; "
        "with kind avatar the path /ws, on port 8001 when the base URL has port 8000.",
        pattern=r"wss?://[^\s?#]+",
        words="an address that begins with wss:// or ws://, without blanks, ? and #",
        local_only=True,
    )
    user_id: str | None = setting(
        None,
        "User id of this appliance at RAVATAR; unset: `ravatard-` and a hash of this machine's id.",
        pattern=r"[A-Za-z0-9_-]{1,128}",
        words="letters, digits, hyphens and underscores, at most 128",
    )
    project_id: Secret | None = setting(
        None,
        "Your project, as given by RAVATAR.",
        pattern=r"[A-Za-z0-9-]{1,64}",
        words="letters, digits and hyphens, at most 64",
        secret=True,
    )
    api_key: Secret | None = setting(
        None,
        "Key of your AvaTar API; unset: none is sent.",
        pattern=r"[\x21-\x7e]{1,4096}",
        words="letters, digits and signs without blanks, at most 4096",
        secret=True,
        restart=False,
    )
    avatar: str | None = setting(
        None,
        "Id or name of the avatar; unset: the first one that has the mode of section ravatar; with kind "
        "avatar its id, unset: the service's own.",
    )
    language: str = setting(
        "en",
        "Language code of the conversation; with kind avatar for a recogniser and the display only, as an "
        "AvaTar API is not told.",
        pattern=r"[A-Za-z]{2,3}([_-][A-Za-z0-9]+)*",
        words="a language code such as en, de or pt-BR",
    )
    source: str = setting(
        "ravatard",
        "Name of this client in every message to RAVATAR.",
        pattern=r"[^\s].{0,63}",
        words="text of at most 64 characters that begins with no blank",
    )
    proxy: str | None = setting(
        None,
        "HTTP proxy for requests, socket, files and the stream's page and signalling, such as "
        "http://proxy.example:3128; none: no proxy; unset: HTTP_PROXY, HTTPS_PROXY, ALL_PROXY and NO_PROXY "
        "of the environment. NO_PROXY names hosts that are reached without those, such as this machine. The "
        "stream's sound takes it to TURN servers by TCP and TLS only.",
        pattern=r"none|https?://[^\s?#@]+",
        words="an address that begins with http:// or https://, without blanks, ?, # and @ (a login belongs "
        "in network.proxy_username and network.proxy_password), or the word none",
        local_only=True,
    )

    def __post_init__(self) -> None:
        if self.kind == "avatar" and self.base_url == _RAVATAR_URL:
            object.__setattr__(self, "base_url", _AVATAR_URL)


def kinds_address_problem(kind: str, base_url: str) -> str:
    """Return a sentence about an address that is surely another kind's; "" for any other.

    Args:
        kind: ``service.kind``.
        base_url: ``service.base_url``, as written.
    """
    if kind == "avatar" and urlsplit(base_url).hostname == urlsplit(_RAVATAR_URL).hostname:
        return (
            f"{base_url} is RAVATAR's; write the address of your AvaTar API, such as "
            "http://avatar.example:8000/v1"
        )
    return ""


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

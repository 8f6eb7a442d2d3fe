"""Avatars and languages of the simulated cloud, and the body of ``GET /connection``."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from ravatard.sim.options import AnnouncedOptions


@dataclass(frozen=True, slots=True)
class SimAvatar:
    """An avatar.

    Attributes:
        avatar_id: ``_id`` on the wire.
        name: display name.
        greeting: ``greetingText`` on the wire.
        live: True if it has a live mode.
        colour: CSS colour of its picture.
    """

    avatar_id: str
    name: str
    greeting: str
    live: bool
    colour: str


AVATARS = (
    SimAvatar("avatar-ada-001", "Ada", "Hello! What would you like to know?", True, "teal"),
    SimAvatar("avatar-brook-002", "Brook", "Hi, write to me.", False, "peru"),
    SimAvatar("avatar-cleo-003", "Cleo", "Good to see you. Ask me anything.", True, "purple"),
)
LANGUAGES = {
    "en": "English",
    "de": "Deutsch",
    "es": "Español",
    "fr": "Français",
    "it": "Italiano",
    "uk": "Українська",
}
#: Authentication document, "Get Chat Configuration".
CHAT_TYPES = ("text", "voice", "video")

_BY_ID = {avatar.avatar_id: avatar for avatar in AVATARS}


def avatar(avatar_id: object) -> SimAvatar | None:
    """Return the avatar of this id, or None."""
    return _BY_ID.get(avatar_id) if isinstance(avatar_id, str) else None


def session_id(user_id: str) -> str:
    """Return the user's session identifier; stable over restarts, as a client may keep it."""
    return f"session-{hashlib.sha256(user_id.encode()).hexdigest()[:16]}"


def connection_body(user_id: str, vad_enabled: bool, options: AnnouncedOptions) -> dict[str, object]:
    """Return the body of ``GET /connection`` (Authentication document, "Get Chat Configuration")."""
    return {
        "status": 200,
        "session": session_id(user_id),
        "avatars_info": [_described(one) for one in AVATARS],
        "languages": [
            {"name": name, "language_code": code, "icon_url": _picture(code, "grey")}
            for code, name in LANGUAGES.items()
        ],
        "chat_types": CHAT_TYPES,
        "messageTimeoutSeconds": options.message_timeout_s,
        "stopSpeakingTimeoutSeconds": options.stop_speaking_timeout_s,
        "vadEnabled": vad_enabled,
        "voiceModeSelector": True,
    }


def portrait(one: SimAvatar) -> str:
    """Return the avatar's picture as a data URI without double quotes."""
    return _picture(one.name[0], one.colour)


def _described(one: SimAvatar) -> dict[str, object]:
    picture = portrait(one)
    return {
        "_id": one.avatar_id,
        "name": one.name,
        "greetingText": one.greeting,
        "hasLiveMode": one.live,
        "previewIcons": {"small": picture, "medium": picture, "large": picture},
        "startButtonIcon": picture,
    }


def _picture(letters: str, colour: str) -> str:
    # A data URI: a browser client shows it without another server.
    drawing = (
        "<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 64 64'>"
        f"<circle cx='32' cy='32' r='32' fill='{colour}'/>"
        f"<text x='32' y='42' font-size='28' text-anchor='middle' fill='white'>{letters}</text></svg>"
    )
    return "data:image/svg+xml," + drawing.replace("#", "%23").replace("<", "%3C").replace(">", "%3E")

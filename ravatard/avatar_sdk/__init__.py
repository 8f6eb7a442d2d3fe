"""Python SDK of the AvaTar API; ``import avatar_sdk`` means the same.

:class:`AvatarClient` creates sessions with an avatar. Each is an :class:`AvatarSession`: it takes texts and
sound, and hands events to handlers, pictures and sound as :class:`EventData`. :class:`SessionInfo` is a
session in the service's list, :class:`SpeakTask` a text that is to be spoken.

Whatever fails is an :class:`AvatarError`, or one of its kinds: :class:`AuthError`, :class:`BadRequest`,
:class:`NotFound`, and :class:`SessionGone` among these, :class:`RateLimited`, :class:`Unavailable`,
:class:`ConnectionLost`.

Source: the API reference, "SDK Examples", whose Python example runs as it is printed there.
"""

from typing import Any

from ravatard.avatar_sdk.avatar_client import AvatarClient
from ravatard.avatar_sdk.avatar_session import AvatarSession
from ravatard.avatar_sdk.event_handlers import EventData
from ravatard.avatar_sdk.failures import (
    AvatarAuthError,
    AvatarBadRequest,
    AvatarError,
    ConnectionLost,
    NotFound,
    RateLimited,
    SessionGone,
    Unavailable,
)
from ravatard.avatar_sdk.session_info import SessionInfo, SpeakTask

AuthError = AvatarAuthError
BadRequest = AvatarBadRequest

__all__ = [
    "AuthError",
    "AvatarClient",
    "AvatarError",
    "AvatarSession",
    "BadRequest",
    "ConnectionLost",
    "EventData",
    "NotFound",
    "RateLimited",
    "SessionGone",
    "SessionInfo",
    "SpeakTask",
    "Unavailable",
]

# Tracebacks, help() and pickles show the names that a program can import.
for _name in __all__:
    _exported: Any = globals()[_name]
    _exported.__module__, _exported.__name__, _exported.__qualname__ = "avatar_sdk", _name, _name

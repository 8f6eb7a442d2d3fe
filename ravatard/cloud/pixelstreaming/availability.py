"""Availability of the live voice on this machine, without loading what plays it."""

from __future__ import annotations

import importlib.util

from ravatard.cloud.webrtc import opus
from ravatard.errors import LinkError

_INSTALL = "install ravatard[live-audio]"


def available() -> str:
    """Return the reason why this machine cannot play the live voice, in a sentence; "" when it can.

    Looks for aiortc without importing it.
    """
    if importlib.util.find_spec("aiortc") is None:
        return f"the avatar's voice cannot be played: aiortc is missing; {_INSTALL}"
    try:
        opus.load()
    except LinkError as error:
        return str(error)
    return ""

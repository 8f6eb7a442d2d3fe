"""Details of trouble with the picture, for the owner; the public reads :mod:`ravatard.web.kiosk.texts`."""

from __future__ import annotations

_CONVERSATION_GOES_ON = "The conversation goes on."


def _without_picture(sound_in_browser: bool) -> str:
    if sound_in_browser:
        return "To hear the avatar meanwhile, set kiosk.sound: daemon."
    return _CONVERSATION_GOES_ON


def embedding_refused(host: str, header: str, embedder: str, *, sound_in_browser: bool) -> str:
    """Return the note for a streaming page that forbids embedding."""
    return (
        f"{host} does not let its page be shown inside another page ({header}). Its operator has to send "
        f"Content-Security-Policy: frame-ancestors {embedder}, and no X-Frame-Options. "
        f"{_without_picture(sound_in_browser)}"
    )


def mixed_content(host: str, *, sound_in_browser: bool) -> str:
    """Return the note for a page opened over https with a stream over http."""
    return (
        f"This page was opened over https, but the stream of {host} comes over http, which browsers do not "
        f"show. Open this page as http://127.0.0.1, or have the stream served over https. "
        f"{_without_picture(sound_in_browser)}"
    )


def not_an_address(*, sound_in_browser: bool) -> str:
    """Return the note for an unusable ``streamingUrl``."""
    return (
        "The service announced a streamingUrl that is no http or https address; there is no picture. "
        f"{_without_picture(sound_in_browser)}"
    )


def unreachable(host: str, reason: str) -> str:
    """Return the note for a streaming page that could not be fetched."""
    return f"The streaming page of {host} cannot be loaded: {reason}. Trying again."


def answered(host: str, status: int) -> str:
    """Return the note for a streaming page that answers with an error status."""
    if status in (401, 403):
        return f"{host} refuses the token for the streaming page (status {status}). Trying again."
    return f"{host} answers {status} instead of the streaming page. Trying again."

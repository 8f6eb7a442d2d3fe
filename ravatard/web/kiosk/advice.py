"""What the page says beside the one word of a look: what is going on, and what to do about it."""

from __future__ import annotations

from ravatard.core.indication import Look

#: Below the word of a look; a person before the display reads it, not an expert.
ADVICE: dict[Look, str] = {
    Look.OFF: "The appliance is switched off.",
    Look.FAULT: "Something has to be put right: the command “ravatard status” says what.",
    Look.NO_MONEY: "The account has no credit left. Top it up, then try again.",
    Look.MUTED: "The microphone is closed. Nobody is listening.",
    Look.NO_MICROPHONE: "Plug the microphone in. It is found by itself.",
    Look.OFFLINE: "The service cannot be reached. Trying again.",
    Look.CONNECTING: "One moment.",
    Look.BUSY: "Everybody is taken. Please try again in a moment.",
    Look.LISTENING: "Go on, I hear you.",
    Look.THINKING: "One moment.",
    Look.SPEAKING: "",
    Look.READY: "Ready when you are.",
    Look.STARTING: "One moment.",
}

_CONVERSATION_GOES_ON = "The conversation works on."


def _without_picture(sound_in_browser: bool) -> str:
    if sound_in_browser:
        return "To hear the avatar meanwhile, set kiosk.sound: daemon."
    return _CONVERSATION_GOES_ON


def embedding_refused(host: str, header: str, embedder: str, *, sound_in_browser: bool) -> str:
    """Told when the streaming page may not be shown inside another one."""
    return (
        f"{host} does not let its page be shown inside another page ({header}). Its operator has to send "
        f"Content-Security-Policy: frame-ancestors {embedder}, and no X-Frame-Options. "
        f"{_without_picture(sound_in_browser)}"
    )


def mixed_content(host: str, *, sound_in_browser: bool) -> str:
    """Told when this page came by https and the stream does not."""
    return (
        f"This page was opened over https, but the stream of {host} comes over http, which browsers do not "
        f"show. Open this page as http://127.0.0.1, or have the stream served over https. "
        f"{_without_picture(sound_in_browser)}"
    )


def not_an_address(*, sound_in_browser: bool) -> str:
    """Told when ``streamingUrl`` leads nowhere."""
    return (
        "The service announced a streamingUrl that is no http or https address; there is no picture. "
        f"{_without_picture(sound_in_browser)}"
    )


def elsewhere() -> str:
    """Told on every page but the one opened last."""
    return "The picture is shown on the page that was opened last. Reload this one to have it here."


def unreachable(host: str, reason: str) -> str:
    """Told when the look at the streaming page failed."""
    return f"The streaming page of {host} cannot be had: {reason}. Trying again."


def answered(host: str, status: int) -> str:
    """Told when the streaming page is an error page."""
    if status in (401, 403):
        return f"{host} refuses the token for the streaming page (status {status}). Trying again."
    return f"{host} answers {status} instead of the streaming page. Trying again."

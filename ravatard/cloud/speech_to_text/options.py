"""Options of the speech recogniser."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from ravatard.setting import setting


@dataclass(frozen=True, slots=True)
class SpeechToTextOptions:
    """Section ``speech_to_text``: a recogniser of your own, for a service that is to get words, not sound."""

    uri: str | None = setting(
        None,
        "Address of a recogniser that speaks the Wyoming protocol, such as tcp://recogniser.example:10300 or "
        "unix:///run/recogniser; unset: there is none. What is said goes there unencrypted.",
        pattern=r"tcp://(\[[0-9A-Fa-f:.]+\]|[^\s/?#:@]+):\d{1,5}|unix:///\S+",
        words="an address such as tcp://HOST:PORT or unix:///PATH",
        local_only=True,
    )
    language: str | None = setting(
        None,
        "Language code for the recogniser; unset: the language of service.language, without its region.",
        pattern=r"[A-Za-z]{2,3}([_-][A-Za-z0-9]+)*",
        words="a language code such as en, de or pt-BR",
    )
    deadline_s: float = setting(
        10.0,
        "Reaching the recogniser, and again its words after the last sound.",
        unit="s",
        low=0.5,
        high=60,
    )
    use: Literal["needed", "always"] = setting(
        "needed",
        "needed: where the service takes no sound; always: in the place of sound, with every service.",
    )

    def code(self, service_language: str) -> str:
        """Return the language code for the recogniser; most know ``en`` and not ``en-US``."""
        return self.language or service_language.replace("_", "-").partition("-")[0].lower()

"""Options of a self-hosted AvaTar API alone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from ravatard.setting import setting


@dataclass(frozen=True, slots=True)
class AvatarOptions:
    """Section ``avatar``: the AvaTar API: readings of what its document leaves open."""

    quality: Literal["low", "medium", "high"] = setting(
        "low", "Quality of the picture, which this appliance receives whether it is shown or not."
    )
    microphone: Literal["auto", "socket", "text", "track", "off"] = setting(
        "auto",
        "Way of your voice to the service: socket: in messages; text: as the words that section "
        "speech_to_text understands; track: by WebRTC; off: written words only; auto: text where there is a "
        "recogniser, else socket, and track when the service shows that it does not hear.",
    )
    upload: Literal["pcm", "wav"] = setting(
        "pcm", "Sound in messages: pcm: bare samples, 24 kHz; wav: a file of 16 kHz each."
    )
    speaks: Literal["auto", "service", "us"] = setting(
        "auto",
        "Who has an answer spoken that was asked for in writing: service: it speaks by itself; us: "
        "avatar.speak is called with its text; auto: as the first answer shows.",
    )
    sound: Literal["auto", "socket", "track"] = setting(
        "auto", "Way of the avatar's voice to this appliance: socket: in messages; track: by WebRTC."
    )
    history: int = setting(
        0,
        "Earlier questions and answers to send with each written question, for a service that forgets them.",
        low=0,
        high=50,
    )
    model: str | None = setting(
        None,
        "Language model of written questions; unset: the service's own.",
        pattern=r"[^\s]{1,128}",
        words="a name without blanks, at most 128 letters",
    )
    sole_client: bool = setting(
        False,
        "True: no other client uses this service, so a session on its list that a killed ravatard may have "
        "started is ended.",
    )
    plain_key: bool = setting(
        False,
        "True: send service.api_key also without TLS to a public address, where it can be overheard.",
        local_only=True,
    )


@dataclass(frozen=True, slots=True)
class AvatarVoiceOptions:
    """Section ``avatar_voice``: the voice of a self-hosted AvaTar API."""

    voice_id: str | None = setting(
        None,
        "Id of the voice; unset: the service's own.",
        pattern=r"[^\s]{1,128}",
        words="an id without blanks, at most 128 letters",
    )
    stability: float | None = setting(
        None, "Stability of a voice that we have speak; unset: the service's own.", low=0, high=1
    )
    similarity_boost: float | None = setting(
        None, "Likeness of such a voice to its original; unset: the service's own.", low=0, high=1
    )

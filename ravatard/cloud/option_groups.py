"""Option groups that a cloud is opened with: those of every kind, and those of one kind alone.

Imported to read a configuration, so it imports nothing but option groups. A new kind adds its groups here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from ravatard.cloud.avatar.options import AvatarOptions, AvatarVoiceOptions
from ravatard.cloud.network.options import NetworkOptions
from ravatard.cloud.options import DeadlineOptions, ServiceOptions
from ravatard.cloud.ravatar.options import RavatarOptions, StreamOptions
from ravatard.cloud.speech_to_text.options import SpeechToTextOptions


@dataclass(frozen=True, slots=True)
class CloudOptions:
    """Sections of the configuration that concern the cloud, one field each."""

    service: ServiceOptions = field(default_factory=ServiceOptions)
    network: NetworkOptions = field(default_factory=NetworkOptions)
    deadlines: DeadlineOptions = field(default_factory=DeadlineOptions)
    speech_to_text: SpeechToTextOptions = field(default_factory=SpeechToTextOptions)
    ravatar: RavatarOptions = field(default_factory=RavatarOptions)
    stream: StreamOptions = field(default_factory=StreamOptions)
    avatar: AvatarOptions = field(default_factory=AvatarOptions)
    avatar_voice: AvatarVoiceOptions = field(default_factory=AvatarVoiceOptions)


#: ``service.kind`` -> sections and single keys that no other kind reads.
KEYS_OF_KIND: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "ravatar": ("ravatar", "stream", "service.project_id", "service.user_id", "service.source"),
        "avatar": ("avatar", "avatar_voice", "service.api_key"),
    }
)
#: Credential that a kind of cloud usually refuses to do without.
NEEDED_CREDENTIAL: Mapping[str, str] = MappingProxyType({"ravatar": "service.project_id"})
#: Credential that a kind of cloud may ask for.
MAYBE_CREDENTIAL: Mapping[str, str] = MappingProxyType({"avatar": "service.api_key"})


def address_problem(options: CloudOptions) -> tuple[tuple[str, ...], str] | None:
    """Return why a kind of cloud would not use its addresses, behind the keys to correct; None: it would."""
    if options.service.kind != "avatar":
        return None
    # What is not in use is not loaded.
    from ravatard.cloud.avatar.address import api_url, plain_key_problem, socket_base

    service = options.service
    try:
        api = api_url(service.base_url)
        addresses = {"service.base_url": api, "service.socket_url": socket_base(api, service.socket_url)}
    except ValueError as error:
        return ("service.base_url", "service.socket_url"), f"{error}"
    if service.api_key is None or options.avatar.plain_key:
        return None
    for key, url in addresses.items():
        if problem := plain_key_problem(url):
            return (key, "avatar.plain_key"), f"{problem} with avatar.plain_key: true"
    return None

"""Terms of one stream: its address, its limits, and what it may connect to."""

from __future__ import annotations

from dataclasses import dataclass, field

from ravatard.cloud.media.addresses import Reach
from ravatard.cloud.media.routes import Routes
from ravatard.cloud.pixelstreaming.address import StreamAddress
from ravatard.cloud.pixelstreaming.options import LiveAudioOptions


@dataclass(frozen=True, slots=True)
class Terms:
    """Address and limits of a stream.

    Attributes:
        address: facts in its page's address.
        options: section ``live_audio``.
        sound_by: loop time by which there must be sound.
        loopback: True to offer 127.0.0.1, too.
        routes: ways to addresses that may be connected to.
        reaches: reaches of the streamer's candidates that may be connected to.
        avoided: types of messages that the signalling server does not accept.
    """

    address: StreamAddress
    options: LiveAudioOptions
    sound_by: float
    loopback: bool
    routes: Routes
    reaches: frozenset[Reach]
    avoided: frozenset[str] = field(default=frozenset())

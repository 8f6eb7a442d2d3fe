"""Sound and display of the avatar, as far as they are configured and this machine has them."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from functools import partial

from ravatard.appliance_parts import SoundOutput
from ravatard.cloud.media.named_hosts import NamedHosts
from ravatard.cloud.media.options import MediaOptions
from ravatard.cloud.media.routes import Routes
from ravatard.cloud.network.access import NetworkAccess
from ravatard.cloud.network.trust import context_for, load_aiohttp
from ravatard.cloud.pixelstreaming.options import LiveAudioOptions
from ravatard.core.options.audio import AudioOptions
from ravatard.devices.speaker.earcon_options import EarconOptions
from ravatard.devices.speaker.options import SpeakerOptions
from ravatard.errors import DeviceError
from ravatard.ports.display import Display
from ravatard.ports.media import Fetch
from ravatard.ports.voice import VoicePlayer
from ravatard.web.kiosk.options import KioskOptions

log = logging.getLogger("ravatard")


def sound(  # noqa: PLR0913 - four option groups and their run-time values
    speaker: SpeakerOptions,
    earcon_options: EarconOptions,
    media: MediaOptions,
    service: tuple[str, NetworkAccess, NamedHosts],
    environ: Mapping[str, str],
    *,
    has_button: bool,
    echo_fd: int | None = None,
) -> SoundOutput | None:
    """Return speaker, download and decoding; None when no speaker is configured.

    Args:
        speaker: section ``speaker``.
        earcon_options: section ``earcons``.
        media: section ``media``.
        service: its URL, as answers may point at files beside it, the access to the network, and the list
            that the hosts of files are taken into.
        environ: the daemon's environment.
        has_button: presses are answered by earcons at once. Without them the speaker's process ends with
            its sleep: a user who speaks or writes wakes it long before an answer.
        echo_fd: ring that takes the played sound; None: nothing needs it.

    Raises:
        ConfigError: a file of the owner's earcons cannot be used.
    """
    if not speaker.enabled:
        return None
    from ravatard.cloud.network.deferred import Deferred, DeferredFetch
    from ravatard.devices.media.decoder import DecodingLimits, MediaDecoder
    from ravatard.devices.speaker.earcons import earcons
    from ravatard.devices.speaker.speaker import ChildSpeaker

    base_url, access, named = service

    def fetch() -> Fetch:
        load_aiohttp()
        from ravatard.cloud.media.fetch import WebFetch

        return WebFetch(media, base_url, tls=access.issuers, proxies=access.proxies, named=named)

    limits = DecodingLimits(media.largest_bytes, media.longest_s)
    return SoundOutput(
        speaker=ChildSpeaker(
            speaker,
            environ=environ,
            earcons=earcons(earcon_options),
            keeps_process=has_button,
            echo_fd=echo_fd,
        ),
        fetch=DeferredFetch(Deferred(fetch)),
        decoder=MediaDecoder(limits, environ),
    )


def voice_player(
    make: Callable[[LiveAudioOptions, Routes], VoicePlayer] | None,
    options: LiveAudioOptions,
    routes: Routes,
    without: list[str],
) -> VoicePlayer | None:
    """Return the player of the live voice, or None; aiortc itself is loaded with the first stream.

    Args:
        make: makes the player for the configured kind of cloud; None when that has no separate voice.
        options: section ``live_audio``.
        routes: ways to addresses that may be connected to.
        without: gets a sentence when this machine cannot play the voice.
    """
    if make is None or options.enabled == "off":
        return None
    try:
        return make(options, routes)
    except DeviceError as error:
        without.append(f"no live voice: {error}")
        level = logging.WARNING if options.enabled == "on" else logging.INFO
        log.log(level, "running without the live voice: %s", error)
        return None


def browser_plays(options: KioskOptions) -> bool:
    """Return True if the display's browser plays the live voice."""
    return options.enabled and options.sound == "browser"


def display(options: KioskOptions, language: str, routes: Routes) -> Display | None:
    """Return the page for a display, or None when it is not configured.

    Args:
        options: section ``kiosk``.
        language: language of the conversation, and so of the page.
        routes: ways to addresses that may be connected to.

    Raises:
        ConfigError: the owner's texts or design are unusable.
    """
    if not options.enabled:
        return None
    load_aiohttp()
    from ravatard.web.kiosk.design import read_design
    from ravatard.web.kiosk.inspection import inspect
    from ravatard.web.kiosk.kiosk import Kiosk
    from ravatard.web.kiosk.page_state import SCREEN_WORDS, PageState
    from ravatard.web.kiosk.texts import read_texts

    def report(screen: PageState) -> None:
        log.info("display: %s", SCREEN_WORDS[screen])

    texts = read_texts(language, options.texts, options.contact)
    return Kiosk(
        options,
        texts,
        design=read_design(options.design),
        report=report,
        inspect=partial(inspect, route_to=routes.to, trust=partial(context_for, routes.issuers)),
    )


def echo_ring(speaker: SpeakerOptions, audio: AudioOptions) -> int | None:
    """Return memory for the speaker's sound, open for the life of the process; None if nothing needs it.

    Nothing does unless a voice may interrupt the avatar and its own is told from a user's here.
    """
    if not (speaker.enabled and audio.is_talked_over):
        return None
    from ravatard.devices.echo.ring import make_ring

    return make_ring()


def warn_of_echo(speaker: SpeakerOptions, audio: AudioOptions, *, live_in_browser: bool) -> None:
    """Warn of settings that leave the microphone open while the avatar speaks.

    Args:
        speaker: section ``speaker``.
        audio: section ``audio``.
        live_in_browser: the display's browser plays the live voice.
    """
    if live_in_browser:
        log.warning(
            "the browser plays the live voice: the microphone is held only while the streaming page says "
            "that it is heard, and stays open beside one that does not. Use a speakerphone with echo "
            "cancellation, or kiosk.sound: daemon"
        )
    if speaker.enabled and audio.barge_in == "voice" and audio.echo == "off":
        log.warning(
            "a voice may interrupt the avatar, and the daemon does not remove the speaker's sound from the "
            "microphone's: without a speakerphone or sound server with echo cancellation the avatar "
            "interrupts itself (audio.echo: cancel or external, or audio.barge_in: button, is safe)"
        )

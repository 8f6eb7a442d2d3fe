"""What the avatar is heard and seen with, as far as it is configured and this machine has it."""

from __future__ import annotations

import logging
from collections.abc import Mapping

from ravatard.app import SoundOutput
from ravatard.config import Options
from ravatard.ports.display import Display
from ravatard.ports.voice import VoicePlayer

log = logging.getLogger("ravatard")


def sound(options: Options, environ: Mapping[str, str], *, volume: int | None = None) -> SoundOutput | None:
    """Speaker, download and decoding; None when there is to be no speaker.

    Args:
        options: all of them.
        environ: the daemon's environment.
        volume: percent to begin with; None: as configured.

    Raises:
        ConfigError: a file of the owner's earcons cannot be used.
    """
    if not options.speaker.enabled:
        return None
    from ravatard.cloud.media.fetch import WebFetch
    from ravatard.devices.media.decoder import DecodingLimits, MediaDecoder
    from ravatard.devices.speaker.earcons import earcons
    from ravatard.devices.speaker.speaker import ChildSpeaker

    limits = DecodingLimits(options.media.largest_bytes, options.media.longest_s)
    return SoundOutput(
        speaker=ChildSpeaker(
            options.speaker, environ=environ, earcons=earcons(options.earcons), volume=volume
        ),
        fetch=WebFetch(options.media, options.service.base_url),
        decoder=MediaDecoder(limits, environ),
    )


def voice_player(options: Options, without: list[str]) -> VoicePlayer | None:
    """What brings in the live voice, or None: then ``without`` has a sentence that says why, if anybody asks.

    aiortc itself is loaded with the first stream.
    """
    live = options.live_audio.enabled
    if options.ravatar.mode == "chat" or live == "off" or not options.speaker.enabled:
        return None
    if options.kiosk.enabled and options.kiosk.sound == "browser":
        return None
    from ravatard.cloud.pixelstreaming.player import PixelStreamingPlayer, available

    reason = available()
    if not reason:
        return PixelStreamingPlayer(options.live_audio)
    without.append(f"no live voice: {reason}")
    log.log(logging.WARNING if live == "on" else logging.INFO, "running without the live voice: %s", reason)
    return None


def display(options: Options) -> Display | None:
    """The page for a display, or None when it is not configured."""
    if not options.kiosk.enabled:
        return None
    from ravatard.web.kiosk.kiosk import Kiosk
    from ravatard.web.kiosk.page_state import SCREEN_WORDS, PageState

    def told(screen: PageState) -> None:
        log.info("display: %s", SCREEN_WORDS[screen])

    return Kiosk(options.kiosk, report=told)


def warn_of_echo(options: Options) -> None:
    """A microphone that stays open while the avatar speaks hears the avatar."""
    if options.kiosk.enabled and options.kiosk.sound == "browser" and options.ravatar.mode != "chat":
        log.warning(
            "the browser plays the live voice, so nothing here knows when the avatar is heard: the "
            "microphone stays open meanwhile. Use a speakerphone that takes out its own sound, or "
            "kiosk.sound: daemon"
        )
    if options.speaker.enabled and options.audio.barge_in == "voice":
        log.warning(
            "a voice may interrupt the avatar, and nothing here takes the speaker's sound out of the "
            "microphone's: without a speakerphone or sound server that does the avatar interrupts itself "
            "(audio.barge_in: button is safe)"
        )

"""Parts of the appliance, built from the options: the real ones, as far as this machine has them."""

from __future__ import annotations

import logging
import random
from collections.abc import Mapping, Sequence
from dataclasses import replace

from ravatard.app import Parts
from ravatard.assembly.client import open_network, service_cloud
from ravatard.assembly.sound import browser_plays, display, sound, voice_player, warn_of_echo
from ravatard.cloud.factory import kind_of
from ravatard.cloud.media.address_rule import AddressRule
from ravatard.config import Options
from ravatard.core.conversation.gate_mode import gate_mode
from ravatard.core.options.conversation import ConversationOptions
from ravatard.core.options.equipment import Equipment
from ravatard.devices.microphone.microphone import ChildMicrophone
from ravatard.devices.panel.gpio import open_button
from ravatard.devices.panel.lamp import open_lamp
from ravatard.devices.panel.options import ButtonOptions, LightsOptions, PixelOptions
from ravatard.errors import DeviceError
from ravatard.host.systemd import open_notifier
from ravatard.ports.host import Ledger, Observer
from ravatard.ports.panel import Button, Lamp
from ravatard.ports.voice import VoicePlayer
from ravatard.secret import Secret

log = logging.getLogger("ravatard")


def conversation_options(
    options: Options, *, has_button: bool, muted: bool = False, volume: int | None = None
) -> ConversationOptions:
    """Gather the conversation's options from their sections.

    Args:
        options: the configuration.
        has_button: a button is configured and works.
        muted: start with the microphone closed.
        volume: percent to start with; None: as configured.
    """
    features = kind_of(options).features(options)
    return ConversationOptions(
        session=options.session,
        turn=options.turn,
        gate=options.gate,
        spend=options.spend,
        has_button=has_button,
        long_press_mutes=options.button.long_press == "mute",
        muted=muted,
        equipment=Equipment(
            speaks=options.speaker.enabled,
            earcons=options.earcons.enabled,
            volume=options.speaker.volume if volume is None else volume,
            audio=options.audio,
            streams=features.live,
            other_mode=features.falls_back,
        ),
    )


def build(
    options: Options,
    environ: Mapping[str, str],
    observers: Sequence[Observer] = (),
    ledger: Ledger | None = None,
    *,
    muted: bool = False,
    volume: int | None = None,
) -> Parts:
    """Build all parts; the one function that takes the configuration apart. Needs a running event loop.

    A missing light or button is reported once and done without: neither keeps the appliance from listening.

    Args:
        options: the configuration.
        environ: the daemon's environment.
        observers: observers of the hub.
        ledger: list of the live sessions that must be ended; None is for a service that ends with this
            process.
        muted: keep the microphone closed until the user opens it.
        volume: percent; None: as configured.

    Raises:
        ConfigError: a file that the configuration names cannot be used.
    """
    without: list[str] = []
    button = _button(options.button, without)
    mode = gate_mode(options.gate.mode, None, has_button=button is not None).mode
    return Parts(
        microphone=ChildMicrophone(
            options.microphone,
            options.capture,
            options.gate,
            options.voice,
            mode=mode,
            environ=environ,
            muted=muted,
        ),
        cloud=service_cloud(options, open_network(options), ledger, _live_voice(options, without)),
        lamp=_lamp(options.lights, options.pixels, without),
        notifier=open_notifier(environ),
        chance=random.SystemRandom().random,
        button=button,
        observers=observers,
        sound=sound(
            options.speaker,
            options.earcons,
            options.media,
            options.service,
            environ,
            volume=volume,
        ),
        screen=display(options.kiosk, address_rule(options)),
        without=tuple(without),
    )


def simulated(options: Options, base_url: str) -> Options:
    """Return ``options`` with the simulator at ``base_url`` as the service."""
    service = replace(options.service, base_url=base_url, socket_url=None, project_id=Secret("simulated"))
    return replace(options, service=service)


def address_rule(options: Options) -> AddressRule:
    """Return the rule for every address that the service hands us."""
    return AddressRule(options.media, options.service.base_url)


def _live_voice(options: Options, without: list[str]) -> VoicePlayer | None:
    kind = kind_of(options)
    in_browser = browser_plays(options.kiosk)
    live = kind.features(options).live
    warn_of_echo(options.speaker, options.audio, live_in_browser=live and in_browser)
    if not live or in_browser or not options.speaker.enabled:
        return None
    return voice_player(kind.voice_player, options.live_audio, address_rule(options), without)


def _button(options: ButtonOptions, without: list[str]) -> Button | None:
    try:
        return open_button(options)
    except DeviceError as error:
        log.warning("running without the button: %s", error)
        without.append(f"no button: {error}")
        return None


def _lamp(lights: LightsOptions, pixels: PixelOptions, without: list[str]) -> Lamp:
    try:
        return open_lamp(lights, pixels=pixels)
    except DeviceError as error:
        log.warning("running without lights: %s", error)
        without.append(f"no lights: {error}")
        return open_lamp(LightsOptions())

"""Builds the appliance's parts from the options: the real ones, as far as this machine has them."""

from __future__ import annotations

import logging
import random
from collections.abc import Mapping, Sequence
from dataclasses import replace

from ravatard.app import Parts
from ravatard.assembly.client import open_network, service_cloud
from ravatard.assembly.sound import display, sound, voice_player, warn_of_echo
from ravatard.config import Options
from ravatard.core.conversation.gate_mode import gate_mode
from ravatard.core.options.conversation import ConversationOptions
from ravatard.core.options.equipment import Equipment
from ravatard.devices.microphone.microphone import ChildMicrophone
from ravatard.devices.panel.gpio import open_button
from ravatard.devices.panel.lamp import open_lamp
from ravatard.devices.panel.options import LightsOptions
from ravatard.errors import DeviceError
from ravatard.host.systemd import open_notifier
from ravatard.ports.host import Ledger, Observer
from ravatard.ports.panel import Button, Lamp
from ravatard.secret import Secret

log = logging.getLogger("ravatard")


def conversation_options(
    options: Options, *, has_button: bool, muted: bool = False, volume: int | None = None
) -> ConversationOptions:
    """What the conversation must know, gathered from its sections.

    ``muted``: start with the microphone closed; ``volume``: percent to start with, None as configured.
    """
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
            streams=options.ravatar.mode != "chat",
            other_mode=options.ravatar.mode == "auto",
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
    """All parts. Must be called with an event loop running.

    A missing light or button is told once and done without: neither makes the appliance deaf. Live sessions
    are written down in ``ledger``; None is for a service that ends with this process. ``muted``: the
    microphone stays closed until somebody asks for it. ``volume``: percent, None as configured.

    Raises:
        ConfigError: a file that the configuration names cannot be used.
    """
    without: list[str] = []
    warn_of_echo(options)
    button = _button(options, without)
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
        cloud=service_cloud(options, open_network(options), ledger, voice_player(options, without)),
        lamp=_lamp(options, without),
        notifier=open_notifier(environ),
        chance=random.SystemRandom().random,
        button=button,
        observers=observers,
        sound=sound(options, environ, volume=volume),
        screen=display(options),
        without=tuple(without),
    )


def simulated(options: Options, base_url: str) -> Options:
    """``options`` with the simulator at ``base_url`` as the service."""
    service = replace(options.service, base_url=base_url, socket_url=None, project_id=Secret("simulated"))
    return replace(options, service=service)


def _button(options: Options, without: list[str]) -> Button | None:
    try:
        return open_button(options.button)
    except DeviceError as error:
        log.warning("running without the button: %s", error)
        without.append(f"no button: {error}")
        return None


def _lamp(options: Options, without: list[str]) -> Lamp:
    try:
        return open_lamp(options.lights, pixels=options.pixels)
    except DeviceError as error:
        log.warning("running without lights: %s", error)
        without.append(f"no lights: {error}")
        return open_lamp(LightsOptions())

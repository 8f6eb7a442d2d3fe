"""Builds the appliance's parts from the options: the real ones, as far as this machine has them."""

from __future__ import annotations

import logging
import random
from collections.abc import Mapping, Sequence
from dataclasses import replace

from ravatard.app import Parts
from ravatard.cloud.http import AiohttpNetwork
from ravatard.cloud.ravatar.service import RavatarCloud
from ravatard.config import Options
from ravatard.core.conversation_options import ConversationOptions
from ravatard.core.gate_choice import gate_mode
from ravatard.devices.gpio import open_button
from ravatard.devices.lamp import open_lamp
from ravatard.devices.options import LightsOptions
from ravatard.devices.sound import ChildEar
from ravatard.errors import DeviceError
from ravatard.host.identity import user_id
from ravatard.host.systemd import open_notifier
from ravatard.ports import Button, Cloud, Lamp, Observer
from ravatard.secret import Secret

log = logging.getLogger("ravatard")


def conversation_options(options: Options, *, has_button: bool) -> ConversationOptions:
    """What the conversation must know, gathered from its sections."""
    return ConversationOptions(
        session=options.session,
        turn=options.turn,
        gate_mode=options.gate.mode,
        longest_s=options.gate.longest_s,
        has_button=has_button,
    )


def build(options: Options, environ: Mapping[str, str], observers: Sequence[Observer] = ()) -> Parts:
    """All parts. Must be called with an event loop running.

    A missing light or button is told once and done without: neither makes the appliance deaf.
    """
    button = _button(options)
    mode = gate_mode(options.gate.mode, None, has_button=button is not None).mode
    return Parts(
        ear=ChildEar(
            options.microphone, options.capture, options.gate, options.voice, mode=mode, environ=environ
        ),
        cloud=_cloud(options),
        lamp=_lamp(options),
        notifier=open_notifier(environ),
        chance=random.SystemRandom().random,
        button=button,
        observers=observers,
    )


def simulated(options: Options, base_url: str) -> Options:
    """``options`` with the simulator at ``base_url`` as the service."""
    service = replace(options.service, base_url=base_url, socket_url=None, project_id=Secret("simulated"))
    return replace(options, service=service)


def _cloud(options: Options) -> Cloud:
    return RavatarCloud(
        options.service,
        options.stream,
        options.deadlines,
        AiohttpNetwork(ping_s=options.deadlines.ping_s),
        user_id=user_id(),
        chance=random.SystemRandom().random,
    )


def _button(options: Options) -> Button | None:
    try:
        return open_button(options.button)
    except DeviceError as error:
        log.warning("running without the button: %s", error)
        return None


def _lamp(options: Options) -> Lamp:
    try:
        return open_lamp(options.lights)
    except DeviceError as error:
        log.warning("running without lights: %s", error)
        return open_lamp(LightsOptions())

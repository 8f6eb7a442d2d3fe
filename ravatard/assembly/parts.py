"""Parts of the appliance, built from the options: the real ones, as far as this machine has them."""

from __future__ import annotations

import logging
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

from ravatard.appliance_parts import Parts
from ravatard.assembly.adapters import other_programs
from ravatard.assembly.client import open_network, service_cloud
from ravatard.assembly.local_time import local_time
from ravatard.assembly.sound import browser_plays, display, echo_ring, sound, voice_player, warn_of_echo
from ravatard.assembly.wakeword import WakeWordModel
from ravatard.cloud.factory import kind_of
from ravatard.cloud.media.address_rule import AddressRule
from ravatard.cloud.media.named_hosts import NamedHosts
from ravatard.cloud.media.routes import Routes
from ravatard.cloud.network.access import NetworkAccess, network_access
from ravatard.config import Options
from ravatard.core.conversation.gate_mode import gate_mode
from ravatard.core.options.conversation import ConversationOptions
from ravatard.core.options.equipment import Equipment
from ravatard.devices.cards.kernel_state import capture_state
from ravatard.devices.microphone.child import MicrophoneChild
from ravatard.devices.microphone.microphone import ChildMicrophone
from ravatard.devices.panel.gpio import open_button
from ravatard.devices.panel.lamp import open_lamp
from ravatard.devices.panel.options import ButtonOptions, LightsOptions, PixelOptions
from ravatard.devices.process.early import EarlyProcess
from ravatard.devices.process.environment import ProcessEnvironment
from ravatard.devices.process.retry import RetryPolicy
from ravatard.errors import DeviceError
from ravatard.host.control.restart_policy import RestartPolicy
from ravatard.host.network_changes import KernelNetworkChanges
from ravatard.host.state import state_directory
from ravatard.host.systemd import open_notifier
from ravatard.ports.host import Ledger, Observer
from ravatard.ports.panel import Button, Lamp
from ravatard.ports.voice import VoicePlayer

log = logging.getLogger("ravatard")

#: Trouble of a wake word for which no model was sought.
NOT_TRIED = "no model of one was tried"


def conversation_options(
    options: Options,
    *,
    has_button: bool,
    muted: bool = False,
    volume: int | None = None,
    wakeword_trouble: str = "",
) -> ConversationOptions:
    """Gather the conversation's options from their sections.

    Args:
        options: the configuration.
        has_button: a button is configured and works.
        muted: start with the microphone closed.
        volume: percent to start with; None: as configured.
        wakeword_trouble: why the wake word cannot be recognised; "" if it can.
    """
    features = kind_of(options).features(options)
    return ConversationOptions(
        session=options.session,
        turn=options.turn,
        gate=options.gate,
        spend=options.spend,
        has_button=has_button,
        long_press_mutes=options.button.long_press == "mute",
        muted=muted or bool(features.no_voice),
        equipment=Equipment(
            speaks=options.speaker.enabled,
            earcons=options.earcons.enabled,
            volume=options.speaker.volume if volume is None else volume,
            audio=options.audio,
            streams=features.live,
            other_mode=features.falls_back,
            quiet=options.quiet,
        ),
        wakeword=options.wakeword,
        wakeword_trouble=wakeword_trouble,
    )


@dataclass(frozen=True, slots=True)
class Beginning:
    """State that a run begins with, beside its options.

    Attributes:
        muted: keep the microphone closed until the user opens it.
        volume: percent; None: as configured.
        early: the microphone's process, if it was started already; one that is muted is ended.
        wakeword: model of the wake word; None: there is none.
        access: access to the network; None: as configured.
    """

    muted: bool = False
    volume: int | None = None
    early: EarlyProcess | None = None
    wakeword: WakeWordModel | None = None
    access: NetworkAccess | None = None


def build(
    options: Options,
    environ: Mapping[str, str],
    observers: Sequence[Observer] = (),
    ledger: Ledger | None = None,
    beginning: Beginning = Beginning(),
) -> Parts:
    """Build all parts; the one function that takes the configuration apart. Needs a running event loop.

    A missing light or button is reported once and done without: neither keeps the appliance from listening.

    Args:
        options: the configuration.
        environ: the daemon's environment.
        observers: observers of the hub.
        ledger: list of the live sessions that must be ended; None is for a service that ends with this
            process.
        beginning: what this run begins with.

    Raises:
        ConfigError: a file that the configuration names cannot be used.
    """
    without: list[str] = []
    muted, volume, wakeword = beginning.muted, beginning.volume, beginning.wakeword
    button = _button(options.button, without)
    trouble = NOT_TRIED if wakeword is None else wakeword.trouble
    mode = gate_mode(options.gate.mode, None, has_button=button is not None, wakeword_trouble=trouble).mode
    if no_voice := kind_of(options).features(options).no_voice:
        log.info("the microphone stays closed: %s", no_voice)
        muted = True
    if muted and beginning.early is not None:
        beginning.early.close()
    echo_fd = echo_ring(options.speaker, options.audio)
    access, named = beginning.access or network_access(options), NamedHosts()
    ways = Routes(AddressRule(options.media, options.service.base_url), access.proxies, access.issuers, named)
    # A service that ends with this process leaves nothing behind, and neither do its other programs.
    others = other_programs(options, None if ledger is None else state_directory(environ), without)
    return Parts(
        microphone=ChildMicrophone(
            options.microphone,
            options.capture,
            options.gate,
            options.voice,
            mode=mode,
            environ=environ,
            muted=muted,
            environment=ProcessEnvironment(
                RetryPolicy(), partial(MicrophoneChild, early=beginning.early), capture_state
            ),
            word=wakeword.current if wakeword is not None else lambda: None,
            talk_over=options.audio.echo,
            echo_fd=echo_fd,
        ),
        cloud=service_cloud(
            options, open_network(options, access), ledger, _live_voice(options, without, ways)
        ),
        lamp=_lamp(options.lights, options.pixels, without),
        notifier=open_notifier(environ),
        chance=random.SystemRandom().random,
        button=button,
        observers=observers,
        sound=sound(
            options.speaker if volume is None else replace(options.speaker, volume=volume),
            options.earcons,
            options.media,
            (options.service.base_url, access, named),
            environ,
            has_button=button is not None,
            echo_fd=echo_fd,
        ),
        screen=display(options.kiosk, options.service.language, ways),
        named_hosts=named.listed,
        network_changes=KernelNetworkChanges(),
        local_time=local_time,
        adapters=others.adapters,
        room=others.room,
        restart_refusal=RestartPolicy(environ).refusal,
        # Last: what is built above adds to it.
        without=tuple(without),
    )


def _live_voice(options: Options, without: list[str], ways: Routes) -> VoicePlayer | None:
    kind = kind_of(options)
    in_browser = browser_plays(options.kiosk)
    live = kind.features(options).live
    warn_of_echo(options.speaker, options.audio, live_in_browser=live and in_browser)
    if not live or in_browser or not options.speaker.enabled:
        return None
    return voice_player(kind.voice_player, options.live_audio, ways, without)


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

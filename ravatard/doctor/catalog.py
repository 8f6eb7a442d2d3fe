"""Catalog of all checks, in the order in which they run."""

from __future__ import annotations

from ravatard.doctor.check import Check
from ravatard.doctor.checks import (
    cards,
    echo,
    host,
    microphone,
    pins,
    reach,
    recogniser,
    rights,
    running,
    service,
    service_state,
    settings,
    speaker,
    unit,
    voice,
    wakeword,
)
from ravatard.doctor.checks.integrations import broker, exporter

_LOOK = ("config",)
_MICROPHONE = ("microphone",)
#: One that is asked instead of opening what it uses. Of another one, a device that is taken tells.
_DAEMON = ("daemon",)

CHECKS = (
    Check("credentials", settings.look_at_credentials),
    Check("config", settings.look_at_config, ("credentials",)),
    Check("daemon", running.look_at_daemon, limit_s=15.0),
    # The machine
    Check("versions", host.look_at_versions, _LOOK),
    Check("unit", unit.look_at_unit),
    Check("installation", host.look_at_installation),
    Check("unit.watchdog", unit.look_at_watchdog, ("unit",)),
    Check("state", host.look_at_state),
    Check("disk", host.look_at_disk, ("state",)),
    Check("power", host.look_at_power),
    Check("clock", host.look_at_clock),
    Check("groups", rights.look_at_groups, _LOOK),
    Check("devices", rights.look_at_devices, ("groups",)),
    # Sound
    Check("overlay", cards.look_at_overlay, _LOOK),
    Check("cards", cards.look_at_cards, ("overlay",)),
    Check("mixer", cards.look_at_mixer, ("cards",), limit_s=10.0),
    Check(
        "microphone",
        microphone.look_at_microphone,
        ("config", "devices", "mixer"),
        microphone.LIMIT_S,
        _DAEMON,
    ),
    Check("microphone.level", microphone.look_at_level, _MICROPHONE),
    Check("microphone.silence", microphone.look_at_silence, _MICROPHONE),
    Check("microphone.clipping", microphone.look_at_clipping, _MICROPHONE),
    Check("microphone.rate", microphone.look_at_rate, _MICROPHONE),
    Check("microphone.dc", microphone.look_at_offset, _MICROPHONE),
    Check("voice.confirm", voice.look_at_confirmation, _LOOK, voice.LIMIT_S),
    Check("wakeword", wakeword.look_at_wakeword, _LOOK, wakeword.CHECK_LIMIT_S),
    Check("speaker", speaker.look_at_speaker, ("config", "devices", "mixer"), speaker.LIMIT_S, _DAEMON),
    Check("echo", speaker.look_at_echo, ("microphone", "speaker"), speaker.LIMIT_S),
    Check("echo.talk-over", echo.look_at_talking_over, ("microphone", "speaker"), echo.LIMIT_S),
    # Button and lights
    Check("gpio", pins.look_at_gpio, _LOOK),
    Check("gpio.factory", pins.look_at_factory, ("gpio", "versions")),
    Check("gpio.workdir", pins.look_at_work_directory, ("gpio", "state")),
    Check("spi", pins.look_at_spi, _LOOK),
    # The service
    Check("dns", reach.look_at_dns, _LOOK, 10.0),
    Check("tls", reach.look_at_tls, ("dns",), 12.0),
    Check("health", service_state.look_at_health, ("tls",), 30.0),
    Check("token", service.look_at_token, ("tls",), 30.0),
    Check("avatar", service.look_at_avatar, ("token",), 30.0),
    Check("orphans", service_state.look_at_orphans, ("token",), 30.0),
    Check("recogniser", recogniser.look_at_recogniser, _LOOK, 12.0),
    Check("live", service.look_at_live, ("avatar", "state"), service.LIVE_LIMIT_S, _DAEMON),
    Check("ear", service_state.look_at_ear, ("live",)),
    Check("frames", service_state.look_at_frames, ("live",)),
    Check("stream", service.look_at_stream, ("live",), 12.0),
    # Other programs
    Check("mqtt", broker.look_at_broker, _LOOK, broker.LIMIT_S, _DAEMON),
    Check("metrics", exporter.look_at_exporter, _LOOK, beside=_DAEMON),
)

#: Headings shown above the check of that id.
HEADINGS = {
    "credentials": "Settings",
    "versions": "Machine",
    "overlay": "Sound",
    "gpio": "Button and lights",
    "dns": "Service",
    "mqtt": "Other programs",
}

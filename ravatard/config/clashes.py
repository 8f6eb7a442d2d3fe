"""Find settings that are valid on their own and contradict each other."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from ravatard.cloud.option_groups import address_problem
from ravatard.cloud.options import kinds_address_problem
from ravatard.cloud.web_address import may_be_host
from ravatard.config.board_file import Board
from ravatard.config.boards import reserved_pins
from ravatard.config.problems import SettingOrigin, shown
from ravatard.config.schema import Options
from ravatard.core.options.quiet import QuietOptions, minute_of
from ravatard.core.wakeword.options import LOWEST_THRESHOLD, Cutoffs, threshold_for
from ravatard.devices.panel.header import spi_pins
from ravatard.devices.panel.options import PixelOptions

# ALSA's names by number, alone or as hw:2,0, plughw:2, hw:CARD=2,DEV=0. The number changes with the order
# in which the kernel finds the cards.
_BY_NUMBER = re.compile(r"(?:(?:plug)?hw:(?:CARD=)?)?\d+(?:,(?:DEV=)?\d+)*")

_PINS_BY_KIND = {
    "none": (),
    "led": ("lights.pin",),
    "pwm": ("lights.pin",),
    "rgb": ("lights.red", "lights.green", "lights.blue"),
    "apa102": (),
}


@dataclass(frozen=True, slots=True)
class Clash:
    """Two or more settings that contradict each other.

    Attributes:
        keys: every setting involved, the one to correct first.
        text: the contradiction and the remedy.
    """

    keys: tuple[str, ...]
    text: str

    def main_key(self, origins: Mapping[str, SettingOrigin]) -> str:
        """Return the setting the message is filed under: the first that is not at its default."""
        return next((key for key in self.keys if origins[key] != SettingOrigin()), self.keys[0])


def find_clashes(
    options: Options,
    origins: Mapping[str, SettingOrigin],
    board: Board | None = None,
    base_url: str | None = None,
) -> Iterator[Clash]:
    """Yield every contradiction in ``options``, and between them and the pins ``board`` itself uses.

    Args:
        options: every option group.
        origins: ``section.key`` -> the origin of its value.
        board: the board whose settings fill the gaps.
        base_url: ``service.base_url`` as written; None when it is not. The options have the kind's own
            address in the place of RAVATAR's, which is the default.
    """
    yield from _sound(options)
    yield from _pins(options, origins, board)
    yield from _gate(options)
    yield from _wakeword(options)
    yield from _service(options, base_url)
    yield from _quiet(options.quiet)
    yield from _adapters(options)


def _adapters(options: Options) -> Iterator[Clash]:
    metrics = options.metrics
    if metrics.listen == "lan" and metrics.token is None:
        text = (
            "lan gives the figures to every machine of the network and needs metrics.token; write one, such "
            "as what `openssl rand -hex 16` prints, or use loopback"
        )
        yield Clash(("metrics.listen", "metrics.token"), text)
    page = options.page
    if page.tls == "files" and page.certificate is None:
        text = "files needs a certificate; write page.certificate, or use self-made"
        yield Clash(("page.tls", "page.certificate"), text)
    if options.network.proxy_password is not None and options.network.proxy_username is None:
        text = "a proxy takes a password with a user name only; write network.proxy_username"
        yield Clash(("network.proxy_username", "network.proxy_password"), text)
    mqtt = options.mqtt
    if mqtt.password is not None and mqtt.username is None:
        text = "a broker takes a password with a user name only; write mqtt.username"
        yield Clash(("mqtt.username", "mqtt.password"), text)
    if (mqtt.certificate is None) != (mqtt.key is None):
        text = "a certificate and its key go together; write both, or none"
        yield Clash(("mqtt.certificate", "mqtt.key"), text)
    if not mqtt.tls and (mqtt.ca is not None or mqtt.certificate is not None):
        text = "certificates are for an encrypted connection; set mqtt.tls to true"
        yield Clash(("mqtt.tls", "mqtt.ca", "mqtt.certificate"), text)


def _sound(options: Options) -> Iterator[Clash]:
    for section, names, rule in (
        ("microphone", ("device", "command", "fifo", "wav"), "only one source of sound is possible"),
        ("speaker", ("device", "command", "wav"), "sound can go to one place only"),
    ):
        group = getattr(options, section)
        keys = tuple(f"{section}.{name}" for name in names if getattr(group, name) is not None)
        if len(keys) > 1:
            yield Clash(keys, f"{rule}; keep one of {', '.join(keys)}")
        if group.device is not None and _BY_NUMBER.fullmatch(group.device):
            text = (
                f"found {shown(group.device)}, a number that changes when something is plugged in; "
                "write the name `ravatard devices` prints"
            )
            yield Clash((f"{section}.device",), text)
    capture = options.capture
    if capture.channel is not None and capture.channel >= capture.channels:
        text = (
            f"channel {capture.channel} does not exist among {capture.channels}, counted from 0; "
            "raise capture.channels or name another channel"
        )
        yield Clash(("capture.channel", "capture.channels"), text)
    if options.audio.barge_in == "voice" and options.audio.echo == "half-duplex":
        text = (
            "with half-duplex the microphone is ignored while the avatar speaks, so no voice can interrupt "
            "it; set audio.echo to cancel, or to external if a speakerphone or sound server removes the "
            "echo, or audio.barge_in to button"
        )
        yield Clash(("audio.barge_in", "audio.echo"), text)
    kiosk = options.kiosk
    if options.audio.is_talked_over and kiosk.enabled and kiosk.sound == "browser":
        text = (
            "the browser plays the live voice, so that the daemon cannot tell it from a user's, and a voice "
            "cannot stop it; set kiosk.sound to daemon, or audio.barge_in to button, with which the "
            "microphone is held while the page says that it is heard"
        )
        yield Clash(("audio.barge_in", "audio.echo", "kiosk.sound"), text)


def _service(options: Options, base_url: str | None) -> Iterator[Clash]:
    if base_url is not None and (problem := kinds_address_problem(options.service.kind, base_url)):
        yield Clash(("service.base_url", "service.kind"), problem)
    yield from _addresses(options)
    if options.service.kind != "avatar":
        return
    if options.avatar.microphone == "text" and options.speech_to_text.uri is None:
        text = "text needs speech_to_text.uri; write the address of a recogniser, such as tcp://HOST:10300"
        yield Clash(("avatar.microphone", "speech_to_text.uri"), text)


def _addresses(options: Options) -> Iterator[Clash]:
    """Yield what makes an address of the service unusable; a password in it is never shown."""
    service, good = options.service, True
    for key, url in (("service.base_url", service.base_url), ("service.socket_url", service.socket_url)):
        if problem := _address_problem(url or ""):
            good = False
            yield Clash((key,), problem)
    proxy = service.proxy or ""
    if problem := _address_problem(proxy):
        yield Clash(("service.proxy",), problem)
    elif "://" in proxy and not may_be_host((urlsplit(proxy).hostname or "").replace("%25", "%")):
        yield Clash(
            ("service.proxy",), "the address names no host; write one, such as http://proxy.example:3128"
        )
    if good and (found := address_problem(options)) is not None:
        yield Clash(*found)


def _address_problem(url: str) -> str:
    """Return a sentence about the place in an address; "" when it is good."""
    try:
        parts = urlsplit(url)
        right = parts.port != 0
    except ValueError:
        return "the port is no number from 1 to 65535, or the host is none; correct the address"
    if "@" in parts.netloc:
        return "a name or password in the address is not sent to the service; take it out of the address"
    return "" if right else "the port is no number from 1 to 65535; correct the address"


def _quiet(quiet: QuietOptions) -> Iterator[Clash]:
    keys = ("quiet.from", "quiet.to")
    if (quiet.from_ is None) is not (quiet.to is None):
        there, missing = keys if quiet.to is None else keys[::-1]
        yield Clash((there, missing), f"quiet hours need {missing}, too; write both, or none")
    elif quiet.from_ is not None and quiet.to is not None and minute_of(quiet.from_) == minute_of(quiet.to):
        text = f"quiet hours from {quiet.from_} to {quiet.to} are none, or last for ever; write another time"
        yield Clash(keys, text)


def _pins(options: Options, origins: Mapping[str, SettingOrigin], board: Board | None) -> Iterator[Clash]:
    lights = options.lights
    used = [("button.pin", options.button.pin)]
    for key in _PINS_BY_KIND[lights.kind]:
        used.append((key, getattr(lights, key.removeprefix("lights."))))
        if used[-1][1] is None:
            text = f"lights.kind {lights.kind} needs {key}; write the GPIO number the LED is connected to"
            yield Clash(("lights.kind", key), text)
    if lights.kind == "apa102":
        used += _pixel_pins(options.pixels)
        if (options.pixels.data is None) != (options.pixels.clock is None):
            text = (
                "pixels that are not on SPI need both pixels.data and pixels.clock; write both, or none for "
                "SPI"
            )
            yield Clash(("pixels.data", "pixels.clock"), text)
    reserved = reserved_pins(board)
    taken: dict[int, str] = {}
    for key, pin in used:
        if pin is None:
            continue
        if pin in reserved:
            text = f"GPIO {pin} is used by the board for {reserved[pin]}; choose another pin"
            yield Clash((key,), text)
        if pin in taken and taken[pin] != key:
            mine, other = key, taken[pin]
            if board is not None and origins[key].name == str(board.path):
                # The board's settings are fixed; the owner's own setting is the one to correct.
                mine, other = other, key
            text = f"GPIO {pin} is already used by {other} ({origins[other]}); each needs a pin of its own"
            yield Clash((mine, other), text)
        taken.setdefault(pin, key)


def _pixel_pins(pixels: PixelOptions) -> list[tuple[str, int | None]]:
    used = [("pixels.power", pixels.power)]
    if pixels.data is None or pixels.clock is None:
        return used + [("pixels.device", pin) for pin in spi_pins(pixels.device)]
    return [*used, ("pixels.data", pixels.data), ("pixels.clock", pixels.clock)]


def _gate(options: Options) -> Iterator[Clash]:
    gate, voice = options.gate, options.voice
    if gate.takes_button and options.button.pin is None:
        without = "wakeword" if gate.takes_word else "vad or auto"
        text = (
            f"gate.mode {gate.mode} needs button.pin; write the GPIO number of the button, or use {without}"
        )
        yield Clash(("gate.mode", "button.pin"), text)
    if gate.silence_ms is not None and gate.silence_ms >= gate.longest_s * 1000:
        text = (
            f"gate.silence_ms {gate.silence_ms} must be less than gate.longest_s {gate.longest_s:g} s, "
            "or silence never ends an utterance; lower the one or raise the other"
        )
        yield Clash(("gate.silence_ms", "gate.longest_s"), text)
    if voice.start_frames > voice.start_window:
        text = (
            f"voice.start_frames {voice.start_frames} must be at most voice.start_window "
            f"{voice.start_window}; lower the one or raise the other"
        )
        yield Clash(("voice.start_frames", "voice.start_window"), text)


def _wakeword(options: Options) -> Iterator[Clash]:
    try:
        threshold_for(options.wakeword.sensitivity, Cutoffs.around(LOWEST_THRESHOLD))
    except ValueError as error:
        yield Clash(("wakeword.sensitivity",), str(error))
    # The default, stop, is no mistake where it is written out; `ravatard.config.advice` tells of it.
    wanted = options.wakeword.in_answer == "turn" and options.gate.takes_word
    if wanted and options.audio.echo == "half-duplex":
        text = (
            "with half-duplex the word is not found through the avatar's voice; write audio.echo: cancel "
            "with audio.barge_in: voice (external instead of cancel if a speakerphone or sound server "
            "removes the echo), or wakeword.in_answer: stop"
        )
        yield Clash(("wakeword.in_answer", "audio.echo"), text)

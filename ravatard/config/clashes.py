"""Settings that are each in order and together are not."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from ravatard.config.board_file import Board
from ravatard.config.boards import reserved_pins
from ravatard.config.problems import SettingOrigin, shown
from ravatard.config.schema import Options
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
        keys: every setting involved, the one to mend first.
        text: what is wrong and what to do.
    """

    keys: tuple[str, ...]
    text: str

    def blamed(self, origins: Mapping[str, SettingOrigin]) -> str:
        """The setting the message is filed under: the first that somebody wrote."""
        return next((key for key in self.keys if origins[key] != SettingOrigin()), self.keys[0])


def find_clashes(
    options: Options, origins: Mapping[str, SettingOrigin], board: Board | None = None
) -> Iterator[Clash]:
    """Every contradiction in ``options``, and with what ``board`` uses itself."""
    yield from _microphone(options)
    yield from _pins(options, origins, board)
    yield from _gate(options)
    yield from _voice(options)
    yield from _speaker(options)


def _microphone(options: Options) -> Iterator[Clash]:
    microphone = options.microphone
    sources = [name for name in ("device", "command", "fifo", "wav") if getattr(microphone, name) is not None]
    if len(sources) > 1:
        keys = tuple(f"microphone.{name}" for name in sources)
        yield Clash(keys, f"only one source of sound is possible; keep one of {', '.join(keys)}")
    if microphone.device is not None and _BY_NUMBER.fullmatch(microphone.device):
        text = (
            f"found {shown(microphone.device)}, a number that changes when something is plugged in; "
            "write the name `ravatard devices` prints"
        )
        yield Clash(("microphone.device",), text)
    capture = options.capture
    if capture.channel is not None and capture.channel >= capture.channels:
        text = (
            f"channel {capture.channel} does not exist among {capture.channels}, counted from 0; "
            "raise capture.channels or name another channel"
        )
        yield Clash(("capture.channel", "capture.channels"), text)


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
        yield from _pixels(options.pixels)
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
                # The board's settings are given; what is to be mended is what the owner wrote.
                mine, other = other, key
            text = f"GPIO {pin} is already used by {other} ({origins[other]}); each needs a pin of its own"
            yield Clash((mine, other), text)
        taken.setdefault(pin, key)


def _pixel_pins(pixels: PixelOptions) -> list[tuple[str, int | None]]:
    used = [("pixels.power", pixels.power)]
    if pixels.data is None or pixels.clock is None:
        return used + [("pixels.device", pin) for pin in spi_pins(pixels.device)]
    return [*used, ("pixels.data", pixels.data), ("pixels.clock", pixels.clock)]


def _pixels(pixels: PixelOptions) -> Iterator[Clash]:
    if (pixels.data is None) != (pixels.clock is None):
        text = (
            "pixels that are not on SPI need both pixels.data and pixels.clock; write both, or none for SPI"
        )
        yield Clash(("pixels.data", "pixels.clock"), text)


def _gate(options: Options) -> Iterator[Clash]:
    gate = options.gate
    if gate.mode in ("button", "both") and options.button.pin is None:
        text = (
            f"gate.mode {gate.mode} needs button.pin; write the GPIO number of the button, or use vad or auto"
        )
        yield Clash(("gate.mode", "button.pin"), text)
    if gate.silence_ms >= gate.longest_s * 1000:
        text = (
            f"gate.silence_ms {gate.silence_ms} must be less than gate.longest_s {gate.longest_s:g} s, "
            "or silence never ends an utterance; lower the one or raise the other"
        )
        yield Clash(("gate.silence_ms", "gate.longest_s"), text)


def _voice(options: Options) -> Iterator[Clash]:
    voice = options.voice
    if voice.start_frames > voice.start_window:
        text = (
            f"voice.start_frames {voice.start_frames} must be at most voice.start_window "
            f"{voice.start_window}; lower the one or raise the other"
        )
        yield Clash(("voice.start_frames", "voice.start_window"), text)


def _speaker(options: Options) -> Iterator[Clash]:
    speaker = options.speaker
    sinks = [name for name in ("device", "command", "wav") if getattr(speaker, name) is not None]
    if len(sinks) > 1:
        keys = tuple(f"speaker.{name}" for name in sinks)
        yield Clash(keys, f"sound can go to one place only; keep one of {', '.join(keys)}")
    if speaker.device is not None and _BY_NUMBER.fullmatch(speaker.device):
        text = (
            f"found {shown(speaker.device)}, a number that changes when something is plugged in; "
            "write the name `ravatard devices` prints"
        )
        yield Clash(("speaker.device",), text)
    if options.audio.barge_in == "voice" and options.audio.echo == "half-duplex":
        text = (
            "with half-duplex no voice is heard while the avatar speaks, so none can interrupt it; "
            "set audio.echo to off, if something takes the echo away, or audio.barge_in to button"
        )
        yield Clash(("audio.barge_in", "audio.echo"), text)

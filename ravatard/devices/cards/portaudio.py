"""PortAudio: its devices with the identities of their cards, and the choice of one."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from typing import Any, TypeVar

from ravatard.core.audio_format import AudioFormat
from ravatard.devices.cards.busy import busy_message
from ravatard.devices.cards.identity import (
    SoundDevice,
    choose,
    name_to_write,
    nothing_of,
    read_cards,
    split_name,
)
from ravatard.errors import DeviceError

#: portaudio.h: PaSampleFormat, paInputOverflow, paContinue, PaHostApiTypeId.
FORMATS = {"s16le": 0x8, "s32le": 0x2, "s24le": 0x4, "f32le": 0x1}
INPUT_OVERFLOW = 0x2
CONTINUE = 0
_ALSA = 8
#: PaErrorCode: invalid channel count, invalid rate, format not supported, and the unexpected from ALSA.
_ANOTHER_SHAPE_MAY_DO = (-9998, -9997, -9994, -9999)
#: PaErrorCode: paDeviceUnavailable, also for a device that is busy.
_UNAVAILABLE = -9985
#: Rates tried after the configured one and the device's preferred one.
USUAL_RATES_HZ = (48_000, 44_100)
T = TypeVar("T")


def open_portaudio() -> Any:
    """Start PortAudio, which lists the devices once, as they are now: a new list takes a new process.

    Raises:
        DeviceError: it is not installed, or ALSA's configuration is broken.
    """
    try:
        import pyaudio
    except ImportError as error:
        # It imports pathlib, which a sound process without this error never needs.
        from ravatard.installation import adding

        raise DeviceError(f"the Python package PyAudio cannot be loaded ({error}); {adding('')}") from error
    try:
        return pyaudio.PyAudio()
    except OSError as error:
        raise DeviceError(
            f"PortAudio does not start ({_message_of(error)}); is ALSA's configuration sound?"
        ) from error


def devices(portaudio: Any, root: str = "/") -> list[SoundDevice]:
    """Return every device of the host API ALSA (of all APIs without ALSA), with its card's identity."""
    infos = [portaudio.get_device_info_by_index(index) for index in range(portaudio.get_device_count())]
    apis = {
        number: portaudio.get_host_api_info_by_index(number)["type"]
        for number in {i["hostApi"] for i in infos}
    }
    if _ALSA in apis.values():
        infos = [info for info in infos if apis[info["hostApi"]] == _ALSA]
    cards = read_cards(root)
    found = []
    for info in infos:
        text, card, pcm = split_name(str(info["name"]))
        found.append(
            SoundDevice(
                index=int(info["index"]),
                text=text,
                inputs=int(info["maxInputChannels"]),
                outputs=int(info["maxOutputChannels"]),
                rate_hz=round(info["defaultSampleRate"]),
                card=None if card is None else cards.get(card),
                pcm=pcm,
            )
        )
    return found


def listing(portaudio: Any, root: str = "/") -> str:
    """Return the devices as JSON text: ``{"microphones": [...], "speakers": [...]}``."""
    every = devices(portaudio, root)
    microphones = [device for device in every if device.inputs]
    speakers = [device for device in every if device.outputs]
    default = {
        "microphones": default_index(portaudio.get_default_input_device_info),
        "speakers": default_index(portaudio.get_default_output_device_info),
    }
    return json.dumps(
        {
            kind: [
                {
                    "name": name_to_write(device, group),
                    "text": device.text,
                    "index": device.index,
                    "channels": device.inputs if kind == "microphones" else device.outputs,
                    "rate_hz": device.rate_hz,
                    "card": device.card.id if device.card else None,
                    "usb": device.card.usb if device.card else None,
                    "port": device.card.port if device.card else None,
                    "default": device.index == default[kind],
                }
                for device in group
            ]
            for kind, group in (("microphones", microphones), ("speakers", speakers))
        }
    )


def default_index(ask: Callable[[], dict[str, Any]]) -> int | None:
    """Return PortAudio's index of the system's default device; None if there is none."""
    try:
        return int(ask()["index"])
    except OSError:
        return None


def pick(
    wanted: str | None,
    among: Sequence[SoundDevice],
    default: int | None,
    *,
    kind: str,
    root: str = "/",
) -> SoundDevice:
    """Return the ``wanted`` device, else the only USB device, else the system's default.

    Args:
        wanted: name in the configuration; None: not configured.
        among: devices that can record, or play.
        default: PortAudio's index of the system's default.
        kind: "microphone" or "speaker", for messages.
        root: folder of the kernel's ``proc`` and ``sys``.

    Raises:
        DeviceError: there is none, several fit, or another program uses it.
    """
    if in_use := busy_message(wanted, among, read_cards(root), root, kind=kind):
        raise DeviceError(in_use)
    if wanted is not None:
        return choose(wanted, among, kind=kind)
    usb = [device for device in among if device.is_usb]
    if len({device.card for device in usb}) == 1:
        return min(usb, key=lambda device: device.pcm)
    for device in among:
        if device.index == default:
            return device
    if not among:
        raise DeviceError(f"{nothing_of(kind)}; plug a {kind} in")
    names = ", ".join(f"'{name_to_write(device, among)}'" for device in among)
    raise DeviceError(f"no {kind} is the system's default; write one of {names} as {kind}.device")


def open_in_first(
    shapes: Iterable[AudioFormat], open_stream: Callable[[AudioFormat], T], device: SoundDevice, kind: str
) -> tuple[AudioFormat, T]:
    """Open ``device`` in the first of ``shapes`` that it takes; return the shape and the stream.

    Args:
        shapes: best first.
        open_stream: opens the stream in one shape, or raises PyAudio's errors.
        device: the device, for messages.
        kind: "microphone" or "speaker", for messages.

    Raises:
        DeviceError: it opens in none of them, or fails for another reason.
    """
    refusals: list[str] = []
    for shape in shapes:
        try:
            return shape, open_stream(shape)
        except (OSError, ValueError) as error:
            if error.args[:1] and error.args[0] not in _ANOTHER_SHAPE_MAY_DO:
                raise DeviceError(_cannot_open(device.text, error, kind)) from error
            refusals.append(
                f"{shape.rate_hz} Hz {shape.sample_format} x{shape.channels}: {_message_of(error)}"
            )
    raise DeviceError(
        f"{kind} '{device.text}' opens in none of {len(refusals)} shapes ({refusals[0]}); "
        "what it can do is in /proc/asound/card*/stream0"
    )


def _cannot_open(name: str, error: Exception, kind: str) -> str:
    """Return one sentence about a device that PortAudio did not open."""
    message = f"{kind} '{name}' cannot be opened: {_message_of(error)}"
    if error.args[:1] == (_UNAVAILABLE,):
        return f"{message}; another program may have it, `fuser -v /dev/snd/*` names it"
    return message


def _message_of(error: Exception) -> str:
    """Return PortAudio's own text; PyAudio raises with (number, text) or (text, number)."""
    words = [part for part in error.args if isinstance(part, str)]
    return words[0] if words else str(error)

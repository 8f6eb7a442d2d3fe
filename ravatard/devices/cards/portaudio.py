"""Sound from a sound card: PortAudio's devices with their identities, and the stream that is listened to.

Callback mode only: a blocking read never returns when a card is pulled out. The gate runs in the callback
itself; waking another thread for it cost a third more CPU. What hangs in here is ended by the daemon, which
notices the silence.
"""

from __future__ import annotations

import _thread
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NoReturn

from ravatard.core.audio_format import RATE_HZ, AudioFormat
from ravatard.devices.cards.busy import taken
from ravatard.devices.cards.identity import SoundDevice, choose, name_to_write, read_cards, split_name
from ravatard.devices.microphone.options import CaptureOptions, MicrophoneOptions
from ravatard.devices.microphone.protocol import SourceFailed, Trouble
from ravatard.devices.microphone.sink import Sink
from ravatard.errors import DeviceError

#: portaudio.h: PaSampleFormat, paInputOverflow, paContinue, PaHostApiTypeId.
FORMATS = {"s16le": 0x8, "s32le": 0x2, "s24le": 0x4, "f32le": 0x1}
_INPUT_OVERFLOW = 0x2
CONTINUE = 0
_ALSA = 8
#: PaErrorCode: invalid channel count, invalid rate, format not supported, and the unexpected from ALSA.
ANOTHER_SHAPE_MAY_DO = (-9998, -9997, -9994, -9999)
#: PaErrorCode: paDeviceUnavailable, which is what "busy" becomes.
_UNAVAILABLE = -9985
#: Rates tried after what was asked for and what the device likes best.
USUAL_RATES_HZ = (48_000, 44_100)

#: What a driver says of its latency is not believed beyond this.
_OLDEST_S = 2.0


def open_portaudio() -> Any:
    """PortAudio with the list of devices as it is now; it never refreshes it: one listing, one process.

    Raises:
        DeviceError: it is not installed, or ALSA's configuration is broken.
    """
    try:
        import pyaudio
    except ImportError as error:
        raise DeviceError(
            f"PyAudio cannot be loaded ({error}); install it: `apt install python3-pyaudio`, or "
            "`apt install portaudio19-dev` and `pip install pyaudio`"
        ) from error
    try:
        return pyaudio.PyAudio()
    except OSError as error:
        raise DeviceError(
            f"PortAudio does not start ({words_of(error)}); is ALSA's configuration sound?"
        ) from error


def devices(portaudio: Any, root: str = "/") -> list[SoundDevice]:
    """Every device of the host API ALSA (of all, when there is no ALSA), with its card's identity."""
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
    """The devices as JSON text: ``{"microphones": [...], "speakers": [...]}``."""
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
    """PortAudio's index of the system's default device; None when it has none."""
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
    """The device that is ``wanted``, else the only USB device, else the system's default.

    Args:
        wanted: the name in the configuration; None takes what there is.
        among: the devices that can do it.
        default: PortAudio's index of the system's default.
        kind: "microphone" or "speaker", for the sentence.
        root: where the kernel's ``proc`` and ``sys`` are.

    Raises:
        DeviceError: there is none, or no telling which, or another program has it.
    """
    if in_use := taken(wanted, among, read_cards(root), root, kind=kind):
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
        raise DeviceError(f"there is no {kind}; plug one in")
    names = ", ".join(f"'{name_to_write(device, among)}'" for device in among)
    raise DeviceError(f"no {kind} is the system's default; write one of {names} as {kind}.device")


class CardSource:
    """A microphone that PortAudio knows."""

    def __init__(
        self,
        start: Callable[[], Any],
        microphone: MicrophoneOptions,
        capture: CaptureOptions,
        *,
        root: str = "/",
    ) -> None:
        """``start`` gives PortAudio; ``root`` is where the kernel's ``proc`` and ``sys`` are."""
        self._start = start
        self._wanted = microphone.device
        self._capture = capture
        self._root = root

    def run(self, sink: Sink) -> NoReturn:
        """Open the microphone beside: commands and the daemon's end are noticed whatever hangs there."""
        _thread.start_new_thread(self.open_or_tell, (sink,))
        while True:
            sink.wait(None)

    def open_or_tell(self, sink: Sink) -> None:
        """Open the microphone; a failure is the last thing the sink is told."""
        try:
            self.open(sink)
        except DeviceError as error:
            sink.tell(SourceFailed(Trouble.OPENING, str(error)))

    def open(self, sink: Sink) -> None:
        """Find the microphone and start its stream; sound then arrives in PortAudio's own thread.

        Raises:
            DeviceError: it is not there, or opens in no way that can be used.
        """
        # Kept: a stream ends with the object it was opened by.
        self._portaudio = self._start()
        device = self._choose()
        refusals: list[str] = []
        for shape in self._shapes(device):
            try:
                self._stream = self._portaudio.open(
                    rate=shape.rate_hz,
                    channels=shape.channels,
                    format=FORMATS[shape.sample_format],
                    input=True,
                    input_device_index=device.index,
                    # One length for the life of a stream. The long one: it is cheaper, and a slow machine
                    # that overran four times in six seconds at 20 ms never did at 60 ms.
                    frames_per_buffer=round(shape.rate_hz * self._capture.quiet_block_ms / 1000),
                    stream_callback=_callback(sink),
                    start=False,
                )
            except (OSError, ValueError) as error:
                if error.args[:1] and error.args[0] not in ANOTHER_SHAPE_MAY_DO:
                    raise DeviceError(cannot_open(device.text, error)) from error
                refusals.append(
                    f"{shape.rate_hz} Hz {shape.sample_format} x{shape.channels}: {words_of(error)}"
                )
                continue
            sink.opened(device.text, shape)
            self._stream.start_stream()
            return
        raise DeviceError(
            f"microphone '{device.text}' opens in none of {len(refusals)} shapes ({refusals[0]}); "
            "what it can do is in /proc/asound/card*/stream0"
        )

    def _choose(self) -> SoundDevice:
        microphones = [device for device in devices(self._portaudio, self._root) if device.inputs]
        default = default_index(self._portaudio.get_default_input_device_info)
        return pick(self._wanted, microphones, default, kind="microphone", root=self._root)

    def _shapes(self, device: SoundDevice) -> Iterator[AudioFormat]:
        """What to ask the device for, best first: what is configured, then what needs least converting."""
        asked = AudioFormat(self._capture.rate_hz, self._capture.channels)
        yield asked
        rates = dict.fromkeys((RATE_HZ, device.rate_hz, *USUAL_RATES_HZ))
        channels = dict.fromkeys((self._capture.channels, 1, 2, device.inputs))
        for rate_hz in rates:
            for sample_format in FORMATS:
                for count in channels:
                    shape = AudioFormat(rate_hz, count, sample_format)
                    if shape != asked and (self._capture.channel or 0) < count <= device.inputs:
                        yield shape


def _callback(sink: Sink) -> Callable[[bytes, int, Mapping[str, float], int], tuple[None, int]]:
    """What PortAudio calls for each block, in its own thread. An exception in it ends the stream."""
    hear, now = sink.hear, sink.now

    def heard(pcm: bytes, _frames: int, times: Mapping[str, float], status: int) -> tuple[None, int]:
        # How long sound lies in a sound server's buffers changes while it is listened to.
        age_s = times.get("current_time", 0.0) - times.get("input_buffer_adc_time", 0.0)
        hear(pcm, now(), status & _INPUT_OVERFLOW != 0, age_s if 0 < age_s < _OLDEST_S else None)
        return None, CONTINUE

    return heard


def cannot_open(name: str, error: Exception, kind: str = "microphone") -> str:
    """One sentence about a device that PortAudio would not open."""
    says = f"{kind} '{name}' cannot be opened: {words_of(error)}"
    if error.args[:1] == (_UNAVAILABLE,):
        return f"{says}; another program may have it, `fuser -v /dev/snd/*` names it"
    return says


def words_of(error: Exception) -> str:
    """PortAudio's own words; PyAudio raises with (number, text) or the other way round."""
    words = [part for part in error.args if isinstance(part, str)]
    return words[0] if words else str(error)

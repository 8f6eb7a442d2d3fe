"""PortAudio as PyAudio shows it, without sound cards."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

S16, S32, S24, FLOAT = 0x8, 0x2, 0x4, 0x1
ALSA, OSS = 8, 7
Shape = tuple[int, int, int]


class FakeStream:
    def __init__(self, callback: Callable[[bytes, int, object, int], tuple[None, int]]) -> None:
        self.callback = callback
        self.started = False

    def start_stream(self) -> None:
        self.started = True


class FakePortAudio:
    """PortAudio as PyAudio shows it: devices that open only in the shapes they can do."""

    def __init__(self, default: int | None = 0) -> None:
        self.infos: list[dict[str, Any]] = []
        self.can: dict[int, set[Shape]] = {}
        self.asked: list[Shape] = []
        self.broken: OSError | None = None
        self.stream: FakeStream | None = None
        self.opened: dict[str, Any] = {}
        self._default = default

    def plug_in(
        self, name: str, *can: Shape, inputs: int = 1, outputs: int = 0, rate_hz: int = 48_000, api: int = 0
    ) -> None:
        index = len(self.infos)
        self.can[index] = set(can)
        self.infos.append(
            {
                "index": index,
                "name": name,
                "hostApi": api,
                "maxInputChannels": inputs,
                "maxOutputChannels": outputs,
                "defaultSampleRate": float(rate_hz),
            }
        )

    def get_device_count(self) -> int:
        return len(self.infos)

    def get_device_info_by_index(self, index: int) -> dict[str, Any]:
        return self.infos[index]

    def get_host_api_info_by_index(self, index: int) -> dict[str, Any]:
        return {"type": [ALSA, OSS][index]}

    def get_default_input_device_info(self) -> dict[str, Any]:
        if self._default is None:
            raise OSError("No Default Input Device Available")
        return self.infos[self._default]

    def get_default_output_device_info(self) -> dict[str, Any]:
        raise OSError("No Default Output Device Available")

    def open(self, **asked: Any) -> FakeStream:
        if self.broken is not None:
            raise self.broken
        shape = (asked["rate"], asked["channels"], asked["format"])
        self.asked.append(shape)
        if shape not in self.can[asked["input_device_index"]]:
            raise OSError(-9997, "Invalid sample rate")
        self.opened = asked
        self.stream = FakeStream(asked["stream_callback"])
        return self.stream

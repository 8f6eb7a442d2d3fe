"""Mock pins in the daemon's process, moved and watched by a test in another one.

As a program, ``python -P gpio_rig.py SOCKET PROGRAM ARGUMENT...`` runs the Python program PROGRAM unchanged,
with gpiozero's mock pins, and listens on the unix socket SOCKET. One line in, one line of JSON out:

* ``down PIN`` and ``up PIN`` move a button that connects the pin to ground; answered with when that was.
* ``tap PIN SECONDS`` holds it down for so long.
* ``history`` is answered with ``{PIN: [[time, value], ...]}``: all that every pin ever was. It is written to
  SOCKET.json at the end, when nobody can ask any more.

Times are seconds of the system's monotonic clock, which all processes share, and the test's loop with them.
"""

from __future__ import annotations

import asyncio
import json
import runpy
import socketserver
import sys
import threading
import time
from collections.abc import Sequence
from itertools import accumulate, pairwise
from pathlib import Path
from typing import Any

from gpiozero import Device
from gpiozero.pins.mock import MockFactory, MockPWMPin

#: The pins the tests use, and the daemon's configuration for them.
BUTTON, RED, GREEN, BLUE = 17, 5, 6, 13
BUTTON_AND_LIGHT: dict[str, dict[str, object]] = {
    "button": {"pin": BUTTON},
    "lights": {"kind": "rgb", "red": RED, "green": GREEN, "blue": BLUE},
}
#: The three pins of a light are written one after the other.
_TOGETHER_S = 0.005

#: ``(time, value)`` of a pin, and ``(time, colour)`` of the light.
History = list[tuple[float, float]]
Light = list[tuple[float, str]]


# ---------------------------------------------------------------------- the daemon's process


class _Pin(MockPWMPin):  # type: ignore[misc]  # gpiozero has no types
    """MockPin's own times are differences; their beginning is kept here."""

    def clear_states(self) -> None:
        super().clear_states()
        # Not a time of our own: microseconds decide in which order two pins changed.
        self.since = self._last_change

    @property
    def history(self) -> History:
        times = accumulate((state.timestamp for state in self.states), initial=self.since)
        return [(at, float(state.state)) for at, state in zip(list(times)[1:], self.states, strict=True)]


class _Line(socketserver.StreamRequestHandler):
    def handle(self) -> None:
        for line in self.rfile:
            self.wfile.write(json.dumps(_obey(line.decode().split())).encode() + b"\n")


def _obey(words: list[str]) -> object:
    if words[0] == "history":
        return _histories()
    pin = Device.pin_factory.pin(f"GPIO{words[1]}")
    if words[0] in ("down", "tap"):
        pin.drive_low()
    if words[0] == "tap":
        threading.Event().wait(float(words[2]))
    if words[0] in ("up", "tap"):
        pin.drive_high()
    return pin.history[-1][0]


def _histories() -> dict[str, History]:
    return {
        info.name.removeprefix("GPIO"): pin.history for info, pin in list(Device.pin_factory.pins.items())
    }


def main(address: str, program: str) -> None:
    """Run ``program`` as the main program of this process."""
    Device.pin_factory = MockFactory(pin_class=_Pin)
    server = socketserver.ThreadingUnixStreamServer(address, _Line)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True, name="pins").start()
    sys.argv = sys.argv[2:]
    try:
        runpy.run_path(program, run_name="__main__")
    finally:
        Path(f"{address}.json").write_text(json.dumps(_histories()))


# ---------------------------------------------------------------------- the test's process


class Pins:
    """The pins of a program started with :attr:`launcher`."""

    def __init__(self, folder: Path) -> None:
        """``folder`` takes the socket."""
        self._address = folder / "pins"

    @property
    def launcher(self) -> Sequence[str]:
        """What to put before the program."""
        return [sys.executable, "-P", __file__, str(self._address)]

    async def down(self) -> float:
        """Press the button and keep it down; returns when that was."""
        return float(await self._ask(f"down {BUTTON}"))

    async def up(self) -> float:
        """Let go of the button; returns when that was."""
        return float(await self._ask(f"up {BUTTON}"))

    async def tap(self, seconds: float) -> None:
        """Press the button and let go of it after ``seconds``."""
        await self._ask(f"tap {BUTTON} {seconds}")

    async def light(self) -> Light:
        """See :func:`lit`: of the light up to now."""
        return lit(await self._ask("history"))

    async def shows(self, colour: str, within_s: float = 5.0) -> None:
        """Wait until the light has had ``colour`` for longer than what counts as one moment."""
        async with asyncio.timeout(within_s):
            while True:
                since, now_shown = (await self.light())[-1]
                if now_shown == colour and time.monotonic() - since > 2 * _TOGETHER_S:
                    return
                # Another process is looked at: there is no event to wait for.
                await asyncio.sleep(_TOGETHER_S)

    def history_until_the_end(self) -> dict[str, History]:
        """All that every pin ever was, when the program is over."""
        histories: dict[str, History] = json.loads(Path(f"{self._address}.json").read_text())
        return histories

    def light_until_the_end(self) -> Light:
        """The same when the program is over."""
        return lit(self.history_until_the_end())

    async def _ask(self, line: str) -> Any:
        async with asyncio.timeout(10):
            reader, writer = await asyncio.open_unix_connection(self._address)
            try:
                writer.write(line.encode() + b"\n")
                return json.loads(await reader.readline())
            finally:
                writer.close()
                await writer.wait_closed()


def lit(histories: dict[str, History]) -> Light:
    """Since when the light had which colour: dark, glow (a dim green), green, blue, orange or red."""
    pins = (RED, GREEN, BLUE)
    changes = sorted((at, pins.index(pin), value) for pin in pins for at, value in histories[str(pin)])
    colour = [0.0, 0.0, 0.0]
    shown: Light = []
    for at, index, value in changes:
        colour[index] = value
        if shown and at - shown[-1][0] < _TOGETHER_S:
            shown[-1] = (shown[-1][0], _named(*colour))
        else:
            shown.append((at, _named(*colour)))
    return [one for before, one in pairwise([(0.0, ""), *shown]) if one[1] != before[1]]


def _named(red: float, green: float, blue: float) -> str:
    strongest = max(red, green, blue)
    if strongest < 0.001:
        return "dark"
    if strongest == red:
        return "orange" if green > red / 5 else "red"
    if strongest == blue:
        return "blue"
    return "green" if green > 0.5 else "glow"


def colours(light: Light) -> list[str]:
    """The colours in their order, without the dark moments of blinking and fading."""
    names = [name for _, name in light if name != "dark"]
    return [name for before, name in pairwise(["", *names]) if name != before]


if __name__ == "__main__":
    main(*sys.argv[1:3])

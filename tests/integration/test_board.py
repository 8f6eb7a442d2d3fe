"""``ravatard board test`` as a real process on mock pins: what lights, what a press says, and how it ends."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest

from ravatard.core.indication import WORDS, Look
from ravatard.sim.server import SimServer
from tests.integration import recordings
from tests.integration.daemon import Config, Daemon
from tests.integration.gpio_rig import History, Pins, colours
from tests.integration.program import Program
from tests.unit.devices.rows import understood

pytestmark = pytest.mark.integration

STATES = [WORDS[look] for look in Look if look is not Look.OFF]
#: GPIO numbers of the row of pixels on an Adafruit Voice Bonnet.
DATA, CLOCK = "5", "6"
DARK = (0, 0, 0, 0)

no_gpio_here = pytest.mark.skipif(any(Path("/dev").glob("gpiochip*")), reason="this machine has GPIO pins")


def board_test(folder: Path, board: str, *more: str, pins: Pins | None = None) -> Program:
    config = folder / "ravatard.yaml"
    config.write_text(f"board: {board}\n")
    launcher = () if pins is None else pins.launcher
    return Program("board", "test", "--config", str(config), *more, launcher=launcher)


def _quiet(folder: Path) -> Config:
    """A microphone that nobody speaks into."""
    recording = recordings.write(folder / "quiet.wav", recordings.quiet(2.0))
    return {"microphone": {"wav": str(recording), "repeat": True}}


def rows(histories: dict[str, History]) -> list[list[tuple[int, int, int, int]]]:
    """Every frame that three pixels understood from their two lines."""
    edges = sorted((at, line == CLOCK, value) for line in (DATA, CLOCK) for at, value in histories[line])
    bits, data, clock = "", 0.0, 0.0
    for _, is_clock, value in edges:
        if is_clock and value > clock:
            bits += "1" if data else "0"
        data, clock = (data, value) if is_clock else (value, clock)
    # 4 bytes of start, 3 pixels, 4 and 1 bytes of tail.
    size = 8 * (4 + 3 * 4 + 4 + 1)
    assert len(bits) % size == 0
    return [understood(bits[at : at + size]) for at in range(0, len(bits), size)]


async def test_one_round_names_and_lights_every_state(tmp_path: Path) -> None:
    pins = Pins(tmp_path)

    async with board_test(tmp_path, "button-rgb", "--once", "--seconds", "0.15", pins=pins) as program:
        status = await program.ended()

    assert (status, program.stderr) == (0, "")
    assert program.stdout.splitlines() == ["press the button at any time", *STATES]
    shown = pins.light_until_the_end()
    assert {"red", "orange", "green", "blue", "glow"} <= set(colours(shown))
    assert shown[-1][1] == "dark"


async def test_a_row_of_pixels_on_two_pins_shows_muted_in_red_and_ends_dark(tmp_path: Path) -> None:
    pins = Pins(tmp_path)

    async with board_test(
        tmp_path, "adafruit-voice-bonnet", "--once", "--seconds", "0.2", pins=pins
    ) as program:
        status = await program.ended()

    shown = rows(pins.history_until_the_end())
    assert status == 0, program.story()
    # A fifth of full red: 7 of 31, times 226 of 255.
    assert shown.count([(7, 0, 0, 226)] * 3) >= 2
    assert shown[-1] == [DARK] * 3
    assert any(len(set(row)) > 1 for row in shown), "no light wanders over the row"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
async def test_presses_are_told_until_it_is_ended_and_the_lights_go_out(
    tmp_path: Path, number: signal.Signals
) -> None:
    pins = Pins(tmp_path)
    async with board_test(tmp_path, "button-rgb", "--seconds", "0.1", pins=pins) as program:
        await program.until(lambda: program.stdout.count(STATES[0]) >= 2, "a second round")
        await pins.tap(0.1)
        await program.until(lambda: "button released" in program.stdout, "the press")

        program.send(number)
        status = await program.ended()

    assert (status, program.stderr) == (0, "")
    assert program.stdout.index("button pressed") < program.stdout.index("button released")
    assert pins.light_until_the_end()[-1][1] == "dark"


async def test_beside_a_running_appliance_it_refuses_and_names_it(tmp_path: Path) -> None:
    quiet = _quiet(tmp_path)
    pins = Pins(tmp_path)
    (tmp_path / "test").mkdir()
    async with SimServer() as server, Daemon(tmp_path, server.base_url, quiet) as daemon:
        await daemon.ready()

        async with board_test(tmp_path / "test", "button-rgb", "--once", pins=pins) as program:
            status = await program.ended()

        assert status == 1
        assert program.stdout == ""
        assert program.stderr == (
            f"ravatard: ravatard runs as process {daemon.pid} and holds the pins; stop it first "
            f"(kill {daemon.pid})\n"
        )


@no_gpio_here
async def test_a_machine_without_pins_and_spi_is_told_in_a_sentence_each(tmp_path: Path) -> None:
    async with board_test(tmp_path, "respeaker-2mic", "--once") as program:
        status = await program.ended()

    assert (status, program.stderr) == (1, "")
    assert program.stdout.splitlines() == [
        "no lights: pixels.device: there is no /dev/spidev0.0, so SPI is off; add dtparam=spi=on to "
        "/boot/firmware/config.txt and restart the Pi",
        "no button: button.pin (GPIO 17): this machine has no GPIO (no /dev/gpiochip*); leave the pin "
        "unset here",
    ]


@no_gpio_here
async def test_the_appliance_runs_without_the_lights_of_a_board_that_is_not_there(tmp_path: Path) -> None:
    quiet = _quiet(tmp_path)
    async with (
        SimServer() as server,
        Daemon(tmp_path, server.base_url, quiet, environ={"RAVATARD_BOARD": "respeaker-4mic"}) as daemon,
    ):
        await daemon.ready()

        assert (
            daemon.stderr.count("running without lights: pixels.power (GPIO 5): this machine has no GPIO")
            == 1
        )

"""Every shipped board is in order: its pins exist and do not clash, it names its sources, and it is drawn."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from xml.etree import ElementTree

import pytest

from ravatard.config import Loaded, load
from ravatard.config.board_file import Board
from ravatard.devices.panel.header import CARRIES, spi_pins
from tests.make_board import left_to_fill_in
from tests.make_wiring import BOARDS, FOLDER, load_board, wiring

ROOT = BOARDS.parents[1]
NAMES = sorted(path.stem for path in BOARDS.glob("*.yaml"))
PROMISED = {
    "adafruit-voice-bonnet",
    "aiy-voice-bonnet",
    "aiy-voice-hat",
    "button-led",
    "button-rgb",
    "respeaker-2mic",
    "respeaker-4mic",
}


@pytest.fixture(params=NAMES)
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def board(name: str) -> Board:
    return load_board(BOARDS / f"{name}.yaml")


@pytest.fixture
def chosen(name: str, tmp_path: Path) -> Loaded:
    path = tmp_path / "ravatard.yaml"
    path.write_text(f"board: {name}\n")
    return load(path, {})


def pins_set(loaded: Loaded) -> dict[int, str]:
    """GPIO number -> what it is used for, of every pin the settings in effect name or imply."""
    options = loaded.options
    lights, pixels = options.lights, options.pixels
    pins = {options.button.pin: "button"}
    pins |= dict.fromkeys((lights.pin, lights.red, lights.green, lights.blue), "lights")
    if lights.kind == "apa102":
        pins |= dict.fromkeys((pixels.data, pixels.clock, pixels.power), "lights")
        if pixels.data is None:
            pins |= dict.fromkeys(spi_pins(pixels.device), "lights")
    return {pin: use for pin, use in pins.items() if pin is not None}


def test_those_that_were_promised_are_there() -> None:
    """A new one needs no entry here."""
    assert PROMISED - set(NAMES) == set()


def test_its_author_has_filled_in_everything(name: str) -> None:
    left = left_to_fill_in(name)

    assert not left, f"{name} is not complete; fill in:\n" + "\n".join(left)


def test_choosing_it_is_a_configuration_without_errors(chosen: Loaded, board: Board) -> None:
    assert chosen.board == board
    assert {str(chosen.origins[key.dotted]).partition(":")[0] for key, _, _ in board.settings} == {
        str(board.path)
    }


def test_every_pin_it_sets_is_wired_for_that_and_every_wire_is_set(chosen: Loaded, board: Board) -> None:
    wired = {
        wire.gpio: wire.use
        for wire in board.wires
        if wire.gpio is not None and wire.use in ("button", "lights")
    }

    assert wired == pins_set(chosen)


def test_no_pin_of_the_header_has_two_wires(board: Board) -> None:
    places = [wire.place for wire in board.wires]

    assert len(places) == len(set(places))
    assert set(places) <= set(CARRIES)


def test_a_wire_of_power_goes_to_a_pin_of_power(board: Board) -> None:
    for wire in board.wires:
        assert (wire.use == "power") == (not CARRIES[wire.place].startswith("GPIO")), wire


def test_it_names_its_sources_its_driver_and_what_is_different_on_a_pi_5(board: Board) -> None:
    about = board.about

    assert about.title
    assert about.sources
    assert all(source.url.startswith("https://") and source.says for source in about.sources)
    assert about.driver
    assert about.pi5


def test_it_asks_for_spi_where_its_pixels_are_on_spi(chosen: Loaded, board: Board) -> None:
    on_spi = chosen.options.lights.kind == "apa102" and chosen.options.pixels.data is None

    assert on_spi == ("dtparam=spi=on" in board.about.config_txt)


def test_its_lines_for_the_boot_configuration_are_of_a_form_the_firmware_reads(board: Board) -> None:
    assert all(line.startswith(("dtparam=", "dtoverlay=")) for line in board.about.config_txt)


def test_its_drawing_is_what_the_code_draws(name: str, board: Board) -> None:
    drawn = wiring(board)

    assert (FOLDER / f"{name}.svg").read_text(encoding="utf-8") == drawn, (
        f"its drawing is old; run: make board NAME={name}"
    )
    ElementTree.fromstring(drawn)  # noqa: S314 - our own text
    assert all(wire.to.partition("'")[0] in drawn for wire in board.wires)


def test_every_drawing_has_its_board() -> None:
    drawn = {path.stem for path in FOLDER.glob("*.svg")}

    assert drawn - set(NAMES) == set(), "drawings without a board; delete them"
    assert set(NAMES) - drawn == set(), "boards without a drawing; run: make board NAME=..., for each"


def test_the_readme_of_the_hardware_has_the_board_and_its_drawing(name: str) -> None:
    lines = (ROOT / "hardware" / "README.md").read_text(encoding="utf-8").splitlines()

    rows = [line for line in lines if line.startswith(f"| `{name}` |")]
    assert len(rows) == 1, f"hardware/README.md has no row for {name}; run: make board NAME={name}"
    assert f"(wiring/{name}.svg)" in rows[0]


def test_what_the_readme_writes_is_a_configuration_and_a_board(tmp_path: Path) -> None:
    text = (ROOT / "hardware" / "README.md").read_text(encoding="utf-8")
    chosen, own = re.findall(r"^```yaml\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    (tmp_path / "ravatard.yaml").write_text(chosen)
    (tmp_path / "mybox.yaml").write_text(own)

    assert load(tmp_path / "ravatard.yaml", {}).board == load_board(BOARDS / "respeaker-2mic.yaml")
    mine = load(tmp_path / "ravatard.yaml", {"RAVATARD_BOARD": "./mybox.yaml"}).options
    assert (mine.button.pin, mine.pixels.count, mine.pixels.clock) == (24, 8, 6)


def test_a_wheel_carries_the_boards_to_where_they_are_looked_for() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))

    (patterns,) = project["tool"]["setuptools"]["data-files"].values()
    assert list(project["tool"]["setuptools"]["data-files"]) == ["share/ravatard/boards"]
    assert sorted(path.stem for pattern in patterns for path in ROOT.glob(pattern)) == NAMES

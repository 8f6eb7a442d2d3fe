"""``board: NAME``: which file it is, that the owner's own keys win, and what is said when there is none."""

from __future__ import annotations

from pathlib import Path

import pytest

from ravatard.config import ConfigErrors, Loaded, Options, load
from ravatard.config.boards import Boards, about_unknown, boards_beside, shipped_boards

MINE = "settings:\n  button: {pin: 24}\n  lights: {kind: led, pin: 25}\n"


def config(folder: Path, text: str) -> Path:
    path = folder / "ravatard.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def own_board(folder: Path, name: str = "mine", text: str = MINE) -> Path:
    path = folder / "boards" / f"{name}.yaml"
    path.parent.mkdir(exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def problems(path: Path, environ: dict[str, str] | None = None) -> list[str]:
    with pytest.raises(ConfigErrors) as caught:
        load(path, environ or {})
    return [str(problem) for problem in caught.value.problems]


def settings(loaded: Loaded) -> tuple[int | None, str, int | None]:
    return loaded.options.button.pin, loaded.options.lights.kind, loaded.options.lights.pin


def test_a_shipped_board_gives_button_lights_and_sound(tmp_path: Path) -> None:
    loaded = load(config(tmp_path, "board: respeaker-2mic\n"), {})

    assert loaded.options.button.pin == 17
    assert (loaded.options.lights.kind, loaded.options.lights.brightness) == ("apa102", 20)
    assert (loaded.options.pixels.count, loaded.options.pixels.device) == (3, "/dev/spidev0.0")
    assert loaded.options.microphone.device == "wm8960-soundcard"
    assert loaded.board is not None
    assert loaded.board.name == "respeaker-2mic"


def test_what_a_board_gives_is_told_with_its_file_and_line(tmp_path: Path) -> None:
    board = own_board(tmp_path)

    loaded = load(config(tmp_path, "board: mine\n"), {})

    assert str(loaded.origins["button.pin"]) == f"{board}:2"
    assert str(loaded.origins["button.bounce_ms"]) == "default"


def test_an_empty_variable_takes_the_board_away(tmp_path: Path) -> None:
    loaded = load(config(tmp_path, "board: button-led\n"), {"RAVATARD_BOARD": ""})

    assert loaded.options == Options()


@pytest.mark.parametrize("order", ["board: mine\n{}", "{}board: mine\n"], ids=["first", "last"])
def test_what_the_owner_wrote_wins_wherever_the_board_is_named(tmp_path: Path, order: str) -> None:
    own_board(tmp_path)

    loaded = load(config(tmp_path, order.format("button:\n  pin: 4\n")), {})

    assert settings(loaded) == (4, "led", 25)
    assert str(loaded.origins["button.pin"]).startswith(str(tmp_path / "ravatard.yaml"))


def test_what_the_owner_left_unset_in_words_stays_unset(tmp_path: Path) -> None:
    own_board(tmp_path)

    loaded = load(config(tmp_path, "board: mine\nbutton:\n  pin: null\n"), {})

    assert settings(loaded) == (None, "led", 25)


def test_sound_from_somewhere_else_takes_the_place_of_the_boards_card(tmp_path: Path) -> None:
    loaded = load(
        config(
            tmp_path, "board: respeaker-2mic\nmicrophone: {fifo: /run/sound}\nspeaker: {wav: /srv/a.wav}\n"
        ),
        {},
    )

    assert (loaded.options.microphone.device, loaded.options.speaker.device) == (None, None)
    assert loaded.options.button.pin == 17


def test_drop_ins_and_the_environment_win_over_a_board(tmp_path: Path) -> None:
    own_board(tmp_path)
    (tmp_path / "ravatard.d").mkdir()
    (tmp_path / "ravatard.d" / "10.yaml").write_text("lights: {pin: 5}\n")

    loaded = load(config(tmp_path, "board: mine\n"), {"RAVATARD_BUTTON__PIN": "6"})

    assert settings(loaded) == (6, "led", 5)


def test_the_board_of_a_drop_in_or_of_the_environment_is_stronger(tmp_path: Path) -> None:
    own_board(tmp_path)
    (tmp_path / "ravatard.d").mkdir()
    (tmp_path / "ravatard.d" / "10.yaml").write_text("board: mine\n")
    path = config(tmp_path, "board: aiy-voice-hat\n")

    assert settings(load(path, {})) == (24, "led", 25)
    assert settings(load(path, {"RAVATARD_BOARD": "button-led"})) == (17, "led", 27)


@pytest.mark.parametrize("written", ["", "~", "null"])
def test_an_empty_board_is_none(tmp_path: Path, written: str) -> None:
    loaded = load(config(tmp_path, f"board: {written}\n"), {})

    assert loaded.options == Options()
    assert loaded.board is None


def test_a_board_of_ones_own_is_stronger_than_a_shipped_one_of_its_name(tmp_path: Path) -> None:
    own_board(tmp_path, "respeaker-2mic")

    assert settings(load(config(tmp_path, "board: respeaker-2mic\n"), {})) == (24, "led", 25)


@pytest.mark.parametrize("form", ["elsewhere/it.yaml", "./elsewhere/it.yaml", "{folder}/elsewhere/it.yaml"])
def test_a_board_may_be_a_path_seen_from_the_configuration(
    tmp_path: Path, form: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "it.yaml").write_text(MINE)
    monkeypatch.chdir("/")

    loaded = load(config(tmp_path, f"board: {form.format(folder=tmp_path)}\n"), {})

    assert settings(loaded) == (24, "led", 25)


def test_all_near_boards_are_named() -> None:
    said = about_unknown("respeaker", boards_beside(Path("/etc/ravatard/ravatard.yaml")))

    assert "did you mean respeaker-2mic or respeaker-4mic? there are: " in said


def test_an_unknown_board_is_told_with_the_near_match_and_all_there_are(tmp_path: Path) -> None:
    own_board(tmp_path)
    path = config(tmp_path, "# mine\nboard: respeaker-2mc\n")

    (problem,) = problems(path)

    shipped = shipped_boards()
    assert shipped is not None
    names = sorted(["mine", *(one.stem for one in shipped.glob("*.yaml"))])
    assert {"button-led", "mine", "respeaker-2mic"} <= set(names)
    assert problem == (
        f"{path}:2: board: unknown board 'respeaker-2mc'; did you mean respeaker-2mic? there are: "
        f"{', '.join(names)}; a board of your own is a file {tmp_path}/boards/NAME.yaml"
    )


def test_a_path_that_leads_nowhere_is_told_so(tmp_path: Path) -> None:
    (problem,) = problems(config(tmp_path, "board: boards/none.yaml\n"))

    assert "there is no file 'boards/none.yaml' relative to" in problem


@pytest.mark.parametrize("written", ["[a]", "{name: a}", "''"])
def test_a_board_that_is_no_name_is_told_so(tmp_path: Path, written: str) -> None:
    (problem,) = problems(config(tmp_path, f"board: {written}\n"))

    assert "board: found no name; there are: " in problem


def test_a_board_named_twice_is_told(tmp_path: Path) -> None:
    (problem,) = problems(config(tmp_path, "board: button-led\nboard: button-rgb\n"))

    assert "board: written twice, first on line 1" in problem


def test_a_slip_in_the_word_board_is_found(tmp_path: Path) -> None:
    (problem,) = problems(config(tmp_path, "bord: button-led\n"))

    assert problem.endswith("bord: unknown section; did you mean board?")


def test_a_pin_of_the_boards_own_sound_is_refused(tmp_path: Path) -> None:
    path = config(tmp_path, "board: respeaker-2mic\nbutton:\n  pin: 18\n")

    assert problems(path) == [
        f"{path}:3: button.pin: GPIO 18 is used by the board for I2S bit clock; choose another pin"
    ]


def test_a_button_on_the_pixels_spi_is_refused(tmp_path: Path) -> None:
    path = config(tmp_path, "board: respeaker-2mic\nbutton:\n  pin: 10\n")

    (problem,) = problems(path)

    assert problem.startswith(f"{path}:3: button.pin: GPIO 10 is already used by pixels.device (")
    assert "respeaker-2mic.yaml:" in problem
    assert problem.endswith("; each needs a pin of its own")


def test_a_board_gives_no_second_error_for_what_the_owner_wrote_wrongly(tmp_path: Path) -> None:
    own_board(tmp_path)

    assert len(problems(config(tmp_path, "board: mine\nbutton:\n  pin: loud\n"))) == 1


def test_the_boards_of_the_source_tree_are_found() -> None:
    assert shipped_boards() == Path(__file__).parents[3] / "hardware" / "boards"


def test_boards_installed_beside_the_package_are_found(tmp_path: Path) -> None:
    folder = tmp_path / "share" / "ravatard" / "boards"
    folder.mkdir(parents=True)

    assert shipped_boards(tmp_path / "ravatard") == folder


def test_an_installation_that_lost_its_boards_says_so(tmp_path: Path) -> None:
    boards = Boards(tmp_path / "boards", None)

    assert boards.files() == {}
    assert boards.find("respeaker-2mic") is None


def test_own_boards_lie_beside_the_configuration(tmp_path: Path) -> None:
    assert boards_beside(tmp_path / "ravatard.yaml").own == tmp_path / "boards"

"""``ravatard board test``: states in turn, presses in between, and when it does not begin."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from ravatard.cli import main
from ravatard.cli.board.trial import trial
from ravatard.core.events import ButtonPressed, ButtonReleased
from ravatard.core.indication import WORDS, Look
from ravatard.exit_status import ExitStatus

STATES = [WORDS[look] for look in Look if look is not Look.OFF]


class FakeLamp:
    """Notes what it shows, and when."""

    def __init__(self) -> None:
        self.shown: list[tuple[float, Look]] = []

    def show(self, look: Look) -> None:
        self.shown.append((asyncio.get_running_loop().time(), look))

    def dim(self, percent: int) -> None:
        """Nothing is lit."""

    def close(self) -> None:
        """Nothing is held."""


class FakeButton:
    """Is pressed after a second and a half, for a second."""

    async def events(self) -> AsyncIterator[ButtonPressed | ButtonReleased]:
        loop = asyncio.get_running_loop()
        await asyncio.sleep(1.5)
        yield ButtonPressed(loop.time())
        await asyncio.sleep(1)
        yield ButtonReleased(loop.time())
        await asyncio.Event().wait()

    def close(self) -> None:
        """Nothing is held."""


async def test_once_shows_every_state_for_its_time_with_its_name() -> None:
    lamp, said = FakeLamp(), list[str]()

    await trial(lamp, None, said.append, seconds=2, once=True)

    assert said == STATES
    assert [at for at, _ in lamp.shown] == [2 * index for index in range(len(STATES))]
    assert asyncio.get_running_loop().time() == 2 * len(STATES)


async def test_presses_are_told_between_the_states() -> None:
    said: list[str] = []

    await trial(FakeLamp(), FakeButton(), said.append, seconds=1, once=True)

    assert said[:6] == [
        "press the button at any time",
        *STATES[:2],
        "button pressed",
        STATES[2],
        "button released",
    ]
    assert [line for line in said if "button" not in line] == STATES


async def test_without_once_it_goes_round_until_it_is_cancelled() -> None:
    lamp = FakeLamp()

    with pytest.raises(TimeoutError):
        async with asyncio.timeout(30):
            await trial(lamp, FakeButton(), lambda line: None, seconds=1, once=False)

    assert len(lamp.shown) == 30
    assert asyncio.get_running_loop().time() == 30


async def test_a_button_alone_is_read_without_naming_states() -> None:
    said: list[str] = []

    await trial(None, FakeButton(), said.append, seconds=1, once=True)

    assert said == ["press the button at any time", "button pressed", "button released"]


def told(tmp_path: Path, text: str, *more: str) -> int:
    path = tmp_path / "ravatard.yaml"
    path.write_text(text)
    return main(["board", "test", "--once", "--config", str(path), "--socket", str(tmp_path / "none"), *more])


def test_nothing_to_test_is_one_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert told(tmp_path, "") == ExitStatus.FAILED
    assert capsys.readouterr().err == (
        "ravatard: no button and no lights are configured; write board: NAME (`ravatard board list`)\n"
    )


def test_an_unknown_board_is_one_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert told(tmp_path, "", "nonesuch") == ExitStatus.CONFIG
    assert (
        "environment RAVATARD_BOARD: board: unknown board 'nonesuch'; there are: " in capsys.readouterr().err
    )


def test_a_time_that_is_none_is_refused(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    for seconds in ("0", "-1", "nan", "inf", "soon"):
        with pytest.raises(SystemExit) as caught:
            told(tmp_path, "board: button-led\n", "--seconds", seconds)

        assert caught.value.code == 2
        assert f"invalid positive_seconds value: '{seconds}'" in capsys.readouterr().err

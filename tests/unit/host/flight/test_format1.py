"""A recording of ravatard 0.1.0, made before lines carried a format, is read and reaches the same states."""

from __future__ import annotations

from pathlib import Path

import pytest

from ravatard.cli import main
from ravatard.core.flight.journal import Began, Record
from ravatard.core.flight.replay import Replay
from ravatard.host.flight.format1 import ShapeError, beginning, event
from ravatard.host.flight.lines import decode
from ravatard.host.ring import parts

#: A simulated night in virtual time, in three files: turns, an outage, mute, a reload, a session restarted.
RECORDING = Path(__file__).parent / "data" / "format1"


def _records() -> list[tuple[float, Record]]:
    return [decode(line) for _, path in parts(RECORDING) for line in path.read_bytes().splitlines()]


def test_the_same_states_are_reached_from_the_start_on() -> None:
    replay = Replay()
    for at, record in _records():
        replay.take(at, record)

    assert replay.difference is None
    assert (replay.events, replay.states) == (266, 46)


@pytest.mark.parametrize("file", ["flight-000000002.log", "flight-000000003.log"])
def test_each_file_can_be_followed_from_its_own_checkpoint(
    file: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["replay", str(RECORDING / file)]) == 0

    assert "the same" in capsys.readouterr().out


def test_a_checkpoint_has_everything_in_its_place() -> None:
    starts = [record for _, record in _records() if isinstance(record, Began)]

    assert [one.why for one in starts] == ["start", "new file", "new file"]
    middle = starts[1].state
    assert middle is not None
    assert middle.turns.turn is not None
    assert (middle.turns.turn.number, middle.turns.count, middle.turns.utterance) == (3, 3, 3)
    assert middle.service.capabilities is not None
    assert middle.service.capabilities.avatar
    assert middle.service.detail.startswith("cannot reach sim.example")
    assert middle.playback.volume == 100
    assert starts[2].options.turn.answer_s == 20


@pytest.mark.parametrize(
    ("row", "problem"),
    [
        ([], "0 fields where 7 belong"),
        (["start", "0.1.0", "b", 0.0, 0.0, None, 7], "the state is not a list"),
        (["start", "0.1.0", "b", 0.0, 0.0, None, []], "0 fields where 3 belong"),
        (["start", "0.1.0", "b", 0.0, 0.0, None, [None] * 37], "a state of 37 fields has 1 too many"),
        (["start", "0.1.0", "b", 0.0, 0.0, [1], None], "1 fields where 8 belong"),
    ],
)
def test_what_is_no_beginning_is_refused(row: list[object], problem: str) -> None:
    with pytest.raises(ShapeError, match=problem):
        beginning(row)


@pytest.mark.parametrize(
    ("row", "read"),
    [
        ([1, "silence", 9, 700.0], [1, "silence", 9, 700.0, True, 0.0]),
        ([1, "silence", 9, 700.0, 4_096], [1, "silence", 9, 700.0, True, 0.0]),
        ([1, "silence", 9, 700.0, False], [1, "silence", 9, 700.0, False, 0.0]),
        ([1, "silence", 9, 700.0, False, 840.0], [1, "silence", 9, 700.0, False, 840.0]),
    ],
)
def test_an_end_of_every_age_has_the_fields_of_today(row: list[object], read: list[object]) -> None:
    assert event("closed", row) == read

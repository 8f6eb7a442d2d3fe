"""The benchmarks' report: its statistics and its tables. What it measures is measured, not tested."""

from __future__ import annotations

import inspect
import os
from array import array
from pathlib import Path

import numpy as np
import pytest
import yaml

from ravatard.devices.microphone.microphone import ChildMicrophone
from tests.benchmarks import procfs, scenes
from tests.benchmarks.appliance import NO_SPEAKER, SPEAKER, Appliance
from tests.benchmarks.gate_in_daemon import DaemonEar
from tests.benchmarks.imports import unused
from tests.benchmarks.onset import late_ms, onset_moments
from tests.benchmarks.report import Aim, Row, Table, at_most, percentile, slope, spread
from tests.benchmarks.sleeper import likeness
from tests.integration.test_speaker import speech


def test_a_table_is_aligned_and_says_whether_aims_are_met() -> None:
    table = Table(
        "Speed",
        ("ms", "count"),
        [Row("short", ["1.0", "7"], at_most(1.0, 2, "ms")), Row("a longer name", ["100.0"])],
        ["Measured here."],
    )

    assert str(table).splitlines() == [
        "Speed",
        "-----",
        "                  ms  count  aim",
        "short            1.0      7  <= 2 ms  met",
        "a longer name  100.0",
        "  Measured here.",
    ]


def test_a_table_without_aims_has_no_column_for_them() -> None:
    table = Table("Speed", ("ms",), [Row("one", ["1"])])

    assert "aim" not in str(table)


@pytest.mark.parametrize(("value", "verdict"), [(2.0, "met"), (2.1, "MISSED"), (None, "")])
def test_an_aim_is_met_up_to_its_limit_and_unknown_without_a_value(value: float | None, verdict: str) -> None:
    aim = at_most(value, 2, "ms")

    assert (aim.text, aim.verdict) == ("<= 2 ms", verdict)


def test_no_aim_has_no_verdict() -> None:
    assert Aim().verdict == ""


@pytest.mark.parametrize(
    ("values", "text"), [([3.0, 1.0, 2.0], "2.0 [1.0, 3.0]"), ([1.25], "1.2"), ([], "-")]
)
def test_a_spread_is_the_median_between_the_extremes(values: list[float], text: str) -> None:
    assert spread(values, 1) == text


@pytest.mark.parametrize(("percent", "value"), [(0, 1), (50, 5), (90, 9), (99, 10), (100, 10)])
def test_a_percentile_is_a_value_that_was_measured(percent: float, value: float) -> None:
    values = [float(number) for number in range(10, 0, -1)]

    assert percentile(values, percent) == value


def test_nothing_has_no_percentile() -> None:
    with pytest.raises(ValueError, match="no values"):
        percentile([], 50)


@pytest.mark.parametrize(
    ("points", "rise"), [([(0, 5), (10, 25), (20, 45)], 2), ([(1, 3), (1, 9)], 0), ([], 0)]
)
def test_the_slope_is_that_of_the_best_line(points: list[tuple[float, float]], rise: float) -> None:
    assert slope(points) == pytest.approx(rise)


def test_a_package_on_the_list_stands_for_its_modules_and_for_no_namesake() -> None:
    imported = {"numpy": 2.0, "numpy.core": 3.0, "numpydoc": 5.0, "json": 7.0}

    assert unused(imported, ("numpy", "soxr")) == {"numpy": 5.0}


def test_a_process_is_seen_as_it_is() -> None:
    me = os.getpid()

    memory = procfs.memory([me])

    assert procfs.cpu_s(me) > 0
    assert procfs.threads(me) >= 1
    assert procfs.open_files(me) >= 3
    assert procfs.wakeups(me) >= 0
    assert 0 < memory.anonymous < memory.alone
    assert memory.pss <= memory.alone


def test_the_other_placement_of_the_gate_is_made_as_the_daemon_makes_its_own() -> None:
    shipped = inspect.signature(ChildMicrophone).parameters
    given = {name: name for name in shipped}

    # As the assembly calls it: four option groups by position, all else by name.
    groups = [given.pop(name) for name in list(given)[:4]]
    bound = inspect.signature(DaemonEar).bind(*groups, **given)

    assert set(bound.arguments) - {"others"} | set(bound.arguments["others"]) == set(shipped)


def test_an_appliance_is_measured_as_an_owner_has_it(tmp_path: Path) -> None:
    config = yaml.safe_load(Appliance(tmp_path / "owner", "http://x", ["true"]).config_file.read_text())

    assert config["speaker"] == SPEAKER
    assert not {"live_audio", "session", "gate", "earcons"} & set(config)


def test_a_benchmark_may_say_that_there_is_no_speaker(tmp_path: Path) -> None:
    appliance = Appliance(tmp_path / "mute", "http://x", ["true"], NO_SPEAKER)

    assert yaml.safe_load(appliance.config_file.read_text())["speaker"] == {"enabled": False}


def test_sound_is_alike_if_it_is_whole_from_its_first_sample_on() -> None:
    sound = speech(1)
    before, after = np.zeros(999, np.int16), np.zeros(2_000, np.int16)

    assert min(likeness(np.concatenate([before, sound, after]), sound)) > 0.9999


@pytest.mark.parametrize(
    ("first", "hole", "least"), [(480, 0, 20), (144, 0, 20), (0, 96, 150)], ids=["10 ms", "3 ms", "a hole"]
)
def test_sound_that_lacks_its_beginning_or_has_a_hole_is_not(first: int, hole: int, least: int) -> None:
    sound = speech(1)
    played = np.concatenate([sound[:2_400], np.zeros(hole, np.int16), sound[2_400:]])[first:]
    heard = np.concatenate([np.zeros(4_800, np.int16), played])

    assert min(likeness(heard, sound, (least,))) < 0.99


def test_silence_and_nothing_are_like_no_sound() -> None:
    sound = speech(1)

    assert likeness(np.zeros(48_000, np.int16), sound) == [0.0, 0.0, 0.0]
    assert likeness(np.zeros(0, np.int16), sound) == [0.0, 0.0, 0.0]


def test_a_spaced_turn_is_silent_but_for_the_room_up_to_its_onset() -> None:
    pcm, onset = scenes.spaced_turns(2, 5.0)
    samples = np.frombuffer(pcm, "<i2").astype(float)

    turns = samples.reshape(2, 80_000)
    assert np.abs(turns[:, :onset]).max() < 200
    assert np.abs(turns[:, onset : onset + 160]).max(axis=1).min() > 200


def test_an_onset_is_dated_by_the_piece_that_it_is_written_in(tmp_path: Path) -> None:
    # Pieces of 20 ms, each written when its last sample is there; a turn of 5 s has 250 of them.
    journal = tmp_path / "journal"
    journal.write_bytes(array("d", [number * 0.02 for number in range(1, 751)]).tobytes())

    moments = onset_moments(journal, 20, onset=160)

    assert moments == pytest.approx([5.01, 10.01])


def test_a_first_message_belongs_to_the_onset_before_it_and_may_be_missing() -> None:
    late, missed = late_ms([1.0, 6.0, 11.0], [0.5, 1.07, 1.3, 9.0, 11.06])

    assert late == pytest.approx([70, 60])
    assert missed == 1

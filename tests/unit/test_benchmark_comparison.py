"""What became worse since the tables that were kept: planted changes, other machines, damaged files."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from tests.benchmarks import __main__ as program
from tests.benchmarks import kept
from tests.benchmarks.comparison import Change, Compared, Comparison, Verdict
from tests.benchmarks.kept import Key, Machine, Run, UnreadableError
from tests.benchmarks.report import Row, Table, at_least, ratios
from tests.benchmarks.yardstick import by_rounds

KEY: Key = ("CPU", "ravatard", "/ C floor")
HERE = kept.this_machine()
BEFORE = [10.0, 10.2, 9.8]


def run(**ratios_of: list[float]) -> Run:
    """A full run on this machine; the name of an argument is that of a row."""
    return Run(HERE, "2026-01-31", "full", 0.5, {("CPU", row, "/ C"): one for row, one in ratios_of.items()})


def table(**ratios_of: list[float]) -> Table:
    return Table("CPU", ("ms",), [Row(row, ["1"], ratios={"/ C": one}) for row, one in ratios_of.items()])


@pytest.mark.parametrize(
    ("before", "now", "change"),
    [
        (BEFORE, [11.5, 11.3, 11.6], Change.WORSE),
        (BEFORE, [8.0, 8.2, 8.1], Change.BETTER),
        # More, but by less than a tenth, however clearly.
        (BEFORE, [10.9, 10.9, 10.9], Change.SAME),
        (BEFORE, BEFORE, Change.SAME),
        # A median that is a tenth more, and a round that is not.
        (BEFORE, [11.5, 10.1, 11.6], Change.UNCLEAR),
        ([10.0, 14.0, 9.0], [12.0, 13.0, 12.5], Change.UNCLEAR),
        (BEFORE, [8.0, 9.9, 8.1], Change.UNCLEAR),
        # Of two rounds nobody knows the spread.
        (BEFORE, [20.0, 20.0], Change.UNCLEAR),
        ([10.0], [20.0, 21.0, 22.0], Change.UNCLEAR),
        ([], [1.0], Change.NEW),
        (BEFORE, [], Change.MISSING),
    ],
)
def test_only_what_differs_by_a_tenth_beyond_the_spread_of_both_runs_has_changed(
    before: list[float], now: list[float], change: Change
) -> None:
    assert Compared(KEY, before, now).change is change


def test_a_line_says_what_it_was_and_is_and_from_how_many_rounds() -> None:
    line = str(Compared(KEY, BEFORE, [12.0, 12.5, 13.0]))

    assert line == (
        "WORSE: ravatard, / C floor: 10.00 [9.80, 10.20] -> 12.50 [12.00, 13.00], +25%, 3 and 3 rounds (CPU)"
    )


def test_a_planted_regression_is_told_and_fails_the_run() -> None:
    before = run(quiet=BEFORE, speech=BEFORE)

    comparison = Comparison("cpu", before, run(quiet=BEFORE, speech=[one * 1.2 for one in BEFORE]))

    assert comparison.is_worse
    assert str(comparison).splitlines() == [
        "cpu beside what was kept on 2026-01-31 (full, load 0.5): 1 of 2 ratios within a tenth",
        "  WORSE: speech, / C: 10.00 [9.80, 10.20] -> 12.00 [11.76, 12.24], +20%, 3 and 3 rounds (CPU)",
    ]


def test_new_and_missing_rows_are_told_and_fail_nothing() -> None:
    comparison = Comparison("cpu", run(old=BEFORE), run(fresh=[99.0, 99.0, 99.0]))

    assert not comparison.is_worse
    assert str(comparison).splitlines()[1:] == [
        "  new: fresh, / C (CPU)",
        "  no longer measured: old, / C (CPU)",
    ]


def test_on_another_machine_differences_are_told_and_fail_nothing() -> None:
    other = replace(run(quiet=BEFORE), machine=Machine("Cortex-A53", 4, "aarch64", "3.13.5"))

    comparison = Comparison("cpu", other, run(quiet=[20.0, 20.0, 20.0]))

    assert not comparison.is_worse
    assert "Another machine: Cortex-A53, 4 cores, aarch64, Python 3.13.5" in str(comparison)
    assert "WORSE: quiet" in str(comparison)


def test_a_quick_run_beside_a_full_one_says_so() -> None:
    quick = replace(run(quiet=BEFORE), effort="quick")

    assert "That was a full run, this is a quick one." in str(Comparison("cpu", run(quiet=BEFORE), quick))


def test_what_is_kept_is_read_again_as_it_was(tmp_path: Path) -> None:
    tables = [table(quiet=BEFORE), "a text, which has no figures", Table("None", (), [Row("x", [])])]
    made = kept.run_of(tables, "full", 0.25)

    path = kept.write("cpu", tables, made, tmp_path)

    assert path == tmp_path / "cpu.json"
    assert kept.read("cpu", tmp_path) == replace(made, load=0.2)
    assert made.machine == HERE
    assert json.loads(path.read_text())["tables"][0]["rows"][0]["figures"] == ["1"]


def test_two_rows_of_one_name_are_a_mistake() -> None:
    twice = Table("CPU", ("ms",), [Row("same", ["1"], ratios={"/ C": [1.0]})] * 2)

    with pytest.raises(ValueError, match="'same'"):
        kept.run_of([twice], "full", 0.0)


def test_a_part_that_was_never_kept_is_none(tmp_path: Path) -> None:
    assert kept.read("cpu", tmp_path) is None


@pytest.mark.parametrize(
    "damage",
    [
        "",
        "{",
        "[]",
        "null",
        '{"version": 2}',
        '{"version": 1, "machine": {}, "tables": []}',
        '{"version": 1, "machine": {"cpu": "x", "cores": 1, "architecture": "x", "python": "3"}, "day": "d",'
        ' "effort": "full", "load": 1,'
        ' "tables": [{"title": "t", "rows": [{"what": "w", "ratios": {"/": ["x"]}}]}]}',
        "\xff",
    ],
)
def test_a_damaged_file_says_which_and_what_to_do(damage: str, tmp_path: Path) -> None:
    (tmp_path / "cpu.json").write_bytes(damage.encode("latin-1"))

    with pytest.raises(UnreadableError, match=r"cpu\.json .*--keep"):
        kept.read("cpu", tmp_path)


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ([0, 0, 0], r"has 0\.0 for a ratio \(CPU, quiet, / C\)"),
        ([1, float("nan"), 1], "has nan for a ratio"),
        ([1, 1, float("inf")], "has inf for a ratio"),
        ([-1, -1, -1], r"has -1\.0 for a ratio"),
        ([], "has 0 of at least 3 rounds"),
        ([1], "has 1 of at least 3 rounds"),
        ([1, 1], "has 2 of at least 3 rounds"),
    ],
)
def test_a_kept_ratio_that_can_show_no_change_is_refused(
    values: list[float], said: str, tmp_path: Path
) -> None:
    path = kept.write("cpu", [table(quiet=BEFORE)], run(quiet=BEFORE), tmp_path)
    content = json.loads(path.read_text())
    content["tables"][0]["rows"][0]["ratios"]["/ C"] = values
    path.write_text(json.dumps(content))

    with pytest.raises(UnreadableError, match=rf"cpu\.json {said}.*--keep"):
        kept.read("cpu", tmp_path)


def test_the_kept_file_of_another_part_is_refused(tmp_path: Path) -> None:
    kept.write("cpu", [table(quiet=BEFORE)], run(quiet=BEFORE), tmp_path).rename(tmp_path / "sdk.json")

    with pytest.raises(UnreadableError, match=r"sdk\.json is of the part 'cpu'.*--keep"):
        kept.read("sdk", tmp_path)


@pytest.mark.parametrize("tables", [[], [table()], [Table("CPU", (), [Row("quiet", ["1"])])]])
def test_a_kept_file_without_ratios_is_refused_when_there_are_some_now(
    tables: list[Table], tmp_path: Path
) -> None:
    kept.write("cpu", tables, run(), tmp_path)
    verdict = Verdict(tmp_path)

    verdict.add("cpu", run(quiet=BEFORE))

    assert verdict.compared == []
    assert str(verdict) == (
        f"NOT COMPARED: {tmp_path / 'cpu.json'} has no ratio, and this run has some:"
        " write it anew with --keep"
    )


def test_every_part_that_is_kept_can_be_compared_with() -> None:
    files = sorted(kept.FOLDER.glob("*.json"))

    assert files
    for file in files:
        found = kept.read(file.stem)
        assert found is not None
        assert found.ratios


def test_a_verdict_has_every_part_and_one_last_word(tmp_path: Path) -> None:
    for part in ("cpu", "memory"):
        kept.write(part, [table(quiet=BEFORE)], kept.run_of([table(quiet=BEFORE)], "full", 1), tmp_path)
    (tmp_path / "sdk.json").write_text("{")
    verdict = Verdict(tmp_path)

    verdict.add("cpu", run(quiet=[20.0, 20.0, 20.0]))
    verdict.add("memory", run(quiet=BEFORE))
    verdict.add("sdk", run(quiet=BEFORE))
    verdict.add("new", run(quiet=BEFORE))
    verdict.add("words", run())

    assert verdict.is_worse
    assert verdict.nothing_kept == ["new"]
    lines = str(verdict).splitlines()
    assert lines[-1] == "BECAME WORSE by more than a tenth, see above."
    assert [line for line in lines if line.startswith("NOT COMPARED")] == [
        f"NOT COMPARED: {verdict.unreadable[0]}"
    ]


def test_a_run_in_which_nothing_became_worse_says_so(tmp_path: Path) -> None:
    kept.write("cpu", [table(quiet=BEFORE)], kept.run_of([table(quiet=BEFORE)], "full", 1), tmp_path)
    verdict = Verdict(tmp_path)

    verdict.add("cpu", run(quiet=BEFORE))

    assert not verdict.is_worse
    assert str(verdict).endswith("Nothing became worse by more than a tenth beyond its own spread.")


@pytest.mark.parametrize(
    ("now", "damaged", "status", "last"),
    [
        (BEFORE, False, program.FINE, "Nothing became worse"),
        ([20.0, 20.0, 20.0], False, program.BECAME_WORSE, "BECAME WORSE"),
        (BEFORE, True, program.FAILED, "NOT COMPARED"),
    ],
)
async def test_the_exit_status_says_whether_something_became_worse(
    now: list[float],
    damaged: bool,
    status: int,
    last: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def part(_: program.Effort) -> program.Report:
        return [table(quiet=now)]

    path = kept.write("cpu", [table(quiet=BEFORE)], kept.run_of([table(quiet=BEFORE)], "quick", 1), tmp_path)
    if damaged:
        path.write_text("{")
    before = path.read_text()
    monkeypatch.setitem(program.PARTS, "cpu", part)

    ended = await program.run(["cpu"], program.Effort(True, 1, 1), Verdict(tmp_path))

    assert ended == status
    assert capsys.readouterr().out.splitlines()[-1].startswith(last)
    assert path.read_text() == before


async def test_only_on_request_a_run_is_kept(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    async def part(_: program.Effort) -> program.Report:
        return [table(quiet=BEFORE)]

    monkeypatch.setitem(program.PARTS, "cpu", part)

    await program.run(["cpu"], program.Effort(True, 1, 1), Verdict(tmp_path))
    assert kept.read("cpu", tmp_path) is None
    assert "Nothing is kept of cpu: --keep writes it." in capsys.readouterr().out
    await program.run(["cpu"], program.Effort(True, 1, 1), Verdict(tmp_path, keeps=True))

    found = kept.read("cpu", tmp_path)
    assert found is not None
    assert "Kept for the first time: cpu." in capsys.readouterr().out
    assert found.ratios == {("CPU", "quiet", "/ C"): BEFORE}


async def test_a_run_of_too_few_rounds_is_not_kept(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    async def part(_: program.Effort) -> program.Report:
        return [table(quiet=[10.0])]

    monkeypatch.setitem(program.PARTS, "cpu", part)

    ended = await program.run(["cpu"], program.Effort(True, 1, 1), Verdict(tmp_path, keeps=True))

    assert ended == program.FAILED
    assert "NOT KEPT: cpu has 1 of at least 3 rounds of a ratio (CPU, quiet, / C)" in capsys.readouterr().out
    assert kept.read("cpu", tmp_path) is None


async def test_a_part_that_fails_costs_the_status_and_not_the_others(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fails(_: program.Effort) -> program.Report:
        raise OSError("no such device")

    async def works(_: program.Effort) -> program.Report:
        return [table(quiet=BEFORE)]

    monkeypatch.setitem(program.PARTS, "cpu", fails)
    monkeypatch.setitem(program.PARTS, "sdk", works)

    ended = await program.run(["cpu", "sdk"], program.Effort(True, 1, 1), Verdict(tmp_path))

    printed = capsys.readouterr()
    assert ended == program.FAILED
    assert "NOT MEASURED: cpu" in printed.out
    assert "quiet" in printed.out
    assert "no such device" in printed.err


def test_the_machine_is_named_by_its_processor(tmp_path: Path) -> None:
    cpuinfo = tmp_path / "cpuinfo"
    cpuinfo.write_text("processor\t: 0\nmodel name\t: AMD EPYC\n")

    assert kept.this_machine(cpuinfo).cpu == "AMD EPYC"
    assert kept.this_machine(tmp_path / "none").cpu == "unknown processor"


def test_a_raspberry_pi_is_named_by_its_model(tmp_path: Path) -> None:
    cpuinfo = tmp_path / "cpuinfo"
    cpuinfo.write_text("processor\t: 0\nCPU part\t: 0xd03\n\nModel\t\t: Raspberry Pi Zero 2 W Rev 1.0\n")

    assert kept.this_machine(cpuinfo).cpu == "Raspberry Pi Zero 2 W Rev 1.0"


@pytest.mark.parametrize(
    ("values", "floor", "found"),
    [([2.0, 6.0], [1.0, 2.0], [2.0, 3.0]), ([2.0], [0.0], []), ([2.0], [1.0, 1.0], []), ([], [], [])],
)
def test_a_ratio_is_that_of_one_round(values: list[float], floor: list[float], found: list[float]) -> None:
    assert ratios(values, floor) == found


@pytest.mark.parametrize(("value", "met"), [(0.99, True), (0.989, False)])
def test_an_aim_from_below_is_met_from_its_limit_on(value: float, met: bool) -> None:
    assert at_least(value, 0.99).met is met


def test_delays_are_compared_round_by_round_with_what_was_measured_beside_them() -> None:
    delays, trips = [10.0, 12.0, 20.0, 24.0, 30.0, 36.0, 40.0, 48.0, 50.0, 60.0], [1.0, 2.0, 3.0, 4.0, 5.0]

    assert by_rounds(delays, trips) == [11.0, 11.0, 11.0, 11.0, 11.0]


@pytest.mark.parametrize(
    ("delays", "trips"), [([], []), ([1.0] * 4, [1.0] * 9), ([1.0] * 9, [1.0] * 4), ([1.0] * 5, [0.0] * 5)]
)
def test_too_few_delays_are_not_compared(delays: list[float], trips: list[float]) -> None:
    assert by_rounds(delays, trips) == []

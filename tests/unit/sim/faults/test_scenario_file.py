"""A scenario is read, or refused with a sentence; never anything else."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from ravatard.errors import ConfigError
from ravatard.sim.faults import scenario as fs
from ravatard.sim.faults.scenario_file import LIMIT_BYTES, load, parse, shipped

EXAMPLE = b"""# A night.
- when: {call: /jwt, nth: 2, after_s: 1.5}
  do: {answer: {status: 402, retry_after: "10"}}
  for_s: 3
  times: 4
- do: refuse
- when: always
  do: {say: {text: hello, bare: true}}
- when: {after_s: 9}
  do: {tls: {certificate: expired}}
"""


def test_every_part_of_a_file_reaches_its_step() -> None:
    scenario = parse(EXAMPLE)

    assert scenario.about == "A night."
    assert scenario.certificates == ("expired",)
    assert scenario.steps[:3] == (
        fs.FaultStep(
            fs.Answer(status=402, retry_after="10"),
            fs.When(after_s=1.5, call="/jwt", nth=2),
            for_s=3.0,
            times=4,
        ),
        fs.FaultStep(fs.Refuse()),
        fs.FaultStep(fs.Say("hello", bare=True)),
    )


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "a scenario is a list of steps"),
        ("[]", "a scenario is a list of steps"),
        ("do: refuse", "a scenario is a list of steps"),
        ("- do: [", "no YAML in line 1"),
        ("- do: refuse\n  \x01", "no YAML"),
        ("- refuse", "step 1: 'refuse' stands where keys should be: when, do, for_s, times"),
        ("- do: refuse\n- when: always", "step 2: 'do' is missing; it names the fault: answer, refuse"),
        ("- do: refuze", "step 1: 'refuze' is no fault"),
        ("- do: [refuse]", "a list is no fault"),
        ("- do: {refuse: {}, hang: {}}", "a mapping is no fault"),
        (
            "- do: {refuse: {status: 1}}",
            "step 1, refuse: unknown key 'status'; allowed: nothing, it has none",
        ),
        ("- do: {answer: 503}", "step 1, answer: '503' stands where keys should be: status"),
        ("- do: {answer: {stauts: 503}}", "unknown key 'stauts'; allowed: status, body_status"),
        ("- do: {answer: {status: 1000}}", "answer: status: '1000' is not a number from 200 to 599"),
        ("- do: {answer: {status: much}}", "'much' is not a number"),
        ("- do: {answer: {status: 5.5}}", "'5.5' is not a number"),
        ("- do: {answer: {status: [5]}}", "a list is no single value"),
        ("- do: {answer: {retry_after: é}}", "'é' does not look like"),
        ("- do: {delay: {delay_s: nan}}", "'nan' is not a number from 0 to 600"),
        ("- do: {hang: {handled: perhaps}}", "'perhaps' is none of true, false"),
        ("- do: {tls: {certificate: wrong}}", "'wrong' is none of self-signed, not-yet-valid, expired"),
        ("- do: refuse\n  fors: 5", "unknown key 'fors'; allowed: when, do, for_s, times"),
        ("- do: refuse\n  for_s:", "for_s: '' is not a number"),
        ("- do: refuse\n  when: sometimes", "step 1, when: 'sometimes' stands where keys should be"),
        ("- do: refuse\n  when: {nth: 2}", "'nth' counts calls; say which with 'call'"),
        ("- do: refuse\n  when: {call: jwt}", "call: 'jwt' does not look like"),
        ("- do: drop\n  when: {call: /jwt, message: 1}", "do not go together"),
        ("- do: drop\n  for_s: 5", "happens at one moment"),
        ("- do: microphone-hang", "the microphone knows neither calls nor messages"),
        ("- do: microphone-hang\n  when: {after_s: 1, call: /jwt}", "the microphone knows neither"),
        ("- do: swallow\n  when: {call: /jwt}", "use 'hang' for calls"),
        ("- do: " + "x" * 100, "'" + "x" * 40 + "…' is no fault"),
    ],
)
def test_what_is_wrong_is_told_with_its_place_and_what_is_allowed(text: str, sentence: str) -> None:
    with pytest.raises(ConfigError) as refused:
        parse(text.encode(), "night.yaml")

    assert str(refused.value).startswith("night.yaml")
    assert sentence in str(refused.value)


@pytest.mark.slow
@pytest.mark.parametrize(
    "raw", [b"\xff\xfe\xfd", b"[" * 5_000, b"- do: refuse\n" * (LIMIT_BYTES // 10), b"&a [*a]", b"? {}\n: 1"]
)
def test_what_is_no_scenario_at_all_is_refused(raw: bytes) -> None:
    with pytest.raises(ConfigError):
        parse(raw)


def test_a_file_is_read_by_its_path(tmp_path: Path) -> None:
    file = tmp_path / "night.yaml"
    file.write_bytes(EXAMPLE)

    assert load(str(file)) == parse(EXAMPLE)


@pytest.mark.parametrize("name", ["a/b.yaml", "x\0y", "."])
def test_a_file_that_cannot_be_read_is_told(name: str) -> None:
    with pytest.raises(ConfigError, match="cannot read the scenario"):
        load(name)


def test_an_unknown_name_is_told_with_those_that_there_are() -> None:
    with pytest.raises(ConfigError, match=r"no scenario 'reboot': .* router-reboot"):
        load("reboot")


def test_at_least_a_dozen_come_along_each_says_what_it_shows_and_each_can_be_read() -> None:
    scenarios = shipped()

    assert len(scenarios) >= 12
    for name, about in scenarios.items():
        scenario = load(name)
        assert scenario.steps
        assert scenario.about == about
        assert about.endswith(".")


_ATOM = st.one_of(
    st.sampled_from(
        [*fs.WORDS, "when", "do", "for_s", "times", "after_s", "call", "/jwt", "always", "status"]
    ),
    st.integers(),
    st.floats(),
    st.text(max_size=10),
    st.none(),
    st.booleans(),
    st.dates(),
)
_TREE = st.recursive(
    _ATOM, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_ATOM, inner, max_size=4)
)
_STEP = st.fixed_dictionaries(
    {
        "do": st.sampled_from(list(fs.WORDS))
        | st.dictionaries(st.sampled_from(list(fs.WORDS)), _TREE, max_size=1)
    },
    optional={"when": _TREE, "for_s": _ATOM, "times": _ATOM},
)


def _steps_or_sentence(raw: bytes) -> tuple[fs.FaultStep, ...] | str:
    try:
        return parse(raw).steps
    except ConfigError as error:
        return str(error)


@settings(deadline=None)
@given(st.one_of(st.binary(max_size=200), st.text(max_size=200).map(str.encode)))
def test_any_bytes_give_a_scenario_or_our_error(raw: bytes) -> None:
    assert _steps_or_sentence(raw)


@settings(deadline=None)
@given(st.lists(st.one_of(_STEP, _TREE), max_size=4))
def test_any_yaml_gives_a_scenario_or_our_error(tree: list[object]) -> None:
    raw = yaml.safe_dump(tree).encode()

    assert 0 < len(_steps_or_sentence(raw)) < 1_000


def test_earlier_names_of_faults_are_still_read() -> None:
    steps = parse(
        b"- {when: {after_s: 1}, do: ear-zeros}\n- {when: {after_s: 2}, do: {ear-rename: {name: other}}}"
    ).steps

    assert [step.do for step in steps] == [fs.MicrophoneZeros(), fs.MicrophoneRename("other")]

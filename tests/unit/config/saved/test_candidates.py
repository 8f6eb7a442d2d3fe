"""Changes as JSON values: what they are in a file, and which are none."""

from __future__ import annotations

from pathlib import Path

import pytest

from ravatard.config.document import LIMIT_BYTES, Mapping, Node, Scalar, Sequence, parse
from ravatard.config.problems import SettingOrigin
from ravatard.config.saved.candidates import node_of, nodes_of, refusals, rendered, too_large

TEXT = Scalar("x", plain=False, line=1)


@pytest.mark.parametrize(
    ("value", "word"),
    [
        (True, "true"),
        (False, "false"),
        (700, "700"),
        (-2.5, "-2.5"),
        (1e-07, "1e-07"),
        ("", "null"),
        ("off", '"off"'),
        ('a "b": c # d', '"a \\"b\\": c # d"'),
        (["pi", "kiosk"], '["pi", "kiosk"]'),
        (TEXT, '"x"'),
    ],
)
def test_a_json_value_is_written_so_that_it_keeps_its_meaning(value: object, word: str) -> None:
    node = node_of(value)
    assert node is not None

    text = rendered({"a.b": node})

    assert text.splitlines()[-1] == f"  b: {word}"
    root = parse(text)
    assert isinstance(root, Mapping)


@pytest.mark.parametrize(
    "value",
    [float("nan"), float("inf"), {"a": 1}, [["a"]], ["a", None], object(), ["x"] * 101, b"bytes"],
    ids=["nan", "infinity", "mapping", "list of lists", "null", "object", "long list", "bytes"],
)
def test_what_no_setting_has_is_no_value(value: object) -> None:
    assert node_of(value) is None


def test_unknown_keys_and_impossible_values_are_problems_and_the_rest_are_nodes() -> None:
    nodes, problems = nodes_of(
        {
            "gate.silence_ms": 700,
            "gate.silence": 1,
            "gaet.mode": 1,
            "voice.aggressiveness": {},
            "gate.mode": None,
        }
    )

    assert nodes == {"gate.silence_ms": Scalar("700", plain=True, line=1), "gate.mode": None}
    assert [problem.key for problem in problems] == ["'gate.silence'", "'gaet.mode'", "voice.aggressiveness"]
    assert "silence_ms" in problems[0].text


def _refused(dotted: str, node: Node | None, **origin: SettingOrigin) -> list[str]:
    found = refusals({dotted: node}, {dotted: origin.get("origin", SettingOrigin())}, Path("/etc/r/r.yaml"))
    return [problem.text for problem in found]


def test_a_local_setting_is_refused_with_the_file_to_edit() -> None:
    assert "write it in /etc/r/r.yaml (`ravatard config edit --config " in _refused("speaker.wav", TEXT)[0]


def test_the_file_is_the_drop_in_that_has_it_and_never_a_boards() -> None:
    drop_in = SettingOrigin("file", "/etc/r/ravatard.d/a.yaml", 3)
    board = SettingOrigin("file", "/usr/share/ravatard/boards/x.yaml", 3)

    assert "ravatard.d/a.yaml" in _refused("speaker.wav", TEXT, origin=drop_in)[0]
    assert "write it in /etc/r/r.yaml " in _refused("pixels.device", TEXT, origin=board)[0]


@pytest.mark.parametrize(
    ("origin", "words"),
    [
        (SettingOrigin("environment", "RAVATARD_GATE__MODE"), "the environment RAVATARD_GATE__MODE sets it"),
        (SettingOrigin("credential", "ravatard.service.api_key"), "the credential ravatard.service.api_key"),
    ],
)
def test_a_value_that_would_have_no_effect_is_refused(origin: SettingOrigin, words: str) -> None:
    assert words in _refused("gate.mode", TEXT, origin=origin)[0]


def test_to_take_a_setting_away_is_always_possible() -> None:
    assert _refused("speaker.wav", None) == []


def test_the_file_has_one_heading_a_section() -> None:
    one = Scalar("1", plain=True, line=1)

    text = rendered({"a.x": one, "b.y": Sequence((one,), 1), "a.z": one})

    assert text.partition("version: 1\n")[2] == "\na:\n  x: 1\n  z: 1\n\nb:\n  y: [1]\n"


def test_a_file_that_could_not_be_read_again_is_too_large() -> None:
    assert not too_large("x" * LIMIT_BYTES)
    assert too_large("ä" * LIMIT_BYTES)

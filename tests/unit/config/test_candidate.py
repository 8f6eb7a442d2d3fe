"""A configuration with wishes on top: each goes to the file that has the last word, all are checked first."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ravatard.config import ConfigErrors, Schema, SettingOrigin
from ravatard.config.candidate import Wishes, candidate, read_wishes, refusal, up_to_date
from ravatard.config.document import LIMIT_BYTES, DocumentError, Scalar
from tests.examples import examples

BOOT = Path("/boot/firmware/ravatard.yaml")
GOOD = """\
# My kitchen.
service:
  avatar: Zoë  # the kind one

button: {pin: 17}
"""


@pytest.fixture
def main(tmp_path: Path) -> Path:
    path = tmp_path / "ravatard.yaml"
    path.write_text(GOOD, encoding="utf-8")
    return path


def _problems(text: str) -> list[str]:
    with pytest.raises(ConfigErrors) as caught:
        read_wishes(BOOT, text)
    return str(caught.value).replace(f"{BOOT.parent}/", "").splitlines()


def test_secrets_are_taken_out_and_the_rest_is_kept_as_it_is_written() -> None:
    wishes = read_wishes(BOOT, "service:\n  project_id: abc-123\n  language: no\ngate: {toggle: no}\n")

    assert wishes.nodes == {
        "service.language": Scalar("no", plain=True, line=3),
        "gate.toggle": Scalar("no", plain=True, line=4),
    }
    assert {name: secret.reveal() for name, secret in wishes.secrets.items()} == {
        "ravatard.service.project_id": "abc-123"
    }
    assert wishes.names == ("service.project_id", "service.language", "gate.toggle")
    assert "abc-123" not in repr(wishes)


def test_every_mistake_comes_at_once_with_its_line_and_no_secret() -> None:
    problems = _problems("service:\n  project_id: not allowed!\ngate:\n  mode: loud\nvoise: 1\nversion: 1\n")

    assert [problem.partition(" found")[0] for problem in problems] == [
        "ravatard.yaml:2: service.project_id:",
        "ravatard.yaml:4: gate.mode:",
        "ravatard.yaml:5: voise: unknown section; did you mean voice?",
    ]
    assert "not allowed" not in "".join(problems)


@pytest.mark.parametrize("value", ["", "~", "null"])
def test_a_secret_of_nothing_is_a_mistake(value: str) -> None:
    (problem,) = _problems(f"service:\n  project_id: {value}\n")

    assert problem.startswith("ravatard.yaml:2: service.project_id: found nothing; leave the line out")


def test_windows_line_ends_are_line_ends() -> None:
    wishes = read_wishes(BOOT, "service:\r\n  avatar: 'a\r\n    b'\r\ngate:\r\n  mode: vad\r\n")

    assert wishes.nodes["gate.mode"] == Scalar("vad", plain=True, line=5)


@pytest.mark.parametrize(
    "text",
    [
        "a: &a [x, x]\nb: &b [*a, *a]\nc: &c [*b, *b]\nservice: {avatar: [*c, *c]}\n",
        "service: &s\n  avatar: *s\n",
        "board: [&a [x, x, x, x], &b [*a, *a, *a, *a], &c [*b, *b, *b, *b], [*c, *c, *c, *c]]\n",
        "[" * 10_000,
        "service:\n  <<: {avatar: x}\n",
        "x" * 10_000 + ": 1\n" * 1_000,
    ],
)
def test_a_file_made_to_grow_is_refused_in_few_words(text: str) -> None:
    assert sum(map(len, _problems(text))) < 5_000


def test_what_is_wished_is_changed_in_place_and_nothing_else_is(main: Path) -> None:
    found = candidate(main, {}, read_wishes(BOOT, "service: {avatar: Ada}\ngate: {mode: button}"))

    assert found.texts == {main: GOOD.replace("Zoë ", "Ada ") + "\ngate:\n  mode: button\n"}
    assert found.loaded.options.service.avatar == "Ada"
    assert main.read_text(encoding="utf-8") == GOOD


def test_what_is_so_already_changes_no_file(main: Path) -> None:
    assert candidate(main, {}, read_wishes(BOOT, "service: {avatar: Zoë}")).texts == {}


def test_a_file_beside_it_that_has_the_last_word_is_changed_there(main: Path) -> None:
    more = main.parent / "ravatard.d" / "10-more.yaml"
    more.parent.mkdir()
    more.write_text("service: {avatar: Bob}\n", encoding="utf-8")

    found = candidate(main, {}, read_wishes(BOOT, "service: {avatar: Ada}\ngate: {toggle: yes}\n"))

    assert found.texts == {more: "service: {avatar: Ada}\n", main: GOOD + "\ngate:\n  toggle: yes\n"}
    assert found.loaded.options.service.avatar == "Ada"


def test_where_there_is_no_file_one_is_made_with_its_version(tmp_path: Path) -> None:
    found = candidate(tmp_path / "new.yaml", {}, read_wishes(BOOT, "gate: {mode: vad}"))

    assert found.texts == {tmp_path / "new.yaml": "version: 1\n\ngate:\n  mode: vad\n"}


def test_an_old_file_is_brought_up_to_date_on_the_way(main: Path) -> None:
    main.write_text(f"version: 0\n{GOOD}", encoding="utf-8")

    found = candidate(main, {}, read_wishes(BOOT, "service: {avatar: Ada}"))

    assert found.texts[main].startswith("version: 1\n# My kitchen.")


def test_a_clash_with_what_holds_already_is_told_where_it_is_wished(main: Path) -> None:
    wishes = read_wishes(BOOT, "\nlights: {kind: led, pin: 17}\n")

    with pytest.raises(ConfigErrors) as caught:
        candidate(main, {}, wishes)

    assert str(caught.value) == (
        f"{BOOT}:2: lights.pin: GPIO 17 is already used by button.pin ({main}:5); each needs a pin of its own"
    )


def test_a_mistake_that_held_so_far_can_be_mended(main: Path) -> None:
    main.write_text("gate: {mode: loud}\n", encoding="utf-8")

    assert candidate(main, {}, read_wishes(BOOT, "gate: {mode: vad}")).texts == {main: "gate: {mode: vad}\n"}


def test_a_mistake_that_nobody_mends_is_told_where_it_stands(main: Path) -> None:
    main.write_text("voise: {}\n", encoding="utf-8")

    with pytest.raises(ConfigErrors, match=f"{main}:1: voise: unknown section"):
        candidate(main, {}, read_wishes(BOOT, "gate: {mode: vad}"))


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"gate: [", ":[12]: .*not valid YAML"),
        (b"gate: \xff", ":[12]: .*is not UTF-8"),
        (b"\xff\xfe", ": the file is UTF-16, not UTF-8"),
        (b"version: 9", ":[12]: .*version 9 is newer"),
    ],
)
def test_a_file_that_cannot_be_read_is_not_changed(main: Path, content: bytes, words: str) -> None:
    main.write_bytes(content)

    with pytest.raises(ConfigErrors, match=f"{main}{words}"):
        candidate(main, {}, Wishes({}, {}, {}))


def test_a_file_too_large_is_not_changed(main: Path) -> None:
    main.write_bytes(b"#" * (LIMIT_BYTES + 1))

    with pytest.raises(ConfigErrors, match="larger than 256 KiB"):
        candidate(main, {}, Wishes({}, {}, {}))


def test_a_file_that_is_none_is_told(main: Path) -> None:
    main.unlink()
    main.mkdir()

    with pytest.raises(ConfigErrors, match=f"{main}: cannot be read: Is a directory"):
        candidate(main, {}, Wishes({}, {}, {}))


@pytest.mark.parametrize("text", ["", "# words\n", "[not, sections]\n"])
def test_what_has_no_version_to_bring_up_to_date_stays(text: str) -> None:
    assert up_to_date(text) == text


def test_what_cannot_be_read_cannot_be_brought_up_to_date() -> None:
    with pytest.raises(DocumentError):
        up_to_date("gate: [")


def test_what_somebody_types_is_judged_by_the_same_rules() -> None:
    keys = Schema().keys

    assert refusal(keys["button.pin"], "17") is None
    assert refusal(keys["button.pin"], "seventeen") == (
        "found 'seventeen'; allowed: a whole number from 0 to 53, or unset"
    )
    assert "hush!" not in str(refusal(keys["service.project_id"], "hush!"))


@given(st.data())
@settings(
    deadline=None, max_examples=examples(100), suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_whatever_somebody_leaves_is_taken_or_refused_in_words(main: Path, data: st.DataObject) -> None:
    text = "service:\n  project_id: abc-123\n  avatar: 'Ada'\nboard: aiy-voice-hat\ngate: {silence_ms: 700}\n"
    for _ in range(data.draw(st.integers(0, 5))):
        at = data.draw(st.integers(0, len(text)))
        kept = at + data.draw(st.integers(0, 4))
        text = (
            text[:at] + data.draw(st.text(alphabet=" \t\r\n:#-'\"[]{}&*!x5é\u2028", max_size=3)) + text[kept:]
        )

    with suppress(ConfigErrors):
        wishes = read_wishes(BOOT, text)
        found = candidate(main, {}, wishes)
        assert all(up_to_date(written) == written for written in found.texts.values())
        assert candidate(main, {}, Wishes({}, {}, {})).texts == {}


def test_a_board_is_a_wish_like_any_other(main: Path) -> None:
    main.write_text("# mine\ngate:\n", encoding="utf-8")

    found = candidate(main, {}, read_wishes(BOOT, "board: aiy-voice-hat"))

    assert found.texts == {main: "# mine\nboard: aiy-voice-hat\ngate:\n"}
    assert found.loaded.options.button.pin == 23


def test_an_unknown_board_is_told_where_it_is_wished(main: Path) -> None:
    with pytest.raises(ConfigErrors, match=f"{BOOT}:2: board: unknown board 'aiy'"):
        candidate(main, {}, read_wishes(BOOT, "\nboard: aiy"))


def test_what_is_taken_out_is_taken_out_of_every_file(main: Path) -> None:
    more = main.parent / "ravatard.d" / "10-more.yaml"
    more.parent.mkdir()
    more.write_text("button:\n  pin: 18\n", encoding="utf-8")

    found = candidate(main, {}, Wishes({"button.pin": None}, {"button.pin": SettingOrigin()}, {}))

    assert found.loaded.options.button.pin is None
    assert set(found.texts) == {main, more}

"""The whole configuration: precedence, origins, and every problem at once."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ravatard.config import (
    DEFAULT_PATH,
    ConfigErrors,
    Loaded,
    Options,
    Schema,
    SettingOrigin,
    load,
)
from ravatard.config.loading import load_readable
from ravatard.config.reference import reference
from ravatard.secret import Secret
from tests.assertions import assert_raises_only
from tests.examples import examples


def _write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def _problems(path: Path | None, environ: dict[str, str]) -> list[str]:
    with pytest.raises(ConfigErrors) as caught:
        load(path, environ)
    return str(caught.value).replace(f"{path.parent if path else ''}/", "").splitlines()


def _project(loaded: Loaded) -> str | None:
    project = loaded.options.service.project_id
    return project.reveal() if isinstance(project, Secret) else project


def test_nothing_written_is_all_defaults(tmp_path: Path) -> None:
    loaded = load(None, {}, default_path=tmp_path / "ravatard.yaml")

    assert loaded.options == Options()
    assert loaded.files == ()
    assert set(loaded.origins) == set(Schema().keys)
    assert set(loaded.origins.values()) == {SettingOrigin()}


def test_the_default_file_is_the_one_the_readme_names() -> None:
    assert Path("/etc/ravatard/ravatard.yaml") == DEFAULT_PATH


def test_the_default_file_is_read_if_it_is_there(tmp_path: Path) -> None:
    path = _write(tmp_path / "ravatard.yaml", "gate: {silence_ms: 700}")

    loaded = load(None, {}, default_path=path)

    assert loaded.options.gate.silence_ms == 700
    assert loaded.files == (path,)


def test_a_file_somebody_asked_for_must_exist(tmp_path: Path) -> None:
    assert _problems(tmp_path / "none.yaml", {}) == [
        "none.yaml: does not exist; `ravatard config reference` prints one to start from"
    ]


def test_later_sources_override_earlier_ones_key_by_key(tmp_path: Path) -> None:
    path = _write(tmp_path / "a.yaml", "gate: {silence_ms: 1, preroll_ms: 100, longest_s: 10, toggle: true}")
    path.write_text(path.read_text(encoding="utf-8").replace("silence_ms: 1,", "silence_ms: 500,"))
    first = _write(tmp_path / "ravatard.d" / "10-a.yaml", "gate: {silence_ms: 600, preroll_ms: 200}")
    second = _write(tmp_path / "ravatard.d" / "20-b.yaml", "gate:\n  silence_ms: 700\n")

    loaded = load(path, {"RAVATARD_GATE__LONGEST_S": "20"})

    gate = loaded.options.gate
    assert (gate.silence_ms, gate.preroll_ms, gate.longest_s, gate.toggle) == (700, 200, 20.0, True)
    assert loaded.files == (path, first, second)
    assert loaded.origins["gate.silence_ms"] == SettingOrigin("file", str(second), 2)
    assert loaded.origins["gate.preroll_ms"] == SettingOrigin("file", str(first), 1)
    assert loaded.origins["gate.longest_s"] == SettingOrigin("environment", "RAVATARD_GATE__LONGEST_S")
    assert loaded.origins["gate.toggle"] == SettingOrigin("file", str(path), 1)
    assert loaded.origins["gate.mode"] == SettingOrigin()


def test_a_later_file_can_unset_a_key(tmp_path: Path) -> None:
    path = _write(tmp_path / "a.yaml", "button: {pin: 4}")
    _write(tmp_path / "ravatard.d" / "10-a.yaml", "button: {pin: null}")

    assert load(path, {}).options.button.pin is None


def test_a_credential_is_stronger_than_file_and_environment(tmp_path: Path) -> None:
    path = _write(tmp_path / "a.yaml", "service: {project_id: from-file}")
    credential = _write(tmp_path / "credentials" / "ravatard.service.project_id", "from-systemd\n")
    environ = {
        "RAVATARD_SERVICE__PROJECT_ID": "from-environment",
        "CREDENTIALS_DIRECTORY": str(credential.parent),
    }

    loaded = load(path, environ)

    assert _project(loaded) == "from-systemd"
    assert loaded.origins["service.project_id"] == SettingOrigin("credential", "ravatard.service.project_id")


def test_a_secret_is_in_no_repr_of_the_options(tmp_path: Path) -> None:
    path = _write(tmp_path / "a.yaml", "service: {project_id: hush-hush}")

    loaded = load(path, {})

    assert _project(loaded) == "hush-hush"
    assert "hush" not in repr(loaded)


def test_the_problems_of_every_source_come_together(tmp_path: Path) -> None:
    path = _write(tmp_path / "a.yaml", "gate:\n  mode: loud\nvoice: {start_frames: 9}\n")
    _write(tmp_path / "ravatard.d" / "10-a.yaml", "gate: {preroll_ms: -1}\n")
    credentials = _write(tmp_path / "credentials" / "ravatard.service.project_id", "hush hush").parent
    environ = {"RAVATARD_LIGHTS__KIND": "disco", "CREDENTIALS_DIRECTORY": str(credentials)}

    assert [problem.partition(" found")[0] for problem in _problems(path, environ)] == [
        "a.yaml:2: gate.mode:",
        "ravatard.d/10-a.yaml:1: gate.preroll_ms:",
        "environment RAVATARD_LIGHTS__KIND: lights.kind:",
        "credential ravatard.service.project_id: service.project_id:",
        "a.yaml:3: voice.start_frames: voice.start_frames 9 must be at most voice.start_window 4; "
        "lower the one or raise the other",
    ]


def test_what_can_be_read_of_a_configuration_with_mistakes(tmp_path: Path) -> None:
    path = _write(
        tmp_path / "ravatard.yaml",
        "gate: {silence_ms: long}\nmqtt: {host: broker.example, prot: 1}\nservice: {kind: avatar}\n",
    )

    found = load_readable(path, {}, saved=None)

    assert (found.options.mqtt.host, found.options.service.kind) == ("broker.example", "avatar")
    assert found.options.gate.silence_ms == Options().gate.silence_ms
    assert found.refused == {"gate.silence_ms", "mqtt.prot"}
    assert (len(found.problems), found.incomplete) == (2, False)


def test_of_a_file_that_is_no_yaml_nothing_can_be_read(tmp_path: Path) -> None:
    found = load_readable(_write(tmp_path / "ravatard.yaml", "mqtt: {host: [\n"), {}, saved=None)

    assert found.options == Options()
    assert found.incomplete


def test_a_mistake_is_reported_even_where_a_later_file_overrides_it(tmp_path: Path) -> None:
    path = _write(tmp_path / "a.yaml", "gate: {mode: loud}")
    _write(tmp_path / "ravatard.d" / "10-a.yaml", "gate: {mode: vad}")

    assert len(_problems(path, {})) == 1


def test_a_clash_is_filed_where_somebody_wrote_it(tmp_path: Path) -> None:
    path = _write(tmp_path / "a.yaml", "voice:\n\n  start_window: 2\n")

    (problem,) = _problems(path, {})

    assert problem.startswith("a.yaml:3: voice.start_window: voice.start_frames 3 must be at most")


def test_a_clash_over_a_refused_value_is_not_reported(tmp_path: Path) -> None:
    path = _write(tmp_path / "a.yaml", "gate: {mode: button}\nbutton: {pin: seventeen}")

    (problem,) = _problems(path, {})

    assert "button.pin: found 'seventeen'" in problem


def test_a_clash_is_not_looked_for_when_a_file_could_not_be_read(tmp_path: Path) -> None:
    path = _write(tmp_path / "a.yaml", "gate: {mode: button}")
    _write(tmp_path / "ravatard.d" / "10-a.yaml", "button: [")

    (problem,) = _problems(path, {})

    assert "not valid YAML" in problem


@given(st.data())
@settings(
    deadline=None, max_examples=examples(60), suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_a_file_with_slips_of_the_pen_is_loaded_or_refused(tmp_path: Path, data: st.DataObject) -> None:
    text = re.sub(r"^  #(?=[a-z])", "  ", reference(), flags=re.MULTILINE)
    for _ in range(data.draw(st.integers(1, 5))):
        at = data.draw(st.integers(0, len(text)))
        kept = at + data.draw(st.integers(0, 3))
        text = text[:at] + data.draw(st.text(alphabet=" \t\n:#-'\"[]{}&*!x5é", max_size=2)) + text[kept:]
    path = _write(tmp_path / "a.yaml", text)

    with assert_raises_only(ConfigErrors):
        load(path, {})


def test_a_clash_between_two_files_names_both(tmp_path: Path) -> None:
    path = _write(tmp_path / "a.yaml", "button: {pin: 4}")
    _write(tmp_path / "ravatard.d" / "10-a.yaml", "lights: {kind: led, pin: 4}")

    (problem,) = _problems(path, {})

    assert problem == (
        "ravatard.d/10-a.yaml:1: lights.pin: GPIO 4 is already used by button.pin (a.yaml:1); "
        "each needs a pin of its own"
    )


def test_a_text_that_is_not_written_yet_is_judged_as_if_it_stood_there(tmp_path: Path) -> None:
    path = _write(tmp_path / "a.yaml", "gate: {mode: loud}")
    more = _write(tmp_path / "ravatard.d" / "10-a.yaml", "gate: {silence_ms: 700}")

    loaded = load(path, {}, instead={path: "gate: {mode: vad}"})

    assert (loaded.options.gate.mode, loaded.options.gate.silence_ms) == ("vad", 700)
    assert loaded.files == (path, more)


def test_a_text_is_enough_for_a_default_file_that_is_not_there(tmp_path: Path) -> None:
    path = tmp_path / "ravatard.yaml"

    loaded = load(None, {}, default_path=path, instead={path: "gate: {mode: vad}"})

    assert str(loaded.origins["gate.mode"]) == f"{path}:1"
    assert not path.exists()


def test_a_password_in_the_address_of_a_proxy_is_refused_and_not_shown(tmp_path: Path) -> None:
    path = _write(tmp_path / "a.yaml", "service: {proxy: 'http://me:hush-hush@proxy.example:3128'}")

    with pytest.raises(ConfigErrors, match=r"network\.proxy_username and network\.proxy_password") as caught:
        load(path, {})

    assert "hush-hush" not in str(caught.value)

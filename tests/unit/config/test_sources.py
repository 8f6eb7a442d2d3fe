"""Files, environment variables and credentials, each good and bad, in one SettingSources."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from ravatard.config import Schema, SettingOrigin
from ravatard.config.sources import SettingSources, find_files, read_credentials, read_environment, read_file
from ravatard.secret import Secret


@pytest.fixture
def sources() -> SettingSources:
    return SettingSources(Schema())


def _file(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "ravatard.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def _complaints(sources: SettingSources) -> list[str]:
    """Every problem, without the directory of the test."""
    return [str(problem).rpartition("/")[2] for problem in sources.problems]


def test_a_file_gives_values_with_their_lines(tmp_path: Path, sources: SettingSources) -> None:
    path = _file(tmp_path, "gate:\n  mode: vad\n  # longer\n  silence_ms: 1200\n")

    assert read_file(path, sources)

    assert sources.values == {"gate.mode": "vad", "gate.silence_ms": 1_200}
    assert sources.origins["gate.silence_ms"] == SettingOrigin("file", str(path), 4)
    assert sources.problems == []


def test_norwegian_is_a_language(tmp_path: Path, sources: SettingSources) -> None:
    read_file(_file(tmp_path, "service: {language: no, avatar: 1.10}"), sources)

    assert sources.values == {"service.language": "no", "service.avatar": "1.10"}


@pytest.mark.parametrize("text", ["", "# nothing\n", "gate:\n", "gate: null\n", "gate: ~\nvoice: {}\n"])
def test_an_empty_file_or_section_sets_nothing(tmp_path: Path, sources: SettingSources, text: str) -> None:
    assert read_file(_file(tmp_path, text), sources)

    assert sources.values == {}
    assert sources.problems == []


def test_every_mistake_of_a_file_is_found_at_once(tmp_path: Path, sources: SettingSources) -> None:
    text = "gate:\n  mode: loud\n  silnce_ms: 3\nvoise: {}\nturn: 5\nstream: [1]\nsession: {idle_s: 1}\n"

    read_file(_file(tmp_path, text), sources)

    assert _complaints(sources) == [
        "ravatard.yaml:2: gate.mode: found 'loud'; allowed: one of auto, vad, button, both, wakeword, "
        "wakeword-or-button",
        "ravatard.yaml:3: gate.silnce_ms: unknown key; did you mean gate.silence_ms?",
        "ravatard.yaml:4: voise: unknown section; did you mean voice?",
        "ravatard.yaml:5: turn: found a single value; a section is keys with values, indented below turn:",
        "ravatard.yaml:6: stream: found a list; a section is keys with values, indented below stream:",
        "ravatard.yaml:7: session.idle_s: found '1'; allowed: a number from 5 to 3600 s",
    ]
    assert sources.refused == {"gate.mode", "session.idle_s"}


def test_a_key_written_twice_is_refused_with_both_lines(tmp_path: Path, sources: SettingSources) -> None:
    read_file(_file(tmp_path, "gate:\n  mode: vad\n  mode: both\ngate: {}\n"), sources)

    assert _complaints(sources) == [
        "ravatard.yaml:3: gate.mode: written twice, first on line 2; keep one",
        "ravatard.yaml:4: gate: written twice, first on line 1; keep one",
    ]


def test_keys_that_are_no_words_are_refused(tmp_path: Path, sources: SettingSources) -> None:
    read_file(_file(tmp_path, "? [a]\n: 1\ngate:\n  ? {a: b}\n  : 1\n  'x\\y': 1\n  7: 1\n"), sources)

    complaints = _complaints(sources)
    assert complaints[0] == "ravatard.yaml:1: found a list or mapping where a key belongs"
    assert complaints[1] == "ravatard.yaml:4: gate: found a list or mapping where a key belongs"
    assert complaints[2].startswith("ravatard.yaml:6: gate.'x\\\\y': unknown key")
    assert complaints[3].startswith("ravatard.yaml:7: gate.7: unknown key")


def test_merge_keys_are_refused(tmp_path: Path, sources: SettingSources) -> None:
    read_file(_file(tmp_path, "gate: &gate {mode: vad}\nvoice:\n  <<: *gate\n"), sources)

    assert _complaints(sources) == [
        "ravatard.yaml:3: voice: merge keys (<<) are not understood; write the keys out"
    ]


def test_an_alias_is_a_value_like_another(tmp_path: Path, sources: SettingSources) -> None:
    path = _file(tmp_path, "lights:\n  red: &pin 5\nbutton:\n  pin: *pin\n")

    read_file(path, sources)

    assert sources.values["button.pin"] == 5
    assert sources.origins["button.pin"] == SettingOrigin("file", str(path), 4)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("service:\n  project_id:abc\n", "project_id has no blank after its colon; write project_id: VALUE"),
        ("service:\n  avatar:Ada\n", "avatar has no blank after its colon; write avatar: VALUE"),
        (
            "service: http://a\n",
            "found a single value; a section is keys with values, indented below service:",
        ),
        ("avatar: Ada\n", "found a single value, for a section; did you mean the key service.avatar?"),
        (
            "service:\n  project_id:abc\n  avatar: Ada\n",
            "put a blank after every colon, here and in the lines above",
        ),
    ],
)
def test_a_missing_blank_after_a_colon_is_named(
    tmp_path: Path, sources: SettingSources, text: str, says: str
) -> None:
    read_file(_file(tmp_path, text), sources)

    assert says in _complaints(sources)[0]
    assert "abc" not in _complaints(sources)[0]


def test_an_alias_bomb_is_a_list_where_a_value_belongs(tmp_path: Path, sources: SettingSources) -> None:
    lines = ["service:", "  avatar: &a0 [lol, lol]"]
    lines += [f"  x{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 30)]
    lines += ["  language: *a29"]

    read_file(_file(tmp_path, "\n".join(lines)), sources)

    assert len(sources.problems) == 31
    assert "found a list of 9; allowed: a language code such as en" in _complaints(sources)[-1]


def test_a_file_full_of_mistakes_ends_at_a_hundred(tmp_path: Path, sources: SettingSources) -> None:
    read_file(_file(tmp_path, "\n".join(f"x{n}: 1" for n in range(5_000))), sources)

    assert len(sources.problems) == 100


@pytest.mark.parametrize("text", ["hush", "[1, 2]", "- gate: {}\n", "'hush'"])
def test_a_file_without_sections_is_refused(tmp_path: Path, sources: SettingSources, text: str) -> None:
    assert not read_file(_file(tmp_path, text), sources)

    assert sources.incomplete
    assert "found no sections" in _complaints(sources)[0]
    assert "hush" not in _complaints(sources)[0]


def test_a_syntax_error_is_a_problem_with_its_line(tmp_path: Path, sources: SettingSources) -> None:
    assert not read_file(_file(tmp_path, "gate:\n\tmode: vad\n"), sources)

    assert sources.incomplete
    assert _complaints(sources) == ["ravatard.yaml:2: indented with a tab; YAML allows only spaces there"]


def test_a_missing_file_is_a_problem_with_a_remedy(tmp_path: Path, sources: SettingSources) -> None:
    assert not read_file(tmp_path / "none.yaml", sources)

    assert _complaints(sources) == [
        "none.yaml: does not exist; `ravatard config reference` prints one to start from"
    ]


def test_a_directory_is_no_file(tmp_path: Path, sources: SettingSources) -> None:
    assert not read_file(tmp_path, sources)

    assert "cannot be read: Is a directory" in _complaints(sources)[0]


class _Forbidden(type(Path())):  # type: ignore[misc]
    """A path nobody may open or list, also not root."""

    def __fspath__(self) -> str:
        raise PermissionError(13, "Permission denied", str(self))

    def iterdir(self) -> None:
        raise PermissionError(13, "Permission denied", str(self))


def test_a_file_that_may_not_be_read_is_a_problem_with_a_remedy(sources: SettingSources) -> None:
    assert not read_file(_Forbidden("/etc/ravatard.yaml"), sources)

    [complaint] = _complaints(sources)
    assert re.fullmatch(
        r"ravatard\.yaml: you \(.+\) may not read it(, which .+| yet: .+)?; .*sudo.*", complaint
    )
    assert [problem.denied for problem in sources.problems] == [True]


def test_files_are_read_in_the_order_of_their_names(tmp_path: Path, sources: SettingSources) -> None:
    main = _file(tmp_path, "")
    directory = tmp_path / "ravatard.d"
    directory.mkdir()
    for name in ("20-b.yaml", "10-a.yaml", ".hidden.yaml", "README", "30-c.yaml.bak"):
        (directory / name).touch()

    files = find_files(main, required=False, sources=sources)

    assert files == [main, directory / "10-a.yaml", directory / "20-b.yaml"]
    assert sources.problems == []


def test_a_yml_file_is_not_passed_over_in_silence(tmp_path: Path, sources: SettingSources) -> None:
    (tmp_path / "ravatard.d").mkdir()
    (tmp_path / "ravatard.d" / "10-a.yml").touch()

    find_files(tmp_path / "ravatard.yaml", required=False, sources=sources)

    assert _complaints(sources) == ["10-a.yml: is not read; give it a name that ends in .yaml"]


def test_a_missing_default_file_is_left_out(tmp_path: Path, sources: SettingSources) -> None:
    assert find_files(tmp_path / "ravatard.yaml", required=False, sources=sources) == []
    assert sources.problems == []


def test_a_dangling_link_is_not_a_missing_file(tmp_path: Path, sources: SettingSources) -> None:
    link = tmp_path / "ravatard.yaml"
    link.symlink_to(tmp_path / "gone.yaml")

    assert find_files(link, required=False, sources=sources) == [link]


def test_a_directory_that_cannot_be_listed_is_a_problem(tmp_path: Path, sources: SettingSources) -> None:
    (tmp_path / "ravatard.d").write_text("", encoding="utf-8")

    find_files(tmp_path / "ravatard.yaml", required=False, sources=sources)

    assert _complaints(sources) == ["ravatard.d: cannot be listed: Not a directory"]
    assert sources.incomplete


def test_a_variable_sets_a_key(sources: SettingSources) -> None:
    environ = {"RAVATARD_GATE__SILENCE_MS": " 700\r\n", "RAVATARD_SERVICE__LANGUAGE": "no", "PATH": "/bin"}

    read_environment(environ, sources)

    assert sources.values == {"gate.silence_ms": 700, "service.language": "no"}
    assert sources.origins["gate.silence_ms"] == SettingOrigin("environment", "RAVATARD_GATE__SILENCE_MS")


def test_a_variable_is_no_yaml_document(sources: SettingSources) -> None:
    read_environment({"RAVATARD_SERVICE__AVATAR": "Lola: the {great} # 1"}, sources)

    assert sources.values == {"service.avatar": "Lola: the {great} # 1"}


@pytest.mark.parametrize("text", ["", "  ", "null", "~"])
def test_an_empty_variable_unsets_a_key(sources: SettingSources, text: str) -> None:
    read_environment({"RAVATARD_BUTTON__PIN": text}, sources)

    assert sources.values == {"button.pin": None}


@pytest.mark.parametrize("text", ["[1, 2]", "[]"])
def test_a_list_in_a_variable_is_a_list(sources: SettingSources, text: str) -> None:
    read_environment({"RAVATARD_BUTTON__PIN": text}, sources)

    assert "found a list of" in _complaints(sources)[0]


def test_a_broken_list_in_a_variable_is_a_text(sources: SettingSources) -> None:
    read_environment({"RAVATARD_SERVICE__AVATAR": "['a]"}, sources)

    assert sources.values == {"service.avatar": "['a]"}


def test_a_wrong_variable_is_named_instead_of_a_line(sources: SettingSources) -> None:
    environ = {
        "RAVATARD_GATE__SILENCE_MS": "soon",
        "RAVATARD_GATE__SILNCE_MS": "700",
        "RAVATARD_GATES__MODE": "vad",
        "RAVATARD_GATE_MODE": "vad",
        "RAVATARD_gate__mode": "vad",
    }

    read_environment(environ, sources)

    assert [str(problem) for problem in sources.problems] == [
        "environment RAVATARD_GATES__MODE: unknown section; did you mean gate?",
        "environment RAVATARD_GATE_MODE: sets nothing; did you mean RAVATARD_GATE__MODE?",
        "environment RAVATARD_GATE__SILENCE_MS: gate.silence_ms: found 'soon'; "
        "allowed: a whole number from 200 to 5000 ms, or unset",
        "environment RAVATARD_GATE__SILNCE_MS: unknown key; did you mean gate.silence_ms?",
        "environment RAVATARD_gate__mode: unknown key; did you mean gate.mode or ravatar.mode?",
    ]


def test_a_container_platforms_variables_are_left_alone(sources: SettingSources) -> None:
    read_environment({"RAVATARD_PORT": "tcp://10.0.0.1:80", "RAVATARD_SERVICE_HOST": "10.0.0.1"}, sources)

    assert sources.problems == []


def _credential(tmp_path: Path, content: bytes, name: str = "ravatard.service.project_id") -> Path:
    (tmp_path / name).write_bytes(content)
    return tmp_path


def test_a_credential_sets_a_secret_without_its_line_end(tmp_path: Path, sources: SettingSources) -> None:
    read_credentials(_credential(tmp_path, b"  abc-123\n"), sources)

    assert "service.project_id" in sources.values
    assert sources.problems == []
    assert sources.origins["service.project_id"] == SettingOrigin("credential", "ravatard.service.project_id")


def test_other_peoples_credentials_are_left_alone(tmp_path: Path, sources: SettingSources) -> None:
    read_credentials(_credential(tmp_path, b"x", "tls.key"), sources)

    assert sources.values == {}
    assert sources.problems == []


@pytest.mark.parametrize("name", ["ravatard.gate.mode", "ravatard.service.projectid", "ravatard.hush"])
def test_a_credential_that_is_no_secret_setting_is_refused(
    tmp_path: Path, sources: SettingSources, name: str
) -> None:
    read_credentials(_credential(tmp_path, b"x", name), sources)

    assert [str(problem) for problem in sources.problems] == [
        f"credential {name}: is not a secret setting; a credential may be ravatard.service.project_id, "
        "ravatard.service.api_key, ravatard.mqtt.password, ravatard.metrics.token or "
        "ravatard.network.proxy_password"
    ]


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "found an empty text"),
        (b" \n", "found an empty text"),
        (b"hush hush", "found a value that is not shown"),
        (b"hush\xff", "byte 0xff is not UTF-8"),
        (b"hush" * 100_000, "larger than 256 KiB"),
    ],
)
def test_an_unfit_credential_is_refused_and_not_shown(
    tmp_path: Path, sources: SettingSources, content: bytes, says: str
) -> None:
    read_credentials(_credential(tmp_path, content), sources)

    (problem,) = sources.problems
    assert says in str(problem)
    assert "hush" not in str(problem)
    assert str(problem).startswith("credential ravatard.service.project_id: service.project_id: ")


def test_a_directory_that_may_not_be_listed_is_a_problem_with_a_remedy(sources: SettingSources) -> None:
    find_files(_Forbidden("/etc/ravatard/none.yaml"), required=False, sources=sources)

    assert re.match(r"ravatard\.d: you \(.+\) may not read it.*sudo", _complaints(sources)[0])
    assert [problem.denied for problem in sources.problems] == [True]
    assert sources.incomplete


def test_a_credential_that_cannot_be_read_is_a_problem(tmp_path: Path, sources: SettingSources) -> None:
    (tmp_path / "ravatard.service.project_id").mkdir()

    read_credentials(tmp_path, sources)

    assert "cannot be read: Is a directory" in _complaints(sources)[0]


def test_missing_credentials_are_a_problem(tmp_path: Path, sources: SettingSources) -> None:
    read_credentials(tmp_path / "gone", sources)

    (problem,) = sources.problems
    assert str(problem).startswith("environment CREDENTIALS_DIRECTORY: ")
    assert str(problem).endswith(f"cannot be listed: {os.strerror(2)}")
    assert sources.incomplete


@pytest.mark.parametrize("written", ["abc-123", "\ufeffabc-123", "abc-123\r\n", "\ufeffabc-123\r\n\r\n"])
def test_a_credential_saved_on_a_pc_is_the_same_secret(
    tmp_path: Path, sources: SettingSources, written: str
) -> None:
    (tmp_path / "ravatard.service.project_id").write_bytes(written.encode())

    read_credentials(tmp_path, sources)

    assert sources.problems == []
    secret = sources.values["service.project_id"]
    assert isinstance(secret, Secret)
    assert secret.reveal() == "abc-123"


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be"])
def test_every_file_in_a_wider_encoding_is_named(
    tmp_path: Path, sources: SettingSources, encoding: str
) -> None:
    path = tmp_path / "ravatard.d" / "10-mine.yaml"
    path.parent.mkdir()
    path.write_bytes("gate:\r\n  mode: vad\r\n".encode(encoding))
    credentials = tmp_path / "credentials"
    credentials.mkdir()
    (credentials / "ravatard.service.project_id").write_bytes("abc-123".encode(encoding))

    assert find_files(tmp_path / "ravatard.yaml", required=False, sources=sources) == [path]
    assert not read_file(path, sources)
    read_credentials(credentials, sources)

    told = [str(problem) for problem in sources.problems]
    assert len(told) == 2
    assert all("not UTF-8; save the file as UTF-8" in line for line in told)
    assert "abc-123" not in " ".join(told)


def test_a_file_saved_on_a_pc_is_read(tmp_path: Path, sources: SettingSources) -> None:
    path = tmp_path / "ravatard.yaml"
    path.write_bytes("\ufeffgate:\r\n  mode: vad\r\n  silence_ms: 1200\r\n".encode())

    assert read_file(path, sources)

    assert sources.values == {"gate.mode": "vad", "gate.silence_ms": 1_200}
    assert sources.problems == []

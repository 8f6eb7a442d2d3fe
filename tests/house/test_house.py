"""The house keeps its own rules: floors, file list, sizes, words, and a README whose commands exist."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from importlib import import_module
from pathlib import Path

import pytest

from ravatard.cli import COMMANDS
from ravatard.setting import Setting

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "ravatard"
MODULES = sorted(PACKAGE.rglob("*.py"))

#: What was agreed, and no other folder; dot files are free.
TOP_LEVEL = {
    "CHANGELOG.md",
    "LICENSE",
    "Makefile",
    "README.md",
    "config",
    "hardware",
    "pyproject.toml",
    "ravatard",
    "systemd",
    "tests",
}

#: Modules without a unit test of their own, and what shows them instead.
SHOWN_ELSEWHERE = {
    "cli/doctor/command.py": "integration/test_doctor.py runs it",
    "cli/doctor/meter.py": "integration/test_doctor.py runs it on real sound",
    "doctor/bench.py": "integration/test_doctor.py, on real sound",
    "doctor/check.py": "values; every test of the doctor makes them",
    "doctor/result.py": "words, without behaviour",
    "ports/network.py": "seams, without behaviour",
    "ports/display.py": "seams, without behaviour",
    "core/conversation/earcon_policy.py": "one part of the conversation; test_playback_state.py takes every branch",
    "core/options/equipment.py": "values, without behaviour",
    "core/options/audio.py": "settings, without behaviour",
    "sim/speaker.py": "one half of a playback; stages/test_playback.py and scenario/test_aloud.py drive it",
    "assembly/sound.py": "joins the real parts; the integration tests run what it builds",
    "ports/cloud.py": "a port, without behaviour",
    "ports/host.py": "a port, without behaviour",
    "ports/media.py": "a port, without behaviour",
    "ports/microphone.py": "a port, without behaviour",
    "ports/panel.py": "a port, without behaviour",
    "ports/speaker.py": "a port, without behaviour",
    "ports/voice.py": "a port, without behaviour",
    "core/actions.py": "words, without behaviour",
    "core/capabilities.py": "words, without behaviour",
    "cloud/webrtc/ice_server.py": "one record; webrtc/test_ice.py uses it",
    "__main__.py": "three lines; the integration tests start the daemon",
    "cli/chat/command.py": "terminal and signals; integration/test_chat_command.py uses both",
    "assembly/client.py": "joins the real parts; integration/test_chat_command.py asks through them",
    "assembly/parts.py": "joins the real parts; the integration tests run what it builds",
    "cli/demo/command.py": "integration/test_demo.py runs it",
    "assembly/lifetime.py": "signals; integration/test_stop.py sends them",
    "cli/run.py": "the integration tests start it",
    "cli/setup/command.py": "a terminal; integration/test_setup.py types into one",
    "cli/setup/environment.py": "the real machine; integration/test_setup.py asks it",
    "cli/control_client.py": "where to ask; integration/test_control.py asks with every command",
    "cli/mute.py": "one request; integration/test_control.py asks it",
    "cli/press.py": "one request; integration/test_control.py asks it",
    "cli/reload.py": "one request; integration/test_control.py asks it",
    "cli/restart_session.py": "one request; integration/test_control.py asks it",
    "cli/say.py": "one request; integration/test_control.py asks it",
    "cli/toggle_mute.py": "one request; integration/test_control.py asks it",
    "cli/unmute.py": "one request; integration/test_control.py asks it",
    "host/control/server.py": "integration/test_control.py, on real sockets",
    "host/control/client.py": "integration/test_control.py, on real sockets",
    "host/control/opening.py": "integration/test_control.py, on real sockets",
    "host/control/peer.py": "integration/test_control.py, on real sockets",
    "cloud/media/download.py": "one half of fetching; integration/test_fetch.py drives both, on real sockets",
    "cloud/http.py": "integration/test_http.py, on real sockets",
    "cloud/pixelstreaming/page.py": "integration/test_pixelstreaming_player.py, on real sockets",
    "cloud/webrtc/peer.py": "integration/test_pixelstreaming_player.py, against a real streamer",
    "cloud/pixelstreaming/player.py": "integration/test_pixelstreaming_player.py, against a real streamer",
    "cloud/pixelstreaming/stream.py": "integration/test_pixelstreaming_player.py, against a real streamer",
    "cloud/ravatar/link.py": "one half of the service; cloud/ravatar/test_service.py drives both",
    "core/conversation/microphone_state.py": "one part of the conversation; test_mute.py and test_conversation.py drive it",
    "core/conversation/service_state.py": "one half of the conversation; test_conversation.py takes every branch",
    "core/conversation/turn_taking.py": "one half of the conversation; test_conversation.py takes every branch",
    "devices/media/feed.py": "integration/test_media.py runs it with real processes",
    "devices/media/child.py": "integration/test_media.py, with real processes",
    "devices/media/worker.py": "integration/test_media.py runs it",
    "devices/cards/listing.py": "a child process lists; integration/test_sound.py runs it",
    "sim/bad_certificate.py": "integration/test_faults.py shows each to a real client",
    "sim/faults/faulty_socket.py": "one half of the faults; sim/faults/test_faulty_service.py drives both",
    "web/kiosk/server.py": "integration/test_kiosk.py, on real sockets",
    "web/kiosk/inspection.py": "integration/test_kiosk.py, on real sockets",
    "web/kiosk/kiosk.py": "integration/test_kiosk.py, on real sockets and in a real browser",
    "web/kiosk/page_socket.py": "integration/test_kiosk.py, on real sockets",
    "devices/process/pipes.py": "one half of the pipes; devices/microphone/test_pipes.py drives both",
    "devices/process/records.py": "the framing; microphone/test_protocol.py and speaker/test_protocol.py drive it",
    "devices/process/environment.py": "a seam; integration/test_sound.py puts real ones in",
    "devices/speaker/child.py": "a real process; integration/test_speaker.py runs it",
    "devices/speaker/worker.py": "a real process; integration/test_speaker.py runs it",
    "devices/microphone/sink.py": "a seam, without behaviour",
    "sim/status_page.py": "one page of text; integration/test_simulator_server.py fetches it",
    "sim/ravatar/shared_state.py": "what the cloud is made of; sim/ravatar/test_cloud.py uses all of it",
    "sim/server.py": "integration/test_simulator_server.py, on real sockets",
    "app.py": "the wiring; every scenario runs it",
    "errors.py": "a tree of exceptions, without behaviour",
    "core/events.py": "words, without behaviour",
    "core/states.py": "words, without behaviour",
    "sim/streaming/stream_peer.py": "one real connection; integration/test_streaming.py makes it every way",
    "sim/streaming/faults.py": "words, without behaviour; sim/faults/test_stream_faults.py plays each",
    "sim/streaming/streamer.py": "one record; sim/streaming/test_streams.py uses all of it",
    "sim/streaming/tracks.py": "sound and picture of a connection; integration/test_streaming.py hears them",
    "sim/streaming/viewer.py": "integration/test_streaming.py, on real sockets",
    "sim/avatar_voice.py": "a seam, without behaviour",
    "sim/delivery.py": "integration/test_faults.py, on real sockets",
    "sim/ravatar/state_report.py": "the record as JSON; sim/ravatar/test_cloud.py reads it",
    "sim/ravatar/spoken_turns.py": "a turn in a session; sim/ravatar/test_connection.py drives every branch",
}

#: Names that say nothing about what a module knows.
VAGUE = {"base", "common", "helper", "helpers", "manager", "misc", "tools", "util", "utils"}

LONGEST_MODULE = 320

#: Longer than that for a reason.
LONG = {"core/events.py": "the vocabulary, four fifths of it prose; a reader wants it in one place"}


def named(path: Path) -> str:
    return path.relative_to(PACKAGE).as_posix()


def tracked() -> list[Path]:
    """Files of the repository, those not yet added included."""
    git = [
        "git",
        "-c",
        f"safe.directory={ROOT}",
        "ls-files",
        "-z",
        "--cached",
        "--others",
        "--exclude-standard",
    ]
    listed = subprocess.run(git, cwd=ROOT, capture_output=True, check=False)
    if listed.returncode != 0:
        pytest.skip("not a git clone")
    paths = [ROOT / name for name in listed.stdout.decode().split("\0") if name]
    return [path for path in paths if path.is_file()]


def test_the_floors_hold() -> None:
    lint_imports = Path(sys.executable).with_name("lint-imports")

    checked = subprocess.run(
        [lint_imports, "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False
    )

    assert checked.returncode == 0, checked.stdout


def test_the_top_level_holds_only_what_was_agreed() -> None:
    found = {path.relative_to(ROOT).parts[0] for path in tracked()}

    assert {name for name in found if not name.startswith(".")} - TOP_LEVEL == set()


@pytest.mark.parametrize("module", MODULES, ids=named)
def test_every_module_has_its_test(module: Path) -> None:
    relative = module.relative_to(PACKAGE)
    if module.name == "__init__.py":
        if not has_behaviour(module):
            return
        expected = ROOT / "tests/unit" / relative.parent / "test_main.py"
    else:
        expected = ROOT / "tests/unit" / relative.with_name(f"test_{relative.name}")

    described = is_options(relative) or named(module) in SHOWN_ELSEWHERE

    assert expected.exists() or described, f"{expected.relative_to(ROOT)} is missing"


def is_options(path: Path) -> bool:
    return path.stem == "options" or path.stem.endswith("_options") or path.parent.name == "options"


def has_behaviour(module: Path) -> bool:
    definitions = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
    return any(isinstance(node, definitions) for node in ast.walk(ast.parse(module.read_text())))


def test_every_exception_to_that_rule_is_still_needed() -> None:
    for name in SHOWN_ELSEWHERE:
        assert (PACKAGE / name).exists()
        assert not (ROOT / "tests/unit" / name).with_name(f"test_{Path(name).name}").exists()


@pytest.mark.parametrize("module", MODULES, ids=named)
def test_a_module_is_small_has_one_reason_to_be_opened_and_says_it(module: Path) -> None:
    text = module.read_text()
    docstring = ast.get_docstring(ast.parse(text)) or ""

    length = len(text.splitlines())
    assert length <= LONGEST_MODULE or named(module) in LONG, f"{length} lines"
    assert docstring.partition("\n")[0].rstrip().endswith((".", "…", "::")), "the first line is one sentence"
    assert module.stem not in VAGUE


def test_every_task_is_started_in_a_group() -> None:
    loose = re.compile(r"asyncio\.(create_task|ensure_future|gather|wait_for)\b|\.ensure_future\(")

    found = [named(module) for module in MODULES if loose.search(code_of(module))]

    assert found == []


def test_nothing_is_raised_inside_except_star() -> None:
    """Debian 12's Python, 3.11.2, packs what is raised there into a group; later ones do not."""
    found = [
        f"{named(module)}:{statement.lineno}"
        for module in MODULES
        for group in ast.walk(ast.parse(module.read_text()))
        if isinstance(group, ast.TryStar)
        for handler in group.handlers
        for statement in ast.walk(handler)
        if isinstance(statement, ast.Raise)
    ]

    assert found == []


def code_of(module: Path) -> str:
    """The module without its docstrings and comments."""
    tree = ast.parse(module.read_text())
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            node.value = ast.Constant(value=None)
    return ast.unparse(tree)


def option_groups() -> Iterator[type]:
    for path in MODULES:
        if not is_options(path):
            continue
        name = ".".join(path.relative_to(ROOT).with_suffix("").parts)
        module = import_module(name)
        for one in vars(module).values():
            if isinstance(one, type) and is_dataclass(one) and one.__module__ == name:
                yield one


@pytest.mark.parametrize("group", list(option_groups()), ids=lambda group: group.__name__)
def test_every_option_says_what_it_is(group: type) -> None:
    settings = {field.name: field.metadata.get("setting") for field in fields(group)}
    described = {name: one for name, one in settings.items() if isinstance(one, Setting)}

    assert described.keys() == settings.keys() or not described, "some fields are settings and some are not"
    assert len(settings) <= 8
    for name, one in described.items():
        assert one.text.endswith("."), f"{name}: not a sentence"
        assert (one.low is None) == (one.high is None), f"{name}: half a range"


def readme_commands() -> list[str]:
    """Commands in the README's blocks of shell."""
    blocks = re.findall(r"^```(?:sh|bash|console)\n(.*?)^```", (ROOT / "README.md").read_text(), re.M | re.S)
    lines = [line.strip().removeprefix("$ ") for block in blocks for line in block.splitlines()]
    return [line for line in lines if line and not line.startswith("#")]


def test_the_readme_shows_the_two_commands() -> None:
    assert {"make demo", "make test"} <= {line.split("#")[0].strip() for line in readme_commands()}


def test_every_command_of_the_readme_exists() -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.M))
    for line in readme_commands():
        words = line.split("#")[0].removeprefix("sudo ").split()
        program = Path(words[0]).name
        if program == "make":
            assert {word for word in words[1:] if "=" not in word} <= targets, line
        elif program == "ravatard":
            assert words[1] in COMMANDS, line


def test_the_changelog_knows_the_version() -> None:
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    changelog = (ROOT / "CHANGELOG.md").read_text()

    assert f"## [{version}]" in changelog or "## [Unreleased]" in changelog


#: What must not be written down: places of one machine, hosts of package registries, keys, tokens.
#: Each is put together here, so that this file does not hold it.
FORBIDDEN = {
    "a path of one machine": re.compile(
        r"(?<![\w.])/(" + "|".join(["wo" + "rk", "ro" + "ot", "ho" + r"me/\w+"]) + ")/"
    ),
    "a folder beside the repository": re.compile(r"\.\./" + "shared"),
    "the host of a package registry": re.compile(
        "py" + r"pi\.org|pythonho" + r"sted\.org|piwhe" + "els", re.I
    ),
    "a private key": re.compile("-----BEGIN " + "[A-Z ]*PRIVATE KEY"),
    "a token": re.compile(r"eyJ[\w-]{20,}\.eyJ[\w-]{20,}\.[\w-]{20,}"),
}


def test_nothing_is_written_down_that_must_not_be() -> None:
    found = []
    for path in tracked():
        content = path.read_bytes()
        if b"\0" in content:
            continue
        text = content.decode()
        found += [
            f"{path.relative_to(ROOT)}: {what}" for what, words in FORBIDDEN.items() if words.search(text)
        ]

    assert found == []

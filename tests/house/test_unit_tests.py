"""Every module with behaviour is tested, and every test asserts something."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from tests.house.source import MODULES, PACKAGE, ROOT, TESTS, Function, functions, is_protocol, named, tree

#: Modules with behaviour that no test imports, and where they are tested instead.
TESTED_BY_RUNNING: dict[str, str] = {
    "cloud/avatar/examination.py": "integration/test_avatar_doctor.py examines the simulator with it",
    "cloud/webrtc/calling.py": "integration/test_avatar_appliance.py, against a real peer",
    "app.py": "scenario/world.py joins it, and every scenario runs it",
    "assembly/client.py": "integration/test_chat_command.py talks through it",
    "assembly/parts.py": "integration/test_conversation.py runs what it builds",
    "assembly/sound.py": "integration/test_aloud.py hears what it builds",
    "assembly/simulator.py": "integration/test_simulate_process.py runs a daemon with each of them inside",
    "cli/chat/command.py": "integration/test_chat_command.py types into it",
    "cli/demo/clouds.py": "integration/test_demo.py runs each of them",
    "cli/doctor/command.py": "integration/test_doctor.py runs it",
    "cloud/media/download.py": "integration/test_fetch.py downloads through it",
    "cloud/pixelstreaming/stream.py": "integration/test_pixelstreaming_player.py, against a real streamer",
    "cloud/webrtc/bounds.py": "unit/cloud/webrtc/test_hostile_offers.py reads every kind of offer",
    "core/conversation/earcon_policy.py": "unit/core/conversation/test_playback_state.py takes every branch",
    "devices/media/feed.py": "integration/test_media.py runs it with real processes",
    "devices/media/worker.py": "integration/test_media.py starts it",
    "devices/speaker/worker.py": "integration/test_speaker.py starts it",
    "doctor/bench.py": "integration/test_doctor.py, on real sound",
    "sim/avatar/media.py": "integration/test_avatar_simulator.py connects to it in every way",
    "sim/delivery.py": "integration/test_faults.py, on real sockets",
    "sim/front.py": "integration/test_simulator_server.py, on real sockets",
    "sim/ravatar/shared_state.py": "unit/sim/ravatar/test_cloud.py uses all of it",
    "sim/ravatar/spoken_turns.py": "unit/sim/ravatar/test_chat_socket.py takes every branch",
    "sim/ravatar/state_report.py": "unit/sim/ravatar/test_cloud.py reads it",
    "sim/streaming/stream_peer.py": "integration/test_streaming.py connects to it in every way",
    "sim/streaming/tracks.py": "integration/test_streaming.py hears it",
    "sim/streaming/viewer.py": "integration/test_streaming.py, on real sockets",
    "web/page/api/access_api.py": "integration/test_page_security.py calls all of it",
    "web/page/api/appliance_api.py": "integration/test_page_contract.py calls all of it",
    "web/page/dispatch.py": "integration/test_page_security.py, on real sockets",
    "web/page/live_feed.py": "integration/test_page.py, on real sockets",
    "web/page/server.py": "integration/test_page_security.py, on real sockets",
    "web/kiosk/page_socket.py": "integration/test_kiosk.py, on real sockets",
    "web/kiosk/server.py": "integration/test_kiosk.py, on real sockets",
}

_BRANCHES = (
    ast.If,
    ast.IfExp,
    ast.For,
    ast.AsyncFor,
    ast.While,
    ast.Try,
    ast.TryStar,
    ast.Match,
    ast.BoolOp,
    ast.comprehension,
)


def behaviour(module: ast.Module) -> set[str]:
    """Return the top-level names of ``module`` whose code takes a branch; Protocols only declare."""
    found: set[str] = set()
    for node in module.body:
        if isinstance(node, ast.ClassDef) and is_protocol(node):
            continue
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            inside = [one for function in functions(node) for one in ast.walk(function)]
            if any(isinstance(one, _BRANCHES) for one in inside):
                found.add(node.name)
    return found


def imports(module: ast.Module) -> set[tuple[str, str]]:
    """Return each imported ``(module, name)``; a module imported whole has the name ""."""
    found: set[tuple[str, str]] = set()
    for node in ast.walk(module):
        if isinstance(node, ast.ImportFrom) and node.module is not None:
            found |= {(node.module, alias.name) for alias in node.names}
            found |= {(f"{node.module}.{alias.name}", "") for alias in node.names}
        elif isinstance(node, ast.Import):
            found |= {(alias.name, "") for alias in node.names}
    return found


IMPORTED = {pair for test in TESTS for pair in imports(tree(test))}


def own_test(module: Path) -> Path:
    relative = module.relative_to(PACKAGE)
    name = "test_main.py" if module.name == "__init__.py" else f"test_{module.name}"
    return ROOT / "tests/unit" / relative.with_name(name)


def is_tested(module: Path) -> bool:
    """Return True if the module has a test of its own, or a test imports what behaves in it."""
    dotted = ".".join(module.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
    wanted = {(dotted, name) for name in behaviour(tree(module))} | {(dotted, "")}
    return own_test(module).exists() or not wanted.isdisjoint(IMPORTED)


@pytest.mark.parametrize("module", MODULES, ids=named)
def test_a_module_with_behaviour_is_tested(module: Path) -> None:
    tested = not behaviour(tree(module)) or is_tested(module) or named(module) in TESTED_BY_RUNNING

    assert tested, f"{named(own_test(module))} is missing, and no test imports what behaves in it"


def test_every_exception_to_that_rule_is_still_needed_and_names_its_test() -> None:
    modules = {named(module): module for module in MODULES}
    for name, where in TESTED_BY_RUNNING.items():
        places = [word.rstrip(",;:") for word in where.split() if "/" in word]

        assert name in modules, f"{name} is gone"
        assert behaviour(tree(modules[name])), f"{name} has no behaviour: no exception is needed"
        assert not is_tested(modules[name]), f"{name} is tested: no exception is needed"
        assert places, f"{name}: no test is named"
        assert all((ROOT / "tests" / place).exists() for place in places), f"{name}: {where}"


def test_few_modules_are_exceptions() -> None:
    assert len(TESTED_BY_RUNNING) < 40


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("def f(x):\n    return 1 if x else 2", {"f"}),
        ("class C:\n    def f(self):\n        for _ in self: pass", {"C"}),
        ("class C(Protocol):\n    def f(self):\n        return 1 if self else 2", set()),
        ("class C:\n    x: int = 3\n\n    def f(self):\n        return self.x", set()),
    ],
)
def test_behaviour_is_code_with_a_branch(source: str, found: set[str]) -> None:
    assert behaviour(ast.parse(source)) == found


def asserts(test: Function) -> bool:
    """Return True if a test has an assertion, or calls an asserting helper (``assert_…``)."""
    for node in ast.walk(test):
        if isinstance(node, ast.Assert):
            return True
        if isinstance(node, ast.Call):
            called = node.func.attr if isinstance(node.func, ast.Attribute) else ast.unparse(node.func)
            if called in ("raises", "warns", "fail") or called.startswith("assert_"):
                return True
    return False


@pytest.mark.parametrize("path", TESTS, ids=named)
def test_every_test_asserts_something(path: Path) -> None:
    tests = [one for one in functions(tree(path)) if one.name.startswith("test_")]

    assert [f"line {one.lineno}: {one.name}" for one in tests if not asserts(one)] == []


@pytest.mark.parametrize(
    ("body", "found"),
    [
        ("assert x", True),
        ("with pytest.raises(ValueError): f()", True),
        ("with assert_no_complaint(): f()", True),
        ("f()", False),
        ("check(x)", False),
    ],
)
def test_an_assertion_is_found(body: str, found: bool) -> None:
    (test,) = functions(ast.parse(f"def test_it():\n    {body}"))

    assert asserts(test) is found

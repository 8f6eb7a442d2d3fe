"""How tests run: ``async def`` tests in virtual time, those marked ``integration`` in real time.

Each has a home of its own, see :mod:`tests.surroundings`.
"""

from __future__ import annotations

import asyncio
import inspect
import os
from collections.abc import Generator, Iterator
from itertools import count
from pathlib import Path

import pytest
from hypothesis import settings

from tests.surroundings import is_foreign, new_home
from tests.virtual_time import VirtualTimeLoop, run

# Locally every run looks at new examples; CI looks at the same ones again: red means that a change broke it.
settings.register_profile("ci", deadline=None, derandomize=True)
settings.register_profile("local", deadline=None)
settings.load_profile("ci" if os.environ.get("CI") else "local")

_numbers = count()


@pytest.fixture(scope="session", autouse=True)
def homes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Take away what the suite was started with; returns the folder for the homes of its tests.

    They are not in a test's ``tmp_path``, because a test may look whether that one is empty.
    """
    folder = tmp_path_factory.mktemp("homes")
    with pytest.MonkeyPatch.context() as environment:
        for name in filter(is_foreign, list(os.environ)):
            environment.delenv(name)
        # What is made once for many tests has a home, too.
        for name, value in new_home(folder / "shared").items():
            environment.setenv(name, value)
        yield folder


@pytest.fixture(autouse=True)
def home(homes: Path) -> Iterator[Path]:
    """Give the test an empty home of its own."""
    folder = homes / str(next(_numbers))
    # Not the test's own monkeypatch, which it may undo.
    with pytest.MonkeyPatch.context() as environment:
        for name, value in new_home(folder).items():
            environment.setenv(name, value)
        yield folder


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> bool | None:
    """Run a coroutine function as a test; everything else is left to pytest."""
    if not inspect.iscoroutinefunction(pyfuncitem.obj):
        return None
    arguments = {name: pyfuncitem.funcargs[name] for name in pyfuncitem._fixtureinfo.argnames}
    real = pyfuncitem.get_closest_marker("integration") is not None
    # Debug mode notes a stack for every timer and callback: most of the time of a test that runs for hours.
    debug = pyfuncitem.get_closest_marker("hours") is None
    run(pyfuncitem.obj(**arguments), asyncio.SelectorEventLoop if real else VirtualTimeLoop, debug=debug)
    return True


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """What was logged goes to another process, which takes no half of a surrogate pair."""
    report = yield
    report.sections = [
        (title, text.encode(errors="backslashreplace").decode()) for title, text in report.sections
    ]
    return report

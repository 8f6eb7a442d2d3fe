"""How tests run: ``async def`` tests in virtual time, those marked ``integration`` in real time.

Each has a home of its own, see :mod:`tests.surroundings`.
"""

from __future__ import annotations

import asyncio
import asyncio.constants
import gc
import inspect
import logging
import os
import sys
import time
from collections.abc import Generator, Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from ravatard.host import credentials
from tests.examples import PROFILE, QUICK
from tests.surroundings import Homes, as_in_a_shell, is_foreign, new_home
from tests.turns import Turns
from tests.virtual_time import VirtualTimeLoop, run

# Locally every run looks at new examples; CI looks at the same ones again: red means that a change broke it.
settings.register_profile("ci", deadline=None, derandomize=True)
settings.register_profile("local", deadline=None)
settings.register_profile("quick", deadline=None, derandomize=True, max_examples=QUICK)
settings.load_profile(PROFILE)

# Debug mode notes that many frames for every timer and callback, and reads a file's date for each: ten, as in
# CPython's asyncio/constants.py, take a tenth of the suite's time. What started a task is in the first two.
vars(asyncio.constants)["DEBUG_STACK_DEPTH"] = 3


@pytest.fixture(scope="session", autouse=True)
def homes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Homes]:
    """Take away what the suite was started with; returns the homes of its tests.

    They are not in a test's ``tmp_path``, because a test may look whether that one is empty.
    """
    folder = tmp_path_factory.mktemp("homes")
    as_in_a_shell()
    with pytest.MonkeyPatch.context() as environment:
        for name in filter(is_foreign, list(os.environ)):
            environment.delenv(name)
        # As in an active virtual environment: elsewhere texts name the program by its path.
        environment.setenv("PATH", os.pathsep.join((os.environ["PATH"], str(Path(sys.prefix) / "bin"))))
        # What is made once for many tests has a home, too.
        for name, value in new_home(folder / "shared").items():
            environment.setenv(name, value)
        # What Python and C have taken from the variables before they were gone.
        time.tzset()
        yield Homes(folder)


@pytest.fixture(autouse=True)
def home(homes: Homes) -> Iterator[Path]:
    """Give the test an empty home of its own."""
    folder, variables = homes.empty()
    # Neither the test's own monkeypatch, which it may undo, nor another one: this happens ten thousand times.
    shared, store = {name: os.environ[name] for name in variables}, credentials.STORE
    os.environ.update(variables)
    # An appliance may be installed on this machine.
    credentials.STORE = folder / "credstore"
    yield folder
    os.environ.update(shared)
    credentials.STORE = store


@pytest.fixture(autouse=True)
def logging_as_it_was() -> Iterator[None]:
    """Take away the handlers that a test has added: they change what the handlers of the next one get."""
    root = logging.getLogger()
    level, before = root.level, list(root.handlers)
    yield
    added = (one for one in root.handlers if one not in before)
    for handler in [one for one in added if not type(one).__module__.startswith("_pytest.")]:
        root.removeHandler(handler)
    root.setLevel(level)


_turns = pytest.StashKey[Turns]()


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    """Let a test marked ``alone`` run while no other test does; before its deadline begins to count."""
    if not hasattr(item.config, "workerinput"):
        return (yield)
    if _turns not in item.config.stash:
        # Each worker has a folder of its own in that of the run.
        made: pytest.TempPathFactory = item.config._tmp_path_factory  # type: ignore[attr-defined]
        item.config.stash[_turns] = turns = Turns(made.getbasetemp().parent)
        item.config.add_cleanup(turns.close)
    with item.config.stash[_turns].taken(alone=item.get_closest_marker("alone") is not None):
        return (yield)


@pytest.hookimpl(trylast=True)
def pytest_collection_finish() -> None:
    """Keep what pytest knows of ten thousand tests out of every collection of garbage that follows."""
    gc.collect()
    gc.freeze()


@pytest.fixture
def uncollected() -> Iterator[None]:
    """Keep the garbage collector out of a measurement: after thousands of tests it takes a second."""
    gc.disable()
    yield
    gc.enable()


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

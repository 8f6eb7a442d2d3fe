"""How tests run: ``async def`` tests in virtual time, those marked ``integration`` in real time."""

from __future__ import annotations

import asyncio
import inspect
import os
from collections.abc import Generator

import pytest
from hypothesis import settings

from tests.virtual_time import VirtualTimeLoop, run

# Locally every run looks at new examples; CI looks at the same ones again: red means that a change broke it.
settings.register_profile("ci", deadline=None, derandomize=True)
settings.register_profile("local", deadline=None)
settings.load_profile("ci" if os.environ.get("CI") else "local")


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

"""How tests run: ``async def`` tests in virtual time, those marked ``integration`` in real time."""

from __future__ import annotations

import asyncio
import inspect

import pytest

from tests.virtual_time import VirtualTimeLoop, run


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

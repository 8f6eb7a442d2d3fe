from __future__ import annotations

import importlib.util
from collections.abc import Callable

import pytest

from ravatard.cloud.pixelstreaming import availability
from ravatard.cloud.webrtc import opus
from ravatard.errors import LinkError


def missing(_: str) -> None:
    """Find no package."""


def broken() -> None:
    raise LinkError("the avatar's voice needs libopus: install the package libopus0")


def test_a_machine_without_aiortc_is_told_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", missing)

    assert "aiortc is missing; install ravatard[live-audio]" in availability.available()


@pytest.mark.parametrize(("load", "reason"), [(broken, "needs libopus"), (lambda: None, "")])
def test_a_machine_needs_libopus_too(
    load: Callable[[], None], reason: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: name)
    monkeypatch.setattr(opus, "load", load)

    told = availability.available()

    assert reason in told
    assert bool(told) is bool(reason)

"""Each test begins as a program does: nothing was called yet."""

from __future__ import annotations

import pytest

from ravatard.avatar_sdk import api_calls


@pytest.fixture(autouse=True)
def nothing_called(monkeypatch: pytest.MonkeyPatch) -> None:
    """Forget what other tests called: their time was another."""
    monkeypatch.setattr(api_calls, "_LIMITS", {})

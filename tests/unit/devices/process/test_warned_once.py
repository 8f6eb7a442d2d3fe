"""Warnings about a device."""

from __future__ import annotations

import pytest

from ravatard.devices.process.warned_once import WarnedOnce


def test_each_is_written_once(caplog: pytest.LogCaptureFixture) -> None:
    warnings = WarnedOnce()
    for sentence in ("the channels cancel", "no model", "the channels cancel"):
        warnings.warn(sentence)

    assert caplog.messages == ["the channels cancel", "no model"]

"""A healthy machine for every test of the doctor."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.doctor.patient import Patient


@pytest.fixture
def patient(tmp_path: Path) -> Patient:
    """A Raspberry Pi on which nothing is wrong."""
    return Patient(tmp_path / "root")

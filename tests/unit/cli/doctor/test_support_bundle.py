"""The archive: whole, private, and nothing left behind when it cannot be written."""

from __future__ import annotations

import io
import tarfile
from datetime import UTC, datetime
from pathlib import Path

import pytest

from ravatard.cli.doctor.support_bundle import gather, packed, write
from ravatard.doctor.check import DoctorRequest
from tests.unit.doctor.patient import NOW, PROJECT, Patient


def test_what_goes_in_comes_out_in_one_folder(tmp_path: Path) -> None:
    file = tmp_path / "report.tar.gz"

    write(file, {"a.txt": "ä\n", "units/etc/b": ""}, NOW)

    with tarfile.open(file) as archive:
        assert archive.getnames() == [
            "ravatard-support-20260807-120000/a.txt",
            "ravatard-support-20260807-120000/units/etc/b",
        ]
        content = archive.extractfile(archive.getnames()[0])
        assert content is not None
        assert content.read() == "ä\n".encode()


def test_only_its_owner_may_read_it(tmp_path: Path) -> None:
    file = tmp_path / "report.tar.gz"

    write(file, {"a": ""}, NOW)

    assert file.stat().st_mode & 0o777 == 0o600
    assert list(tmp_path.iterdir()) == [file]


def test_nothing_is_left_of_one_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "taken").mkdir()

    with pytest.raises(OSError, match=r"[Ii]s a directory"):
        write(tmp_path / "taken", {"a": ""}, NOW)

    assert [path.name for path in tmp_path.iterdir()] == ["taken"]


async def test_without_sound_nothing_is_opened_and_all_else_is_looked_at(tmp_path: Path) -> None:
    patient = Patient(tmp_path / "root")

    found = await gather(patient.machine(), DoctorRequest(), sound=False)

    assert patient.bench.opened == []
    assert patient.bench.played == []
    assert '"id": "tls"' in found["doctor.json"]
    assert "sound-libraries.txt" not in found
    assert PROJECT not in "".join(found.values())


async def test_what_the_sound_libraries_print_is_in_the_bundle(tmp_path: Path) -> None:
    """It is in no sentence, so that the bundle is where a developer finds it."""
    patient = Patient(tmp_path / "root")

    found = await gather(patient.machine(), DoctorRequest(), sound=True)

    assert found["sound-libraries.txt"].startswith("ALSA lib confmisc.c")


def test_an_archive_can_be_made_without_a_file() -> None:
    now = datetime(2026, 11, 30, tzinfo=UTC)

    with tarfile.open(fileobj=io.BytesIO(packed({"/a/b.txt": "text"}, now))) as archive:
        (entry,) = archive.getmembers()
        content = archive.extractfile(entry)
        assert content is not None
        assert (entry.name, content.read()) == ("ravatard-support-20261130-000000/a/b.txt", b"text")

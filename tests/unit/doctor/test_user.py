"""Who the service runs as, and what that user may open."""

from __future__ import annotations

from pathlib import Path

import pytest

from ravatard.doctor.user import User, group_ids, service_user
from tests.unit.doctor.patient import OWN_GROUP, Patient


def test_it_is_the_user_of_the_unit_with_the_groups_it_is_in(patient: Patient) -> None:
    assert service_user(patient.case()) == User("ravatard", 4999, frozenset({4999, OWN_GROUP, 4997, 4996}))


def test_groups_of_the_unit_are_added(patient: Patient) -> None:
    patient.write("etc/group", "plugdev:x:46:\n")
    patient.drop_in("[Service]\nSupplementaryGroups=plugdev\n")

    assert 46 in service_user(patient.case()).groups


def test_a_user_of_the_unit_that_does_not_exist_has_no_number(patient: Patient) -> None:
    patient.write("etc/passwd", "root:x:0:0::/:/bin/sh\n")

    assert service_user(patient.case()).uid < 0


def test_a_unit_without_a_user_runs_as_root(patient: Patient) -> None:
    patient.drop_in("[Service]\nUser=\n")

    assert service_user(patient.case()).uid == 0


def test_without_a_unit_it_is_whoever_asks(patient: Patient) -> None:
    patient.remove("etc/systemd/system/ravatard.service")
    patient.uid = 1234

    assert service_user(patient.case()) == User("user 1234", 1234, frozenset({OWN_GROUP}))


def test_lines_that_are_no_groups_are_passed_over(patient: Patient) -> None:
    patient.write("etc/group", "good:x:7:\nbad\nworse:x:seven:\n\n")

    assert group_ids(patient.machine()) == {"good": 7}


@pytest.mark.parametrize(
    ("mode", "uid", "groups", "may"),
    [
        (0o600, 1, {2}, False),
        (0o060, 1, {OWN_GROUP}, True),
        (0o606, 1, {OWN_GROUP}, False),
        (0o006, 1, {2}, True),
        (0o000, 0, set(), True),
    ],
    ids=["a stranger", "its group", "its group, though others may", "others", "root"],
)
def test_the_first_class_that_fits_decides(
    tmp_path: Path, mode: int, uid: int, groups: set[int], may: bool
) -> None:
    file = tmp_path / "file"
    file.touch()
    file.chmod(mode)
    # Whoever runs the tests owns the file; that must be somebody else here.
    user = User("somebody", 0 if uid == 0 else 54321, frozenset(groups))

    assert user.may_at(file, "rw") is may


def test_the_owner_is_judged_by_the_owners_bits_alone(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.touch()
    found = file.stat()
    file.chmod(0o066)
    owner = User("owner", found.st_uid or 1, frozenset({OWN_GROUP}))

    assert owner.may(file.stat(), "r") is (found.st_uid == 0)


def test_what_is_not_there_may_not_be_done(tmp_path: Path) -> None:
    assert not User("somebody", 1, frozenset()).may_at(tmp_path / "gone", "r")

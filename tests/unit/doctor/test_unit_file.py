"""A unit with its drop-ins, read as systemd reads it."""

from __future__ import annotations

from ravatard.doctor.unit_file import UnitFile, find_unit
from tests.unit.doctor.patient import Patient


def unit(patient: Patient) -> UnitFile:
    found = find_unit(patient.machine())
    assert found is not None
    return found


def test_a_machine_without_the_service_has_no_unit(patient: Patient) -> None:
    patient.remove("etc/systemd/system/ravatard.service")

    assert find_unit(patient.machine()) is None


def test_drop_ins_come_after_the_unit_in_the_order_of_their_names(patient: Patient) -> None:
    for number in ("20", "10"):
        patient.write(f"etc/systemd/system/ravatard.service.d/{number}.conf", f"[Service]\nUser=u{number}\n")

    assert unit(patient).last("User") == "u20"
    assert [file.rpartition("/")[2] for file in unit(patient).files] == [
        "ravatard.service",
        "10.conf",
        "20.conf",
    ]


def test_a_drop_in_of_the_administrator_takes_the_place_of_one_of_the_vendor(patient: Patient) -> None:
    patient.write("usr/lib/systemd/system/ravatard.service.d/a.conf", "[Service]\nUser=vendor\n")
    patient.write("etc/systemd/system/ravatard.service.d/a.conf", "[Service]\nUser=admin\n")

    assert unit(patient).all("User") == ["ravatard", "admin"]


def test_an_empty_setting_takes_back_those_before_it(patient: Patient) -> None:
    patient.drop_in("[Service]\nExecStopPost=\nExecStopPost=/bin/true\n")

    assert unit(patient).all("ExecStopPost") == ["/bin/true"]


def test_sections_comments_continued_lines_and_quotes_are_understood(patient: Patient) -> None:
    patient.drop_in("; no\n# no\n[Unit]\nUser=no\n[Service]\nEnvironment=A=1 \\\n  'B=two words'\nnonsense\n")

    assert unit(patient).last("User") == "ravatard"
    assert unit(patient).environment == {"GPIOZERO_PIN_FACTORY": "lgpio", "A": "1", "B": "two words"}


def test_specifiers_in_a_folder_are_filled_in(patient: Patient) -> None:
    patient.drop_in("[Service]\nWorkingDirectory=-%S/here\n")

    assert unit(patient).folder("WorkingDirectory") == "/var/lib/here"
    assert unit(patient).folder("RootDirectory") == ""

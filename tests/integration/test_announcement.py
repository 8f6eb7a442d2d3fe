"""The owner's page in the local network, as systemd/README.md has it announced."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from xml.etree import ElementTree

import pytest

from tests.house.source import ROOT

pytestmark = pytest.mark.integration

_COMMAND = re.compile(r"^sed .+?/etc/avahi/services/\S+$", re.M | re.S)


def test_the_page_is_announced_with_the_id_of_its_appliance(tmp_path: Path) -> None:
    found = _COMMAND.search((ROOT / "systemd/README.md").read_text())
    assert found is not None
    service = tmp_path / "ravatard-page.service"
    command = found[0].replace("/usr/share/ravatard", str(ROOT / "config")).replace("sudo ", "")
    (tmp_path / "ravatard").write_text("#!/bin/sh\necho ravatard-0123\n")
    (tmp_path / "ravatard").chmod(0o755)

    subprocess.run(
        ["sh", "-c", command.replace("/etc/avahi/services", str(tmp_path))],
        env={"PATH": f"{tmp_path}:/usr/bin:/bin"},
        stdout=subprocess.DEVNULL,
        check=True,
        timeout=60,
    )

    # Of the file in this repository.
    announced = ElementTree.parse(service).getroot()  # noqa: S314
    records = [record.text for record in announced.iter("txt-record")]
    assert records == ["path=/", "id=ravatard-0123"]

"""The journal for the owner's page, from a journalctl that a test writes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from ravatard.host.page.journal import Journalctl
from ravatard.ports.page import CommandFailed
from ravatard.secret import Secret

pytestmark = pytest.mark.integration


def journal(tmp_path: Path, *lines: object, status: int = 0) -> Journalctl:
    told = "\n".join(one if isinstance(one, str) else json.dumps(one) for one in lines)
    (tmp_path / "told").write_text(told)
    (tmp_path / "journalctl.sh").write_text(
        f'echo "$@" > {tmp_path}/asked\ncat {tmp_path}/told\nexit {status}\n'
    )
    program = ("/bin/sh", str(tmp_path / "journalctl.sh"))
    return Journalctl({}, "other.service", lambda text: text.replace("planted", "***"), program)


def line(message: object, priority: object = "4") -> dict[str, object]:
    return {
        "__REALTIME_TIMESTAMP": "1700000000500000",
        "PRIORITY": priority,
        "MESSAGE": message,
        "SYSLOG_IDENTIFIER": "ravatard",
        "__CURSOR": "s=1",
    }


async def test_lines_come_with_time_level_and_without_secrets(tmp_path: Path) -> None:
    read = journal(tmp_path, line("the key is planted"), line(list(b"\xffodd"), "7"), line(None, "x"))

    found = await read.newest(3)

    assert [(one.at, one.level, one.logger, one.text) for one in found] == [
        (1_700_000_000.5, "warning", "ravatard", "the key is ***"),
        (1_700_000_000.5, "debug", "ravatard", "\ufffdodd"),
        (1_700_000_000.5, "info", "ravatard", ""),
    ]
    asked = (tmp_path / "asked").read_text().split()
    assert {"--unit=other.service", "--lines=3", "--output=json"} <= set(asked)


async def test_what_is_no_line_is_left_out_and_a_long_one_is_cut(tmp_path: Path) -> None:
    found = await journal(tmp_path, "no JSON", line("x" * 100_000), {"MESSAGE": {}}).newest(10)

    assert [len(one.text) for one in found] == [4_000]


async def test_a_secret_at_the_end_of_what_is_kept_is_not_halved(tmp_path: Path) -> None:
    secret = Secret("quagga-in-the-journal")

    found = await journal(tmp_path, line("x" * 3_990 + secret.reveal())).newest(1)

    assert [one.text for one in found] == ["x" * 3_990]


@pytest.mark.parametrize(("lines", "status"), [((), 0), (("",), 0), ((), 1)])
async def test_a_journal_that_may_not_be_read_says_what_to_type(
    lines: tuple[str, ...], status: int, tmp_path: Path
) -> None:
    with pytest.raises(CommandFailed, match="sudo adduser ravatard systemd-journal"):
        await journal(tmp_path, *lines, status=status).newest(10)


async def test_a_machine_without_systemd_has_none() -> None:
    with pytest.raises(CommandFailed, match="no journal of systemd"):
        await Journalctl({}, "", str, ("/no/such/journalctl",)).newest(10)

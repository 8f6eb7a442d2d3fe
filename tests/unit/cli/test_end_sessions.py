"""``ravatard end-sessions``: what it says, what it leaves alone, and its exit status."""

from __future__ import annotations

import asyncio
import logging
import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from ravatard.cli import main
from ravatard.cli.end_sessions import LIMIT_S, end_all
from ravatard.cloud.avatar.kind import AVATAR
from ravatard.cloud.kind import ServiceFinding
from ravatard.cloud.lease import MemoryLedger
from ravatard.errors import LinkError
from ravatard.exit_status import ExitStatus
from ravatard.host.ledger import CHAT, NAME, FileLedger
from ravatard.host.state_version import version_of
from ravatard.ports.cloud import ServiceCloud
from ravatard.ports.host import OwedSession
from ravatard.secret import Secret
from tests.unit.host.test_state_version import STATE_V1


def debt(licence: str) -> OwedSession:
    return OwedSession("ravatar", Secret(licence), "https://service.example/", "kiosk-1")


def ledger_with(*licences: str) -> MemoryLedger:
    ledger = MemoryLedger()
    for licence in licences:
        ledger.add(debt(licence))
    return ledger


@pytest.fixture
def end_sessions(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Iterator[Callable[..., tuple[int, str]]]:
    """Runs the command over ``tmp_path/state``; gives its exit status and all that it showed."""
    monkeypatch.delenv("STATE_DIRECTORY", raising=False)

    def run(*words: str) -> tuple[int, str]:
        status = main(["end-sessions", "--state", str(tmp_path / "state"), *words])
        captured = capsys.readouterr()
        return status, captured.out + captured.err

    root = logging.getLogger()
    before = root.level, root.handlers[:]
    yield run
    root.setLevel(before[0])
    root.handlers[:] = before[1]


async def test_all_that_is_owed_is_ended_at_once_and_told_without_the_licence() -> None:
    ledger, told = ledger_with("one", "two"), list[str]()

    async def end(_debt: OwedSession) -> None:
        await asyncio.sleep(5.0)

    nothing_left = await end_all(ledger, end, told.append)

    assert (nothing_left, ledger.owed()) == (True, [])
    assert asyncio.get_running_loop().time() == 5.0
    assert told == [
        "live session 1 of 2 at service.example: ended",
        "live session 2 of 2 at service.example: ended",
    ]


async def test_what_cannot_be_ended_stays_on_the_list_with_its_reason() -> None:
    ledger, told = ledger_with("one", "two"), list[str]()

    async def end(which: OwedSession) -> None:
        if which == debt("one"):
            raise LinkError("cannot reach service.example (refused)")

    nothing_left = await end_all(ledger, end, told.append)

    assert (nothing_left, ledger.owed()) == (False, [debt("one")])
    assert "live session 1 of 2 at service.example: not ended: cannot reach service.example (refused)" in told


async def test_a_service_that_says_nothing_is_not_waited_for_longer_than_systemd_waits() -> None:
    ledger, told = ledger_with("one", "two"), list[str]()

    async def end(_debt: OwedSession) -> None:
        await asyncio.sleep(3_600.0)

    nothing_left = await end_all(ledger, end, told.append)

    assert (nothing_left, len(ledger.owed())) == (False, 2)
    assert asyncio.get_running_loop().time() == LIMIT_S
    assert told[0].endswith("not ended: no answer within 8 s")


def test_where_no_daemon_ever_was_nothing_is_left_open(
    end_sessions: Callable[..., tuple[int, str]], tmp_path: Path
) -> None:
    status, shown = end_sessions()

    assert (status, "no live session is on the list" in shown) == (0, True)
    assert not (tmp_path / "state").exists()


def test_an_empty_list_needs_no_configuration(
    end_sessions: Callable[..., tuple[int, str]], tmp_path: Path
) -> None:
    (tmp_path / "state").mkdir()

    status, shown = end_sessions("--config", str(tmp_path / "missing.yaml"))

    assert (status, "no live session is on the list" in shown) == (0, True)


@pytest.mark.parametrize("content", [b"", bytes(4096), b'12345678 ["avatar", "a"'])
def test_a_damaged_list_is_never_said_to_be_empty(
    end_sessions: Callable[..., tuple[int, str]], tmp_path: Path, content: bytes
) -> None:
    (tmp_path / "state").mkdir()
    (tmp_path / "state" / NAME).write_bytes(content)

    for _ in range(2):
        status, shown = end_sessions()

        assert status == 1
        assert "cannot tell whether a live session is open" in shown
        assert "left no session" not in shown


def test_what_a_running_daemon_uses_is_left_alone(
    end_sessions: Callable[..., tuple[int, str]], tmp_path: Path
) -> None:
    daemon = FileLedger(tmp_path / "state")
    daemon.add(debt("in-use"))

    status, shown = end_sessions()

    assert (status, daemon.owed()) == (1, [debt("in-use")])
    assert "ends its session when it stops" in shown
    assert "in-use" not in shown


def test_force_looks_at_a_running_daemons_list(
    end_sessions: Callable[..., tuple[int, str]], tmp_path: Path
) -> None:
    FileLedger(tmp_path / "state").owed()

    assert end_sessions("--force")[0] == 0


def test_a_list_that_cannot_be_read_may_hold_anything(
    end_sessions: Callable[..., tuple[int, str]], tmp_path: Path
) -> None:
    (tmp_path / "state" / NAME).mkdir(parents=True)

    status, shown = end_sessions()

    assert (status, "cannot tell whether a live session is open" in shown) == (1, True)


def test_a_session_to_end_needs_a_configuration(
    end_sessions: Callable[..., tuple[int, str]], tmp_path: Path
) -> None:
    dead = FileLedger(tmp_path / "state")
    dead.add(debt("left"))
    dead.close()

    status, shown = end_sessions("--config", str(tmp_path / "missing.yaml"))

    assert (status, "missing.yaml" in shown) == (ExitStatus.CONFIG, True)
    assert FileLedger(tmp_path / "state").owed() == [debt("left")]


def test_a_chat_that_died_is_looked_after_as_well(
    end_sessions: Callable[..., tuple[int, str]], tmp_path: Path
) -> None:
    dead = FileLedger(tmp_path / "state" / CHAT)
    dead.add(debt("left"))
    dead.close()

    status, shown = end_sessions("--config", str(tmp_path / "missing.yaml"))

    assert (status, "missing.yaml" in shown) == (ExitStatus.CONFIG, True)


def test_a_session_of_an_unknown_kind_is_sent_nowhere_and_kept(
    end_sessions: Callable[..., tuple[int, str]], tmp_path: Path
) -> None:
    left = OwedSession("of-the-future", Secret("left"), "http://127.0.0.1:9/", "kiosk-1")
    dead = FileLedger(tmp_path / "state")
    dead.add(left)
    dead.close()
    (tmp_path / "settings.yaml").write_text("version: 1\n")

    status, shown = end_sessions("--config", str(tmp_path / "settings.yaml"))

    assert status == 1
    assert (
        "live session 1 of 1 at 127.0.0.1:9: not ended: it is of kind 'of-the-future', which this ravatard "
        "does not know; install the version that started it"
    ) in shown
    assert FileLedger(tmp_path / "state").owed() == [left]


def test_what_the_page_has_saved_keeps_no_session_open(
    end_sessions: Callable[..., tuple[int, str]], tmp_path: Path
) -> None:
    """An unusable file of them is set aside by the next start; the session costs money until then."""
    dead = FileLedger(tmp_path / "state")
    dead.add(OwedSession("of-the-future", Secret("left"), "http://127.0.0.1:9/", "kiosk-1"))
    dead.close()
    (tmp_path / "ravatard.yaml").write_text("version: 1\n")
    (tmp_path / "state" / "settings.yaml").write_text("gate: [")

    status, shown = end_sessions("--config", str(tmp_path / "ravatard.yaml"))

    assert (status, "live session 1 of 1" in shown) == (1, True)


def test_a_list_of_the_version_before_is_migrated_first(
    end_sessions: Callable[..., tuple[int, str]], tmp_path: Path
) -> None:
    shutil.copytree(STATE_V1, tmp_path / "state")

    status, _ = end_sessions("--config", str(tmp_path / "missing.yaml"))

    assert status == ExitStatus.CONFIG
    assert version_of(tmp_path / "state") == 2
    assert len(FileLedger(tmp_path / "state").owed()) == 2


def test_a_user_is_told_of_the_sessions_of_others(
    end_sessions: Callable[..., tuple[int, str]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The list of ravatard was empty, and a session of another client was still open."""
    config = tmp_path / "ravatard.yaml"
    config.write_text("service: {kind: avatar}\n")
    (tmp_path / "state").mkdir()

    async def look(_cloud: ServiceCloud) -> ServiceFinding:
        return ServiceFinding("fine", "the service lists 1 session of other clients (8 min)")

    checks = replace(AVATAR.doctor, free={"orphans": look})
    monkeypatch.setattr("ravatard.cloud.avatar.kind.AVATAR", replace(AVATAR, doctor=checks))

    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    status, shown = end_sessions("--config", str(config))

    assert status == 0
    assert "ravatard itself left no session open" in shown
    assert "the service lists 1 session of other clients (8 min)" in shown

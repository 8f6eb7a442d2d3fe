"""Restart policy of a unit, from a systemctl that a test writes."""

from __future__ import annotations

from pathlib import Path

import pytest

from ravatard.core.control.protocol import STARTED_BY_HAND
from ravatard.host.control import restart_policy
from ravatard.host.control.restart_policy import RestartPolicy

pytestmark = pytest.mark.integration

MANAGED = {"NOTIFY_SOCKET": "/run/notify", "PATH": "/usr/bin:/bin"}
ASKS = "show --property=Restart --value -- ravatard.service"


def policy(tmp_path: Path, says: str, cgroup: str = "0::/system.slice/ravatard.service\n") -> RestartPolicy:
    (tmp_path / "cgroup").write_text(cgroup)
    script = f'test "$*" = "{ASKS}" || exit 1\n{says}\n'
    (tmp_path / "systemctl.sh").write_text(script)
    return RestartPolicy(MANAGED, ("/bin/sh", str(tmp_path / "systemctl.sh")), tmp_path / "cgroup")


async def test_a_daemon_that_was_started_by_hand_is_started_by_nothing() -> None:
    assert await RestartPolicy({}).refusal() == STARTED_BY_HAND


@pytest.mark.parametrize("value", ["always", "on-success"])
async def test_a_unit_that_restarts_may_end(value: str, tmp_path: Path) -> None:
    assert await policy(tmp_path, f"echo {value}").refusal() == ""


@pytest.mark.parametrize("value", ["no", "on-failure"])
async def test_a_unit_that_does_not_restart_says_what_to_type(value: str, tmp_path: Path) -> None:
    refusal = await policy(tmp_path, f"echo {value}").refusal()

    assert refusal.startswith(f"ravatard.service has Restart={value}")
    assert refusal.endswith("`sudo systemctl restart ravatard.service`")


@pytest.mark.parametrize("says", ["exit 1", "sleep 60", "true"])
async def test_a_manager_that_cannot_be_asked_is_trusted(
    says: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(restart_policy, "ASKED_S", 0.2)

    assert await policy(tmp_path, says).refusal() == ""
    assert await policy(tmp_path, says, "0::/user.slice/session-1.scope\n").refusal() == ""
    assert await RestartPolicy(MANAGED, ("/no/such",), tmp_path / "cgroup").refusal() == ""
    assert await RestartPolicy(MANAGED, ("/no/such",), tmp_path / "none").refusal() == ""

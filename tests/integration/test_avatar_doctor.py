"""The doctor, end-sessions and the other commands, with a self-hosted AvaTar API."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from ravatard.sim.avatar.options import (
    AvatarSimOptions,
    SimAccessOptions,
    SimLeaseOptions,
    SimPictureOptions,
    SimTalkOptions,
)
from ravatard.sim.avatar.server import AvatarSimServer
from tests.integration.program import Program

pytestmark = pytest.mark.integration

KEY = "key-never-shown-0815"
OPTIONS = AvatarSimOptions(
    talk=SimTalkOptions(think_s=0.1, answers=("I heard you well.",)),
    access=SimAccessOptions(auth="api_key", api_key=KEY, limits=False),
    picture=SimPictureOptions(frames_per_s=10.0, size_bytes=20_000),
)
CHECKS = ("dns", "tls", "health", "token", "orphans", "live", "ear", "frames", "avatar", "stream")


def settings(folder: Path, server: AvatarSimServer, **service: object) -> Path:
    """A configuration for ``server``."""
    path = folder / "ravatard.yaml"
    own = {"kind": "avatar", "base_url": server.api_url, "socket_url": server.socket_url, "api_key": KEY}
    path.write_text(yaml.safe_dump({"service": own | service, "avatar": {"microphone": "socket"}}))
    path.chmod(0o600)
    return path


async def command(folder: Path, *words: str, within_s: float = 60.0) -> tuple[int, str, str]:
    """A command as a person types it; exit status, output and errors."""
    environ = {"STATE_DIRECTORY": str(folder / "state"), "RUNTIME_DIRECTORY": str(folder)}
    async with Program(*words, "--config", str(folder / "ravatard.yaml"), environ=environ) as program:
        status = await program.ended(within_s)
    return status, program.stdout, program.stderr


async def examined(folder: Path, *words: str) -> dict[str, dict[str, str]]:
    """The doctor's findings about the service, by their names."""
    # Other daemons of this machine are none of ours.
    own = ("--socket", str(folder / "control.sock"))
    _, said, _ = await command(folder, "doctor", "--json", *own, *words, "--only", *CHECKS)
    findings = json.loads(said)
    listed = findings["checks"] if isinstance(findings, dict) else findings
    return {one["id"]: one for one in listed}


async def test_a_service_that_is_well_is_examined_in_one_session(tmp_path: Path) -> None:
    async with AvatarSimServer(OPTIONS) as server:
        settings(tmp_path, server)

        found = await examined(tmp_path, "--live")

        assert len(server.record.sessions) == 1
        assert server.open_sessions == []
    for check in ("tls", "health", "token", "orphans", "live", "ear", "frames"):
        assert found[check]["verdict"] == "fine", found[check]
    assert found["avatar"]["verdict"] == found["stream"]["verdict"] == "not needed"
    assert "heard by socket" in found["ear"]["text"]
    assert "frames/s" in found["frames"]["text"]
    assert KEY not in json.dumps(found)


async def test_each_trouble_of_a_service_is_named_with_its_remedy(tmp_path: Path) -> None:
    options = replace(
        OPTIONS,
        lease=SimLeaseOptions(unhealthy=("gpu", "redis")),
        talk=replace(OPTIONS.talk, ear="none"),
    )
    async with AvatarSimServer(options) as server:
        settings(tmp_path, server)
        found = await examined(tmp_path, "--live")

    assert found["health"]["verdict"] == "warning"
    assert "gpu is" in found["health"]["text"]
    assert "redis is" in found["health"]["text"]
    assert found["ear"]["verdict"] == "broken"
    assert "speech_to_text" in found["ear"]["remedy"]


async def test_a_wrong_key_is_told_and_not_shown(tmp_path: Path) -> None:
    async with AvatarSimServer(OPTIONS) as server:
        settings(tmp_path, server, api_key="wrong-key-4711")
        found = await examined(tmp_path)

    assert found["token"]["verdict"] == "broken"
    assert "service.api_key" in found["token"]["remedy"]
    assert "wrong-key-4711" not in json.dumps(found)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("avatars",), "has no list of avatars or languages"),
        (("languages",), "has no list of avatars or languages"),
        (("history",), "has no list of earlier conversations"),
    ],
)
async def test_what_the_service_does_not_have_is_told_in_a_sentence(
    tmp_path: Path, words: tuple[str, ...], said: str
) -> None:
    async with AvatarSimServer(OPTIONS) as server:
        settings(tmp_path, server)
        status, _, errors = await command(tmp_path, *words)

    assert status == 1
    assert said in errors
    assert "Traceback" not in errors


async def test_config_check_knows_which_keys_belong_to_which_kind(tmp_path: Path) -> None:
    async with AvatarSimServer(OPTIONS) as server:
        settings(tmp_path, server, project_id="proj-1")
        status, said, _ = await command(tmp_path, "config", "check")

    assert status == 0
    assert "service.project_id has no effect with service.kind avatar" in said

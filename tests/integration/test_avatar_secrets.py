"""Keys, tokens, ids, and what people say to an AvaTar API stay out of every output of the appliance."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from ravatard.sim.avatar.options import AvatarSimOptions, SimAccessOptions, SimPictureOptions, SimTalkOptions
from ravatard.sim.avatar.server import AvatarSimServer
from tests.integration.aloud_rig import appliance, into_wav
from tests.integration.daemon import Config
from tests.integration.program import until

pytestmark = pytest.mark.integration

KEY = "key-never-shown-0815"
QUESTION = "purple-elephant-question"
ANSWER = "Yellow giraffe answer."


@pytest.mark.parametrize("trouble", ["none", "sockets lost", "session gone", "refused"])
async def test_nothing_secret_is_told_whatever_happens(tmp_path: Path, trouble: str) -> None:
    options = AvatarSimOptions(
        talk=SimTalkOptions(think_s=0.1, answers=(ANSWER,)),
        access=SimAccessOptions(auth="api_key", api_key=KEY, socket_auth="query"),
        picture=SimPictureOptions(frames_per_s=0.0),
    )
    if trouble == "refused":
        options = replace(options, access=replace(options.access, api_key="another"))
    async with AvatarSimServer(options) as server:
        settings: Config = {
            "service": {"kind": "avatar", "socket_url": server.socket_url, "api_key": KEY},
            "logging": {"level": "debug"},
        }
        async with appliance(tmp_path, server.api_url, settings, into_wav(tmp_path)) as daemon:
            await daemon.say(QUESTION)
            if trouble == "refused":
                await until(lambda: "service.api_key" in daemon.stderr, "it is told", 15.0, daemon.story)
            else:
                await until(
                    lambda: any(session.said for session in server.record.sessions), "it is answered", 15.0
                )
            if trouble == "session gone":
                server.core.expire_sessions(daemon.now, "the session 1234 is gone")
                # A question on its way into a session that is over would be cancelled with it.
                await until(lambda: "live session: none" in daemon.stderr, "it is over", 15.0, daemon.story)
                await daemon.say(QUESTION)
                await until(lambda: len(server.record.sessions) == 2, "another session", 15.0, daemon.story)
            elif trouble == "sockets lost":
                server.drop_sockets()
                await until(
                    lambda: server.record.sessions[0].sockets == 2, "another socket", 15.0, daemon.story
                )
            report = json.dumps(await daemon.report())
            status, said = await daemon.run("status")
            await daemon.stopped()
        told = daemon.stderr + daemon.stdout + report + said + "".join(map(str, daemon.statuses))
        recorded = b"".join(
            one.read_bytes()
            for one in (tmp_path / "state").rglob("*")
            if one.is_file() and one.name != "live-sessions"
        )

        # A service that refuses is in the status, and so in its exit status.
        assert status == (3 if trouble == "refused" else 0)
        secrets = [KEY, QUESTION, ANSWER]
        for session in server.record.sessions:
            secrets += [session.session_id, session.access_token]
        for secret in secrets:
            assert secret not in told, secret
            assert secret.encode() not in recorded, secret

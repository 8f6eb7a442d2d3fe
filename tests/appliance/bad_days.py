"""Bad days: a daemon that hangs or is killed, no power, no network, the wrong time."""

from __future__ import annotations

import json
import ssl
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from tests.appliance.guest_link import until
from tests.appliance.house import DROP_INS, SERVICE, House, answered
from tests.appliance.machine import HOST
from tests.integration.simulate import Simulator, simulate

_WATCHDOG_S = 90.0
_SECURE_PORT = 8443
_TRUST = f"{DROP_INS}/trust.conf"


async def hang(house: House) -> str:
    """Stop the daemon's process in its tracks."""
    await house.showing("ready")
    stopped, cursor = await house.pid(), await house.cursor()
    began = time.monotonic()
    await house.run(f"kill -STOP {stopped}")
    line = await house.heard_of("Watchdog timeout", cursor, _WATCHDOG_S)
    noticed_s = time.monotonic() - began
    await _another(house, stopped)
    status = await house.showing("ready")
    back_s = time.monotonic() - began
    ended = await house.all_ended()
    return (
        f"{line.strip()!r} after {noticed_s:.0f} s, {status!r} after {back_s:.0f} s; "
        f"session ended by {ended['ended_by']}"
    )


async def kill(house: House) -> str:
    """Kill the daemon while it holds a session."""
    await house.showing("ready")
    session = await house.converse()
    assert session["licence"] in await house.open_sessions(), "no session is held"
    killed, cursor = await house.pid(), await house.cursor()
    began = time.monotonic()
    await house.run(f"kill -KILL {killed}")
    line = await house.heard_of("ended", cursor)
    ended = await house.all_ended()
    ended_s = time.monotonic() - began
    await _another(house, killed)
    await house.showing("ready")
    return (
        f"session {ended['number']} ended by {ended['ended_by']} within {ended_s:.0f} s ({line.strip()!r}), "
        f"ready again after {time.monotonic() - began:.0f} s"
    )


async def network(house: House) -> str:
    """Pull the network cable, and plug it in again."""
    await house.showing("ready")
    began = time.monotonic()
    await house.machine.network(up=False)
    status = await house.showing("offline", 60)
    noticed_s = time.monotonic() - began
    restarts = (await house.shown())["NRestarts"]
    await house.machine.network(up=True)
    began = time.monotonic()
    await house.showing("ready", 200)
    back_s = time.monotonic() - began
    await house.converse()
    assert (await house.shown())["NRestarts"] == restarts, "it was restarted for an outage"
    return f"{status!r} after {noticed_s:.0f} s; ready {back_s:.0f} s after the cable was back, and answered"


async def power_cut(house: House) -> str:
    """Pull the plug in mid-conversation, and boot again."""
    await house.showing("ready")
    session = await house.converse()
    await house.machine.power_cut()
    assert session["licence"] in await house.open_sessions(), "the session ended without anybody ending it"
    began = time.monotonic()
    await house.machine.power_on()
    ended = await house.all_ended()
    ended_s = time.monotonic() - began
    await house.showing("ready")
    await house.converse()
    return (
        f"session {session['number']} stayed open without power, was ended by {ended['ended_by']} "
        f"{ended_s:.0f} s after power came back, then a new one answered"
    )


async def clock(house: House) -> str:
    """Start with a clock that says 1970 and a service that shows a certificate; set the clock right later."""
    await house.showing("ready")
    async with _secure_cloud() as (cloud, certificate):
        await _trust(house, cloud, certificate)
        await house.configure(service={"base_url": f"https://localhost:{_SECURE_PORT}"})
        await house.showing("ready")
        await house.run(f"systemctl stop {SERVICE}")
        cursor = await house.cursor()
        await house.run("date --utc --set=1970-01-02")
        await house.run(f"systemctl start {SERVICE}", within_s=130)
        line = await house.heard_of("not yet valid", cursor)
        status = await house.showing("offline")
        checked = json.loads((await house.machine.ask("ravatard doctor --json --only tls", 120)).output)
        verdicts = {check["id"]: check["verdict"] for check in checked["checks"]}
        assert (await cloud.state())["sessions"] == [], "a session in spite of the certificate"
        await house.run(f"date --utc --set=@{int(time.time())}")
        began = time.monotonic()
        await house.showing("ready", 200)
        back_s = time.monotonic() - began
        await house.speak()
        await until(lambda: _answered(cloud), "an answer", 60)
        said = await house.said(cursor)
        assert "Traceback" not in said, "it fell over the date"
        await house.configure()
        await house.showing("ready")
    return (
        f"{status!r} ({line.strip()[-90:]!r}); doctor {verdicts}; ready {back_s:.0f} s after the clock leapt"
    )


@asynccontextmanager
async def _secure_cloud() -> AsyncIterator[tuple[Simulator, str]]:
    """Another service, behind a certificate that is good today."""
    with tempfile.TemporaryDirectory(prefix="ravatard-secure-") as folder:
        faults, pem = Path(folder) / "faults.yaml", Path(folder) / "certificate.pem"
        faults.write_text("[{do: {tls: {certificate: self-signed}}, when: {after_s: 1000000}}]")
        async with simulate("--faults", str(faults), "--write-certificate", str(pem)) as cloud:
            cloud.trusts = ssl.create_default_context(cafile=str(pem))
            yield cloud, pem.read_text()


async def _trust(house: House, cloud: Simulator, certificate: str) -> None:
    """Make the service known to the machine: by the name in its certificate, and as one to be trusted."""
    port = cloud.base_url.rpartition(":")[2]
    await house.run(
        f"systemd-run --quiet --socket-property=ListenStream=127.0.0.1:{_SECURE_PORT} "
        f"/lib/systemd/systemd-socket-proxyd {HOST}:{port}"
    )
    await house.write("/opt/appliance/service.pem", certificate)
    await house.write(_TRUST, "[Service]\nEnvironment=SSL_CERT_FILE=/opt/appliance/service.pem")
    await house.run("systemctl daemon-reload")


async def _answered(cloud: Simulator) -> bool:
    return any(answered(session) for session in (await cloud.state())["sessions"])


async def reboot(house: House) -> str:
    """Reboot in mid-conversation."""
    await house.showing("ready")
    session = await house.converse()
    began = time.monotonic()
    await house.machine.rebooted()
    ended = await house.ended(session)
    status = await house.showing("ready")
    back_s = time.monotonic() - began
    await house.converse()
    return (
        f"session {ended['number']} ended by {ended['ended_by']} on the way down; "
        f"{status!r} by itself after {back_s:.0f} s"
    )


async def _another(house: House, pid: str) -> str:
    async def look() -> str:
        now = await house.pid()
        return now if now not in ("0", pid) else ""

    return str(await until(look, "a new process", 90))

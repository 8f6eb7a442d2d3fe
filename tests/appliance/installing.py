"""Installing, starting, upgrading and removing, with the commands that README shows."""

from __future__ import annotations

import time

from tests.appliance.house import CONFIG, CREDENTIAL, DROP_INS, SERVICE, SOURCE, House

INSTALL_S = 840.0
_NEWER = "99.0.0"
_PROJECT = "appliance-4711"
INSTALL = f"cd {SOURCE} && sudo make install 2>&1"
#: What changes on a machine by itself, and what the test brought along.
_NOT_OURS = "/opt/appliance /opt/source /opt/wheels /var/log /var/lib/systemd /tmp /var/tmp".split()
_ALL_FILES = (
    "find / -xdev \\( "
    + " -o ".join(f"-path {folder}" for folder in _NOT_OURS)
    + " -o -name __pycache__ \\) -prune -o -print | sort"
)


async def boot(house: House) -> str:
    """Boot to the first command."""
    began = time.monotonic()
    await house.machine.power_on()
    took_s = time.monotonic() - began
    await house.run("tar --extract --file=/dev/vdb --directory=/opt", within_s=120)
    await house.run(f"{_ALL_FILES} >/opt/appliance/before")
    system = await house.run("uname -r; systemctl --version | head -1")
    return f"first command after {took_s:.0f} s; Linux {' '.join(system.split())}"


async def install(house: House) -> str:
    """Install as README says."""
    said = await house.run(INSTALL, within_s=INSTALL_S)
    assert "Next" in said, f"it does not say what to do next: {said[-300:]}"
    enabled = await house.run(f"systemctl is-enabled {SERVICE}")
    exposure = await house.run(f"systemd-analyze security {SERVICE} --no-pager | grep -o 'level for.*'")
    version = await house.run("ravatard --version")
    assert (await house.shown())["ActiveState"] == "inactive"
    return f"{version}; unit {enabled}; exposure {exposure.split()[3]}"


async def configure(house: House) -> None:
    """What an owner writes down; and what makes this machine look like a Raspberry Pi to the service."""
    await house.write(CONFIG, house.config())
    await house.run(f"install -D -m 600 /dev/null {CREDENTIAL} && printf %s {_PROJECT} >{CREDENTIAL}")
    await house.run("ravatard config check")
    # gpiozero asks which Raspberry Pi this is, and the service has a /proc of its own.
    await house.run(f"mkdir -p {DROP_INS}")
    mounted = "[Service]\nBindReadOnlyPaths=/run/cpuinfo:/proc/cpuinfo"
    await house.write(f"{DROP_INS}/raspberry-pi.conf", mounted)
    await house.run("systemctl daemon-reload")


async def start(house: House) -> str:
    """Configure and start; READY must be seen by systemd."""
    await configure(house)
    began = time.monotonic()
    await house.run(f"systemctl start {SERVICE}", within_s=130)
    took_s = time.monotonic() - began
    status = await house.showing("ready")
    shown = await house.shown()
    user = await house.run(f"ps -o user= -p {shown['MainPID']}")
    assert user == "ravatard", f"it runs as {user}"
    seen = await house.run(
        f"journalctl --unit {SERVICE}; ravatard status; cat /proc/{shown['MainPID']}/environ"
    )
    assert _PROJECT not in seen, "the project id can be read"
    assert shown["WatchdogUSec"] not in ("0", "infinity"), "systemd does not watch it"
    return f"READY=1 after {took_s:.1f} s as user {user}, watchdog {shown['WatchdogUSec']}, status {status!r}"


async def upgrade(house: House) -> str:
    """Install again while somebody talks."""
    await house.showing("ready")
    session = await house.converse()
    before = await house.pid()
    await house.write(CONFIG, house.config(earcons={"enabled": False}))
    # Another version of the same program: everything is built and laid out again.
    newer = f's/^__version__ = .*/__version__ = "{_NEWER}"/'
    await house.run(f"sed -i '{newer}' {SOURCE}/ravatard/__init__.py")
    began = time.monotonic()
    said = await house.run(INSTALL, within_s=INSTALL_S)
    took_s = time.monotonic() - began
    ended = await house.ended(session)
    assert await house.pid() != before, f"the old program still runs: {said[-300:]}"
    version = await house.run("ravatard --version")
    assert _NEWER in version, f"it is still {version}"
    config = await house.run(f"cat {CONFIG}")
    assert "earcons" in config, "the edited configuration was overwritten"
    await house.showing("ready")
    await house.converse()
    return (
        f"{version}; session {ended['number']} ended by {ended['ended_by']}, configuration kept, "
        f"answered again ({took_s:.0f} s)"
    )


async def remove(house: House) -> None:
    """Remove it, but for the configuration; what was built is kept aside, to save minutes."""
    await house.run(
        f"mv /var/cache/ravatard /opt/appliance/built && cd {SOURCE} && sudo make uninstall 2>&1 && "
        "mv /opt/appliance/built /var/cache/ravatard",
        within_s=120,
    )


async def purge(house: House) -> str:
    """Remove it with everything."""
    await house.run(f"cd {SOURCE} && sudo make uninstall PURGE=1 2>&1", within_s=120)
    return await nothing_left(house)


async def nothing_left(house: House) -> str:
    """What is new on the machine since its first boot; nothing of ravatard's may be."""
    left = await house.run(
        f"{_ALL_FILES} >/opt/appliance/after; comm -13 /opt/appliance/before /opt/appliance/after"
    )
    files = [file for file in left.splitlines() if "ravatard" in file]
    assert not files, f"left behind: {', '.join(files[:8])}"
    user = await house.machine.ask("getent passwd ravatard")
    assert user.status == 2, f"the user is still there: {user.output}"
    units = await house.run(
        "systemctl list-unit-files --no-legend 'ravatard*'; systemctl list-units --no-legend 'ravatard*'; "
        "ls /run/ravatard 2>/dev/null || true"
    )
    assert not units, f"systemd still knows {units}"
    assert not await house.open_sessions(), "a session is still open"
    return f"no file with ravatard in its name, no user, no unit; {len(left.splitlines())} other new files"

"""The Debian package on a real systemd: installed, upgraded while somebody talks, purged."""

from __future__ import annotations

import time

from tests.appliance.house import CONFIG, SERVICE, SOURCE, House
from tests.appliance.installing import configure, nothing_left

_BUILD_S = 840.0
_NEWER = "99.1"
#: Where root's make builds it.
_ENVIRONMENT = "/var/cache/ravatard/appliance"
_APT = "sudo apt-get install --yes -q"


async def package(house: House) -> str:
    """Build the package, and install it in place of what `make install` has left, which is nothing."""
    await house.run(f"cd {SOURCE} && sudo make uninstall PURGE=1", within_s=120)
    began = time.monotonic()
    await house.run(f"cd {SOURCE} && make deb", within_s=_BUILD_S)
    built_s = time.monotonic() - began
    await house.run(f"cd {SOURCE} && {_APT} ./dist/ravatard_*.deb 2>&1", within_s=_BUILD_S)
    unconfigured = (await house.shown())["StatusText"]
    await configure(house)
    await house.run(f"systemctl restart {SERVICE}", within_s=130)
    status = await house.showing("ready")
    await house.converse()
    installed = await house.run("dpkg-query -W ravatard")
    return (
        f"{' '.join(installed.split())}, built in {built_s:.0f} s; before anything is configured "
        f"{unconfigured!r}, then {status!r}, answered"
    )


async def power_cut(house: House) -> str:
    """Install the package anew, pull the plug on its last line, and boot: the service is there and starts."""
    await house.run("sudo apt-get remove --yes -q ravatard 2>&1", within_s=120)
    await house.run(f"cd {SOURCE} && {_APT} ./dist/ravatard_*.deb 2>&1", within_s=_BUILD_S)
    await house.run(f"systemctl start {SERVICE}", within_s=130)
    await house.showing("ready")
    session = await house.converse()
    await house.machine.power_cut()
    await house.machine.power_on()
    ended = await house.all_ended()
    status = await house.showing("ready")
    installed = await house.run("dpkg-query -W -f '${Status}' ravatard")
    assert installed == "install ok installed", installed
    return f"{installed}; {status!r}; session {session['number']} ended by {ended['ended_by']}"


async def package_upgrade(house: House) -> str:
    """Upgrade the package while a session is open."""
    await house.run(
        f"cd {SOURCE} && systemd/install/package.sh {_ENVIRONMENT} newer {_NEWER}", within_s=_BUILD_S
    )
    await house.write(CONFIG, house.config(earcons={"enabled": False}))
    session = await house.converse()
    before = await house.pid()
    assert session["licence"] in await house.open_sessions(), "no session is held"
    await house.run(f"cd {SOURCE} && {_APT} ./newer/ravatard_*.deb 2>&1", within_s=_BUILD_S)
    ended = await house.ended(session)
    assert await house.pid() not in ("0", before), "the new program does not run"
    assert "earcons" in await house.run(f"cat {CONFIG}"), "the edited configuration was overwritten"
    await house.showing("ready")
    await house.converse()
    installed = await house.run("dpkg-query -W ravatard")
    return (
        f"{' '.join(installed.split())}; session {ended['number']} ended by {ended['ended_by']}, "
        "configuration kept, answered again"
    )


async def package_purge(house: House) -> str:
    """Purge the package while it runs."""
    await house.run("sudo apt-get purge --yes -q ravatard 2>&1", within_s=120)
    # What building it has left, which is not the package's.
    await house.run(f"rm -r {_ENVIRONMENT} && rmdir /var/cache/ravatard")
    return await nothing_left(house)

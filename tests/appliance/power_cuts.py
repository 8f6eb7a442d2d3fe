"""Power cuts right after the appliance said that something is done: what it said is what it boots with."""

from __future__ import annotations

import time

from tests.appliance.caring import BOOT, MAKE_PARTITION
from tests.appliance.house import CONFIG, CREDENTIAL, SERVICE, House
from tests.appliance.installing import INSTALL, INSTALL_S, remove

_SECRET, _OTHER = "appliance-2342", "appliance-2343"
_ANSWERS = "/opt/appliance/answers.yaml"


async def _cut_and_boot(house: House) -> float:
    """Pull the plug at once, boot again; returns when that was."""
    await house.machine.power_cut()
    began = time.monotonic()
    await house.machine.power_on()
    return began


async def after_install(house: House) -> str:
    """Install, pull the plug on its last line, and boot: the service is there and starts."""
    await house.showing("ready")
    await remove(house)
    said = await house.run(INSTALL, within_s=INSTALL_S)
    assert "Next" in said, f"it does not say what to do next: {said[-300:]}"
    began = await _cut_and_boot(house)
    shown = await house.run(f"systemctl show --property=LoadState,UnitFileState {SERVICE}")
    assert shown.split() == ["LoadState=loaded", "UnitFileState=enabled"], shown
    status = await house.showing("ready")
    ready_s = time.monotonic() - began
    await house.converse()
    empty = await house.run("find /opt/ravatard/bin /usr/local/lib/systemd -type f -empty")
    assert not empty, f"empty files: {empty}"
    return (
        f"{' '.join(shown.split())}; {status!r} by itself {ready_s:.0f} s after power came back, and answered"
    )


async def after_start(house: House) -> str:
    """Install, start, talk, and pull the plug: the session that was left open is ended."""
    await house.showing("ready")
    await remove(house)
    await house.run(INSTALL, within_s=INSTALL_S)
    await house.run(f"systemctl start {SERVICE}", within_s=130)
    await house.showing("ready")
    session = await house.converse()
    began = await _cut_and_boot(house)
    ended = await house.all_ended()
    ended_s = time.monotonic() - began
    await house.showing("ready")
    await house.converse()
    return (
        f"session {session['number']} ended by {ended['ended_by']} {ended_s:.0f} s after power came back, "
        "then a new one answered"
    )


async def after_setup(house: House) -> str:
    """Give another avatar and secret to `ravatard setup`, and pull the plug when it has written them."""
    await house.showing("ready")
    before = await house.run(f"cat {CONFIG}")
    await house.write(_ANSWERS, f"service: {{avatar: Cleo, project_id: {_SECRET}}}")
    said = await house.run(f"sudo ravatard setup --answers {_ANSWERS}")
    assert f"written: {CREDENTIAL}" in said, said
    await _cut_and_boot(house)
    status = await house.showing("ready: Cleo")
    kept = await house.run(f"stat -c %a:%U {CREDENTIAL}; cat {CREDENTIAL}")
    assert kept == f"600:root\n{_SECRET}", kept
    await house.converse()
    await house.write(CONFIG, before)
    await house.run(f"systemctl restart {SERVICE}", within_s=130)
    return f"{status!r} after the boot, with the new secret, and answered"


async def after_boot_settings(house: House) -> str:
    """Take settings over from the boot partition, and pull the plug when the appliance shows them."""
    await house.showing("ready")
    before = await house.run(f"cat {CONFIG}")
    await house.run(f"mountpoint -q {BOOT} || {{ {MAKE_PARTITION}; }}")
    await house.write(f"{BOOT}/ravatard.yaml", f"service: {{avatar: Cleo, project_id: {_OTHER}}}")
    await house.run(f"systemctl restart {SERVICE}", within_s=130)
    await house.showing("ready: Cleo")
    session = await house.converse()
    await _cut_and_boot(house)
    ended = await house.all_ended()
    status = await house.showing("ready: Cleo")
    left = (await house.run(f"ls {BOOT}")).split()
    assert left == ["ravatard-done.txt"], f"on the partition: {left}"
    assert _OTHER not in await house.run(f"cat {CONFIG}"), "the secret is in the configuration"
    kept = await house.run(f"stat -c %a:%U {CREDENTIAL}; cat {CREDENTIAL}")
    assert kept == f"600:root\n{_OTHER}", kept
    await house.write(CONFIG, before)
    await house.run(f"rm {BOOT}/ravatard-done.txt; systemctl restart {SERVICE}", within_s=130)
    return f"{status!r} after the boot; session {session['number']} ended by {ended['ended_by']}"

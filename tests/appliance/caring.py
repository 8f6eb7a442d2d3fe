"""What an owner does with it: asks what is wrong, tries the board, leaves settings on the boot partition."""

from __future__ import annotations

import asyncio
import json
from collections import Counter

from tests.appliance.house import BUTTON, CONFIG, CREDENTIAL, HARDWARE, LIGHT, SERVICE, House
from tests.appliance.listening import changes, longest_lit_ms

BOOT = "/boot/firmware"
_PARTITION = "/opt/appliance/firmware.img"
MAKE_PARTITION = (
    f"mkfs.vfat -C {_PARTITION} 16384 >/dev/null && mkdir -p {BOOT} && "
    f"echo '{_PARTITION} {BOOT} vfat loop,umask=0022 0 0' >>/etc/fstab && "
    f"systemctl daemon-reload && mount {BOOT} && sync"
)
_SECRET = "appliance-0815"


async def doctor(house: House) -> str:
    """Let the doctor look while it runs, as root."""
    await house.settled()
    result = await house.machine.ask("ravatard doctor --json", 200)
    checks = json.loads(result.output)["checks"]
    counts = Counter(check["verdict"] for check in checks)
    told = [f"{check['id']}: {check['text']}" for check in checks if check["verdict"] != "fine"]
    broken = [check["id"] for check in checks if check["verdict"] == "broken"]
    assert not broken, f"{broken}: {'; '.join(told)}"
    return f"{dict(counts)}; {'; '.join(told)}"


async def board_test(house: House) -> str:
    """Light every state in turn while somebody presses the button."""
    refused = await house.machine.ask("ravatard board test --once --seconds 1")
    assert refused.status != 0, "it took the pins of the daemon"
    await house.run(f"systemctl stop {SERVICE}")
    async with asyncio.TaskGroup() as group:
        watching = group.create_task(house.run(f"sh {HARDWARE} watch {LIGHT} 30", within_s=60))
        trying = group.create_task(house.run("ravatard board test --once --seconds 2", within_s=90))
        # Its own start takes a while here.
        await asyncio.sleep(12)
        await house.press()
    said = trying.result().splitlines()
    for words in ("button pressed", "button released", "listening", "speaking"):
        assert words in said, f"it does not say {words!r}: {said}"
    lit = changes(watching.result())
    assert longest_lit_ms(lit) > 1000, f"the light was never on for long: {lit[:12]}"
    await house.run(f"systemctl start {SERVICE}", within_s=130)
    await house.showing("ready")
    return (
        f"refused beside the daemon; then {len(said)} lines, {len(lit)} changes of GPIO {LIGHT}, "
        f"GPIO {BUTTON} pressed and released"
    )


async def boot_settings(house: House) -> str:
    """Leave settings on a FAT boot partition, first with a mistake, and boot."""
    await house.run(f"mountpoint -q {BOOT} || {{ {MAKE_PARTITION}; }}")
    await house.write(f"{BOOT}/ravatard.yaml", "servce: {avatar: Brook}")
    await house.run(f"systemctl restart {SERVICE}", within_s=130)
    await house.showing("ready: Ada")
    note = await house.run(f"cat {BOOT}/ravatard-errors.txt")
    assert "did you mean" in note, note
    await house.run(f"rm {BOOT}/ravatard.yaml")
    await house.write(f"{BOOT}/ravatard.yaml", f"service: {{avatar: Cleo, project_id: {_SECRET}}}")
    await house.machine.rebooted()
    status = await house.showing("ready: Cleo")
    left = (await house.run(f"ls {BOOT}")).split()
    assert left == ["ravatard-done.txt"], f"on the partition: {left}"
    config = await house.run(f"cat {CONFIG}")
    assert "Cleo" in config, config
    assert _SECRET not in config, "the secret is in the configuration"
    kept = await house.run(f"stat -c %a:%U {CREDENTIAL}; cat {CREDENTIAL}")
    assert kept == f"600:root\n{_SECRET}", kept
    bytes_left = await house.machine.ask(f"sync; grep -c {_SECRET} {_PARTITION}")
    assert bytes_left.status == 1, "the secret can be read in the partition's free blocks"
    await house.converse()
    return f"{note.splitlines()[2]!r} in the note; mended, after a boot: {status!r}, the secret moved"

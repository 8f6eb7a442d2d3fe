"""Real sound cards of the kernel: named, pulled out, taken by others, and unable to do what is asked."""

from __future__ import annotations

import asyncio
import time

from tests.appliance.house import CONFIG, HARDWARE, ROOM, SERVICE, SPEECH, SPEECH_S, House


async def devices(house: House) -> str:
    """What ``ravatard devices`` calls the card, with the slim ALSA configuration."""
    said = await house.run("ravatard devices")
    assert "UsbMic" in said, f"the card is not named: {said}"
    process = await house.run(f"pgrep -P {await house.pid()} | head -1")
    opened = await house.run("cat /proc/asound/UsbMic/pcm0c/sub0/hw_params | tr '\\n' ' '")
    maps = await house.run(f"grep -c '\\.so' /proc/{process}/maps")
    line = next(line for line in said.splitlines() if "UsbMic" in line)
    return f"{line.strip()!r}; hw opened with {opened[:110]}; {maps} mappings of libraries"


async def unplug(house: House) -> str:
    """Take the card away while somebody speaks, and give it back."""
    await house.showing("ready")
    before = await house.pid()
    async with asyncio.TaskGroup() as group:
        group.create_task(house.machine.ask(f"timeout 30 aplay -q -D {ROOM} -d {SPEECH_S} {SPEECH}"))
        await house.showing("listening", 20)
        began = time.monotonic()
        pulled = group.create_task(house.run(f"timeout 60 sh {HARDWARE} unplug", within_s=70))
        status = await house.showing("no microphone", 60)
        noticed_s = time.monotonic() - began
        await pulled
    await house.run(f"sh {HARDWARE} plug")
    began = time.monotonic()
    await house.showing("ready", 60)
    back_s = time.monotonic() - began
    await house.converse()
    assert await house.pid() == before, "the daemon did not live through it"
    return (
        f"{status!r} after {noticed_s:.1f} s; ready {back_s:.1f} s after its return, answered; same process"
    )


async def busy(house: House) -> str:
    """Let another program have the microphone when the daemon starts."""
    await house.showing("ready")
    await house.run(f"systemctl stop {SERVICE}")
    cursor = await house.cursor()
    taking = "arecord -q -D hw:UsbMic,0,0 -t raw -f S16_LE -r 16000 -c 1"
    both = f"{taking} >/dev/null & {taking.replace('0,0', '0,1')} >/dev/null & sleep 25; kill %1 %2"
    async with asyncio.TaskGroup() as group:
        group.create_task(house.machine.ask(both, within_s=60))
        await asyncio.sleep(2)
        await house.run(f"systemctl start {SERVICE}", within_s=130)
        status = await house.showing("no microphone", 30)
        line = await house.heard_of("by another program", cursor, 20)
    began = time.monotonic()
    await house.showing("ready", 60)
    return f"{status!r}; {line.strip()!r}; ready {time.monotonic() - began:.0f} s after it was free"


async def others(house: House) -> str:
    """Cards that cannot do 16 kHz mono: the models of snd-dummy."""
    seen = []
    try:
        for model in ("emu10k1", "rme9652", "ice1712", "uda1341", "ac97", "ca0106"):
            seen.append(f"{model} {await _opened(house, model)}")
    finally:
        await house.write(CONFIG, house.config())
        await house.run(f"systemctl restart {SERVICE}; modprobe -r snd-dummy", within_s=130)
    assert not any("NOT" in one for one in seen), "; ".join(seen)
    return "; ".join(seen)


async def _opened(house: House, model: str) -> str:
    """In which shape the card is opened as a microphone."""
    await house.run(f"systemctl stop {SERVICE}; modprobe -r snd-dummy; modprobe snd-dummy model={model}")
    await house.write(CONFIG, house.config(microphone={"device": "card:Dummy"}))
    cursor = await house.cursor()
    await house.run(f"systemctl start {SERVICE}", within_s=130)
    result = await house.machine.ask("cat /proc/asound/Dummy/pcm0c/sub0/hw_params")
    shape = dict(line.split(": ", 1) for line in result.output.splitlines() if ": " in line)
    if not shape:
        return f"NOT opened: {(await house.said(cursor))[-200:]}"
    return f"{shape['format']} x{shape['channels']} {shape['rate'].split()[0]} Hz"

"""What people do with it: speak, press, listen, look at the light."""

from __future__ import annotations

import asyncio
from itertools import pairwise

from tests.appliance.house import BUTTON, HARDWARE, LIGHT, ROOM, House, answered

_LOUDEST = (
    'python3 -c \'import wave, array; w = wave.open("/opt/appliance/heard.wav"); '
    'a = array.array("h", w.readframes(1 << 30)); '
    "n = w.getframerate() // 10; "
    "print(max(map(abs, a)), sum(max(map(abs, a[i:i + n])) > 500 for i in range(0, len(a), n)) / 10)'"
)


async def speak(house: House) -> str:
    """Speak into the microphone."""
    session = await house.converse()
    turn = answered(session)[-1]
    status = await house.showing("")
    state = await house.cloud.state()
    return (
        f"{turn['speech_s']:.1f} s of speech arrived in session {session['number']}, answered after "
        f"{turn['answered_at'] - turn['began_at']:.1f} s; {len(state['violations'])} violations; {status!r}"
    )


async def answer_heard(house: House) -> str:
    """Listen at the other end of the speaker's cable while it answers."""
    await house.configure(ravatar={"mode": "chat"})
    await house.showing("ready")
    async with asyncio.TaskGroup() as group:
        group.create_task(
            house.run(
                f"timeout 90 arecord -q -D {ROOM} -f S16_LE -r 16000 -c 1 -d 20 /opt/appliance/heard.wav",
                within_s=100,
            )
        )
        await asyncio.sleep(2)
        await house.speak()
    await house.configure()
    loudest, seconds = (await house.run(_LOUDEST)).split()
    assert float(seconds) > 0.3, f"the speaker played nothing (loudest sample {loudest})"
    return f"{seconds} s of sound at the speaker, loudest sample {loudest} of 32768"


async def press(house: House) -> str:
    """Press the simulated button."""
    await house.settled()
    async with asyncio.TaskGroup() as group:
        watching = group.create_task(house.run(f"sh {HARDWARE} watch {LIGHT} 8", within_s=60))
        await asyncio.sleep(1.5)
        await house.press()
        status = await house.showing("listening", 10)
    lit = changes(watching.result())
    longest = longest_lit_ms(lit)
    assert longest > 1500, f"the light was never on for long: {lit[:12]}"
    await house.showing("ready")
    return f"GPIO {BUTTON} pulled low: status {status!r}, GPIO {LIGHT} lit for {longest / 1000:.1f} s"


async def lights(house: House) -> str:
    """Watch the light's line over a whole exchange."""
    await house.settled()
    async with asyncio.TaskGroup() as group:
        watching = group.create_task(house.run(f"sh {HARDWARE} watch {LIGHT} 25", within_s=90))
        await house.converse()
    lit = changes(watching.result())
    on_s = sum(after - at for (at, value), (after, _) in pairwise(lit) if value) / 1000
    longest = longest_lit_ms(lit)
    assert longest > 1000, f"nothing shows that it listened: {lit[:12]}"
    return (
        f"{len(lit)} changes of GPIO {LIGHT} in 25 s; lit for {on_s:.1f} s, {longest / 1000:.1f} s at a time"
    )


def longest_lit_ms(lit: list[tuple[int, bool]]) -> int:
    """The longest time the line was high without a break."""
    return max((after - at for (at, value), (after, _) in pairwise(lit) if value), default=0)


def changes(text: str) -> list[tuple[int, bool]]:
    """What ``hardware.sh watch`` printed: milliseconds, and whether the line was high from then on."""
    return [(int(at), value == "1") for at, value in (line.split() for line in text.splitlines())]

"""What a program pays for the SDK: its import, and a session with a picture, beside a bare aiohttp client."""

from __future__ import annotations

import asyncio
import resource
import subprocess
import sys
from statistics import median

from ravatard.sim.avatar.options import AvatarSimOptions, SimPictureOptions
from ravatard.sim.avatar.server import AvatarSimServer
from tests.benchmarks import procfs
from tests.benchmarks.report import Row, Table, at_most, spread

FRAMES_PER_S = 25.0
#: 480p; 45 kB as a message.
FRAME_BYTES = 34_000
_IMPORT_MS = 150.0
_FRAMES_MS_PER_S = 12.0
#: Connecting and the first frames are not counted.
_SETTLE_S = 2.0

_SDK = """
import asyncio, sys
from avatar_sdk import AvatarClient
async def main():
    client = AvatarClient(sys.argv[1], sys.argv[2])
    session = await client.create_session("low")
    await session.connect()
    {handler}
    await session.run_forever()
asyncio.run(main())
"""
#: Words: URL of the API, URL of the sockets.
BARE = """
import asyncio, json, sys, aiohttp
async def main():
    async with aiohttp.ClientSession() as pool:
        async with pool.post(sys.argv[1] + "/streaming.new", json={"quality": "low"}) as reply:
            name = (await reply.json())["session_id"]
        async with pool.ws_connect(sys.argv[2] + "/" + name, max_msg_size=0, decode_text=False) as socket:
            async for message in socket:
                pass
asyncio.run(main())
"""
_WAYS = {
    "bare aiohttp client that looks at nothing": BARE,
    "SDK, no handler of frames": _SDK.format(handler="pass"),
    "SDK, a handler of frames": _SDK.format(handler="session.on('frame', len)"),
    "SDK, a handler that decodes each frame": _SDK.format(
        handler="session.on('frame', lambda data: len(data.bytes))"
    ),
}


async def measure(*, seconds: float, rounds: int) -> list[Table]:
    """Two tables."""
    return [await asyncio.to_thread(_imports, rounds), await _frames(seconds)]


def _imports(rounds: int) -> Table:
    taken: dict[str, list[float]] = {
        "pass": [],
        "import asyncio": [],
        "from avatar_sdk import AvatarClient": [],
    }
    for _ in range(rounds):
        for program, times in taken.items():
            before = _children_s()
            subprocess.run([sys.executable, "-c", program], check=True)
            times.append((_children_s() - before) * 1e3)
    own = median(taken["from avatar_sdk import AvatarClient"]) - median(taken["pass"])
    rows = [Row(program, [spread(times, 1)]) for program, times in taken.items()]
    rows.append(Row("the SDK's import", [f"{own:.0f}"], at_most(own, _IMPORT_MS, "ms")))
    return Table("A program with the SDK: CPU of its start, ms", ("median [least, most]",), rows)


def _children_s() -> float:
    """CPU time of all processes that have ended: other load on the machine moves it less than the time."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


async def _frames(seconds: float) -> Table:
    options = AvatarSimOptions(picture=SimPictureOptions(frames_per_s=FRAMES_PER_S, size_bytes=FRAME_BYTES))
    rows = []
    for what, program in _WAYS.items():
        async with AvatarSimServer(options) as server:
            ms_per_s, frames = await _cpu(server, program, seconds)
        aim = at_most(ms_per_s, _FRAMES_MS_PER_S, "ms/s") if what == "SDK, a handler of frames" else None
        figures = [f"{ms_per_s:.1f}", f"{frames / seconds:.1f}"]
        rows.append(Row(what, figures, aim) if aim is not None else Row(what, figures))
    return Table(
        f"A session with frames of {FRAME_BYTES / 1000:.0f} kB: CPU of the program",
        ("ms a second", "frames a second"),
        rows,
    )


async def _cpu(server: AvatarSimServer, program: str, seconds: float) -> tuple[float, int]:
    """Return the program's CPU time in ms a second, and the frames it was sent meanwhile."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", program, server.api_url, server.socket_url, stderr=subprocess.DEVNULL
    )
    try:
        async with asyncio.timeout(30.0):
            while not any(one.frames for one in server.record.sessions):  # noqa: ASYNC110 - another process
                await asyncio.sleep(0.05)
        await asyncio.sleep(_SETTLE_S)
        before, frames = procfs.cpu_s(process.pid), server.record.sessions[0].frames
        await asyncio.sleep(seconds)
        used = procfs.cpu_s(process.pid) - before
        return used * 1e3 / seconds, server.record.sessions[0].frames - frames
    finally:
        process.terminate()
        await process.wait()

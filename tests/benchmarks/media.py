"""How soon an answer is heard after its first bytes, and what decoding it costs, container by container."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import AsyncGenerator
from contextlib import aclosing
from pathlib import Path

from ravatard.devices.media.child import MediaChild, worker_command, worker_environ
from ravatard.devices.media.decoder import DecodingLimits, MediaDecoder
from tests.benchmarks.report import Row, Table, at_most, spread
from tests.integration.media_files import encoded, wav

#: Issue: first sample of a WAV answer at most 30 ms after its first bytes.
_AIM_WAV_MS = 30.0
#: The answer that is measured, and how it comes in: as over a line of 4 Mbit/s.
_SECONDS = 10.0
_PIECE_BYTES = 8_192
_PIECE_S = _PIECE_BYTES / 500_000


class _Line:
    """Pieces at the pace of a network, and when the first of them came."""

    def __init__(self, content: bytes) -> None:
        self._content = content
        self.first_at = 0.0

    async def pieces(self) -> AsyncGenerator[bytes, None]:
        self.first_at = time.perf_counter()
        for at in range(0, len(self._content), _PIECE_BYTES):
            yield self._content[at : at + _PIECE_BYTES]
            await asyncio.sleep(_PIECE_S)


async def _first_ms(content: bytes, *, warm: bool) -> float:
    """From the first bytes to the first sample."""
    decoder = MediaDecoder(DecodingLimits(), os.environ, eager=True)
    if warm:
        await decoder.prepare()
        await asyncio.sleep(0.8)
    line = _Line(content)
    async with aclosing(line.pieces()) as pieces, aclosing(decoder.pcm(pieces)) as made:
        await anext(made)
        first = time.perf_counter()
    await decoder.close()
    return (first - line.first_at) * 1000


async def _cpu_ms(content: bytes) -> float:
    """Processor time of the daemon for each second of sound."""

    async def at_once() -> AsyncGenerator[bytes, None]:
        yield content

    before = time.process_time()
    async with aclosing(MediaDecoder(DecodingLimits(), os.environ).pcm(at_once())) as made:
        async for _ in made:
            pass
    return (time.process_time() - before) * 1000 / _SECONDS


async def _waiting_mb() -> float:
    """Memory of a process that is ready and waits: what is its own, and its share of what is not."""
    child = MediaChild(worker_command(9), worker_environ(os.environ))
    try:
        await asyncio.sleep(0.8)
        return _share_mb(child.pid)
    finally:
        await child.end()


def _share_mb(pid: int) -> float:
    told = Path("/proc", str(pid), "smaps_rollup").read_text()
    (share,) = (line.split()[1] for line in told.splitlines() if line.startswith("Pss:"))
    return int(share) / 1024


async def measure(*, rounds: int) -> list[Table]:
    """One table."""
    # Memory first: the encoders loaded here would share their libraries' pages with the process.
    waiting_mb = await _waiting_mb()
    files = {f"wav, {rate_hz} Hz": wav(_SECONDS, rate_hz) for rate_hz in (16_000, 24_000, 44_100, 48_000)}
    rows = []
    for name, content in files.items():
        first = [await _first_ms(content, warm=False) for _ in range(rounds)]
        cpu = [await _cpu_ms(content) for _ in range(rounds)]
        rows.append(
            Row(name, ["-", spread(first, 1), spread(cpu, 1)], at_most(max(first), _AIM_WAV_MS, "ms"))
        )
    for kind in ("mp3", "m4a", "m4a-faststart", "m4a-fragmented", "webm", "ogg-opus"):
        content = encoded(kind, _SECONDS)
        cold = [await _first_ms(content, warm=False) for _ in range(rounds)]
        warm = [await _first_ms(content, warm=True) for _ in range(rounds)]
        rows.append(Row(kind, [spread(cold, 0), spread(warm, 1), "-"]))
    columns = ("cold, ms", "ready, ms", "ms of CPU a second")
    notes = (
        f"From the first bytes of a {_SECONDS:g} s answer, coming in at 500 kB/s, to its first sample.",
        "Cold: the decoding process is started for it; ready: it was started before. WAV needs none.",
        "m4a: the index stands at the end, so all of it is downloaded first.",
        f"A process that is ready takes {waiting_mb:.0f} MB (Pss), for two minutes at most.",
    )
    return [Table("Answers, from bytes to sound", columns, rows, notes)]

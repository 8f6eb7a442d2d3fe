"""How long things take that somebody waits for: a chunk on its way, a press and its light, the end."""

from __future__ import annotations

import asyncio
import tempfile
from array import array
from collections.abc import Sequence
from pathlib import Path

from ravatard.core.audio_format import CHUNK_BYTES, SAMPLE_BYTES, bytes_for
from ravatard.sim.options import SimOptions
from ravatard.sim.ravatar.record import SessionRecord
from ravatard.sim.server import SimServer
from tests.benchmarks import panel, scenes
from tests.benchmarks.appliance import Appliance, feeder
from tests.benchmarks.report import Aim, Row, Table, at_most, percentile
from tests.benchmarks.yardstick import Yardstick

#: A frame of the gate; the aim of a press is 20 ms and one of these.
_FRAME_MS = 20
_PIECE_MS = 20
_COLUMNS = ("p50 ms", "p99 ms", "worst ms", "count")


async def measure(*, chunks: int, presses: int) -> list[Table]:
    """One table: chunks and presses."""
    async with Yardstick() as beside_chunks:
        sent_ms, arrived_ms = await _chunks(chunks)
    async with Yardstick() as beside_presses:
        light_ms = [press.light_s * 1000 for press in await panel.measure(presses)]
    rows = [
        _row("last sample of a chunk read -> message on the socket", sent_ms, beside_chunks, p50=2, p99=10),
        _row("... written by the microphone -> message at the service", arrived_ms, beside_chunks),
        _row("button edge -> LED", light_ms, beside_presses, p99=20 + _FRAME_MS),
        _row("one byte to a bare interpreter and back, beside the chunks", beside_chunks.values_ms),
    ]
    notes = (
        "Read to socket: from the sound process's read_at to the daemon's sent_at (MessageSent), told by an",
        "observer in the real daemon. Written to service: from the moment when the microphone wrote the",
        "20 ms that complete a chunk, to its message at the simulator, whole; waits between reads are in it.",
        "Button: from the edge of a mock pin, in a thread of its own, to the pin of the LED.",
    )
    return [Table("Latency", _COLUMNS, rows, notes)]


def _row(
    what: str,
    values_ms: Sequence[float],
    beside: Yardstick | None = None,
    *,
    p50: float | None = None,
    p99: float | None = None,
) -> Row:
    middle, most = percentile(values_ms, 50), percentile(values_ms, 99)
    aims = [at_most(value, limit, "ms") for value, limit in ((middle, p50), (most, p99)) if limit is not None]
    aim = Aim(", ".join(one.text for one in aims), all(one.met for one in aims) if aims else None)
    figures = [f"{middle:.2f}", f"{most:.2f}", f"{max(values_ms):.2f}", str(len(values_ms))]
    return Row(what, figures, aim, beside.beside(values_ms) if beside else {})


async def _chunks(count: int) -> tuple[list[float], list[float]]:
    """Milliseconds from read to sent, and from written to arrived, of at least ``count`` chunks."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        pcm = scenes.speech(count * 0.256 * 2 + 60)
        (folder / "speech.pcm").write_bytes(pcm)
        observed, written = folder / "observed", folder / "written"
        async with (
            # Nothing answers: the microphone is not listened to while an answer is heard, and this is about
            # its chunks. The session's stream is open all the same.
            SimServer(SimOptions(licences=50, answers=())) as server,
            Appliance(
                folder / "latency",
                server.base_url,
                feeder(folder / "speech.pcm", piece_ms=_PIECE_MS, journal=written),
                prototype="tests.benchmarks.observed",
                environ={"BENCHMARK_JOURNAL": str(observed)},
            ) as appliance,
        ):
            await appliance.ready()
            await appliance.until(
                lambda: observed.exists() and observed.stat().st_size >= count * 16,
                f"{count} chunks sent",
                count * 0.256 * 2 + 60,
            )
            await asyncio.sleep(0.5)
            moments = array("d", written.read_bytes())
            pairs = array("d", observed.read_bytes())
            sent_ms = [(sent - read) * 1000 for read, sent in zip(pairs[::2], pairs[1::2], strict=True)]
            arrived_ms = [
                late for session in appliance.sessions(server) for late in _arrivals(session, pcm, moments)
            ]
    return sent_ms, arrived_ms


def _arrivals(session: SessionRecord, pcm: bytes, moments: Sequence[float]) -> list[float]:
    """Milliseconds from the microphone's writing of a chunk's last sample to the chunk's arrival.

    A chunk is found in what was written by its samples, which never repeat. Those of the pre-roll that were
    old when the gate opened, the session's first (it had to be started) and silence are left out.
    """
    found: list[float] = []
    at = 0
    for piece in session.pieces:
        start = piece.first_sample * SAMPLE_BYTES
        sound = bytes(session.audio[start : start + CHUNK_BYTES])
        place = pcm.find(sound, at)
        if place < 0:
            continue
        first_of_utterance = place != at
        at = place + CHUNK_BYTES
        block = (at - 1) // bytes_for(_PIECE_MS)
        if not first_of_utterance and block < len(moments):
            found.append((piece.at - moments[block]) * 1000)
    return found

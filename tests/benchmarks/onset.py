"""From the first sample of a user's word to the first message with sound, beside the C floor."""

from __future__ import annotations

import tempfile
from array import array
from bisect import bisect_right
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from ravatard.core.audio_format import RATE_HZ
from ravatard.sim.options import SimOptions
from ravatard.sim.server import SimServer
from tests.benchmarks import floors, scenes
from tests.benchmarks.appliance import Appliance, feeder
from tests.integration.daemon import Config

#: A request of 0.8 s, the silence that ends it, a short answer, a pause: the next one finds the gate closed.
_TURN_S = 5.0
#: A message later than that is not the onset's own.
_LATEST_S = 1.5
#: A conversation: its session is open. The first message of a session waits for its start as well.
_CONVERSATION: Config = {"session": {"keep": "always"}}
#: An answer that is heard would hold the microphone at the next onset if it were longer.
_SHORT = SimOptions(think_s=0.05, licences=50, answers=("Yes.",))


@dataclass(slots=True)
class Onsets:
    """Milliseconds from onset to first message.

    Attributes:
        appliance: of the daemon.
        floor: of each C floor, by the length of its reads in ms.
        missed: onsets that no message followed, of the daemon.
    """

    appliance: list[float] = field(default_factory=list)
    floor: dict[int, list[float]] = field(default_factory=dict)
    missed: int = 0


async def measure(*, turns: int) -> Onsets:
    """Speak so many times to the real daemon and the C floors, at the same time."""
    found = Onsets()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        pcm, onset = scenes.spaced_turns(turns + 1, _TURN_S)
        sound = folder / "turns.pcm"
        sound.write_bytes(pcm)
        program, _ = floors.build_c_floor(folder)
        async with SimServer(_SHORT) as server, floors.Sink() as sink_20, floors.Sink() as sink_60:
            journal = folder / "written"
            microphone = feeder(sound, journal=journal)
            with ExitStack() as stack:
                sinks = {20: sink_20, 60: sink_60} if program else {}
                for block_ms, sink in sinks.items():
                    of_floor = folder / f"written-{block_ms}"
                    one = floors.c_floor(program, sound, block_ms, sink.port, journal=of_floor)
                    stack.callback(one.stop)
                folder_of_daemon = folder / "onset"
                async with Appliance(
                    folder_of_daemon, server.base_url, microphone, _CONVERSATION
                ) as appliance:
                    await appliance.ready()
                    size = round(turns * _TURN_S * 50) * 8
                    await appliance.until(
                        lambda: journal.exists() and journal.stat().st_size >= size,
                        f"{turns} turns",
                        turns * _TURN_S + 30,
                    )
                    came = sorted(piece.at for one in appliance.sessions(server) for piece in one.pieces)
            onsets = onset_moments(journal, 20, onset)
            found.appliance, found.missed = late_ms(onsets, came)
            for block_ms, sink in sinks.items():
                moments = onset_moments(folder / f"written-{block_ms}", block_ms, onset)
                found.floor[block_ms], _ = late_ms(moments, sorted(sink.came))
    return found


def onset_moments(journal: Path, piece_ms: int, onset: int) -> list[float]:
    """When the first sample of each request would have reached a card, from when its piece was written."""
    written = array("d", journal.read_bytes())
    piece = RATE_HZ * piece_ms // 1000
    turn = round(_TURN_S * RATE_HZ)
    moments = []
    # The first request finds a program that is still starting, the last one may have been cut.
    for sample in range(onset + turn, len(written) * piece - turn // 2, turn):
        index, within = divmod(sample, piece)
        moments.append(written[index] - (piece - within) / RATE_HZ)
    return moments


def late_ms(onsets: Sequence[float], came: Sequence[float]) -> tuple[list[float], int]:
    """Milliseconds from each onset to the first message after it; and how many had none."""
    late = []
    for onset_at in onsets:
        at = bisect_right(came, onset_at)
        if at < len(came) and came[at] - onset_at < _LATEST_S:
            late.append((came[at] - onset_at) * 1000)
    return late, len(onsets) - len(late)

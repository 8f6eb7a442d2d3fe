"""What a full garbage collection costs the daemon's event loop, with and without the objects of its start."""

from __future__ import annotations

import json
import subprocess
import sys

from tests.benchmarks.report import Aim, Row, Table, at_most, ratios, spread

_AIM_RATIO = 0.05
#: The daemon, and what it loads with its first connection and its first live voice.
_PROGRAM = """
import gc, json, resource, time

import ravatard.cli.appliance
import ravatard.cloud.ravatar.service
import ravatard.cloud.pixelstreaming.player
from ravatard.assembly.parts import conversation_options
from ravatard.cloud.network.trust import load_aiohttp
from ravatard.config import Options
from ravatard.core.conversation.conversation import Conversation

load_aiohttp()
options = conversation_options(Options(), has_button=True)

def resident():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * resource.getpagesize() / 1e6

def collected():
    taken = []
    for _ in range(5):
        begun = time.thread_time()
        gc.collect()
        taken.append(time.thread_time() - begun)
    return min(taken) * 1000

whole, objects, before = collected(), len(gc.get_objects()), resident()
gc.freeze()
# What a run adds is a few hundred objects; these are more.
later = [Conversation(options) for _ in range(50)]
rest = collected()
print(json.dumps({"whole": whole, "rest": rest, "objects": objects, "grown": resident() - before}))
"""


def measure(*, rounds: int) -> list[Table]:
    """One table."""
    found = []
    for _ in range(rounds):
        done = subprocess.run([sys.executable, "-c", _PROGRAM], capture_output=True, check=True)
        found.append(json.loads(done.stdout))
    whole, rest, grown = ([one[name] for one in found] for name in ("whole", "rest", "grown"))
    ratio = min(rest) / min(whole)
    objects = min(one["objects"] for one in found)
    return [
        Table(
            f"A full garbage collection of the daemon's {objects} objects, processor time",
            ("median [least, most]",),
            [
                Row("with those of the start, ms", [spread(whole, 1)]),
                Row("without them (shipped), ms", [spread(rest, 2)]),
                Row(
                    "without / with",
                    [f"{ratio:.3f}"],
                    at_most(ratio, _AIM_RATIO, "x"),
                    {"by rounds": ratios(rest, whole)},
                ),
                Row("more memory for it, MB", [spread(grown, 2)], Aim("0", max(grown) < 0.1)),
            ],
            ("The event loop stands still meanwhile.",),
        )
    ]

"""Of three real daemons in one room exactly one answers; while the broker is away each does, and says why."""

from __future__ import annotations

import random
import subprocess
from pathlib import Path

import pytest

from tests.integration.debian_programs import needs
from tests.integration.program import until
from tests.integration.room_rig import daemon_room

#: The same tries at every run; ``python -m tests.benchmarks --only room`` makes two hundred.
_SEED, _TRIES = 5, 4


def _may_have_other_ids() -> bool:
    """Whether a process may have a machine-id of its own here."""
    words = ["unshare", "--mount", "--map-root-user", "mount", "--bind", "/dev/null", "/etc/machine-id"]
    return subprocess.run(words, capture_output=True, check=False).returncode == 0


pytestmark = [
    pytest.mark.integration,
    needs("mosquitto"),
    pytest.mark.skipif(not _may_have_other_ids(), reason="no mounts of its own for a process here"),
]


async def test_exactly_one_of_three_answers_and_without_the_broker_each(tmp_path: Path) -> None:
    dice = random.Random(_SEED)
    async with daemon_room(tmp_path) as room:
        tries = [await room.one_try(dice) for _ in range(_TRIES)]
        before = room.answers()
        room.broker.stop()
        alone = "group lobby is out of reach"
        await until(lambda: all(alone in one.stderr for one in room.daemons), "each tells that it is alone")
        room.say([0.0, 0.1, 0.2])
        await until(
            lambda: all(now > was for now, was in zip(room.answers(), before, strict=True)),
            "each answers",
            story=room.story,
        )
        told = [one.stderr.count(alone) for one in room.daemons]

    assert [len(one.answered) for one in tries] == [1] * _TRIES, tries
    assert told == [1, 1, 1]

"""Talking over the avatar through the whole daemon and PulseAudio, in a model of a room; for `python -m`.

``python -m tests.benchmarks.talked_over [--users N] [--level DB]``

The avatar speaks long answers into its own microphone; a user begins five seconds into each. Sound processes
and the virtual devices go before other programs where that is allowed, as the machine may be shared.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
import tempfile
from pathlib import Path

from tests.benchmarks.report import Row, Table, percentile
from tests.integration import recordings
from tests.integration.talk_over_rig import Interruption, like, phrase, steady_audio, talking

_NOTES = (
    "Alone: utterances that the avatar's own voice opened, in one whole answer and before each user.",
    "Silent: from the start of the program that plays the user until the speaker's last sound, median",
    "and 95th percentile in ms; that program takes some 60 ms to be heard, on a busy machine far more.",
    "Sent: uploads with the first 600 ms of the words in them.",
)


async def measured(users: int, level_db: float) -> Row:
    """Have so many users talk over the avatar."""
    with tempfile.TemporaryDirectory(prefix="talked-over-") as name:
        folder = Path(name)
        (folder / "audio").mkdir()
        (folder / "daemon").mkdir()
        os.environ["RUNTIME_DIRECTORY"] = name
        said = phrase(over_echo_db=level_db)
        recording = recordings.write(folder / "user.wav", said)
        met: list[Interruption] = []
        for audio in steady_audio(folder / "audio"):
            async with talking(folder / "daemon", audio) as talk:
                await talk.answer()
                await talk.daemon.reports(lambda it: it["talk"] == "idle", "it is idle", 60)
                alone = await talk.utterances()
                for _ in range(users):
                    met.append(await talk.interrupt(recording))
                    print(met[-1], file=sys.stderr, flush=True)
                uploads = talk.uploads()
        alike = [like(upload, said, 0.6)[0] for upload in uploads]
        print("alike:", [round(one, 2) for one in alike], file=sys.stderr)
    silent = [one.silent_ms for one in met if one.silent_ms is not None]
    figures = (
        f"{alone + sum(one.before for one in met)}",
        f"{sum(one.found for one in met)} of {users}",
        f"{percentile(silent, 50):.0f}/{percentile(silent, 95):.0f}" if silent else "-",
        f"{sum(one > 0.3 for one in alike)} of {len(alike)}",
    )
    return Row(f"user at {level_db:g} dB", figures)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="Talking over the avatar through the whole daemon.")
    parser.add_argument("--users", type=int, default=20, help="how many speak")
    parser.add_argument("--level", type=float, default=0.0, help="of the voice over the echo, dB")
    arguments = parser.parse_args()
    row = asyncio.run(measured(arguments.users, arguments.level))
    columns = ("alone", "users found", "silent ms", "sent")
    print(Table("Talking over the avatar, whole daemon on PulseAudio", columns, [row], _NOTES))


if __name__ == "__main__":
    main()

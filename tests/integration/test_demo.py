"""``ravatard demo`` as a person runs it: the whole conversation on the terminal, and a status for scripts."""

from __future__ import annotations

import re
import signal
from pathlib import Path

import numpy as np
import pytest

from tests.integration import recordings
from tests.integration.program import Program

pytestmark = pytest.mark.integration


async def test_the_demo_shows_a_conversation_and_sums_it_up() -> None:
    async with Program("demo") as demo:
        status = await demo.ended(within_s=60)

        assert (status, demo.stderr) == (0, "")
        assert len(re.findall(r"\d s +hearing +utterance \d, opened by voice\n", demo.stdout)) == 4
        assert len(re.findall(r"\d s +heard +utterance \d: \d\.\d s of speech", demo.stdout)) == 4
        assert len(re.findall(r"\d s +avatar +“.+”\n", demo.stdout)) == 4
        assert len(re.findall(r"\d s +turn +\d: answered after \d\.\d s; \d+ messages", demo.stdout)) == 4
        lights = re.findall(r"● light +(\w+)\n", demo.stdout)
        assert lights[-13:] == ["ready", *["listening", "thinking", "ready"] * 4]
        assert re.search(r"utterances found +4, \d\.\d s of speech\n", demo.stdout)
        assert re.search(r"answered +4 of 4 turns\n", demo.stdout)
        assert re.search(r"live sessions +1 started, 1 ended, 0 still open\n$", demo.stdout)


async def test_another_recording_of_another_shape_can_be_used(tmp_path: Path) -> None:
    spoken = recordings.one_request(3)
    # 48 kHz and two channels, as many recorders write.
    stereo = np.repeat(spoken, 3)[:, None].repeat(2, axis=1)
    recording = recordings.write(tmp_path / "other recording.wav", stereo, rate_hz=48_000)
    async with Program("demo", "--wav", str(recording)) as demo:
        status = await demo.ended(within_s=30)

        assert (status, demo.stderr) == (0, "")
        assert re.search(r"utterances found +1, ", demo.stdout)
        assert re.search(r"answered +1 of 1 turns\n", demo.stdout)


async def test_a_recording_of_silence_is_told_and_fails(tmp_path: Path) -> None:
    recording = recordings.write(tmp_path / "silence.wav", recordings.quiet(1.0))
    async with Program("demo", "--wav", str(recording)) as demo:
        status = await demo.ended()

        assert (status, demo.stderr) == (1, "")
        assert "Nothing was heard in this recording" in demo.stdout


@pytest.mark.parametrize(
    ("content", "parts"),
    [("Hello\n", ["is not a WAV file", "ffmpeg"]), (None, ["No such file"])],
    ids=["no WAV", "no file"],
)
async def test_what_is_no_recording_is_told_in_one_sentence(
    tmp_path: Path, content: str | None, parts: list[str]
) -> None:
    file = tmp_path / "recording.wav"
    if content is not None:
        file.write_text(content)
    async with Program("demo", "--wav", str(file)) as demo:
        status = await demo.ended()

        assert (status, demo.stdout) == (78, "")
        assert demo.stderr.count("\n") == 1
        for part in ("ravatard: ", str(file), *parts):
            assert part in demo.stderr


async def test_a_reader_that_goes_away_ends_the_demo_without_a_traceback() -> None:
    async with Program("demo") as demo:
        await demo.until(lambda: "ready" in demo.stdout, "it listens")
        demo.close_stdout()

        status = await demo.ended(within_s=10)

        # Python itself makes 120 of it when it cannot flush its output at the end.
        assert status in (1, 120)
        assert demo.stderr == ""
        assert demo.orphans() == []


async def test_it_can_be_interrupted_and_still_sums_up() -> None:
    async with Program("demo") as demo:
        await demo.until(lambda: "live (started)" in demo.stdout, "a session is held")

        demo.send(signal.SIGINT)
        await demo.ended(within_s=10)

        assert demo.stderr == ""
        assert re.search(r"live sessions +1 started, 1 ended, 0 still open\n", demo.stdout)
        assert demo.orphans() == []

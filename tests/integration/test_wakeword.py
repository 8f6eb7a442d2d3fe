"""The wake word in the installed daemon: said by a synthetic voice, recognised by the real library."""

from __future__ import annotations

import asyncio
import audioop
import contextlib
import importlib.util
import os
import shutil
import signal
import struct
import subprocess
import sys
import wave
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from ravatard.core.audio_format import RATE_HZ
from ravatard.core.events import EchoRemoved, MicrophoneReady, Woken
from ravatard.core.states import GateMode
from ravatard.core.wakeword.options import BUILT_IN_WORDS, WakeWordOptions
from ravatard.core.wakeword.waking import LATEST_HIT_MS
from ravatard.devices.echo.ring import make_ring
from ravatard.devices.microphone.wakeword import trial
from ravatard.devices.microphone.wakeword.model import LIBRARY, find_model
from ravatard.devices.microphone.wakeword.trial import PassingTroubleError, find_and_try, try_model
from ravatard.devices.microphone.wakeword.tried import LARGEST_MODEL_BYTES
from ravatard.errors import DeviceError
from ravatard.host.control.client import ask
from ravatard.host.runtime import SOCKET_NAME
from ravatard.sim.options import SimOptions
from ravatard.sim.ravatar.cloud import SimCloud
from ravatard.sim.ravatar.record import SessionRecord
from ravatard.sim.server import SimServer
from ravatard.sim.sound.synthesizer import Synthesizer
from tests.integration import recordings
from tests.integration.daemon import Config, Daemon
from tests.integration.feeder import feed
from tests.integration.recordings import Samples
from tests.unit.devices.microphone.test_worker import answers_to, start

pytestmark = [
    pytest.mark.integration,
    pytest.mark.skipif(shutil.which("espeak-ng") is None, reason="the word needs espeak-ng"),
    pytest.mark.skipif(importlib.util.find_spec(LIBRARY) is None, reason="the extra wakeword is not there"),
]

MODELS = Path(importlib.util.find_spec(LIBRARY).origin or "").parent / "models"  # type: ignore[union-attr]
OPTIONS = SimOptions(think_s=0.05, answers=("I heard you.",))
_OWN_ZEROS = 8
#: The word that espeak-ng says as its model expects it.
WORD: dict[str, object] = {"word": "okay_nabu", "follow_up_s": 3}
GATE: Config = {"gate": {"mode": "wakeword"}, "wakeword": WORD, "ravatar": {"mode": "live"}}


def the_word(folder: Path) -> Samples:
    """ "Okay Nabu", as loud as the requests of the bundled recording, without silence around it."""
    file = folder / "word.wav"
    subprocess.run(["espeak-ng", "-v", "en-us", "-s", "150", "-w", file, "okay nahboo"], check=True)
    with wave.open(str(file)) as source:
        pcm, rate_hz = source.readframes(source.getnframes()), source.getframerate()
    voice = np.frombuffer(audioop.ratecv(pcm, 2, 1, rate_hz, RATE_HZ, None)[0], "<i2").astype(float)
    loud = np.flatnonzero(np.abs(voice) > 0.02 * np.abs(voice).max())
    voice = voice[loud[0] : loud[-1] + 1]
    noise = recordings.quiet(len(voice) / RATE_HZ)
    samples: Samples = (
        np.rint(voice * 3_000 / np.sqrt(np.mean(voice**2))).astype(np.int16) + noise[: len(voice)]
    )
    return samples


def request(number: int) -> Samples:
    """A request of the bundled recording without the noise around it."""
    return recordings.one_request(number, before_s=0.0, after_s=0.0)


def asked(what: str) -> dict[str, object]:
    return dict(ask(Path(os.environ["RUNTIME_DIRECTORY"]) / SOCKET_NAME, {"do": what}))


def counters() -> dict[str, int]:
    report = asked("status")["status"]
    assert isinstance(report, dict)
    found: dict[str, int] = report["counters"]
    return found


def spans_sent(session: SessionRecord, played: Samples) -> list[tuple[int, int]]:
    """Where in ``played`` each stretch that the service received begins and ends, message by message."""
    sound = np.frombuffer(bytes(session.audio), "<i2")
    spans: list[tuple[int, int]] = []
    for piece in session.pieces:
        samples = sound[piece.first_sample : piece.first_sample + piece.samples]
        if not samples.any():
            continue
        samples = recordings.without_padding(samples)
        first = recordings.place_of(samples, played)
        assert first is not None
        # A message may end with zeros of its own, which look like padding.
        goes_on = bool(spans) and first - spans[-1][1] < _OWN_ZEROS
        begun = spans.pop()[0] if goes_on else first
        spans.append((begun, first + len(samples)))
    return spans


async def test_what_follows_the_word_is_sent_and_nothing_else(tmp_path: Path) -> None:
    word, unheard = the_word(tmp_path), request(0)
    noise = iter(np.array_split(recordings.quiet(60.0), 10))

    def quiet(seconds: float) -> Samples:
        return next(noise)[: round(seconds * RATE_HZ)]

    parts = [
        *(quiet(4.0), unheard, quiet(2.0)),
        *(word, quiet(1.2), request(1), quiet(2.5)),
        # The answer has come: no word is needed.
        *(request(2), quiet(6.0), quiet(1.0)),
        # Some time later it is again; the next goes on from the word without a pause.
        *(unheard, quiet(2.0), word, request(3), quiet(3.0)),
    ]
    played = np.concatenate(parts)
    starts = np.cumsum([0, *map(len, parts)])
    sound = recordings.write(tmp_path / "spoken.wav", played)
    config: Config = {"microphone": {"command": feed(sound)}}
    async with (
        SimServer(OPTIONS) as server,
        Daemon(tmp_path, server.base_url, GATE, config) as daemon,
    ):
        await daemon.until(lambda: daemon.shows("waiting for the wake word"), "it waits for the word", 60)
        await daemon.until(lambda: server.record.counts["answers"] == 3, "all is answered", 90)
        counts = await asyncio.to_thread(counters)
        await daemon.stopped()

    spans = [span for session in server.record.sessions for span in spans_sent(session, played)]
    after_pause, follow_up, going_on = spans
    # Nothing of the word before the first, a pre-roll before each, and no first sample is lost.
    assert starts[4] < after_pause[0] <= starts[5]
    assert after_pause[1] >= starts[6]
    assert starts[6] < follow_up[0] <= starts[7]
    assert follow_up[1] >= starts[8]
    word_end = starts[13]
    assert word_end - LATEST_HIT_MS * RATE_HZ // 1000 <= going_on[0] <= word_end
    assert going_on[1] >= starts[14]
    assert (counts["wakes"], counts["wakes_unused"]) == (2, 0)
    assert not server.record.open_licences()


#: A speaker, and a user who may talk over it; what is not written is as an owner has it.
TALKED_OVER: Config = {
    "gate": {"mode": "wakeword"},
    "wakeword": {"word": "okay_nabu"},
    "ravatar": {"mode": "chat"},
    "audio": {"barge_in": "voice"},
    "speaker": {"command": "dd of=/dev/null status=none"},
}


@pytest.mark.parametrize("pause_s", [0.3, 1.5])
@pytest.mark.parametrize("echo", ["cancel", "external"])
async def test_where_the_avatar_may_be_talked_over_the_earcon_and_the_answer_leave_no_user_unheard(
    tmp_path: Path, echo: str, pause_s: float
) -> None:
    pause = recordings.quiet(pause_s)
    # The next follows the answer, without the word.
    parts = [recordings.quiet(4.0), the_word(tmp_path), pause, request(1), recordings.quiet(5.0), request(2)]
    sound = recordings.write(tmp_path / "spoken.wav", np.concatenate(parts))
    config: Config = {"microphone": {"command": feed(sound)}, "audio": {"echo": echo}}
    async with (
        SimServer(cloud=SimCloud(OPTIONS, key=b"of this test", speak=Synthesizer().wav)) as server,
        Daemon(tmp_path, server.base_url, TALKED_OVER, config) as daemon,
    ):
        await daemon.until(lambda: server.record.counts["answers"] == 2, "both are answered", 60)
        report = (await asyncio.to_thread(asked, "status"))["status"]
        await daemon.stopped()

    assert isinstance(report, dict)
    counts = report["counters"]
    assert (counts["wakes"], counts["wakes_unused"], counts["utterances"]) == (1, 0, 2)
    assert report["degraded"] == []


def _wrong_shape(content: bytes) -> bytes:
    """The model with 41 instead of 40 features a step."""
    at = content.index(b"\x01\0\0\0\x03\0\0\0\x28\0\0\0")
    return content[: at + 8] + b"\x29" + content[at + 9 :]


def _endless_step(content: bytes) -> bytes:
    """The model with a score for each 300,000 features, that is 50 minutes."""
    at = content.index(b"\x01\0\0\0\x03\0\0\0\x28\0\0\0")
    return content[: at + 4] + (300_000).to_bytes(4, "little") + content[at + 8 :]


def _scoreless(content: bytes) -> bytes:
    """The model with scores from 0 to 0.0000003."""
    return content.replace(struct.pack("<f", 1 / 256), struct.pack("<f", 1e-9))


def _sparse(path: Path, _: bytes) -> None:
    path.touch()
    os.truncate(path, 200 << 20)


def _written(change: Callable[[bytes], bytes]) -> Callable[[Path, bytes], object]:
    return lambda path, content: path.write_bytes(change(content))


#: Each kind of file that is no model, and how it is made in a model's place.
BROKEN: dict[str, Callable[[Path, bytes], object]] = {
    "truncated": _written(lambda content: content[: len(content) // 2]),
    "nearly whole": _written(lambda content: content[:-4_000]),
    "random": _written(lambda content: np.random.default_rng(1).bytes(len(content))),
    "empty": _written(lambda _: b""),
    "one byte": _written(lambda _: b"\0"),
    "wrong shape": _written(_wrong_shape),
    "endless step": _written(_endless_step),
    "no score": _written(_scoreless),
    "200 MB": _sparse,
    "a dangling link": lambda path, _: path.symlink_to("nowhere"),
    "a device": lambda path, _: path.symlink_to("/dev/zero"),
    "a folder": lambda path, _: path.mkdir(),
    "a FIFO": lambda path, _: os.mkfifo(path),
    "missing": lambda path, _: None,
}


def own_model(folder: Path, make: Callable[[Path, bytes], object]) -> None:
    """Put a model ``mine`` beside the configuration."""
    models = folder / "wakewords"
    models.mkdir()
    described = (MODELS / "okay_nabu.json").read_text().replace("okay_nabu.tflite", "mine.tflite")
    (models / "mine.json").write_text(described)
    make(models / "mine.tflite", (MODELS / "okay_nabu.tflite").read_bytes())


@pytest.mark.parametrize("kind", BROKEN)
def test_a_model_that_is_none_is_one_sentence_and_ends_only_the_process_that_tries_it(
    tmp_path: Path, kind: str
) -> None:
    own_model(tmp_path, BROKEN[kind])
    (temporary := tmp_path / "temporary").mkdir()

    with pytest.raises(DeviceError) as refusal:
        find_and_try(WakeWordOptions(word="mine"), tmp_path, os.environ | {"TMPDIR": str(temporary)})

    assert "mine.tflite" in str(refusal.value)
    assert "\n" not in str(refusal.value)
    # A process that is ended by its model cannot clean up.
    assert list(temporary.iterdir()) == []


@pytest.mark.parametrize("link", [False, True])
def test_a_whole_model_of_the_owners_works_also_behind_a_link(tmp_path: Path, *, link: bool) -> None:
    target = MODELS / "okay_nabu.tflite"
    own_model(tmp_path, lambda path, whole: path.symlink_to(target) if link else path.write_bytes(whole))

    tried = find_and_try(WakeWordOptions(word="mine", sensitivity="high"), tmp_path, os.environ)

    assert tried.content == target.read_bytes()
    assert len(tried.content) < LARGEST_MODEL_BYTES
    assert 0.5 < tried.threshold < 0.85
    os.close(tried.fd)


@pytest.mark.parametrize("limit", ["--as=1500000000", "--cpu=10", "--core=0"])
def test_a_hard_limit_that_is_lower_than_the_trials_own_is_kept_and_no_fault_of_the_model(
    tmp_path: Path, limit: str
) -> None:
    file = tmp_path / "ravatard.yaml"
    file.write_text("gate: {mode: wakeword}\n")

    command = ["prlimit", limit, sys.executable, "-m", "ravatard", "config", "check", "--config", str(file)]
    said = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)

    assert "wake word" not in said.stdout


def test_memory_that_is_too_short_for_the_library_is_no_fault_of_the_model(tmp_path: Path) -> None:
    tight = ("prlimit", "--as=90000000", sys.executable, "-P", "-m", trial.__name__)

    with pytest.raises(PassingTroubleError) as refusal:
        try_model(find_model(WakeWordOptions(), tmp_path), os.environ, command=tight)

    assert "memory" in str(refusal.value)
    assert "copy it anew" not in str(refusal.value)


def test_a_trial_that_is_stopped_is_given_up_and_no_fault_of_the_model(tmp_path: Path) -> None:
    stopped = ("sh", "-c", "kill -STOP $$")

    with pytest.raises(PassingTroubleError, match=r"took more than 0\.5 s: its process is stopped, or"):
        try_model(find_model(WakeWordOptions(), tmp_path), os.environ, command=stopped, limit_s=0.5)


def test_every_built_in_model_works(tmp_path: Path) -> None:
    for word in BUILT_IN_WORDS:
        tried = find_and_try(WakeWordOptions(word=word), tmp_path, os.environ)
        assert tried.content == (MODELS / f"{word}.tflite").read_bytes()
        os.close(tried.fd)


def test_config_check_says_what_is_wrong_with_a_model(tmp_path: Path) -> None:
    own_model(tmp_path, BROKEN["truncated"])
    file = tmp_path / "ravatard.yaml"
    file.write_text("gate: {mode: wakeword}\nwakeword: {word: mine}\n")

    command = [sys.executable, "-m", "ravatard", "config", "check", "--config", str(file)]
    said = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)

    (line,) = [line for line in said.stdout.splitlines() if "wake word" in line]
    assert "SIGSEGV" in line


@pytest.mark.parametrize("kind", ["good", "truncated"])
def test_a_process_leaves_no_copy_of_a_model_behind_however_it_ends(tmp_path: Path, kind: str) -> None:
    """Also one that is ended in the middle of loading."""
    content = (MODELS / "okay_nabu.tflite").read_bytes()
    content = content if kind == "good" else content[: len(content) // 2]
    (model := tmp_path / "model").write_bytes(content)
    (temporary := tmp_path / "temporary").mkdir()
    loads = (
        "import sys; from pathlib import Path;"
        "from ravatard.devices.microphone.detectors.wake_word import load_content;"
        "load_content(Path(sys.argv[1]).read_bytes(), 5); import os; os.kill(os.getpid(), 9)"
    )

    environ = os.environ | {"TMPDIR": str(temporary)}
    ended = subprocess.run([sys.executable, "-c", loads, model], env=environ, check=False, timeout=60)

    assert ended.returncode == (-signal.SIGKILL if kind == "good" else -signal.SIGSEGV)
    assert list(temporary.iterdir()) == []


async def test_with_a_broken_model_the_daemon_listens_all_the_same_and_says_why(tmp_path: Path) -> None:
    own_model(tmp_path, BROKEN["random"])
    sound = np.concatenate([recordings.quiet(3.0), request(0), recordings.quiet(3.0)])
    config: Config = {
        "microphone": {"command": feed(recordings.write(tmp_path / "spoken.wav", sound))},
        "wakeword": {"word": "mine"},
    }
    async with (
        SimServer(OPTIONS) as server,
        Daemon(tmp_path, server.base_url, GATE, config) as daemon,
    ):
        await daemon.until(lambda: server.record.counts["answers"] == 1, "it is answered", 60)
        # Mended, and read again.
        (tmp_path / "wakewords" / "mine.tflite").write_bytes((MODELS / "okay_nabu.tflite").read_bytes())
        await asyncio.to_thread(asked, "reload")
        await daemon.until(lambda: daemon.shows("waiting for the wake word"), "it waits for the word", 60)
        # A file that changes is nothing to a process that has it already, or that is started from memory.
        (tmp_path / "wakewords" / "mine.tflite").write_bytes(b"no model any more")
        for muted in (True, False):
            await asyncio.to_thread(asked, "mute" if muted else "unmute")
            shown = "muted" if muted else "waiting for the wake word"
            await daemon.until(lambda shown=shown: daemon.shows(shown), shown, 40)  # type: ignore[misc]
        await daemon.stopped()

    assert daemon.stderr.count("no wake word") == 1
    assert "until then any voice opens the gate" in daemon.stderr


#: Appended to the library: it is killed in use by the 300th step, but not in a trial. The gate of a
#: microphone makes 230 when its first speech begins.
CRASHING = """

def _process_streaming_prob(self, features, real=MicroWakeWord.process_streaming_prob, steps=[0]):
    steps[0] += 1
    import sys
    if steps[0] == 300 and "trial" not in sys.argv[0]:
        import signal
        signal.raise_signal(signal.SIGSEGV)
    return real(self, features)


MicroWakeWord.process_streaming_prob = _process_streaming_prob
"""


def own_library(folder: Path, more: str) -> Path:
    """Put the library into a folder for PYTHONPATH, with ``more`` behind its code; return that file."""
    library = folder / "pymicro_wakeword"
    library.mkdir(parents=True)
    for file in MODELS.parent.iterdir():
        (library / file.name).symlink_to(file)
    code = library / "microwakeword.py"
    whole = code.read_text()
    code.unlink()
    code.write_text(whole + more)
    return code


def sound_process(daemon: Daemon) -> int:
    """The microphone's process; 0 while there is none."""
    for pid in daemon.offspring():
        with contextlib.suppress(OSError):
            if b"ravatard.devices.microphone.worker" in Path(f"/proc/{pid}/cmdline").read_bytes():
                return pid
    return 0


async def test_a_library_that_kills_the_microphones_process_in_use_is_put_aside_after_the_second_time(
    tmp_path: Path,
) -> None:
    code = own_library(tmp_path / "library", CRASHING)
    sound = np.concatenate([recordings.quiet(2.0), request(0), recordings.quiet(60.0)])
    config: Config = {"microphone": {"command": feed(recordings.write(tmp_path / "spoken.wav", sound))}}
    environ = {"PYTHONPATH": str(tmp_path / "library")}
    async with (
        SimServer(OPTIONS) as server,
        Daemon(tmp_path, server.base_url, GATE, config, environ=environ) as daemon,
    ):
        # The recording begins anew with each process: the first and second crash, the third opens by voice.
        await daemon.until(lambda: server.record.counts["answers"] == 1, "it is answered", 90)
        report = (await asyncio.to_thread(asked, "status"))["status"]
        assert isinstance(report, dict)
        # Mended, and read again.
        code.write_text(code.read_text().removesuffix(CRASHING))
        await asyncio.to_thread(asked, "reload")
        await daemon.until(lambda: daemon.shows("waiting for the wake word"), "it waits for the word", 60)
        await daemon.stopped()

    (sentence,) = report["degraded"]
    assert sentence.startswith("no wake word: the sound process failed 2 times within 10 minutes (SIGSEGV)")
    assert sentence.endswith("until then any voice opens the gate")
    assert (report["gate"], report["counters"]["microphone_losses"]) == ("vad", 2)
    assert daemon.stderr.count("no wake word") == 1


#: Appended to the library: it ends each process that loads it, but no trial, as OpenBLAS does without memory.
ENDING = """

import os, sys

if "trial" not in sys.argv[0]:
    os._exit(1)
"""


async def test_a_library_that_ends_the_microphones_process_without_a_signal_is_put_aside_as_well(
    tmp_path: Path,
) -> None:
    own_library(tmp_path / "library", ENDING)
    (temporary := tmp_path / "temporary").mkdir()
    sound = np.concatenate([recordings.quiet(2.0), request(0), recordings.quiet(60.0)])
    config: Config = {"microphone": {"command": feed(recordings.write(tmp_path / "spoken.wav", sound))}}
    environ = {"PYTHONPATH": str(tmp_path / "library"), "TMPDIR": str(temporary)}
    async with (
        SimServer(OPTIONS) as server,
        Daemon(tmp_path, server.base_url, GATE, config, environ=environ) as daemon,
    ):
        await daemon.until(lambda: server.record.counts["answers"] == 1, "it is answered", 90)
        report = (await asyncio.to_thread(asked, "status"))["status"]
        await daemon.stopped()

    assert isinstance(report, dict)
    (sentence,) = report["degraded"]
    assert sentence.startswith("no wake word: the sound process failed 2 times within 10 minutes")
    assert (report["gate"], list(temporary.iterdir())) == ("vad", [])


async def test_while_a_trial_stands_still_the_daemon_listens_and_answers_and_takes_the_word_later(
    tmp_path: Path,
) -> None:
    # A trial sleeps where it loads the library, until there is a file.
    waiting = f"""
import os, sys, time

while "trial" in sys.argv[0] and not os.path.exists({str(tmp_path / "go on")!r}):
    time.sleep(0.05)
"""
    own_library(tmp_path / "library", waiting)
    sound = recordings.write(tmp_path / "quiet.wav", recordings.quiet(120.0))
    config: Config = {"microphone": {"command": feed(sound)}}
    environ = {"PYTHONPATH": str(tmp_path / "library")}
    async with (
        SimServer(OPTIONS) as server,
        Daemon(tmp_path, server.base_url, GATE, config, environ=environ) as daemon,
    ):
        await daemon.until(lambda: daemon.shows("ready"), "it listens without the word", 15)
        report = (await asyncio.to_thread(asked, "status"))["status"]
        (tmp_path / "go on").touch()
        await daemon.until(lambda: daemon.shows("waiting for the wake word"), "it waits for the word", 15)
        await daemon.stopped()

    assert isinstance(report, dict)
    assert "its model is being tried for more than 4.5 s" in report["degraded"][0]


async def test_a_microphones_process_that_is_killed_between_the_word_and_the_request_is_no_end_of_the_word(
    tmp_path: Path,
) -> None:
    # The recording begins anew with each process: the first is killed in the pause after the word.
    word = the_word(tmp_path)
    parts = [recordings.quiet(3.0), word, recordings.quiet(5.0), request(1), recordings.quiet(30.0)]
    config: Config = {
        "microphone": {"command": feed(recordings.write(tmp_path / "spoken.wav", np.concatenate(parts)))},
        "gate": {"mode": "wakeword", "no_speech_s": 30},
    }
    async with (
        SimServer(OPTIONS) as server,
        Daemon(tmp_path, server.base_url, GATE, config) as daemon,
    ):
        await daemon.until(lambda: daemon.shows("waiting for the wake word"), "it waits for the word", 60)
        await daemon.until(lambda: daemon.shows("listening"), "it was woken", 60)
        os.kill(sound_process(daemon), signal.SIGKILL)
        await daemon.until(lambda: not daemon.shows("listening"), "the word is forgotten", 30)
        await daemon.until(lambda: server.record.counts["answers"] == 1, "the next is answered", 90)
        report = (await asyncio.to_thread(asked, "status"))["status"]
        await daemon.stopped()

    assert isinstance(report, dict)
    assert (report["counters"]["wakes"], report["counters"]["wakes_unused"]) == (2, 0)
    assert (report["degraded"], report["gate"]) == ([], "wakeword")
    assert "no wake word" not in daemon.stderr
    assert not server.record.open_licences()


#: Root may read every file, and the service's user may not.
UNPRIVILEGED = () if os.geteuid() else ("setpriv", "--bounding-set", "-dac_override,-dac_read_search")


async def test_a_model_that_is_unreadable_or_replaced_while_the_daemon_runs_is_refused_or_taken_by_a_reload(
    tmp_path: Path,
) -> None:
    own_model(tmp_path, lambda path, whole: path.write_bytes(whole))
    model = tmp_path / "wakewords" / "mine.tflite"
    model.chmod(0)
    sound = recordings.write(tmp_path / "quiet.wav", recordings.quiet(120.0))
    config: Config = {"microphone": {"command": feed(sound)}, "wakeword": {"word": "mine"}}

    async def reads_again(shown: str, trouble: str) -> None:
        await asyncio.to_thread(asked, "reload")
        await daemon.until(lambda: daemon.shows(shown), shown, 60)
        await daemon.until(lambda: trouble in " ".join(degraded()), trouble or "all is well", 30)

    def degraded() -> list[str]:
        report = asked("status")["status"]
        assert isinstance(report, dict)
        found: list[str] = report["degraded"]
        return found

    async with (
        SimServer(OPTIONS) as server,
        Daemon(tmp_path, server.base_url, GATE, config, launcher=UNPRIVILEGED) as daemon,
    ):
        await daemon.until(lambda: daemon.shows("ready"), "it listens", 60)
        (unreadable,) = await asyncio.to_thread(degraded)
        model.chmod(0o644)
        await reads_again("waiting for the wake word", "")
        # The gate is another one before the process that has its word is started.
        listening = await daemon.until(lambda: sound_process(daemon), "a process with the word", 30)

        # A link to the same whole model disturbs nothing; another whole model in its place is taken.
        model.unlink()
        model.symlink_to(MODELS / "okay_nabu.tflite")
        await reads_again("waiting for the wake word", "")
        assert sound_process(daemon) == listening
        model.unlink()
        model.write_bytes((MODELS / "hey_jarvis.tflite").read_bytes())
        await reads_again("waiting for the wake word", "")
        await daemon.until(lambda: sound_process(daemon) not in (0, listening), "another process", 30)
        await daemon.until(lambda: daemon.shows("waiting for the wake word"), "it waits again", 60)
        listening = sound_process(daemon)

        # What is none is not: 200 MB, half a model that is being written, none at all. The good one stays.
        os.truncate(model, 200 << 20)
        await reads_again("waiting for the wake word", "mine.tflite has 209715200 bytes")
        model.write_bytes((MODELS / "okay_nabu.tflite").read_bytes()[:40_000])
        await reads_again("waiting for the wake word", "SIGSEGV")
        model.unlink()
        reply = await asyncio.to_thread(asked, "reload")
        assert sound_process(daemon) == listening
        # And the process that is started again has it.
        os.kill(listening, signal.SIGKILL)
        await daemon.until(lambda: sound_process(daemon) not in (0, listening), "another process", 30)
        await daemon.until(lambda: daemon.shows("waiting for the wake word"), "it waits again", 60)
        await daemon.stopped()

    assert f"the wake word mine goes on as before: {model} cannot be read" in str(reply)
    assert unreadable.startswith(f"no wake word: {model} cannot be read: Permission denied")
    assert unreadable.endswith("until then any voice opens the gate")


def test_a_user_who_may_talk_over_the_avatar_wakes_it_too(tmp_path: Path) -> None:
    sound = np.concatenate([recordings.quiet(2.0), the_word(tmp_path), recordings.quiet(1.0)])
    (tmp_path / "said.pcm").write_bytes(sound.tobytes())
    tried = find_and_try(WakeWordOptions(word="okay_nabu"), tmp_path, os.environ)
    ring = make_ring()
    source = start(GateMode.WAKEWORD, command=f"cat {tmp_path}/said.pcm")
    first = replace(source, word=tried, talk_over="external", echo_fd=ring)

    answers = answers_to(first, cut=False)
    os.close(tried.fd)
    os.close(ring)

    assert answers[:2] == [MicrophoneReady("command cat"), EchoRemoved(True)]
    assert [type(answer) for answer in answers].count(Woken) == 1


HIDING = """
import sys
from importlib.machinery import PathFinder

class Hiding(PathFinder):
    @classmethod
    def find_spec(cls, name, path=None, target=None):
        hidden = name.partition(".")[0] in {"pymicro_wakeword", "pymicro_features", "numpy"}
        return None if hidden else super().find_spec(name, path, target)

sys.meta_path = [Hiding if finder is PathFinder else finder for finder in sys.meta_path]
"""


async def test_without_the_extra_it_is_one_sentence_and_another_gate(tmp_path: Path) -> None:
    (tmp_path / "hiding").mkdir()
    (tmp_path / "hiding" / "sitecustomize.py").write_text(HIDING)
    sound = np.concatenate([recordings.quiet(3.0), request(0), recordings.quiet(3.0)])
    config: Config = {"microphone": {"command": feed(recordings.write(tmp_path / "spoken.wav", sound))}}
    environ = {"PYTHONPATH": str(tmp_path / "hiding")}
    async with (
        SimServer(OPTIONS) as server,
        Daemon(tmp_path, server.base_url, GATE, config, environ=environ) as daemon,
    ):
        await daemon.until(lambda: server.record.counts["answers"] == 1, "it is answered", 60)
        await daemon.stopped()

    assert daemon.stderr.count("the extra wakeword is not installed") == 1

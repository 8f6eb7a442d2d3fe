"""The ear on real sound: PortAudio and ALSA for real, commands, FIFOs, and a real child process."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
import wave
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TypeVar

import numpy as np
import pytest
from numpy.typing import NDArray

from ravatard.core.actions import Hold, Mute, Press, Release
from ravatard.core.events import (
    ChunkCaptured,
    Listened,
    MicrophoneClosed,
    MicrophoneEnded,
    MicrophoneEvent,
    MicrophoneLost,
    MicrophoneReady,
    UtteranceClosed,
    UtteranceOpened,
)
from ravatard.core.options.gate import GateOptions, VoiceOptions
from ravatard.core.states import Cause, CloseReason, GateMode
from ravatard.devices.microphone.child import MicrophoneChild, worker_command
from ravatard.devices.microphone.microphone import ChildMicrophone
from ravatard.devices.microphone.options import CaptureOptions, MicrophoneOptions
from ravatard.devices.microphone.protocol import RawBlock, Start, encode
from ravatard.devices.process.piped import child_environ
from tests.integration.virtual_audio import VirtualAudio, missing

pytestmark = pytest.mark.integration

Kind = TypeVar("Kind", bound=MicrophoneEvent)
LACKS = missing()
needs_sound = pytest.mark.skipif(bool(LACKS), reason=f"virtual sound needs {', '.join(LACKS)}")


@pytest.fixture
def audio(tmp_path: Path) -> Iterator[VirtualAudio]:
    """A virtual USB microphone."""
    folder = tmp_path / "audio"
    folder.mkdir()
    with VirtualAudio(folder) as virtual:
        yield virtual


def spoken_like() -> NDArray[np.int16]:
    """Two seconds that a voice detector takes for speech: a buzz of 140 Hz with formants, in syllables."""
    seconds = np.arange(32_000) / 16_000
    pitch = 140 + 20 * np.sin(2 * np.pi * 1.3 * seconds)
    phase = 2 * np.pi * np.cumsum(pitch) / 16_000
    buzz = sum(
        np.sin(k * phase) / (1 + ((k * 140 - f) / 220) ** 2) for k in range(1, 25) for f in (500, 1500, 2500)
    )
    syllables = 0.3 + 0.7 * np.clip(np.sin(2 * np.pi * 4 * seconds), 0, 1)
    sound = buzz * syllables + np.random.default_rng(1).normal(0, 0.05, 32_000)
    loudest = float(np.abs(sound).max())
    return np.asarray(sound / loudest * 16_000, dtype=np.int16)


def write_wav(path: Path, samples: NDArray[np.int16]) -> Path:
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(16_000)
        file.writeframes(samples.tobytes())
    return path


def correlation(played: NDArray[np.int16], heard: NDArray[np.int16]) -> float:
    """How well ``heard`` holds ``played``, wherever in it."""
    size = 1 << (len(played) + len(heard)).bit_length()
    spectrum = np.fft.rfft(heard.astype(float), size) * np.conj(np.fft.rfft(played.astype(float), size))
    lag = int(np.argmax(np.fft.irfft(spectrum, size)[: len(heard)]))
    common = min(len(played), len(heard) - lag)
    return float(np.corrcoef(played[:common], heard[lag : lag + common])[0, 1])


@asynccontextmanager
async def listening(
    *,
    mode: GateMode = GateMode.VAD,
    environ: dict[str, str] | None = None,
    capture: CaptureOptions | None = None,
    **microphone: object,
) -> AsyncIterator[tuple[ChildMicrophone, AsyncIterator[MicrophoneEvent]]]:
    """An ear and its events; closed at the end."""
    ear = ChildMicrophone(
        MicrophoneOptions(**microphone),  # type: ignore[arg-type]  # the options of the test at hand
        capture or CaptureOptions(),
        GateOptions(),
        VoiceOptions(),
        mode=mode,
        environ=environ or dict(os.environ),
    )
    try:
        yield ear, ear.events()
    finally:
        await ear.close()


async def next_event(events: AsyncIterator[MicrophoneEvent], kind: type[Kind], within_s: float = 20) -> Kind:
    """The next event of this kind; others are passed over."""
    async with asyncio.timeout(within_s):
        async for event in events:
            if isinstance(event, kind):
                return event
    raise AssertionError("the ear was closed")


def is_running(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


async def ends_soon(pid: int) -> bool:
    """Whether the process, which is nobody's child here, ends within a moment."""
    for _ in range(100):
        if not is_running(pid):
            return True
        await asyncio.sleep(0.02)
    return False


@needs_sound
async def test_what_is_played_into_the_microphone_is_what_the_ear_hears(
    audio: VirtualAudio, tmp_path: Path
) -> None:
    speech = spoken_like()
    recording = write_wav(tmp_path / "speech.wav", speech)

    async with listening(device="usb_mic", environ=audio.environ()) as (_, events):
        ready = await next_event(events, MicrophoneReady)
        await next_event(events, Listened)
        player = audio.microphone.play(recording)
        opened = await next_event(events, UtteranceOpened)
        chunks = []
        async with asyncio.timeout(20):
            async for event in events:
                if isinstance(event, ChunkCaptured):
                    chunks.append(event)
                elif isinstance(event, UtteranceClosed):
                    closed = event
                    break
    player.wait(10)

    heard = np.frombuffer(b"".join(chunk.pcm for chunk in chunks), "<i2")
    assert ready.device == "usb_mic"
    assert opened.cause is Cause.VOICE
    assert closed.reason is CloseReason.SILENCE
    assert [chunk.sequence for chunk in chunks] == list(range(len(chunks)))
    assert closed.end_sample - opened.first_sample == len(heard)
    assert correlation(speech, heard) >= 0.99


@needs_sound
async def test_a_microphone_that_is_pulled_out_is_lost_and_comes_back_when_it_is_plugged_in(
    audio: VirtualAudio,
) -> None:
    async with listening(device="usb_mic", environ=audio.environ()) as (_, events):
        await next_event(events, MicrophoneReady)

        audio.unplug()
        lost = await next_event(events, MicrophoneLost, within_s=5)
        missing_now = await next_event(events, MicrophoneLost, within_s=5)
        audio.replug()
        back = await next_event(events, MicrophoneReady)

    assert "fell silent" in lost.reason
    assert "there is no device 'usb_mic' at the moment" in missing_now.reason
    assert back.device == "usb_mic"


@needs_sound
async def test_a_microphone_that_hangs_is_lost_and_comes_back_when_it_goes_on(audio: VirtualAudio) -> None:
    async with listening(device="usb_mic", environ=audio.environ()) as (_, events):
        await next_event(events, MicrophoneReady)

        audio.microphone.stall()
        before = time.monotonic()
        lost = await next_event(events, MicrophoneLost, within_s=5)
        noticed_s = time.monotonic() - before
        audio.microphone.resume()
        await next_event(events, MicrophoneReady)

    assert lost.reason.startswith("the microphone fell silent")
    assert noticed_s < 3


@needs_sound
async def test_a_name_that_does_not_exist_is_answered_with_those_that_do(audio: VirtualAudio) -> None:
    async with listening(device="Blue Yeti", environ=audio.environ()) as (_, events):
        lost = await next_event(events, MicrophoneLost)

    assert "there is no device 'Blue Yeti' at the moment" in lost.reason
    assert "'usb_mic'" in lost.reason


@needs_sound
def test_the_devices_are_listed_with_names_and_without_noise(audio: VirtualAudio) -> None:
    command = [sys.executable, "-m", "ravatard", "devices"]

    done = subprocess.run(
        command, env=audio.environ(), capture_output=True, text=True, timeout=30, check=True
    )

    assert "\n  usb_mic  " in done.stdout
    assert 'device: "usb_mic"' in done.stdout
    assert done.stderr == ""


async def test_without_a_sound_card_both_alsa_configurations_are_tried_and_no_noise_is_in_the_sentence(
    capfd: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    environ = {name: value for name, value in os.environ.items() if name != "ALSA_CONFIG_PATH"}
    environ |= {"HOME": str(tmp_path), "XDG_RUNTIME_DIR": str(tmp_path), "XDG_CONFIG_HOME": str(tmp_path)}

    async with listening(device="Blue Yeti", environ=environ) as (_, events):
        slim = await next_event(events, MicrophoneLost)
        system = await next_event(events, MicrophoneLost)

    assert slim.reason.endswith("; trying the machine's own ALSA configuration")
    assert "Blue Yeti" in system.reason
    assert "trying" not in system.reason
    assert "ALSA: " not in slim.reason + system.reason
    assert capfd.readouterr() == ("", "")


async def test_alsa_noise_is_kept_off_the_terminal_and_logged_for_debugging(
    capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    caplog.set_level("DEBUG", "ravatard")
    broken = tmp_path / "asound.conf"
    broken.write_text("pcm.default { type nonesuch }\n")

    async with listening(environ=dict(os.environ) | {"ALSA_CONFIG_PATH": str(broken)}) as (_, events):
        lost = await next_event(events, MicrophoneLost)

    assert "ALSA: " not in lost.reason
    assert any("nonesuch" in message for message in caplog.messages)
    assert capfd.readouterr() == ("", "")


async def test_a_command_is_heard_until_it_ends_and_then_started_again(tmp_path: Path) -> None:
    script = tmp_path / "microphone.py"
    script.write_text(
        "import os, sys, time\n"
        "for _ in range(30):\n    os.write(1, bytes(640)); time.sleep(0.02)\n"
        "sys.stderr.write('cable came loose'); sys.exit(3)\n"
    )

    async with listening(command=f"{sys.executable} -S {script}") as (_, events):
        ready = await next_event(events, MicrophoneReady)
        heard = await next_event(events, Listened)
        lost = await next_event(events, MicrophoneLost)
        again = await next_event(events, MicrophoneReady)

    assert ready == again == MicrophoneReady(f"command {sys.executable}")
    assert heard.samples >= 4_000
    assert "ended with status 3 [cable came loose]" in lost.reason


async def test_a_command_that_delivers_nothing_any_more_is_lost_and_ended(tmp_path: Path) -> None:
    script, note = tmp_path / "stuck.py", tmp_path / "pid"
    script.write_text(
        f"import os, time\nopen({str(note)!r}, 'w').write(str(os.getpid()))\n"
        "os.write(1, bytes(6400)); time.sleep(600)\n"
    )

    async with listening(command=f"{sys.executable} -S {script}") as (_, events):
        await next_event(events, MicrophoneReady)
        pid = int(note.read_text())
        lost = await next_event(events, MicrophoneLost, within_s=5)
        ended = await ends_soon(pid)

    assert "delivered no sound for 0.7 s" in lost.reason
    assert ended


async def test_samples_of_a_command_arrive_as_they_were_written(tmp_path: Path) -> None:
    speech = spoken_like()
    raw, script = tmp_path / "stereo.raw", tmp_path / "microphone.py"
    stereo = np.zeros((len(speech), 2), "<i4")
    stereo[:, 1] = speech.astype("<i4") << 16
    raw.write_bytes(stereo.tobytes())
    # Pieces that are no whole frames, quicker than real time.
    script.write_text(
        f"import os, time\ndata = open({str(raw)!r}, 'rb').read() + bytes(400_000)\n"
        "for at in range(0, len(data), 1001):\n    os.write(1, data[at : at + 1001])\ntime.sleep(600)\n"
    )
    capture = CaptureOptions(channels=2, channel=1, sample_format="s32le")
    chunks = []

    async with listening(command=f"{sys.executable} -S {script}", capture=capture, mode=GateMode.BOTH) as (
        _,
        events,
    ):
        async with asyncio.timeout(20):
            async for event in events:
                if isinstance(event, ChunkCaptured):
                    chunks.append(event)
                elif isinstance(event, UtteranceClosed):
                    break

    heard = np.frombuffer(b"".join(chunk.pcm for chunk in chunks), "<i2")
    expected = np.concatenate([speech, np.zeros(20_000, np.int16)])
    first = chunks[0].first_sample
    assert heard.tolist() == expected[first : first + len(heard)].tolist()


async def test_a_fifo_is_waited_for_heard_and_waited_for_again(tmp_path: Path) -> None:
    path = tmp_path / "microphone"
    os.mkfifo(path)

    async with listening(fifo=str(path)) as (_, events):
        nobody = await next_event(events, MicrophoneLost)
        with path.open("wb", buffering=0) as writer:
            writer.write(bytes(2 * 960 + 1))
            ready = await next_event(events, MicrophoneReady)
        gone = await next_event(events, MicrophoneLost)
        with path.open("wb", buffering=0) as writer:
            writer.write(bytes(2 * 960))
            again = await next_event(events, MicrophoneReady)

    assert nobody == gone == MicrophoneLost(f"no program writes into the FIFO {path}")
    assert ready == again == MicrophoneReady(f"FIFO {path}")


@pytest.mark.alone
async def test_a_recording_is_played_in_real_time_and_silence_follows(tmp_path: Path) -> None:
    recording = write_wav(tmp_path / "short.wav", np.zeros(16_000, np.int16))

    async with listening(wav=str(recording)) as (_, events):
        await next_event(events, MicrophoneReady)
        begun = time.monotonic()
        await next_event(events, MicrophoneEnded)
        took_s = time.monotonic() - begun
        after = await next_event(events, Listened)

    assert 0.8 < took_s < 2
    assert after.samples > 16_000


async def test_a_speaker_who_was_cut_off_in_a_pause_is_waited_for_in_the_next_sentence(
    tmp_path: Path,
) -> None:
    word, pause = spoken_like()[:12_000], np.zeros(17_600, np.int16)
    lead, end = np.zeros(8_000, np.int16), np.zeros(40_000, np.int16)
    sentence = np.concatenate((word, pause, word, end))
    recorded = np.concatenate((lead, sentence, sentence))
    recording = write_wav(tmp_path / "hesitant.wav", recorded)

    async with listening(wav=str(recording)) as (_, events):
        closed = [await next_event(events, UtteranceClosed) for _ in range(3)]

    assert [one.reason for one in closed] == [CloseReason.SILENCE] * 3
    # The words of the first sentence apart, those of the second together.
    first, second, both = (one.end_sample for one in closed)
    assert first < len(lead) + len(word) + len(pause) < second < len(lead) + len(sentence)
    assert both > len(recorded) - len(end)


async def test_a_press_opens_the_gate_at_once_and_a_release_closes_it(tmp_path: Path) -> None:
    recording = write_wav(tmp_path / "quiet.wav", np.zeros(160_000, np.int16))

    async with listening(wav=str(recording), mode=GateMode.BUTTON) as (ear, events):
        await next_event(events, MicrophoneReady)
        ear.command(Press())
        opened = await next_event(events, UtteranceOpened)
        await next_event(events, ChunkCaptured)
        ear.command(Release())
        closed = await next_event(events, UtteranceClosed)

    assert opened.cause is Cause.BUTTON
    assert closed.reason is CloseReason.RELEASED


async def test_a_held_microphone_opens_nothing(tmp_path: Path) -> None:
    recording = write_wav(tmp_path / "speech.wav", np.concatenate([spoken_like(), np.zeros(8_000, np.int16)]))

    async with listening(wav=str(recording)) as (ear, events):
        ear.command(Hold(True))
        seen: list[MicrophoneEvent] = []
        async for event in events:
            ear.command(Hold(True))
            seen.append(event)
            if isinstance(event, MicrophoneEnded):
                break

    assert {type(event) for event in seen} <= {MicrophoneReady, Listened, MicrophoneEnded}


async def test_without_a_gate_every_block_arrives(tmp_path: Path) -> None:
    speech = spoken_like()[:8_000]
    recording = write_wav(tmp_path / "speech.wav", speech)
    start = Start(
        MicrophoneOptions(wav=str(recording)), CaptureOptions(), GateOptions(), VoiceOptions(), mode=None
    )
    child = MicrophoneChild(child_environ(os.environ, slim=True), start)
    pcm = b""
    try:
        while len(pcm) < 16_000:
            pcm += b"".join(r.pcm for r in await child.receive(10) if isinstance(r, RawBlock))
    finally:
        child.kill()
        assert await child.reaped(2)

    assert pcm[:16_000] == speech.tobytes()


async def test_closing_ends_the_command_too_and_quickly(tmp_path: Path) -> None:
    script, note = tmp_path / "stubborn.py", tmp_path / "pid"
    script.write_text(
        "import os, signal, time\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        f"open({str(note)!r}, 'w').write(str(os.getpid()))\n"
        "while True:\n    os.write(1, bytes(640)); time.sleep(0.02)\n"
    )

    async with listening(command=f"{sys.executable} -S {script}") as (ear, events):
        await next_event(events, MicrophoneReady)
        pid = int(note.read_text())
        before = time.monotonic()
        await ear.close()
        took_s = time.monotonic() - before
        await ear.close()

        ended = await ends_soon(pid)

    assert took_s < 2
    assert ended


def test_the_sound_process_and_its_command_end_when_the_daemon_is_killed(tmp_path: Path) -> None:
    note, script, daemon = tmp_path / "pids", tmp_path / "microphone.py", tmp_path / "daemon.py"
    script.write_text("import os, time\nwhile True:\n    os.write(1, bytes(640)); time.sleep(0.02)\n")
    daemon.write_text(
        "import asyncio, os\n"
        "from pathlib import Path\n"
        "from ravatard.core.audio.endpointing.endpointer import VoiceOptions\n"
        "from ravatard.core.options.gate import GateOptions\n"
        "from ravatard.core.states import GateMode\n"
        "from ravatard.devices.microphone.options import CaptureOptions, MicrophoneOptions\n"
        "from ravatard.devices.microphone.microphone import ChildMicrophone\n"
        "async def main():\n"
        f"    microphone = MicrophoneOptions(command='{sys.executable} -S {script}')\n"
        "    ear = ChildMicrophone(microphone, CaptureOptions(), GateOptions(), VoiceOptions(),\n"
        "        mode=GateMode.VAD, environ=os.environ)\n"
        "    async for event in ear.events():\n"
        "        print('ready', flush=True)\n"
        "asyncio.run(main())\n"
    )
    with subprocess.Popen([sys.executable, str(daemon)], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"
        family = descendants(process.pid)
        process.send_signal(signal.SIGKILL)

    until = time.monotonic() + 5
    while any(is_running(pid) for pid in family) and time.monotonic() < until:
        time.sleep(0.02)
    assert len(family) == 2, note
    assert not [pid for pid in family if is_running(pid)]


@needs_sound
def test_the_sound_process_ends_with_the_daemon_even_while_portaudio_hangs(audio: VirtualAudio) -> None:
    audio.microphone.stall()
    start = Start(
        MicrophoneOptions(device="usb_mic"), CaptureOptions(), GateOptions(), VoiceOptions(), GateMode.VAD
    )

    process = subprocess.Popen(
        worker_command(),
        env=child_environ(audio.environ(), slim=True),
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        process_group=0,
    )
    assert process.stdin is not None
    process.stdin.write(encode(start))
    process.stdin.flush()
    time.sleep(1.5)
    hung = process.poll() is None

    process.stdin.close()

    assert hung
    assert process.wait(3) == -signal.SIGKILL


# ---------------------------------------------------------------- mute


def holders(path: str) -> list[int]:
    """Processes that have a file open whose name begins like this: the proof that a microphone is closed."""
    found = []
    for folder in Path("/proc").glob("[0-9]*/fd"):
        try:
            names = [str(fd.readlink()) for fd in folder.iterdir()]
        except OSError:
            continue
        if any(name.startswith(path) for name in names):
            found.append(int(folder.parent.name))
    return found


@pytest.mark.alone
async def test_muting_ends_the_sound_process_and_its_command_before_it_is_called_closed(
    tmp_path: Path,
) -> None:
    script, note = tmp_path / "stubborn.py", tmp_path / "pid"
    script.write_text(
        "import os, signal, time\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        f"open({str(note)!r}, 'w').write(str(os.getpid()))\n"
        "while True:\n    os.write(1, bytes(640)); time.sleep(0.02)\n"
    )

    async with listening(command=f"{sys.executable} -S {script}") as (ear, events):
        await next_event(events, MicrophoneReady)
        family = descendants(os.getpid())
        before = time.monotonic()
        ear.command(Mute(True))
        await next_event(events, MicrophoneClosed)
        took_s = time.monotonic() - before
        left = [pid for pid in family if is_running(pid)]
        first = int(note.read_text())
        ear.command(Mute(False))
        await next_event(events, MicrophoneReady)
        second = int(note.read_text())

    assert first in family
    assert left == []
    assert took_s < 0.5
    assert second != first


async def test_a_muted_fifo_is_not_even_opened_and_un_muting_opens_it(tmp_path: Path) -> None:
    path = tmp_path / "microphone"
    os.mkfifo(path)

    async with listening(fifo=str(path)) as (ear, events):
        await next_event(events, MicrophoneLost)
        open_before = holders(str(path))
        ear.command(Mute(True))
        await next_event(events, MicrophoneClosed)
        open_muted = holders(str(path))
        ear.command(Mute(False))
        await next_event(events, MicrophoneLost)
        open_after = holders(str(path))

    assert (len(open_before), open_muted, len(open_after)) == (1, [], 1)


async def test_an_utterance_ends_with_the_mute_and_not_a_chunk_follows(tmp_path: Path) -> None:
    recording = write_wav(tmp_path / "speech.wav", np.concatenate([spoken_like()] * 5))
    after: list[MicrophoneEvent] = []

    async with listening(wav=str(recording)) as (ear, events):
        await next_event(events, ChunkCaptured)
        ear.command(Mute(True))
        async with asyncio.timeout(20):
            async for event in events:
                after.append(event)
                if isinstance(event, MicrophoneClosed):
                    ear.command(Mute(False))
                elif isinstance(event, MicrophoneReady):
                    break

    assert [type(event) for event in after] == [MicrophoneClosed, MicrophoneReady]


@needs_sound
async def test_a_muted_card_has_no_listener_and_is_heard_again_afterwards(audio: VirtualAudio) -> None:
    async with listening(device="usb_mic", environ=audio.environ()) as (ear, events):
        await next_event(events, MicrophoneReady)
        listeners_before = audio.microphone.listeners()
        ear.command(Mute(True))
        await next_event(events, MicrophoneClosed)
        # PulseAudio needs a moment to see that its client is gone.
        await asyncio.sleep(0.2)
        listeners_muted = audio.microphone.listeners()
        ear.command(Mute(False))
        await next_event(events, MicrophoneReady)

    assert (listeners_before, listeners_muted) == (1, 0)


# ---------------------------------------------------------------- faults


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSEGV, signal.SIGSTOP])
@pytest.mark.alone
async def test_a_sound_process_that_crashes_or_stands_still_is_replaced(
    tmp_path: Path, number: signal.Signals
) -> None:
    recording = write_wav(tmp_path / "quiet.wav", np.ones(16_000, np.int16))

    async with listening(wav=str(recording), repeat=True) as (_, events):
        await next_event(events, MicrophoneReady)
        (child,) = descendants(os.getpid())
        before = time.monotonic()
        os.kill(child, number)
        await next_event(events, MicrophoneLost)
        noticed_s = time.monotonic() - before
        await next_event(events, MicrophoneReady)
        back_s = time.monotonic() - before

    assert not is_running(child)
    assert noticed_s < 1.5
    assert back_s < 3


@needs_sound
@pytest.mark.alone
async def test_a_microphone_that_is_switched_off_is_told_once_and_heard_as_soon_as_it_is_on(
    audio: VirtualAudio,
) -> None:
    capture = CaptureOptions(zeros_s=2)
    async with listening(device="usb_mic", environ=audio.environ(), capture=capture) as (_, events):
        await next_event(events, MicrophoneReady)
        audio.microphone.switch_off()
        lost = await next_event(events, MicrophoneLost)
        waiting = asyncio.ensure_future(anext(events))
        await asyncio.sleep(4)
        quiet = not waiting.done()
        before = time.monotonic()
        audio.microphone.switch_on()
        back = await waiting
        back_s = time.monotonic() - before

    assert "only digital silence (exact zeros for 2 s)" in lost.reason
    assert quiet
    assert back == MicrophoneReady("usb_mic")
    assert back_s < 1.5


@pytest.mark.alone
async def test_a_command_at_twice_its_rate_is_told_and_heard_when_it_is_right_again(tmp_path: Path) -> None:
    script, fast = tmp_path / "microphone.py", tmp_path / "fast"
    fast.touch()
    script.write_text(
        "import os, time\nfrom pathlib import Path\nbegun, written = time.monotonic(), 0\n"
        f"fast = Path({str(fast)!r})\n"
        "while True:\n"
        "    pieces = 2 if fast.exists() else 1\n"
        "    os.write(1, bytes(639 * pieces) + bytes([1] * pieces)); written += 1\n"
        "    time.sleep(max(0, begun + 0.02 * written - time.monotonic()))\n"
    )

    async with listening(command=f"{sys.executable} -S {script}") as (_, events):
        await next_event(events, MicrophoneReady)
        lost = await next_event(events, MicrophoneLost)
        fast.unlink()
        before = time.monotonic()
        await next_event(events, MicrophoneReady)
        back_s = time.monotonic() - before

    assert "where 16000 were agreed" in lost.reason
    assert back_s < 4


def descendants(pid: int) -> list[int]:
    children = [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    return children + [grandchild for child in children for grandchild in descendants(child)]

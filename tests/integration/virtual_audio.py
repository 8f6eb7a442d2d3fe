"""A virtual sound card for a machine without one: PulseAudio as an ordinary process, reached through ALSA.

PyAudio opens the ALSA PCMs ``usb_mic``, ``speaker`` and ``default`` in real time, as it would open a card.
Every device is a PulseAudio daemon of its own: were both in one, pulling out the microphone would move its
listeners to the speaker's monitor instead of cutting them off. Everything lives in one folder, needs no root,
reads nothing of the user's, and is ended by the handles of the processes that were started here.

Needs Debian's ``pulseaudio pulseaudio-utils libasound2-plugins``.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType

PROGRAMS = ("pulseaudio", "pactl", "pacat", "parec", "paplay")
PLUGIN = "libasound_module_pcm_pulse.so"
MICROPHONE = "usb_mic"
SPEAKER = "speaker"
#: A null sink rounds the time of each block down to a microsecond, and so is fast; at this rate nothing is
#: rounded.
STEADY_HZ = 50_000
_QUIET_LATENCY_MS = 20
#: The noise of a real converter: white, some 4 of 32,768, because exact zeros are a fault. PulseAudio's
#: volumes are cubes of 65,536ths.
_NOISE = ("--volume=3300", "/dev/urandom")
_ZEROS = ("/dev/zero",)


def missing() -> list[str]:
    """What this machine lacks; [] when virtual sound can be had."""
    lacks = [program for program in PROGRAMS if shutil.which(program) is None]
    if not any(Path("/usr/lib").glob(f"*/alsa-lib/{PLUGIN}")):
        lacks.append(PLUGIN)
    return lacks


class VirtualDevice:
    """One PulseAudio daemon with one null sink: its monitor is a microphone, or its sink a speaker."""

    def __init__(self, folder: Path, name: str, sink: str, rate_hz: int, channels: int) -> None:
        self.socket = folder / f"{name}.sock"
        self.sink = sink
        self._folder = folder
        self._name = name
        self._format = [f"--rate={rate_hz}", f"--channels={channels}", "--format=s16le"]
        self._rate_hz = rate_hz
        self._channels = channels
        self._processes: list[subprocess.Popen[bytes]] = []
        self._keeper: subprocess.Popen[bytes] | None = None
        self._module = ""
        self._server: subprocess.Popen[bytes] | None = None

    @property
    def environ(self) -> dict[str, str]:
        """For PulseAudio's own programs: folders and a server that are ours alone."""
        return {
            "PATH": os.environ["PATH"],
            "HOME": str(self._folder / "home"),
            "XDG_CONFIG_HOME": str(self._folder / "config"),
            "XDG_STATE_HOME": str(self._folder / "state"),
            "XDG_RUNTIME_DIR": str(self._folder / f"run-{self._name}"),
            "PULSE_SERVER": f"unix:{self.socket}",
            "PULSE_COOKIE": str(self._folder / "cookie"),
        }

    def start(self) -> None:
        """Start the daemon and plug the device in."""
        (self._folder / f"run-{self._name}").mkdir(mode=0o700)
        script = self._folder / f"{self._name}.pa"
        script.write_text(f"load-module module-native-protocol-unix auth-anonymous=1 socket={self.socket}\n")
        # With memfd PulseAudio 16.1 aborts when a client dies.
        self._server = self._spawn(
            *("pulseaudio", "-n", "-F", str(script), "--daemonize=no", "--use-pid-file=no"),
            *("--disallow-exit", "--exit-idle-time=-1", "--realtime=no", "--high-priority=no"),
            *("--disable-shm=yes", "--enable-memfd=no"),
        )
        until = time.monotonic() + 10
        while self._run("pactl", "info", check=False).returncode:
            if time.monotonic() > until:
                raise TimeoutError(f"PulseAudio does not answer at {self.socket}")
            time.sleep(0.03)
        self.plug_in()

    def plug_in(self) -> None:
        """The device appears."""
        self._module = self._run(
            *("pactl", "load-module", "module-null-sink", f"sink_name={self.sink}"),
            *("format=s16le", f"rate={self._rate_hz}", f"channels={self._channels}"),
        ).stdout.strip()
        self._keep(*_NOISE)
        latency = f"--latency-msec={_QUIET_LATENCY_MS}"
        recorder = self._spawn(
            "parec", f"--device={self.sink}.monitor", latency, *self._format, stdout=subprocess.PIPE
        )
        assert recorder.stdout is not None
        assert len(recorder.stdout.read(self._rate_hz // 5)) > 0, "the virtual device delivers nothing"
        end(recorder)
        recorder.stdout.close()

    def switch_off(self) -> None:
        """The microphone's own switch: exact zeros from here on."""
        self._keep(*_ZEROS)

    def switch_on(self) -> None:
        """The switch the other way: its noise is back."""
        self._keep(*_NOISE)

    def _keep(self, *sound: str) -> None:
        """Play ``sound`` for ever.

        A null sink nobody plays into hands out its monitor in blocks of two seconds.
        """
        if self._keeper is not None:
            end(self._keeper)
        latency = f"--latency-msec={_QUIET_LATENCY_MS}"
        self._keeper = self._spawn(
            "pacat", "--playback", f"--device={self.sink}", latency, *self._format, *sound
        )

    def unplug(self) -> None:
        """The device disappears; whoever has it open is cut off."""
        assert self._keeper is not None
        end(self._keeper)
        self._run("pactl", "unload-module", self._module)

    def listeners(self) -> int:
        """How many programs record from the device."""
        return len(self._run("pactl", "list", "short", "source-outputs").stdout.splitlines())

    def stall(self) -> None:
        """The device hangs: no sound, no error."""
        assert self._server is not None
        self._server.send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        """The device goes on."""
        assert self._server is not None
        self._server.send_signal(signal.SIGCONT)

    def play(self, recording: Path) -> subprocess.Popen[bytes]:
        """Begin to play a WAV file into the sink; the process ends when it has been played."""
        return self._spawn("paplay", f"--device={self.sink}", str(recording))

    def stop(self) -> None:
        """End everything that was started here."""
        for process in reversed(self._processes):
            end(process)

    def _spawn(self, *words: str, stdout: int = subprocess.DEVNULL) -> subprocess.Popen[bytes]:
        process = subprocess.Popen(
            words,
            env=self.environ,
            stdin=subprocess.DEVNULL,
            stdout=stdout,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        hurry(process)
        self._processes.append(process)
        return process

    def _run(self, *words: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            words, env=self.environ, check=check, capture_output=True, text=True, timeout=10
        )


class VirtualAudio:
    """A USB microphone and, if wanted, a speaker. A context manager."""

    def __init__(self, folder: Path, *, speaker: bool = False, steady: bool = False) -> None:
        """``steady``: both have the clock of this machine; else each is off, by some 200 ppm."""
        self._folder = folder
        rates = (STEADY_HZ, STEADY_HZ) if steady else (16_000, 48_000)
        self.microphone = VirtualDevice(folder, "mic", "mic_cable", rates[0], channels=1)
        self.speaker = VirtualDevice(folder, "spk", SPEAKER, rates[1], 2) if speaker else None

    def __enter__(self) -> VirtualAudio:
        for name in ("home", "config/pulse", "state"):
            (self._folder / name).mkdir(parents=True, mode=0o700)
        (self._folder / "config/pulse/client.conf").write_text("enable-shm = no\n")
        (self._folder / "cookie").write_bytes(os.urandom(256))
        try:
            self.microphone.start()
            if self.speaker is not None:
                self.speaker.start()
            self._configure(plugged_in=True)
        except BaseException:
            self.__exit__(None, None, None)
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.microphone.stop()
        if self.speaker is not None:
            self.speaker.stop()

    def environ(self, base: Mapping[str, str] = os.environ) -> dict[str, str]:
        """What the program under test needs in its environment."""
        return dict(base) | {
            "ALSA_CONFIG_PATH": str(self._folder / "asound.conf"),
            "JACK_NO_START_SERVER": "1",
            "XDG_CONFIG_HOME": str(self._folder / "config"),
            "XDG_RUNTIME_DIR": str(self._folder / "run-mic"),
            "PULSE_COOKIE": str(self._folder / "cookie"),
        }

    def unplug(self) -> None:
        """Pull the microphone out: open streams die, and it is no longer listed."""
        self._configure(plugged_in=False)
        self.microphone.unplug()

    def replug(self) -> None:
        """Plug it in again."""
        self.microphone.plug_in()
        self._configure(plugged_in=True)

    def _configure(self, *, plugged_in: bool) -> None:
        """What ALSA knows: these devices, and always one called default, or PortAudio 19.6 aborts."""
        gone = "{ type hw card 31 }"
        microphone = MICROPHONE if plugged_in else gone
        speaker = SPEAKER if self.speaker is not None else gone
        lines = [f"pcm.default {{ type asym capture.pcm {microphone} playback.pcm {speaker} }}"]
        if plugged_in:
            monitor = f"{self.microphone.sink}.monitor"
            lines.append(_pulse(f"pcm.{MICROPHONE}", self.microphone, monitor))
        if self.speaker is not None:
            lines.append(_pulse(f"pcm.{SPEAKER}", self.speaker, self.speaker.sink))
        fresh = self._folder / "asound.conf.new"
        fresh.write_text("\n".join(lines) + "\n")
        fresh.replace(self._folder / "asound.conf")


def _pulse(name: str, device: VirtualDevice, target: str) -> str:
    return f'{name} {{ type pulse server "unix:{device.socket}" device {target} }}'


def hurry(process: subprocess.Popen[bytes]) -> None:
    """Let a process go before others, where we may: a busy machine does not delay a sound card either."""
    with contextlib.suppress(PermissionError, ProcessLookupError):
        os.setpriority(os.PRIO_PROCESS, process.pid, -15)


def end(process: subprocess.Popen[bytes]) -> None:
    """End a process of ours, stopped or not: politely, then not."""
    if process.poll() is not None:
        return
    process.send_signal(signal.SIGCONT)
    process.terminate()
    try:
        process.wait(2)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait(5)

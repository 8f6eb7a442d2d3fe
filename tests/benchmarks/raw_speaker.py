"""The floor of a speaker: a PortAudio stream whose callback hands out silence, and nothing else.

``python raw_speaker.py DEVICE PERIOD_MS``; prints a line when it runs, and ends with its standard input.
"""

from __future__ import annotations

import sys

import pyaudio


def main(name: str, period_ms: int) -> None:
    """Play silence on the device of this name until standard input is closed."""
    portaudio = pyaudio.PyAudio()
    infos = [portaudio.get_device_info_by_index(index) for index in range(portaudio.get_device_count())]
    frames = 48 * period_ms
    silence = bytes(2 * frames)
    stream = portaudio.open(
        rate=48_000,
        channels=1,
        format=pyaudio.paInt16,
        output=True,
        output_device_index=next(int(info["index"]) for info in infos if info["name"] == name),
        frames_per_buffer=frames,
        stream_callback=lambda _pcm, _frames, _times, _status: (silence, pyaudio.paContinue),
    )
    sys.stdout.write("runs\n")
    sys.stdout.flush()
    sys.stdin.read()
    stream.close()


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))

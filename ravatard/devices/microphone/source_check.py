"""Check of the configured microphone before anything is started."""

from __future__ import annotations

import importlib.util
import shutil
import stat
from collections.abc import Mapping
from pathlib import Path

from ravatard.core.audio_format import RATE_HZ, AudioFormat
from ravatard.devices.cards.identity import is_index
from ravatard.devices.microphone.external_program import split_command
from ravatard.devices.microphone.options import CaptureOptions, MicrophoneOptions
from ravatard.errors import ConfigError, DeviceError
from ravatard.installation import adding


def check_source(microphone: MicrophoneOptions, capture: CaptureOptions, environ: Mapping[str, str]) -> None:
    """Find mistakes that do not go away by waiting. A card or FIFO that is missing may still come.

    Args:
        microphone: section ``microphone``.
        capture: section ``capture``.
        environ: the daemon's environment variables; PATH finds the command.

    Raises:
        ConfigError: the owner must correct the configuration.
    """
    chosen = [name for name in ("device", "command", "fifo", "wav") if getattr(microphone, name) is not None]
    if len(chosen) > 1:
        raise ConfigError(
            f"microphone has {' and '.join(chosen)}, but there is one microphone: leave all but one unset"
        )
    shape = capture.format
    if microphone.device is not None:
        _check_device(microphone.device)
    elif microphone.command is not None:
        _check_command(microphone.command, environ)
    elif microphone.fifo is not None:
        _check_fifo(Path(microphone.fifo))
    elif microphone.wav is not None:
        # Used nowhere else in the daemon.
        from ravatard.devices.media.wav_file import read_wav_info

        try:
            shape = read_wav_info(microphone.wav).format
        except DeviceError as error:
            raise ConfigError(f"microphone.wav: {error}") from error
    if microphone.device is None and chosen:
        _check_conversion(shape)
    if capture.channel is not None and capture.channel >= shape.channels:
        raise ConfigError(
            f"capture.channel is {capture.channel}, but there are {shape.channels} channels, counted from 0: "
            f"use at most {shape.channels - 1}, or raise capture.channels"
        )


def _check_device(name: str) -> None:
    if is_index(name):
        raise ConfigError(
            f"microphone.device is {name!r}, a number that changes between boots; write the name that "
            "`ravatard devices` prints"
        )


def _check_command(command: str, environ: Mapping[str, str]) -> None:
    try:
        words = split_command(command)
    except DeviceError as error:
        raise ConfigError(str(error)) from error
    if shutil.which(words[0], path=environ.get("PATH")) is None:
        raise ConfigError(
            f"microphone.command: there is no program {words[0]!r}; check its spelling, and that it is there"
        )


def _check_fifo(path: Path) -> None:
    try:
        mode = path.stat().st_mode
    except OSError:
        # It may still be created.
        return
    if not stat.S_ISFIFO(mode):
        raise ConfigError(f"microphone.fifo {path} is not a FIFO; create one with `mkfifo`, or name another")


def _check_conversion(shape: AudioFormat) -> None:
    needed = [
        name
        for name, wanted in (
            ("soxr", shape.rate_hz != RATE_HZ),
            ("numpy", shape.sample_format == "f32le" or shape.rate_hz != RATE_HZ),
        )
        if wanted and importlib.util.find_spec(name) is None
    ]
    if needed:
        raise ConfigError(
            f"the microphone delivers {shape.rate_hz} Hz {shape.sample_format}, and converting that needs "
            f"{' and '.join(needed)}: {adding('resample')}; or have it deliver {RATE_HZ} Hz s16le"
        )

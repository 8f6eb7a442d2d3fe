"""Options of the microphone: sections ``microphone`` and ``capture``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from ravatard.core.audio_format import AudioFormat
from ravatard.setting import setting

#: Exact zeros for this long are a fault of a sound card: its converter always has some noise.
CARD_ZEROS_S = 10.0


@dataclass(frozen=True, slots=True)
class MicrophoneOptions:
    """Section ``microphone``: source of the sound. At most one of command, fifo and wav is set."""

    device: str | None = setting(
        None,
        "Name of the microphone as `ravatard devices` prints it; unset takes the only USB microphone, else "
        "the system's default.",
    )
    command: str | None = setting(
        None,
        "A program whose output is raw PCM, instead of a sound card; started without a shell.",
        local_only=True,
    )
    fifo: str | None = setting(
        None, "Path of a FIFO that delivers raw PCM, instead of a sound card.", local_only=True
    )
    wav: str | None = setting(
        None, "Path of a WAV file played as the microphone in real time.", local_only=True
    )
    repeat: bool = setting(False, "Start the WAV file again at its end; otherwise silence follows.")
    alsa_config: Literal["slim", "system"] = setting(
        "slim",
        "ALSA configuration the sound process reads: `slim` knows sound cards only and saves 18 MB, `system` "
        "is the machine's own (needed for PulseAudio, PipeWire or devices from asound.conf).",
    )
    keep_mute: bool = setting(
        False,
        "True: a muted microphone stays closed after a restart and a power cut; False: it is opened at every "
        "start.",
    )

    @property
    def is_card(self) -> bool:
        """True if the source is a sound card."""
        return self.command is self.fifo is self.wav is None


@dataclass(frozen=True, slots=True)
class CaptureOptions:
    """Section ``capture``: format of the source's sound, and how it is read."""

    rate_hz: int = setting(
        16_000,
        "Rate requested; a card that refuses it is opened at a rate it can do.",
        unit="Hz",
        low=8_000,
        high=192_000,
    )
    channels: int = setting(
        1, "Channels requested of a card, or delivered by a command or FIFO.", low=1, high=32
    )
    sample_format: Literal["s16le", "s24le", "s32le", "f32le"] = setting(
        "s16le", "Sample format delivered by a command or FIFO."
    )
    channel: int | None = setting(
        None, "Channel to use, counted from 0; unset takes the mean of all.", low=0, high=31
    )
    quiet_block_ms: int = setting(
        60,
        "Length of a block while it is quiet: longer costs less processor time.",
        unit="ms",
        low=10,
        high=200,
    )
    speech_block_ms: int = setting(
        20,
        "Length of a block while a user speaks or the button is down: shorter means less delay.",
        unit="ms",
        low=10,
        high=100,
    )
    zeros_s: float | None = setting(
        None,
        "A microphone that delivers only exact zeros for this long is reported and opened again; 0 means "
        "never; unset means 10 for a sound card and never for a command or FIFO. A recording may be silent.",
        unit="s",
        low=0,
        high=3_600,
    )
    check_rate: bool = setting(
        True,
        "True: a microphone that delivers a fifth too slowly or a quarter too fast for seconds is reported "
        "and opened again; False: its sound is taken at any rate.",
    )

    @property
    def format(self) -> AudioFormat:
        """Format of the PCM that a command or FIFO delivers."""
        return AudioFormat(self.rate_hz, self.channels, self.sample_format)

    def zeros_limit_s(self, microphone: MicrophoneOptions) -> float | None:
        """Return how long ``microphone`` may deliver exact zeros; None: without limit."""
        if microphone.wav is not None:
            return None
        if self.zeros_s is None:
            return CARD_ZEROS_S if microphone.is_card else None
        return self.zeros_s or None

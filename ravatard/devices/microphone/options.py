"""What the configuration may say about microphone, button and lights."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from ravatard.core.audio_format import AudioFormat
from ravatard.setting import setting

#: Exact zeros for this long are a fault of a sound card, whose converter always has some noise.
CARD_ZEROS_S = 10.0


@dataclass(frozen=True, slots=True)
class MicrophoneOptions:
    """Section ``microphone``: where the sound comes from. At most one of command, fifo and wav is set."""

    device: str | None = setting(
        None,
        "Name of the microphone as `ravatard devices` prints it; unset takes the only USB microphone, else "
        "the system's default.",
    )
    command: str | None = setting(
        None, "A program whose output is raw PCM, instead of a sound card; started without a shell."
    )
    fifo: str | None = setting(None, "Path of a FIFO that delivers raw PCM, instead of a sound card.")
    wav: str | None = setting(None, "Path of a WAV file played as the microphone in real time.")
    repeat: bool = setting(False, "Start the WAV file again at its end; otherwise silence follows.")
    alsa_config: Literal["slim", "system"] = setting(
        "slim",
        "ALSA configuration the sound process reads: `slim` knows sound cards only and saves 18 MB, `system` "
        "is the machine's own (needed for PulseAudio, PipeWire or devices from asound.conf).",
    )
    keep_mute: bool = setting(
        False,
        "True: a microphone that was muted stays closed over a restart and a power cut; False: it is opened "
        "at every start.",
    )

    @property
    def is_card(self) -> bool:
        """Whether the sound comes from a sound card."""
        return self.command is self.fifo is self.wav is None


@dataclass(frozen=True, slots=True)
class CaptureOptions:
    """Section ``capture``: the shape of the sound as the source delivers it, and how it is read."""

    rate_hz: int = setting(
        16_000,
        "Rate asked for; a card that refuses is opened at what it can do.",
        unit="Hz",
        low=8_000,
        high=192_000,
    )
    channels: int = setting(1, "Channels asked for, or delivered by command or FIFO.", low=1, high=32)
    sample_format: Literal["s16le", "s24le", "s32le", "f32le"] = setting(
        "s16le", "Sample format delivered by command or FIFO."
    )
    channel: int | None = setting(
        None, "Channel to use of several, counted from 0; unset takes the mean of all.", low=0, high=31
    )
    quiet_block_ms: int = setting(
        60, "Sound read at once while it is quiet: longer is cheaper.", unit="ms", low=10, high=200
    )
    speech_block_ms: int = setting(
        20,
        "Sound read at once while somebody speaks or a button is down: shorter is quicker.",
        unit="ms",
        low=10,
        high=100,
    )
    zeros_s: float | None = setting(
        None,
        "A microphone that delivers nothing but exact zeros for this long is reported and opened again; 0 is "
        "never; unset is 10 for a sound card, and never for a command or FIFO. A recording may be silent.",
        unit="s",
        low=0,
        high=3_600,
    )
    check_rate: bool = setting(
        True,
        "True: a microphone whose sound comes a fifth too slow or a quarter too fast for seconds is reported "
        "and opened again; False: whatever comes is taken.",
    )

    @property
    def format(self) -> AudioFormat:
        """The shape of the PCM a command or FIFO delivers."""
        return AudioFormat(self.rate_hz, self.channels, self.sample_format)

    def zeros_limit_s(self, microphone: MicrophoneOptions) -> float | None:
        """How long ``microphone`` may deliver exact zeros; None: for ever."""
        if microphone.wav is not None:
            return None
        if self.zeros_s is None:
            return CARD_ZEROS_S if microphone.is_card else None
        return self.zeros_s or None

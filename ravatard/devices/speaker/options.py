"""Options of the speaker: section ``speaker``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from ravatard.setting import setting


@dataclass(frozen=True, slots=True)
class SpeakerOptions:
    """Section ``speaker``: destination of the sound. At most one of command and wav is set."""

    enabled: bool = setting(True, "False: there is no speaker; answers are not played.")
    device: str | None = setting(
        None,
        "Name of the speaker as `ravatard devices` prints it; unset takes the only USB speaker, else the "
        "system's default.",
    )
    command: str | None = setting(
        None,
        "A program that plays raw PCM (s16le mono 48 kHz) from its standard input, instead of a sound card; "
        "started without a shell.",
        local_only=True,
    )
    wav: str | None = setting(
        None,
        "Path of a WAV file that records the sound instead of a sound card; of a long silence one second is "
        "kept.",
        local_only=True,
    )
    alsa_config: Literal["slim", "system"] = setting(
        "slim",
        "ALSA configuration the speaker's process reads: `slim` knows sound cards only and saves 18 MB, "
        "`system` is the machine's own (needed for PulseAudio, PipeWire or devices from asound.conf).",
    )
    volume: int = setting(
        100, "Volume at the first start, on a scale that is perceived as even.", unit="%", low=0, high=100
    )
    mixer: bool = setting(
        True,
        "True: the volume is set with the card's own control where it has one (needs `ravatard[mixer]`); "
        "False: always with a factor.",
    )
    period_ms: int = setting(
        10,
        "Length of a block handed to the device. A stop is silence some 13 ms later with 10 ms, 36 ms with "
        "20 ms, 75 ms with 40 ms; 20 ms saves a third of the processor time of an idle speaker, 40 ms two "
        "thirds (measured with PulseAudio, which needs nearly all of it).",
        unit="ms",
        low=5,
        high=100,
    )
    idle_s: float = setting(
        10.0,
        "After so much silence the speaker sleeps: its card or program is closed, and opened again when a "
        "user speaks, presses or writes; 0 keeps it open, for a card that pops or an amplifier that swallows "
        "the first syllable.",
        unit="s",
        low=0,
        high=86_400,
    )

    open_s: float = setting(
        10.0,
        "A program of `command` may need so long from its start to its first sound, as one does that must "
        "reach a loudspeaker first; once it plays, a second in which it takes no sound is a fault.",
        unit="s",
        low=1,
        high=60,
    )

    @property
    def is_card(self) -> bool:
        """True if the sound goes to a sound card."""
        return self.command is self.wav is None

"""Makes the answers the simulator speaks where espeak-ng is missing: ``python -m tests.make_answers``.

Spoken by espeak-ng, so that the project ships no voice of anybody: 16 kHz mono, without silence around it.
"""

from __future__ import annotations

import wave

import numpy as np

from ravatard.sim.sound.speech import RECORDINGS
from tests.make_recording import RATE_HZ, TARGET, spoken

#: The recordings of requests are as quiet as a microphone; answers are as loud as a loudspeaker wants them.
GAIN = 2.0


def main() -> None:
    """Write the recordings."""
    for name, text in RECORDINGS.items():
        with wave.open(str(TARGET.with_name(name)), "wb") as target:
            target.setnchannels(1)
            target.setsampwidth(2)
            target.setframerate(RATE_HZ)
            target.writeframes(
                np.clip(spoken("en-gb", text) * GAIN * 32767, -32768, 32767).astype("<i2").tobytes()
            )


if __name__ == "__main__":
    main()

"""``ravatard setup`` on a machine with a HAT and USB sound devices; the test's terminal runs this program."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from ravatard.cli.setup import command
from ravatard.cli.setup.environment import FoundDevices, HeardSpeech, RealSetupEnvironment
from ravatard.cli.setup.questions import Choice
from ravatard.config import Options
from ravatard.devices.speaker.options import SpeakerOptions

HAT, MICROPHONE, SPEAKER = "wm8960-soundcard", "USB Mic", "USB Speaker"


class HatAndUsb(RealSetupEnvironment):
    """Files, boards and service are real; the sound devices are not."""

    def microphones(self) -> FoundDevices:
        return FoundDevices((HAT, MICROPHONE), system=False)

    def speakers(self) -> FoundDevices:
        return FoundDevices((HAT, SPEAKER), system=False)

    def listen(self, microphones: FoundDevices) -> HeardSpeech:
        return HeardSpeech(tuple(f"{name}: -30 dBFS" for name in microphones.names), MICROPHONE)

    def play(self, speaker: SpeakerOptions) -> None:
        sys.stdout.write(f"<{speaker.device} plays>\n")

    def cancels_echo(self) -> bool:
        # Installed beside the tests, or not.
        return False

    def has_lights(self, options: Options) -> bool:
        # SPI comes with the restart.
        return False

    def wake_words(self) -> tuple[Choice, ...]:
        return ()

    def joinable(self) -> str | None:
        return None


def main(words: Sequence[str]) -> int:
    """Set up, as the command does."""
    parser = argparse.ArgumentParser()
    command.add_arguments(parser)
    arguments = parser.parse_args(words)
    boot: list[Path] = arguments.boot
    return command.run(arguments, HatAndUsb(arguments.config, {}, boot))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

"""Start of the microphone's process, before the rest of the appliance is loaded; imports next to nothing."""

from __future__ import annotations

from collections.abc import Mapping

from ravatard.config.schema import Options
from ravatard.devices.process.early import EarlyProcess
from ravatard.devices.process.piped import child_environ, sound_command


def early_microphone(options: Options, environ: Mapping[str, str]) -> EarlyProcess | None:
    """Start the process that the microphone will need first; it opens nothing until it is told to.

    Args:
        options: the configuration.
        environ: the daemon's environment variables.

    Returns:
        None where the process inherits a file that is not there yet: the model of a wake word, which has to
        be tried before, or the ring of the speaker's sound.
    """
    if options.gate.takes_word or (options.speaker.enabled and options.audio.is_talked_over):
        return None
    microphone = options.microphone
    slim = microphone.is_card and microphone.alsa_config == "slim"
    return EarlyProcess(
        sound_command("ravatard.devices.microphone.worker"), child_environ(environ, slim=slim)
    )

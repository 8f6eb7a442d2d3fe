"""Environment of the set-up: service, sound devices, boards, button and lights, boot partition, group."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from ravatard.cli.setup.access_group import joinable
from ravatard.cli.setup.config_txt import find_config_txt, may_write, missing_lines
from ravatard.cli.setup.questions import Choice
from ravatard.config import Options, secrets_of
from ravatard.devices.speaker.options import SpeakerOptions
from ravatard.host.boot_file import DIRECTORIES

if TYPE_CHECKING:
    from ravatard.devices.cards.listing import Devices, Listed

#: How long the microphones listen for speech, and how long each state of the lights is shown.
LISTEN_S = 5.0
_SHOWN_S = 1.0


@dataclass(frozen=True, slots=True)
class ServiceOffer:
    """Avatars and languages of the service.

    Attributes:
        avatars: ids with names.
        languages: codes with names.
    """

    avatars: tuple[Choice, ...]
    languages: tuple[Choice, ...]


@dataclass(frozen=True, slots=True)
class FoundDevices:
    """The connected microphones, or speakers.

    Attributes:
        names: their names for the configuration.
        system: only the machine's own ALSA configuration knows them.
    """

    names: tuple[str, ...]
    system: bool


@dataclass(frozen=True, slots=True)
class ConfigTxt:
    """``config.txt`` of the boot partition, and what a board misses in it.

    Attributes:
        path: the file.
        missing: the lines that are not in effect.
        writable: this process may change it.
    """

    path: Path
    missing: tuple[str, ...]
    writable: bool


@dataclass(frozen=True, slots=True)
class HeardSpeech:
    """Result of listening.

    Attributes:
        lines: a line for each microphone, for the user.
        best: the name of the one that picked up speech best; None without speech.
    """

    lines: tuple[str, ...]
    best: str | None


class SetupEnvironment(Protocol):
    """The machine and the service, or a test's."""

    def offer(self, options: Options) -> ServiceOffer:
        """Ask the service. Raises RavatardError when it does not answer."""
        ...

    def greeting(self, options: Options) -> str:
        """Ask an AvaTar API for its health and with its key; return its version, "" for none.

        Raises RavatardError when it does not answer, or refuses the key.
        """
        ...

    def microphones(self) -> FoundDevices:
        """Return the microphones. Raises DeviceError when they cannot be listed."""
        ...

    def listen(self, microphones: FoundDevices) -> HeardSpeech:
        """Listen for LISTEN_S with all of them. Raises DeviceError when that fails."""
        ...

    def speakers(self) -> FoundDevices:
        """Return the speakers. Raises DeviceError when they cannot be listed."""
        ...

    def play(self, speaker: SpeakerOptions) -> None:
        """Play a test sound. Raises DeviceError when that fails."""
        ...

    def cancels_echo(self) -> bool:
        """Return True if what removes the speaker's sound from the microphone's is installed."""
        ...

    def boards(self) -> Sequence[Choice]:
        """Return the boards that can be chosen."""
        ...

    def config_txt(self, lines: Sequence[str]) -> ConfigTxt | None:
        """Return the file as far as these lines go; None on a machine without one.

        Raises RavatardError when it cannot be read.
        """
        ...

    def has_lights(self, options: Options) -> bool:
        """Return True if the lights' device is there, so that they can be tried before a restart."""
        ...

    def wake_words(self) -> Sequence[Choice]:
        """Return the wake words that can be chosen; none without the extra that recognises them."""
        ...

    def joinable(self) -> str | None:
        """Return the user behind sudo, if it may join the group of the commands; None without one."""
        ...

    def try_out(self, options: Options, say: Callable[[str], None]) -> None:
        """Show every state and report each press. Raises RavatardError when a pin cannot be used."""
        ...


class RealSetupEnvironment:
    """This machine. Imports happen where they are used: the user waits for the first question."""

    def __init__(self, config: Path, environ: Mapping[str, str], boot: Sequence[Path] = DIRECTORIES) -> None:
        """Prepare; nothing is looked at yet.

        Args:
            config: the configuration file, whose folder holds the owner's boards.
            environ: the environment variables.
            boot: folders that may be the boot partition.
        """
        self._config = config
        self._environ = environ
        self._boot = boot
        self._listed: dict[bool, Devices] = {}

    def offer(self, options: Options) -> ServiceOffer:
        """See :meth:`SetupEnvironment.offer`."""
        from ravatard.assembly.client import asked

        _be_quiet(options)
        directory = asked(options, lambda cloud: cloud.about())
        return ServiceOffer(
            tuple(Choice(avatar.id, avatar.name or avatar.id) for avatar in directory.avatars),
            tuple(
                Choice(language.code, f"{language.name} ({language.code})")
                for language in directory.languages
            ),
        )

    def greeting(self, options: Options) -> str:
        """See :meth:`SetupEnvironment.greeting`."""
        from ravatard.assembly.client import greeted

        _be_quiet(options)
        return greeted(options)

    def microphones(self) -> FoundDevices:
        """See :meth:`SetupEnvironment.microphones`."""
        return self._found(lambda devices: devices.microphones)

    def speakers(self) -> FoundDevices:
        """See :meth:`SetupEnvironment.speakers`."""
        return self._found(lambda devices: devices.speakers)

    def _found(self, kind: Callable[[Devices], tuple[Listed, ...]]) -> FoundDevices:
        """Return the devices of one kind, from the machine's own ALSA configuration if slim has none."""
        devices = self._devices(slim=True)
        if not kind(devices):
            devices = self._devices(slim=False)
        return FoundDevices(tuple(device.name for device in kind(devices)), devices.alsa_config == "system")

    def _devices(self, *, slim: bool) -> Devices:
        from ravatard.devices.cards.listing import list_devices

        # A Pi Zero 2 W takes seconds.
        if slim not in self._listed:
            self._listed[slim] = list_devices(self._environ, slim=slim)
        return self._listed[slim]

    def listen(self, microphones: FoundDevices) -> HeardSpeech:
        """See :meth:`SetupEnvironment.listen`."""
        from ravatard.cli.doctor.find_mic import listen, loudest
        from ravatard.doctor.bench import ChildBench

        bench = ChildBench(self._environ)
        heard = asyncio.run(listen(bench, microphones.names, LISTEN_S, system=microphones.system))
        best = loudest(heard)
        lines = []
        for one in heard:
            about = one.trouble or "no speech"
            lines.append(f"{one.name}: {about if one.speech_db is None else f'{one.speech_db:.0f} dBFS'}")
        return HeardSpeech(tuple(lines), best.name if best else None)

    def play(self, speaker: SpeakerOptions) -> None:
        """See :meth:`SetupEnvironment.play`."""
        from ravatard.devices.speaker.earcons import SHIPPED, read_sound
        from ravatard.doctor.bench import ChildBench

        sound = read_sound(SHIPPED / "listening.wav") + read_sound(SHIPPED / "sent.wav")
        asyncio.run(ChildBench(self._environ).play(speaker, sound * 2))

    def cancels_echo(self) -> bool:
        """See :meth:`SetupEnvironment.cancels_echo`."""
        from ravatard.devices.echo.canceller import library_path

        return library_path() is not None

    def boards(self) -> Sequence[Choice]:
        """See :meth:`SetupEnvironment.boards`."""
        from ravatard.config.boards import boards_beside

        return [
            Choice(name, _titled(name, path)) for name, path in boards_beside(self._config).files().items()
        ]

    def config_txt(self, lines: Sequence[str]) -> ConfigTxt | None:
        """See :meth:`SetupEnvironment.config_txt`."""
        path = find_config_txt(self._boot)
        if path is None:
            return None
        return ConfigTxt(path, missing_lines(path, lines), may_write(path))

    def has_lights(self, options: Options) -> bool:
        """See :meth:`SetupEnvironment.has_lights`."""
        on_spi = options.lights.kind == "apa102" and options.pixels.data is None
        return not on_spi or Path(options.pixels.device).exists()

    def wake_words(self) -> Sequence[Choice]:
        """See :meth:`SetupEnvironment.wake_words`."""
        from ravatard.devices.microphone.wakeword.model import names_of_models

        return [Choice(name, _spoken(name)) for name in names_of_models(self._config.parent)]

    def joinable(self) -> str | None:
        """See :meth:`SetupEnvironment.joinable`."""
        return joinable(self._environ)

    def try_out(self, options: Options, say: Callable[[str], None]) -> None:
        """See :meth:`SetupEnvironment.try_out`."""
        from ravatard.cli.board.trial import refuse_beside_daemon, trial
        from ravatard.devices.panel.gpio import open_button
        from ravatard.devices.panel.lamp import open_lamp
        from ravatard.host.runtime import find_socket

        refuse_beside_daemon(find_socket(self._environ))

        async def tried() -> None:
            with ExitStack() as opened:
                lamp = None
                if options.lights.kind != "none":
                    lamp = open_lamp(options.lights, pixels=options.pixels)
                    if lamp is not None:
                        opened.callback(lamp.close)
                button = open_button(options.button)
                if button is not None:
                    opened.callback(button.close)
                await trial(lamp, button, say, seconds=_SHOWN_S, once=True)

        asyncio.run(tried())


def _be_quiet(options: Options) -> None:
    """Log errors only: what goes wrong is told in the dialogue."""
    from ravatard import logs

    quiet = logs.LogOptions(level="error", style="plain")
    logs.configure(quiet, under_systemd=False, secrets=secrets_of(options))


def _spoken(word: str) -> str:
    """Return a wake word as it is said, and its name."""
    return f"{word.replace('_', ' ').title()} ({word})"


def _titled(name: str, path: Path) -> str:
    """Return a board's title and name; the name alone for a file that cannot be used."""
    from ravatard.config import Schema
    from ravatard.config.board_file import read_board
    from ravatard.config.sources import SettingSources

    board = read_board(path, SettingSources(Schema()))
    return f"{board.about.title} ({name})" if board and board.about.title else name

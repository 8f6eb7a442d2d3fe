"""Environment of the set-up: the service, the microphones, the boards, the button and the lights."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from ravatard.cli.setup.questions import Choice
from ravatard.config import Options, secrets_of

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
class Microphones:
    """The connected microphones.

    Attributes:
        names: their names for the configuration.
        system: only the machine's own ALSA configuration knows them.
    """

    names: tuple[str, ...]
    system: bool


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

    def microphones(self) -> Microphones:
        """Return the microphones. Raises DeviceError when they cannot be listed."""
        ...

    def listen(self, microphones: Microphones) -> HeardSpeech:
        """Listen for LISTEN_S with all of them. Raises DeviceError when that fails."""
        ...

    def boards(self) -> Sequence[Choice]:
        """Return the boards that can be chosen."""
        ...

    def try_out(self, options: Options, say: Callable[[str], None]) -> None:
        """Show every state and report each press. Raises RavatardError when a pin cannot be used."""
        ...


class RealSetupEnvironment:
    """This machine. Imports happen where they are used: the user waits for the first question."""

    def __init__(self, config: Path, environ: Mapping[str, str]) -> None:
        """``config``: the configuration file, whose folder holds the owner's boards."""
        self._config = config
        self._environ = environ

    def offer(self, options: Options) -> ServiceOffer:
        """See :meth:`SetupEnvironment.offer`."""
        from ravatard import logs
        from ravatard.assembly.client import asked

        quiet = logs.LogOptions(level="error", style="plain")
        logs.configure(quiet, under_systemd=False, secrets=secrets_of(options))
        directory = asked(options, lambda cloud: cloud.about())
        return ServiceOffer(
            tuple(Choice(avatar.id, avatar.name or avatar.id) for avatar in directory.avatars),
            tuple(
                Choice(language.code, f"{language.name} ({language.code})")
                for language in directory.languages
            ),
        )

    def microphones(self) -> Microphones:
        """See :meth:`SetupEnvironment.microphones`."""
        from ravatard.devices.cards.listing import list_devices

        devices = list_devices(self._environ, slim=True)
        if not devices.microphones:
            devices = list_devices(self._environ, slim=False)
        names = tuple(device.name for device in devices.microphones)
        return Microphones(names, devices.alsa_config == "system")

    def listen(self, microphones: Microphones) -> HeardSpeech:
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

    def boards(self) -> Sequence[Choice]:
        """See :meth:`SetupEnvironment.boards`."""
        from ravatard.config.boards import boards_beside

        return [Choice(name, name) for name in boards_beside(self._config).files()]

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

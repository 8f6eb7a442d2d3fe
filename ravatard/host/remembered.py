"""Settings that users change by button or command and that survive a restart: mute and volume."""

from __future__ import annotations

import logging
import re
from pathlib import Path

from ravatard.core.actions import Mute, SetVolume
from ravatard.host.state_file import (
    make_state_directory,
    read_state,
    remove_state,
    replace_state,
    state_exists,
)

log = logging.getLogger(__name__)

#: The file is there, empty, while the microphone is muted.
MUTED = "muted"
#: Volume in percent of full as a decimal number, and a line end.
VOLUME = "volume"
_PERCENT = re.compile(rb"(100|[1-9]?[0-9])\n")
#: Longer than any percent.
_READ_BYTES = 16


class RememberedSettings:
    """Observer of the hub that keeps mute and volume in the state directory, a file each.

    After a power cut a file holds the old value or the new one.
    """

    def __init__(self, directory: Path, *, keep_mute: bool = True) -> None:
        """Keep settings in ``directory``, which need not exist; without ``keep_mute`` the volume alone."""
        self._directory = directory
        self._keep_mute = keep_mute
        self._in_trial = self._muted_now = False
        self._written: dict[str, bytes | None] = {}

    @property
    def muted(self) -> bool:
        """True if the microphone is to start muted; False if that cannot be read, or is not kept."""
        return self._keep_mute and state_exists(self._directory / MUTED)

    @property
    def volume(self) -> int | None:
        """Last volume in percent of full; None without one, or if the file is damaged."""
        file = self._directory / VOLUME
        try:
            found = _PERCENT.fullmatch(read_state(file, _READ_BYTES))
        except FileNotFoundError:
            return None
        except OSError as error:
            log.warning("the volume cannot be read from %s (%s); the default applies", file, error.strerror)
            return None
        if found is None:
            log.warning("%s holds no volume from 0 to 100; the default applies", file)
            return None
        return int(found[1])

    def on_event(self, event: object, now: float) -> None:
        """Ignore events: mute and volume change through actions."""

    def on_action(self, action: object, now: float) -> None:
        """Write each change."""
        del now
        match action:
            case Mute(muted) if self._keep_mute:
                self._muted_now = muted
                if not (muted and self._in_trial):
                    self._write_mute()
            case SetVolume(percent, lasting=True):
                self._write(VOLUME, b"%d\n" % percent, "the volume")

    def on_trial(self, begins: bool, by_user: bool) -> None:
        """Keep no mute while the microphone is closed for a trial: a power cut must leave no deaf device.

        Args:
            begins: False at its end.
            by_user: then: a user has muted or unmuted meanwhile, and that is kept.
        """
        self._in_trial = begins
        if by_user and self._keep_mute:
            self._write_mute()

    def _write_mute(self) -> None:
        self._write(MUTED, b"" if self._muted_now else None, "the mute")

    def _write(self, name: str, content: bytes | None, what: str) -> None:
        """Write one file, or remove it for None; only if that is a change."""
        if name in self._written and self._written[name] == content:
            return
        file = self._directory / name
        try:
            if content is None:
                remove_state(file)
            else:
                make_state_directory(self._directory)
                replace_state(file, content)
        except OSError as error:
            log.warning("%s cannot be kept in %s: %s", what, file, error.strerror)
            return
        self._written[name] = content

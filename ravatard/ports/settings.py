"""Settings port: the settings that a page, a program or a command may change, in a layer of their own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from ravatard.errors import RavatardError


@dataclass(frozen=True, slots=True)
class SettingFault:
    """One thing that is wrong with a change.

    Attributes:
        key: ``section.key``.
        text: one sentence, without the value of a secret.
    """

    key: str
    text: str


class SettingsRefused(RavatardError):
    """Changes cannot be saved.

    Attributes:
        faults: everything that is wrong with them.
    """

    def __init__(self, faults: Sequence[SettingFault]) -> None:
        super().__init__("; ".join(f"{fault.key}: {fault.text}" for fault in faults))
        self.faults = tuple(faults)


class SettingsConflict(RavatardError):
    """The settings have another revision than the one that was changed."""


@dataclass(frozen=True, slots=True)
class SavedSettings:
    """Outcome of a save or of its undoing.

    Attributes:
        revision: the new revision.
        needs: what it takes for the change to apply.
        keys: the keys whose value in effect is another one.
    """

    revision: str
    needs: Literal["nothing", "reload", "restart"]
    keys: tuple[str, ...]


class SettingsStore(Protocol):
    """The saved settings. Every method reads files, and may take some tens of milliseconds."""

    def describe(self) -> dict[str, Any]:
        """Return revision, and every key with its schema, value and source, for JSON; no secret's value."""
        ...

    def check(self, changes: Mapping[str, Any]) -> Sequence[SettingFault]:
        """Return all faults of changes: ``section.key`` to its value, None: not saved any more."""
        ...

    def save(self, changes: Mapping[str, Any], revision: str) -> SavedSettings:
        """Save changes that were made to ``revision``, durably.

        Raises:
            SettingsRefused: they have faults.
            SettingsConflict: the revision is another one.
            OSError: they cannot be written; the old ones stay.
        """
        ...

    def undo(self) -> SavedSettings:
        """Take the last save back.

        Raises:
            SettingsConflict: there is none.
            SettingsRefused: what was before does not fit the other sources any more.
            OSError: it cannot be written; the newer ones stay.
        """
        ...

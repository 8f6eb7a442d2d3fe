"""Settings port: every setting described, checked and saved, for a page or another interface."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from ravatard.errors import RavatardError

#: ``section.key`` -> the value as JSON has it: a boolean, number, string or list of these. None takes what
#: was saved away, so that the value of the owner's files holds again; "" sets an optional setting to nothing.
Changes = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class SettingProblem:
    """One reason why changes are refused.

    Attributes:
        key: ``section.key``; "" for the configuration as a whole.
        text: one sentence for people, without a secret.
    """

    key: str
    text: str

    def as_json(self) -> dict[str, Any]:
        """Return it for JSON."""
        return {"key": self.key, "text": self.text}


class SettingsRefused(RavatardError):
    """Changes are refused, and nothing is saved.

    Attributes:
        problems: all reasons at once.
    """

    def __init__(self, problems: tuple[SettingProblem, ...]) -> None:
        self.problems = problems
        super().__init__("\n".join(f"{one.key}: {one.text}".removeprefix(": ") for one in problems))


class SettingsConflict(RavatardError):
    """Settings were saved meanwhile: the revision given is not the newest one.

    Attributes:
        revision: the newest one.
    """

    def __init__(self, revision: str) -> None:
        self.revision = revision
        super().__init__(
            "the settings were changed meanwhile, or If-Match names no revision of them; look at them again"
        )


class NothingToUndo(RavatardError):
    """Refusal of an undo: nothing was saved since the last one."""


class SettingsNotSaved(RavatardError):
    """The disk refuses; the old settings hold."""


class SettingsStore(Protocol):
    """Settings of this appliance, and the layer of them that is saved from outside its files.

    Every method reads files and checks the whole configuration, which takes some ten milliseconds: call it in
    a thread. Several threads and processes may call at once.

    Saving puts nothing into effect: a reload or a restart does, as :meth:`diff` says of each key.
    """

    def describe(self) -> dict[str, Any]:
        """Return every setting for JSON; no secret is in it.

        ``revision``: of what is saved. ``undo``: True if the last save can be undone. ``restart``: the keys
        that were changed since this process started and wait for a restart. ``sections``: in order, each with
        ``name`` and ``text``. ``settings``: in order, each with ``key``, ``section``, ``name``, ``text``,
        ``type`` (``boolean``, ``integer``, ``number``, ``choice``, ``text``, ``secret``, ``list``), ``unit``,
        ``low``, ``high``, ``choices``, ``allowed`` (in words), ``optional``, ``default``, ``value``,
        ``source`` (``default``, ``board``, ``file``, ``drop-in``, ``page``, ``environment`` or
        ``credential``), ``origin`` (file and line), ``needs`` (``reload`` or ``restart``), ``local_only`` and
        ``settable`` (False: :meth:`check` would refuse any value). A secret has as ``value`` and ``default``
        ``{"set": true}`` or ``{"set": false}``.

        Raises:
            ConfigError: the files of the configuration have mistakes.
        """
        ...

    def check(self, changes: Changes) -> tuple[SettingProblem, ...]:
        """Return every reason why ``changes`` would be refused; none of them is saved."""
        ...

    def diff(self, changes: Changes) -> list[dict[str, Any]]:
        """Return what ``changes`` would change in effect, for JSON: ``key``, ``old``, ``new`` and ``needs``.

        Raises:
            SettingsRefused: they are refused.
        """
        ...

    def save(self, changes: Changes, revision: str | None) -> str:
        """Save ``changes`` beside what is saved; return the new revision.

        Args:
            changes: the settings that change; others stay.
            revision: what :meth:`describe` gave; None: whatever is saved now.

        Raises:
            SettingsRefused: they are refused.
            SettingsConflict: something else was saved meanwhile.
            SettingsNotSaved: the disk refuses.
        """
        ...

    def undo(self, revision: str | None = None) -> str:
        """Bring back what was saved before the last :meth:`save`; return the new revision.

        Raises:
            NothingToUndo: nothing was saved, or that was undone already.
            SettingsRefused: what was saved before is no longer valid.
            SettingsConflict, SettingsNotSaved: see :meth:`save`.
        """
        ...

"""Version of a configuration file, and the migration of an older one to the current version."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from ravatard.config.document import DocumentError, Mapping, Node, Scalar

#: The key beside the sections.
KEY = "version"
#: Version of a file without the key: such files are older than the key, and mean the same as version 1.
UNWRITTEN = 1


@dataclass(frozen=True, slots=True)
class Migration:
    """One step from one version to the next.

    Attributes:
        source: the version it starts from; it leads to ``source + 1``.
        note: the change in one sentence for the owner.
        apply: turns the sections of a file in the old form into the new one. Pure; entries it does not know,
            mistakes included, keep their form and line for the checks that follow.
    """

    source: int
    note: str
    apply: Callable[[Mapping], Mapping]


@dataclass(frozen=True, slots=True)
class MigrationHistory:
    """Every version so far.

    Attributes:
        current: the version this program reads and writes.
        steps: a migration from each older version that is still supported.
    """

    current: int
    steps: tuple[Migration, ...] = ()

    def since(self, version: int) -> tuple[Migration, ...]:
        """Return the steps from ``version`` to the current one, in order, as far as they are supported."""
        steps = (step for step in self.steps if step.source >= version)
        return tuple(sorted(steps, key=lambda step: step.source))


@dataclass(frozen=True, slots=True)
class MigratedSections:
    """Sections of a file in the current form.

    Attributes:
        sections: without the version.
        version: the version of the file itself.
        notes: the changes made; () for a file of the current version.
    """

    sections: Mapping
    version: int
    notes: tuple[str, ...] = ()


def migrated(root: Node, history: MigrationHistory) -> MigratedSections:
    """Return the sections of a file in the current form.

    Raises:
        DocumentError: there are no sections, or their version is no number, is newer than this program, or is
            no longer supported.
    """
    if not isinstance(root, Mapping):
        text = "found no sections; write a section, such as gate:, and its keys indented below it"
        raise DocumentError(text, root.line)
    version, line = UNWRITTEN, 1
    versions = [(name, value) for name, value in root.entries if _is_version(name)]
    if len(versions) > 1:
        raise DocumentError(f"{KEY} is written twice; keep one", versions[1][0].line)
    if versions:
        name, value = versions[0]
        line = name.line
        version = _number(value, line)
    if version > history.current:
        raise DocumentError(
            f"{KEY} {version} is newer than this ravatard understands ({history.current}); install a newer "
            f"ravatard, or go back to a file of version {history.current} (`ravatard config migrate` kept "
            f"one that ends in .v{history.current}.bak)",
            line,
        )
    steps = history.since(version)
    if len(steps) != history.current - version:
        raise DocumentError(
            f"{KEY} {version} is too old for this ravatard, which knows {history.current}; write a new file, "
            "`ravatard config reference` prints one to start from",
            line,
        )
    sections = Mapping(tuple(entry for entry in root.entries if not _is_version(entry[0])), root.line)
    for step in steps:
        sections = step.apply(sections)
    return MigratedSections(sections, version, tuple(step.note for step in steps))


def _is_version(name: Node) -> bool:
    return isinstance(name, Scalar) and name.text == KEY


def _number(value: Node, line: int) -> int:
    # Nine digits are more versions than there will be, and few enough for a quick int().
    if isinstance(value, Scalar) and value.plain and value.text.isascii() and value.text.isdecimal():
        if len(value.text) <= 9:
            return int(value.text)
    raise DocumentError(f"{KEY} must be a whole number without quotes, such as {KEY}: {UNWRITTEN}", line)

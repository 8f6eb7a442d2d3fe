"""Which version of the configuration a file is written in, and how an older one is brought up to date."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from ravatard.config.document import DocumentError, Mapping, Node, Scalar

#: The key beside the sections.
KEY = "version"
#: What a file means that does not say its version: files were written before there was the key, and the first
#: version means the same as they did.
UNWRITTEN = 1


@dataclass(frozen=True, slots=True)
class Migration:
    """One step from one version to the next.

    Attributes:
        source: the version it starts from; it leads to ``source + 1``.
        note: what changes, one sentence for the owner.
        apply: the sections of a file in the old form to those in the new one. Pure; what it does not know,
            mistakes included, it leaves as it is, with its line, for the checks that follow.
    """

    source: int
    note: str
    apply: Callable[[Mapping], Mapping]


@dataclass(frozen=True, slots=True)
class MigrationHistory:
    """Every version there was.

    Attributes:
        current: the version this program reads and writes.
        steps: a migration from each older version that is still understood.
    """

    current: int
    steps: tuple[Migration, ...] = ()

    def since(self, version: int) -> tuple[Migration, ...]:
        """The steps from ``version`` to the current one, in order; fewer when the beginning is forgotten."""
        return tuple(
            sorted((step for step in self.steps if step.source >= version), key=lambda it: it.source)
        )


@dataclass(frozen=True, slots=True)
class Dated:
    """A file's sections in today's form.

    Attributes:
        sections: without the version.
        version: the one the file is written in.
        notes: what was changed to bring it up to date; () when it is of today's version.
    """

    sections: Mapping
    version: int
    notes: tuple[str, ...] = field(default=())


def brought_up_to_date(root: Mapping, history: MigrationHistory) -> Dated:
    """The sections of a file in today's form.

    Raises:
        DocumentError: the version is none, is newer than this program, or older than it remembers.
    """
    version, line = UNWRITTEN, 1
    said = [(name, value) for name, value in root.entries if _is_version(name)]
    if len(said) > 1:
        raise DocumentError(f"{KEY} is written twice; keep one", said[1][0].line)
    if said:
        name, value = said[0]
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
            f"{KEY} {version} is too old for this ravatard, which knows {history.current}; write the file "
            "anew, `ravatard config reference` prints one to start from",
            line,
        )
    sections = Mapping(tuple(entry for entry in root.entries if not _is_version(entry[0])), root.line)
    for step in steps:
        sections = step.apply(sections)
    return Dated(sections, version, tuple(step.note for step in steps))


def _is_version(name: Node) -> bool:
    return isinstance(name, Scalar) and name.text == KEY


def _number(value: Node, line: int) -> int:
    # Nine digits are more versions than there will be, and fewer than int() takes long for.
    if isinstance(value, Scalar) and value.plain and value.text.isascii() and value.text.isdecimal():
        if len(value.text) <= 9:
            return int(value.text)
    raise DocumentError(f"{KEY} must be a whole number without quotes, such as {KEY}: {UNWRITTEN}", line)

"""``ravatard config migrate``: rewrites files of an older version in the current form, or proposes it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from ravatard.cli.setup.writing import write_beside, write_files
from ravatard.config import load
from ravatard.config.candidate import ConfigCandidate, up_to_date
from ravatard.config.document import read
from ravatard.config.migrations import HISTORY
from ravatard.config.version import MigrationHistory


def migrate(main: Path, environ: Mapping[str, str], history: MigrationHistory = HISTORY) -> list[str]:
    """Bring every file of the configuration up to date; return a sentence for each changed file.

    The old file is kept beside it as ``NAME.v<its version>.bak``.

    Raises:
        ConfigErrors: the configuration is wrong, and nothing is written.
        NotWritten: a file cannot be written; it is as it was.
    """
    loaded = load(main, environ, history=history)
    said = []
    for file, dated in loaded.outdated.items():
        suffix = f".v{dated.version}.bak"
        write_files(ConfigCandidate({file: up_to_date(read(file), history)}, loaded), suffix)
        notes = "; ".join(dated.notes)
        said.append(
            f"{file}: from version {dated.version} to {history.current} ({notes}); {file.name}{suffix} kept"
        )
    return said or [_nothing_to_do(history)]


def propose(main: Path, environ: Mapping[str, str], history: MigrationHistory = HISTORY) -> list[str]:
    """Write the current form of every older file beside it, and change no file of the owner's.

    An installation does this: the daemon reads the older form as well.

    Raises:
        ConfigErrors: the configuration is wrong, and nothing is written.
        NotWritten: a file cannot be written.
    """
    said = []
    for file, dated in load(main, environ, history=history).outdated.items():
        new = write_beside(file, f".v{history.current}.new", up_to_date(read(file), history))
        said.append(
            f"{file} is of version {dated.version} and still understood; {new.name} beside it has version "
            f"{history.current}. To take it over: sudo ravatard config migrate"
        )
    return said or [_nothing_to_do(history)]


def _nothing_to_do(history: MigrationHistory) -> str:
    return f"nothing to do: the configuration is of version {history.current}"

"""Load the configuration in effect: every source in its order of precedence, checked as a whole."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ravatard.config.board_file import Board
from ravatard.config.boards import boards_beside, fill_in
from ravatard.config.clashes import find_clashes
from ravatard.config.migrations import HISTORY
from ravatard.config.problems import ConfigErrors, Problem, SettingOrigin
from ravatard.config.saved.layer import read_saved
from ravatard.config.schema import Options, Schema
from ravatard.config.sources import SettingSources, find_files, read_credentials, read_environment, read_file
from ravatard.config.version import MigratedSections, MigrationHistory
from ravatard.host.dumps import forbid_dumps

DEFAULT_PATH = Path("/etc/ravatard/ravatard.yaml")


@dataclass(frozen=True, slots=True)
class Loaded:
    """A configuration without errors.

    Attributes:
        options: every option group.
        origins: ``section.key`` -> the origin of its value, for every key.
        files: the files that were read, in order.
        outdated: the files of an older version, with their migrated sections.
        board: the board whose settings fill the gaps; None without one.
        saved: the file of saved settings, if it was read.
    """

    options: Options
    origins: Mapping[str, SettingOrigin]
    files: tuple[Path, ...]
    outdated: Mapping[Path, MigratedSections] = field(default_factory=dict)
    board: Board | None = None
    saved: Path | None = None


def load(
    path: Path | None,
    environ: Mapping[str, str],
    *,
    default_path: Path = DEFAULT_PATH,
    instead: Mapping[Path, str] | None = None,
    history: MigrationHistory = HISTORY,
    saved: Path | None = None,
) -> Loaded:
    """Read, merge and check the configuration.

    From weakest to strongest: defaults, settings of the board (``board: NAME``), the file,
    ``ravatard.d/*.yaml`` beside it in the order of their names, the settings that the page has saved,
    environment variables ``RAVATARD_SECTION__KEY``, and for secrets the systemd credentials
    ``ravatard.<section>.<key>`` in the directory ``CREDENTIALS_DIRECTORY`` names.

    It holds secrets: from here on no other process of the same user may read this one's memory.

    Args:
        path: the file named by the user; None for ``default_path``, which may be missing.
        environ: the environment variables the configuration may use.
        default_path: the file to read without ``path``.
        instead: texts to read in place of these files' content, to check them before they are written.
        history: the versions of the configuration.
        saved: the file of saved settings (:mod:`ravatard.config.saved.layer`), which need not exist; None:
            without them.

    Raises:
        ConfigErrors: with all problems.
    """
    found = _gathered(path, environ, default_path, instead or {}, history, saved)
    sources = found.sources
    if sources.problems:
        raise ConfigErrors(sources.problems)
    origins = found.origins
    read = saved if found.has_saved else None
    return Loaded(found.options, origins, found.files, sources.outdated, found.board, read)


@dataclass(frozen=True, slots=True)
class ReadableOptions:
    """The readable part of a configuration that may have mistakes.

    Attributes:
        options: every option group; a setting that cannot be read has its default.
        problems: the mistakes.
        refused: ``section.key`` of each setting with a mistake.
        incomplete: a whole file could not be read, so that any setting may be missing.
    """

    options: Options
    problems: tuple[Problem, ...]
    refused: frozenset[str]
    incomplete: bool


def load_readable(
    path: Path | None, environ: Mapping[str, str], *, default_path: Path = DEFAULT_PATH, saved: Path | None
) -> ReadableOptions:
    """Read as much of the configuration as can be read; see :func:`load` for the arguments.

    For a report about an appliance, never to run one.
    """
    found = _gathered(path, environ, default_path, {}, HISTORY, saved)
    sources = found.sources
    refused = sources.refused | {problem.key for problem in sources.problems if problem.key}
    return ReadableOptions(found.options, tuple(sources.problems), frozenset(refused), sources.incomplete)


@dataclass(frozen=True, slots=True)
class _Gathered:
    """Result of reading every source, mistakes included."""

    sources: SettingSources
    options: Options
    origins: Mapping[str, SettingOrigin]
    files: tuple[Path, ...]
    board: Board | None
    has_saved: bool


def _gathered(
    path: Path | None,
    environ: Mapping[str, str],
    default_path: Path,
    instead: Mapping[Path, str],
    history: MigrationHistory,
    saved: Path | None,
) -> _Gathered:
    """Read every source; the mistakes are in the result."""
    # Before the first secret is in memory, in every command.
    forbid_dumps()
    sources = SettingSources(Schema(), history)
    main = path or default_path
    planned = [file for file in instead if file != saved]
    files = find_files(main, required=path is not None or main in instead, sources=sources, further=planned)
    files = [file for file in files if read_file(file, sources, instead.get(file))]
    has_saved = saved is not None and read_saved(saved, sources, instead.get(saved))
    read_environment(environ, sources)
    if directory := environ.get("CREDENTIALS_DIRECTORY"):
        read_credentials(Path(directory), sources)
    board = fill_in(sources, boards_beside(main))
    options = _options(sources)
    origins = {dotted: sources.origins.get(dotted, SettingOrigin()) for dotted in sources.schema.keys}
    if not sources.incomplete:
        _report_clashes(sources, options, origins, board)
    return _Gathered(sources, options, origins, tuple(files), board, has_saved)


def _report_clashes(
    sources: SettingSources, options: Options, origins: Mapping[str, SettingOrigin], board: Board | None
) -> None:
    """Report the settings that contradict each other."""
    base_url = sources.values.get("service.base_url")
    written_url = base_url if isinstance(base_url, str) else None
    for clash in find_clashes(options, origins, board, written_url):
        # A correction of the refused value may also resolve the clash.
        if sources.refused.isdisjoint(clash.keys):
            key = clash.main_key(origins)
            sources.report(origins[key], key, clash.text)


def _options(sources: SettingSources) -> Options:
    given: dict[str, dict[str, object]] = {section: {} for section in sources.schema.sections}
    for dotted, key in sources.schema.keys.items():
        given[key.section][key.attribute] = sources.values.get(dotted, key.default)
    groups: dict[str, Any] = {name: group(**given[name]) for name, group in sources.schema.sections.items()}
    return Options(**groups)

"""The configuration in effect: every source in its order of precedence, checked as a whole."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from ravatard.config.board_file import Board
from ravatard.config.boards import boards_beside, fill_in
from ravatard.config.clashes import find_clashes
from ravatard.config.migrations import HISTORY
from ravatard.config.problems import ConfigErrors, SettingOrigin
from ravatard.config.schema import Options, Schema
from ravatard.config.sources import SettingSources, find_files, read_credentials, read_environment, read_file
from ravatard.config.version import Dated, MigrationHistory

DEFAULT_PATH = Path("/etc/ravatard/ravatard.yaml")


@dataclass(frozen=True, slots=True)
class Loaded:
    """A configuration without errors.

    Attributes:
        options: every option group.
        origins: ``section.key`` -> where its value comes from, for every key there is.
        files: the files that were read, in order.
        outdated: those of them that are written in an older version, with what was changed to read them.
        board: the board whose settings hold where nobody wrote any; None without one.
    """

    options: Options
    origins: Mapping[str, SettingOrigin]
    files: tuple[Path, ...]
    outdated: Mapping[Path, Dated] = field(default_factory=dict)
    board: Board | None = None


def load(
    path: Path | None,
    environ: Mapping[str, str],
    *,
    default_path: Path = DEFAULT_PATH,
    instead: Mapping[Path, str] | None = None,
    history: MigrationHistory = HISTORY,
) -> Loaded:
    """Read, merge and check the configuration.

    From weakest to strongest: defaults, what the board says (``board: NAME``), the file,
    ``ravatard.d/*.yaml`` beside it in the order of their names, environment variables
    ``RAVATARD_SECTION__KEY``, and for secrets the systemd credentials ``ravatard.<section>.<key>`` in the
    directory ``CREDENTIALS_DIRECTORY`` names.

    Args:
        path: the file somebody asked for; None for ``default_path``, which may be missing.
        environ: the process's environment, as far as the configuration may see it.
        default_path: where the file is when nobody names one.
        instead: texts to read instead of what stands in these files, to know before they are written.
        history: the versions of the configuration.

    Raises:
        ConfigErrors: with every problem there is.
    """
    gathering = SettingSources(Schema(), history)
    instead = instead or {}
    main = path or default_path
    files = find_files(main, required=path is not None or main in instead, gathering=gathering)
    files = [file for file in files if read_file(file, gathering, instead.get(file))]
    read_environment(environ, gathering)
    if directory := environ.get("CREDENTIALS_DIRECTORY"):
        read_credentials(Path(directory), gathering)
    board = fill_in(gathering, boards_beside(main))
    options = _options(gathering)
    origins = {dotted: gathering.origins.get(dotted, SettingOrigin()) for dotted in gathering.schema.keys}
    if not gathering.incomplete:
        for clash in find_clashes(options, origins, board):
            # Whoever has mended a refused value may find the clash gone.
            if gathering.refused.isdisjoint(clash.keys):
                key = clash.blamed(origins)
                gathering.complain(origins[key], key, clash.text)
    if gathering.problems:
        raise ConfigErrors(gathering.problems)
    return Loaded(options, origins, tuple(files), gathering.outdated, board)


def _options(gathering: SettingSources) -> Options:
    groups: dict[str, Any] = {}
    for section, group in gathering.schema.sections.items():
        given = {
            item.name: gathering.values.get(f"{section}.{item.name}", item.default) for item in fields(group)
        }
        groups[section] = group(**given)
    return Options(**groups)

"""Build the configuration with some settings changed, and check it before anything is written."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from ravatard.config.document import DocumentError, Node, Scalar, parse, read
from ravatard.config.document import Mapping as Tree
from ravatard.config.loading import Loaded, load
from ravatard.config.merging import Place, merged, settings
from ravatard.config.migrations import HISTORY
from ravatard.config.problems import ConfigErrors, Problem, SettingOrigin
from ravatard.config.schema import Key, Schema
from ravatard.config.sources import BOARD, SettingSources, find_files, read_file
from ravatard.config.values import InvalidValue, convert
from ravatard.config.version import KEY, MigrationHistory, migrated
from ravatard.secret import Secret


@dataclass(frozen=True, slots=True)
class Wishes:
    """Requested settings.

    Attributes:
        nodes: ``section.key``, or ``board`` -> the value as written, without secrets; None removes it.
        origins: ``section.key`` -> the origin of the request, secrets included.
        secrets: name of the credential -> its content.
    """

    nodes: Mapping[str, Node | None]
    origins: Mapping[str, SettingOrigin]
    secrets: Mapping[str, Secret]

    @property
    def names(self) -> tuple[str, ...]:
        """Requested settings by name, in order."""
        return tuple(self.origins)


@dataclass(frozen=True, slots=True)
class ConfigCandidate:
    """A checked configuration that may be written.

    Attributes:
        texts: new text of each file that changes.
        loaded: the configuration that would be in effect.
    """

    texts: Mapping[Path, str]
    loaded: Loaded


def read_wishes(
    path: Path, text: str, history: MigrationHistory = HISTORY, *, beside: Collection[str] = ()
) -> Wishes:
    """Return the settings requested by ``text``, the content of ``path``.

    Args:
        path: the file.
        text: its content.
        history: the versions of the configuration.
        beside: sections of the file that are no settings, and are passed over.

    Raises:
        ConfigErrors: with all problems.
    """
    sources = SettingSources(Schema(), history)
    sources.beside = frozenset(beside)
    read_file(path, sources, text)
    nodes: dict[str, Node | None] = dict(sources.nodes)
    origins = dict(sources.origins)
    if sources.board is not None:
        nodes[BOARD], origins[BOARD] = sources.board
        # Only a name is written to a file: lists of aliases would grow.
        if not isinstance(nodes[BOARD], Scalar):
            sources.report(
                origins[BOARD], BOARD, "found no name; `ravatard board list` prints those there are"
            )
    secrets: dict[str, Secret] = {}
    for dotted, key in sources.schema.keys.items():
        if not key.secret or dotted not in nodes:
            continue
        node, value = nodes.pop(dotted), sources.values[dotted]
        if value is None:
            text = "found nothing; leave the line out, or write the secret"
            sources.report(sources.origins[dotted], dotted, text)
        elif isinstance(node, Scalar):
            secrets[key.credential] = Secret(node.text)
    if sources.problems:
        raise ConfigErrors(sources.problems)
    return Wishes(nodes, origins, secrets)


def refusal(key: Key, text: str) -> str | None:
    """Return why ``text``, as typed by a user, is no value of ``key``; None when it is one."""
    try:
        convert(Scalar(text, plain=True, line=1), key)
    except InvalidValue as invalid:
        return str(invalid)
    return None


def candidate(
    main: Path, environ: Mapping[str, str], wishes: Wishes, history: MigrationHistory = HISTORY
) -> ConfigCandidate:
    """Return the configuration of ``main`` with the requested settings.

    A setting is changed in the last file of ``ravatard.d`` that has it, any other in ``main``.

    Raises:
        ConfigErrors: with all problems; one with a requested setting names the origin of the request.
    """
    sources = SettingSources(Schema(), history)
    files = find_files(main, required=False, sources=sources)
    before = {file: text for file in files if (text := _text(file, sources)) is not None}
    if sources.problems:
        raise ConfigErrors(sources.problems)
    now = {file: up_to_date(text, history) for file, text in before.items()}
    changes: dict[Path, dict[Place, Node | None]] = {}
    for dotted, node in wishes.nodes.items():
        place: Place = tuple(dotted.split("."))
        holders = [file for file, text in now.items() if place in settings(parse(text))]
        # Removed from the last file alone, the setting would have the value of an earlier one.
        for file in holders if node is None else holders[-1:] or [main]:
            changes.setdefault(file, {})[place] = node
    for file, places in changes.items():
        now[file] = merged(now.get(file, f"{KEY}: {history.current}\n"), places)
    texts = {file: text for file, text in now.items() if before.get(file) != text}
    try:
        loaded = load(main, environ, instead={main: "", **now}, history=history)
    except ConfigErrors as errors:
        raise ConfigErrors(_at_request(problem, wishes) for problem in errors.problems) from None
    return ConfigCandidate(texts, loaded)


def up_to_date(text: str, history: MigrationHistory = HISTORY) -> str:
    """Return the text of a file in the current form; the same text for a file of the current version.

    Raises:
        DocumentError: the text is no YAML, or its version is unknown.
    """
    root = parse(text)
    if not isinstance(root, Tree):
        return text
    migrated_file = migrated(root, history)
    if migrated_file.version == history.current:
        return text
    old, new = settings(root), settings(migrated_file.sections)
    changes: dict[Place, Node | None] = {place: None for place in old if place not in new}
    changes |= {place: node for place, node in new.items() if old.get(place) != node}
    changes[KEY,] = Scalar(str(history.current), plain=True, line=1)
    return merged(text, changes)


def _text(file: Path, sources: SettingSources) -> str | None:
    """Return the text of a file that can be read and changed; else None, with the problem in ``sources``."""
    try:
        text = read(file)
        up_to_date(text, sources.history)
    except FileNotFoundError:
        return None
    except (DocumentError, OSError) as error:
        sources.report_unreadable(file, error)
        return None
    return text


def _at_request(problem: Problem, wishes: Wishes) -> Problem:
    origin = wishes.origins.get(problem.key)
    return problem if origin is None else replace(problem, origin=origin)

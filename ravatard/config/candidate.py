"""The configuration as it would be with some settings changed, checked before anything is written."""

from __future__ import annotations

from collections.abc import Mapping
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
from ravatard.config.values import Unfit, convert
from ravatard.config.version import KEY, MigrationHistory, brought_up_to_date
from ravatard.secret import Secret


@dataclass(frozen=True, slots=True)
class Wishes:
    """What somebody wants to be set.

    Attributes:
        nodes: ``section.key``, or ``board`` -> the value as written, secrets left out; None takes it out.
        origins: ``section.key`` -> where it is written, secrets included.
        secrets: name of the credential -> its content.
    """

    nodes: Mapping[str, Node | None]
    origins: Mapping[str, SettingOrigin]
    secrets: Mapping[str, Secret]

    @property
    def names(self) -> tuple[str, ...]:
        """Every setting that is named, in order."""
        return tuple(self.origins)


@dataclass(frozen=True, slots=True)
class ConfigCandidate:
    """A configuration that may be written.

    Attributes:
        texts: what each file would hold, for those that change.
        loaded: what would be in effect.
    """

    texts: Mapping[Path, str]
    loaded: Loaded


def read_wishes(path: Path, text: str, history: MigrationHistory = HISTORY) -> Wishes:
    """What ``text``, which stands in ``path``, wants to be set.

    Raises:
        ConfigErrors: with every problem of it.
    """
    gathering = SettingSources(Schema(), history)
    read_file(path, gathering, text)
    nodes: dict[str, Node | None] = dict(gathering.nodes)
    origins = dict(gathering.origins)
    if gathering.board is not None:
        nodes[BOARD], origins[BOARD] = gathering.board
        # Nothing but a name is ever written down: lists of aliases would grow.
        if not isinstance(nodes[BOARD], Scalar):
            gathering.complain(
                origins[BOARD], BOARD, "found no name; `ravatard board list` prints those there are"
            )
    secrets: dict[str, Secret] = {}
    for dotted, key in gathering.schema.keys.items():
        if not key.secret or dotted not in nodes:
            continue
        node, value = nodes.pop(dotted), gathering.values[dotted]
        if value is None:
            text = "found nothing; leave the line out, or write the secret"
            gathering.complain(gathering.origins[dotted], dotted, text)
        elif isinstance(node, Scalar):
            secrets[key.credential] = Secret(node.text)
    if gathering.problems:
        raise ConfigErrors(gathering.problems)
    return Wishes(nodes, origins, secrets)


def refusal(key: Key, text: str) -> str | None:
    """Why ``text``, as somebody typed it, cannot be the value of ``key``; None when it can."""
    try:
        convert(Scalar(text, plain=True, line=1), key)
    except Unfit as unfit:
        return str(unfit)
    return None


def candidate(
    main: Path, environ: Mapping[str, str], wishes: Wishes, history: MigrationHistory = HISTORY
) -> ConfigCandidate:
    """The configuration of ``main`` with what is wished for on top of every file.

    A setting that a file in ``ravatard.d`` has the last word on is changed there, any other in ``main``.

    Raises:
        ConfigErrors: with every problem; one of a setting that is wished for is told where it is wished.
    """
    gathering = SettingSources(Schema(), history)
    files = find_files(main, required=False, gathering=gathering)
    before = {file: text for file in files if (text := _text(file, gathering)) is not None}
    if gathering.problems:
        raise ConfigErrors(gathering.problems)
    now = {file: up_to_date(text, history) for file, text in before.items()}
    changes: dict[Path, dict[Place, Node | None]] = {}
    for dotted, node in wishes.nodes.items():
        place: Place = tuple(dotted.split("."))
        holders = [file for file, text in now.items() if place in settings(parse(text))]
        # Taken out of the strongest alone, it would be what a weaker one says.
        for file in holders if node is None else holders[-1:] or [main]:
            changes.setdefault(file, {})[place] = node
    for file, places in changes.items():
        now[file] = merged(now.get(file, f"{KEY}: {history.current}\n"), places)
    texts = {file: text for file, text in now.items() if before.get(file) != text}
    try:
        loaded = load(main, environ, instead={main: "", **now}, history=history)
    except ConfigErrors as errors:
        raise ConfigErrors(_where_wished(problem, wishes) for problem in errors.problems) from None
    return ConfigCandidate(texts, loaded)


def up_to_date(text: str, history: MigrationHistory = HISTORY) -> str:
    """The text of a file in today's form; the same text when it is of today's version already.

    Raises:
        DocumentError: it cannot be read, or its version is unknown.
    """
    root = parse(text)
    if not isinstance(root, Tree):
        return text
    dated = brought_up_to_date(root, history)
    if dated.version == history.current:
        return text
    old, new = settings(root), settings(dated.sections)
    changes: dict[Place, Node | None] = {place: None for place in old if place not in new}
    changes |= {place: node for place, node in new.items() if old.get(place) != node}
    changes[KEY,] = Scalar(str(history.current), plain=True, line=1)
    return merged(text, changes)


def _text(file: Path, gathering: SettingSources) -> str | None:
    """The text of a file that can be read and changed; else None, and the problem is noted."""
    try:
        text = read(file)
        up_to_date(text, gathering.history)
    except DocumentError as error:
        gathering.lose(SettingOrigin("file", str(file), error.line), str(error))
    except FileNotFoundError:
        return None
    except OSError as error:
        gathering.lose(SettingOrigin("file", str(file)), f"cannot be read: {error.strerror}")
    else:
        return text
    return None


def _where_wished(problem: Problem, wishes: Wishes) -> Problem:
    wished = wishes.origins.get(problem.key)
    return problem if wished is None else replace(problem, origin=wished)

"""Read settings from files, environment variables and credentials into one :class:`SettingSources`."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from collections.abc import Mapping as Environment
from pathlib import Path

from ravatard.config.document import DocumentError, Mapping, Node, Scalar, Sequence, parse, read
from ravatard.config.migrations import HISTORY
from ravatard.config.problems import Problem, SettingOrigin, either, shown
from ravatard.config.schema import Key, Schema
from ravatard.config.values import InvalidValue, convert
from ravatard.config.version import MigratedSections, MigrationHistory, migrated
from ravatard.host.access import caller, unreadable

_PREFIX = "RAVATARD_"
#: The one key beside the sections and the version: names the board whose settings fill the gaps.
BOARD = "board"
_CREDENTIAL_PREFIX = "ravatard."
#: Enough to correct in one go; a file that is no configuration has thousands.
_MOST_PROBLEMS = 100


class SettingSources:
    """Settings found so far; a later source overrides an earlier one key by key.

    Attributes:
        values: ``section.key`` -> the converted value.
        origins: ``section.key`` -> the origin of that value.
        nodes: ``section.key`` -> that value as written.
        outdated: files of an older version, in the order of reading.
        problems: all problems, in the order of reading.
        refused: keys with an invalid value.
        board: the board named, with its origin; None without one.
        beside: names of sections that are passed over.
        incomplete: True when a whole source could not be read, so that keys may be missing.
    """

    def __init__(self, schema: Schema, history: MigrationHistory = HISTORY) -> None:
        self.schema = schema
        self.history = history
        self.values: dict[str, object] = {}
        self.origins: dict[str, SettingOrigin] = {}
        self.nodes: dict[str, Node] = {}
        self.outdated: dict[Path, MigratedSections] = {}
        self.problems: list[Problem] = []
        self.refused: set[str] = set()
        self.board: tuple[Node, SettingOrigin] | None = None
        self.beside: frozenset[str] = frozenset()
        self.incomplete = False

    def put(self, key: Key, node: Node, origin: SettingOrigin) -> None:
        """Add the value of one key, or the problem with it."""
        try:
            self.values[key.dotted] = convert(node, key)
            self.origins[key.dotted] = origin
            self.nodes[key.dotted] = node
        except InvalidValue as invalid:
            self.refused.add(key.dotted)
            self.report(origin, key.dotted, str(invalid))

    def report(self, origin: SettingOrigin, key: str, text: str) -> None:
        """Add one problem."""
        self.problems.append(Problem(origin, key, text))

    def report_unreadable(self, path: Path, error: DocumentError | OSError, verb: str = "read") -> None:
        """Add the problem of a file that cannot be read at all, or of a directory that cannot be listed."""
        self.incomplete = True
        line, denied = None, False
        match error:
            case DocumentError():
                text, line = str(error), error.line
            case FileNotFoundError():
                text = "does not exist; `ravatard config reference` prints one to start from"
            case PermissionError():
                text, denied = unreadable(path, caller()), True
            case _:
                text = f"cannot be {verb}: {error.strerror}"
        self.problems.append(Problem(SettingOrigin("file", str(path), line), "", text, denied=denied))

    @property
    def full(self) -> bool:
        """True once there are too many problems for further reading to help."""
        return len(self.problems) >= _MOST_PROBLEMS


def find_files(
    path: Path, *, required: bool, sources: SettingSources, further: Iterable[Path] = ()
) -> list[Path]:
    """Return the files to read, in order: ``path``, then ``ravatard.d/*.yaml`` beside it by name.

    ``path`` is left out if it is not ``required`` and does not exist. Files that are not written yet are
    ``further``: in ``ravatard.d`` each has its place by name, any other comes last.
    """
    files = [path] if required or os.path.lexists(path) else []
    directory = path.parent / "ravatard.d"
    planned = [file for file in further if file != path]
    try:
        found = {entry.name for entry in directory.iterdir() if not entry.name.startswith(".")}
    except FileNotFoundError:
        found = set()
    except OSError as error:
        sources.report_unreadable(directory, error, "listed")
        return files
    for name in sorted(found | {file.name for file in planned if file.parent == directory}):
        if name.endswith(".yaml"):
            files.append(directory / name)
        elif name.endswith(".yml"):
            origin = SettingOrigin("file", str(directory / name))
            sources.report(origin, "", "is not read; give it a name that ends in .yaml")
    return files + [file for file in planned if file.parent != directory]


def read_file(path: Path, sources: SettingSources, text: str | None = None) -> bool:
    """Read one file, or ``text`` in place of its content; False when none of it can be read."""
    where = str(path)
    try:
        root = parse(read(path) if text is None else text)
        if root is None:
            return True
        file = migrated(root, sources.history)
    except (DocumentError, OSError) as error:
        sources.report_unreadable(path, error)
        return False
    if file.version != sources.history.current:
        sources.outdated[path] = file
    for name, line, node in _entries(file.sections, where, "", sources):
        if name == BOARD:
            sources.board = None if _is_empty(node) else (node, SettingOrigin("file", where, line))
        elif name in sources.beside:
            continue
        elif name not in sources.schema.sections:
            about = sources.schema.about_unknown_section(name)
            sources.report(SettingOrigin("file", where, line), _as_key(name), about)
        elif isinstance(node, Mapping):
            _read_keys(name, node, where, sources)
        elif not _is_empty(node):
            about = _no_section(name, node, sources.schema)
            sources.report(SettingOrigin("file", where, node.line), name, about)
    return True


def _no_section(name: str, node: Scalar | Sequence, schema: Schema) -> str:
    """Return a sentence about a value in the place of a section."""
    if isinstance(node, Scalar) and (key := _glued(node.text, schema.names(name))):
        return f"{key} has no blank after its colon; write {key}: VALUE"
    if homes := schema.homes(name):
        return f"found a single value, for a section; did you mean the key {either(homes)}?"
    what = "a list" if isinstance(node, Sequence) else "a single value"
    return f"found {what}; a section is keys with values, indented below {name}:"


def _glued(text: str, names: list[str]) -> str:
    """Return the key that is written without a blank after its colon; "" for any other text."""
    key, colon, value = text.partition(":")
    return key if colon and value and key in names else ""


def _read_keys(section: str, mapping: Mapping, where: str, sources: SettingSources) -> None:
    for name, line, node in _entries(mapping, where, section, sources):
        key = sources.schema.keys.get(f"{section}.{name}")
        if key is None:
            text = sources.schema.about_unknown_key(section, name)
            sources.report(SettingOrigin("file", where, line), f"{section}.{_as_key(name)}", text)
        else:
            # The key's line, not the value's: the value may be an alias to somewhere else.
            sources.put(key, node, SettingOrigin("file", where, line))


def _entries(
    mapping: Mapping, where: str, section: str, sources: SettingSources
) -> Iterator[tuple[str, int, Node]]:
    """Yield name, line and value of each usable entry; the others become problems."""
    seen: dict[str, int] = {}
    for name, value in mapping.entries:
        if sources.full:
            return
        origin = SettingOrigin("file", where, name.line)
        if not isinstance(name, Scalar):
            sources.report(origin, section, "found a list or mapping where a key belongs")
        elif name.plain and name.text == "<<":
            sources.report(origin, section, "merge keys (<<) are not understood; write the keys out")
        elif name.text in seen:
            dotted = f"{section}.{_as_key(name.text)}" if section else _as_key(name.text)
            sources.report(origin, dotted, f"written twice, first on line {seen[name.text]}; keep one")
        else:
            seen[name.text] = name.line
            yield name.text, name.line, value


def _is_empty(node: Node) -> bool:
    return isinstance(node, Scalar) and node.plain and node.text in ("", "~", "null")


def _as_key(name: str) -> str:
    return name if name.replace("_", "").isalnum() and len(name) <= 40 else shown(name)


def read_environment(environ: Environment[str, str], sources: SettingSources) -> None:
    """Read ``RAVATARD_SECTION__KEY`` variables: values are plain YAML scalars, lists are ``[a, b]``."""
    by_variable = {key.variable: key for key in sources.schema.keys.values()}
    by_one_underscore = {name.replace("__", "_"): name for name in by_variable}
    for variable in sorted(name for name in environ if name.startswith(_PREFIX)):
        origin = SettingOrigin("environment", variable)
        if variable == _PREFIX + BOARD.upper():
            named = from_text(environ[variable])
            sources.board = None if _is_empty(named) else (named, origin)
        elif key := by_variable.get(variable):
            sources.put(key, from_text(environ[variable]), origin)
        elif "__" in variable:
            section, _, name = variable.removeprefix(_PREFIX).lower().partition("__")
            if section in sources.schema.sections:
                about = sources.schema.about_unknown_key(section, name)
            else:
                about = sources.schema.about_unknown_section(section)
            sources.report(origin, "", about)
        elif variable in by_one_underscore:
            # Other names without "__" are left alone: container platforms set RAVATARD_PORT and such.
            sources.report(origin, "", f"sets nothing; did you mean {by_one_underscore[variable]}?")


def from_text(text: str) -> Node:
    """Return what a variable or an argument has as a value: ``[a, b]`` is a list, all else a plain scalar."""
    text = text.strip()
    if text.startswith("[") and text.endswith("]"):
        try:
            node = parse(text)
        except DocumentError:
            node = None
        if isinstance(node, Sequence):
            return node
    return Scalar(text, plain=True, line=1)


def read_credentials(directory: Path, sources: SettingSources) -> None:
    """Read the secrets systemd passes on: files ``ravatard.<section>.<key>`` in ``directory``."""
    try:
        names = sorted(entry.name for entry in directory.iterdir())
    except OSError as error:
        origin = SettingOrigin("environment", "CREDENTIALS_DIRECTORY")
        sources.incomplete = True
        sources.report(origin, "", f"{shown(str(directory))} cannot be listed: {error.strerror}")
        return
    for name in names:
        if not name.startswith(_CREDENTIAL_PREFIX):
            continue
        origin = SettingOrigin("credential", name)
        key = sources.schema.keys.get(name.removeprefix(_CREDENTIAL_PREFIX))
        if key is None or not key.secret:
            secrets = either([key.credential for key in sources.schema.keys.values() if key.secret])
            sources.report(origin, "", f"is not a secret setting; a credential may be {secrets}")
            continue
        try:
            text = read(directory / name).strip()
        except DocumentError as error:
            sources.report(origin, key.dotted, str(error))
        except OSError as error:
            sources.report(origin, key.dotted, f"cannot be read: {error.strerror}")
        else:
            # Never plain: an empty credential is a mistake, not "unset".
            sources.put(key, Scalar(text, plain=False, line=1), origin)

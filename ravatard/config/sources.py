"""Where settings are written: files, environment, credentials. Each is read into one gathering."""

from __future__ import annotations

import os
from collections.abc import Iterator
from collections.abc import Mapping as Environment
from pathlib import Path

from ravatard.config.document import DocumentError, Mapping, Node, Scalar, Sequence, parse, read
from ravatard.config.migrations import HISTORY
from ravatard.config.problems import Problem, SettingOrigin, shown
from ravatard.config.schema import Key, Schema
from ravatard.config.values import Unfit, convert
from ravatard.config.version import Dated, MigrationHistory, brought_up_to_date

_PREFIX = "RAVATARD_"
#: The one key beside the sections and the version: which board's settings hold where nobody wrote any.
BOARD = "board"
_CREDENTIAL_PREFIX = "ravatard."
#: More is not mended at one sitting, and a file that is something else altogether has thousands.
_MOST_PROBLEMS = 100


class SettingSources:
    """What was found so far; a later source overrides an earlier one key by key.

    Attributes:
        values: ``section.key`` -> the converted value.
        origins: ``section.key`` -> where that value stands.
        nodes: ``section.key`` -> that value as it was written.
        outdated: the files that are written in an older version, in the order of reading.
        problems: everything wrong, in the order of reading.
        refused: keys with a value that could not be taken.
        board: the board that was named, and where; None when none was.
        incomplete: a whole source could not be read, so keys may be missing.
    """

    def __init__(self, schema: Schema, history: MigrationHistory = HISTORY) -> None:
        self.schema = schema
        self.history = history
        self.values: dict[str, object] = {}
        self.origins: dict[str, SettingOrigin] = {}
        self.nodes: dict[str, Node] = {}
        self.outdated: dict[Path, Dated] = {}
        self.problems: list[Problem] = []
        self.refused: set[str] = set()
        self.board: tuple[Node, SettingOrigin] | None = None
        self.incomplete = False

    def put(self, key: Key, node: Node, origin: SettingOrigin) -> None:
        """Take the value of one key, or the complaint about it."""
        try:
            self.values[key.dotted] = convert(node, key)
            self.origins[key.dotted] = origin
            self.nodes[key.dotted] = node
        except Unfit as unfit:
            self.refused.add(key.dotted)
            self.complain(origin, key.dotted, str(unfit))

    def complain(self, origin: SettingOrigin, key: str, text: str) -> None:
        """Note one problem."""
        self.problems.append(Problem(origin, key, text))

    def lose(self, origin: SettingOrigin, text: str) -> None:
        """Note that a whole source could not be read."""
        self.incomplete = True
        self.complain(origin, "", text)

    @property
    def full(self) -> bool:
        """Whether there are so many problems that reading on helps nobody."""
        return len(self.problems) >= _MOST_PROBLEMS


def find_files(path: Path, *, required: bool, gathering: SettingSources) -> list[Path]:
    """The files to read, in order: ``path``, then ``ravatard.d/*.yaml`` beside it by name.

    ``path`` is left out if it is not ``required`` and does not exist.
    """
    files = [path] if required or os.path.lexists(path) else []
    directory = path.parent / "ravatard.d"
    try:
        names = sorted(entry.name for entry in directory.iterdir() if not entry.name.startswith("."))
    except FileNotFoundError:
        return files
    except OSError as error:
        gathering.lose(SettingOrigin("file", str(directory)), f"cannot be listed: {error.strerror}")
        return files
    for name in names:
        if name.endswith(".yaml"):
            files.append(directory / name)
        elif name.endswith(".yml"):
            origin = SettingOrigin("file", str(directory / name))
            gathering.complain(origin, "", "is not read; give it a name that ends in .yaml")
    return files


def read_file(path: Path, gathering: SettingSources, text: str | None = None) -> bool:
    """Gather one file, or ``text`` as if it stood there; False when nothing of it could be read."""
    where = str(path)
    try:
        root = parse(read(path) if text is None else text)
    except DocumentError as error:
        gathering.lose(SettingOrigin("file", where, error.line), str(error))
        return False
    except FileNotFoundError:
        gathering.lose(
            SettingOrigin("file", where),
            "does not exist; `ravatard config reference` prints one to start from",
        )
        return False
    except OSError as error:
        remedy = "; run as a user that may, or mend its mode" if isinstance(error, PermissionError) else ""
        gathering.lose(SettingOrigin("file", where), f"cannot be read: {error.strerror}{remedy}")
        return False
    if root is None:
        return True
    dated = _dated(root, where, gathering)
    if dated is None:
        return False
    if dated.version != gathering.history.current:
        gathering.outdated[path] = dated
    _read_sections(dated.sections, where, gathering)
    return True


def _read_sections(sections: Mapping, where: str, gathering: SettingSources) -> None:
    for name, line, node in _entries(sections, where, "", gathering):
        if name == BOARD:
            gathering.board = None if _is_empty(node) else (node, SettingOrigin("file", where, line))
        elif name not in gathering.schema.sections:
            about = gathering.schema.about_unknown_section(name)
            gathering.complain(SettingOrigin("file", where, line), _as_key(name), about)
        elif isinstance(node, Mapping):
            _read_section(name, node, where, gathering)
        elif not _is_empty(node):
            what = "a list" if isinstance(node, Sequence) else "a single value"
            about = f"found {what}; a section is keys with values, indented below {name}:"
            gathering.complain(SettingOrigin("file", where, node.line), name, about)


def _dated(root: Node, where: str, gathering: SettingSources) -> Dated | None:
    """The sections in today's form; None, and the complaint about it, when there are none."""
    if not isinstance(root, Mapping):
        text = "found no sections; write a section, such as gate:, and its keys indented below it"
        gathering.lose(SettingOrigin("file", where, root.line), text)
        return None
    try:
        return brought_up_to_date(root, gathering.history)
    except DocumentError as error:
        gathering.lose(SettingOrigin("file", where, error.line), str(error))
        return None


def _read_section(section: str, mapping: Mapping, where: str, gathering: SettingSources) -> None:
    for name, line, node in _entries(mapping, where, section, gathering):
        key = gathering.schema.keys.get(f"{section}.{name}")
        if key is None:
            about = gathering.schema.about_unknown_key(section, name)
            gathering.complain(SettingOrigin("file", where, line), f"{section}.{_as_key(name)}", about)
        else:
            # The key's line, not the value's: the value may be an alias to somewhere else.
            gathering.put(key, node, SettingOrigin("file", where, line))


def _entries(
    mapping: Mapping, where: str, section: str, gathering: SettingSources
) -> Iterator[tuple[str, int, Node]]:
    """Name, line and value of each usable entry; the others become problems."""
    seen: dict[str, int] = {}
    for name, value in mapping.entries:
        if gathering.full:
            return
        origin = SettingOrigin("file", where, name.line)
        if not isinstance(name, Scalar):
            gathering.complain(origin, section, "found a list or mapping where a key belongs")
        elif name.plain and name.text == "<<":
            gathering.complain(origin, section, "merge keys (<<) are not understood; write the keys out")
        elif name.text in seen:
            dotted = f"{section}.{_as_key(name.text)}" if section else _as_key(name.text)
            gathering.complain(origin, dotted, f"written twice, first on line {seen[name.text]}; keep one")
        else:
            seen[name.text] = name.line
            yield name.text, name.line, value


def _is_empty(node: Node) -> bool:
    return isinstance(node, Scalar) and node.plain and node.text in ("", "~", "null")


def _as_key(name: str) -> str:
    return name if name.replace("_", "").isalnum() and len(name) <= 40 else shown(name)


def read_environment(environ: Environment[str, str], gathering: SettingSources) -> None:
    """Gather ``RAVATARD_SECTION__KEY`` variables: values are plain YAML scalars, lists are ``[a, b]``."""
    by_variable = {key.variable: key for key in gathering.schema.keys.values()}
    by_one_underscore = {name.replace("__", "_"): name for name in by_variable}
    for variable in sorted(name for name in environ if name.startswith(_PREFIX)):
        origin = SettingOrigin("environment", variable)
        if variable == _PREFIX + BOARD.upper():
            named = _from_variable(environ[variable])
            gathering.board = None if _is_empty(named) else (named, origin)
        elif key := by_variable.get(variable):
            gathering.put(key, _from_variable(environ[variable]), origin)
        elif "__" in variable:
            section, _, name = variable.removeprefix(_PREFIX).lower().partition("__")
            if section in gathering.schema.sections:
                about = gathering.schema.about_unknown_key(section, name)
            else:
                about = gathering.schema.about_unknown_section(section)
            gathering.complain(origin, "", about)
        elif variable in by_one_underscore:
            # Other names without "__" are left alone: container platforms set RAVATARD_PORT and such.
            gathering.complain(origin, "", f"sets nothing; did you mean {by_one_underscore[variable]}?")


def _from_variable(text: str) -> Node:
    text = text.strip()
    if text.startswith("[") and text.endswith("]"):
        try:
            node = parse(text)
        except DocumentError:
            node = None
        if isinstance(node, Sequence):
            return node
    return Scalar(text, plain=True, line=1)


def read_credentials(directory: Path, gathering: SettingSources) -> None:
    """Gather the secrets systemd hands over: files ``ravatard.<section>.<key>`` in ``directory``."""
    try:
        names = sorted(entry.name for entry in directory.iterdir())
    except OSError as error:
        origin = SettingOrigin("environment", "CREDENTIALS_DIRECTORY")
        gathering.lose(origin, f"{shown(str(directory))} cannot be listed: {error.strerror}")
        return
    for name in names:
        if not name.startswith(_CREDENTIAL_PREFIX):
            continue
        origin = SettingOrigin("credential", name)
        key = gathering.schema.keys.get(name.removeprefix(_CREDENTIAL_PREFIX))
        if key is None or not key.secret:
            secrets = ", ".join(key.credential for key in gathering.schema.keys.values() if key.secret)
            gathering.complain(origin, "", f"is no secret setting; a credential may be {secrets}")
            continue
        try:
            text = read(directory / name).strip()
        except DocumentError as error:
            gathering.complain(origin, key.dotted, str(error))
        except OSError as error:
            gathering.complain(origin, key.dotted, f"cannot be read: {error.strerror}")
        else:
            # Never plain: an empty credential is a mistake, not "unset".
            gathering.put(key, Scalar(text, plain=False, line=1), origin)

"""Changes of the saved settings, as JSON values, become the text of their file, or problems."""

from __future__ import annotations

import math
import shlex
from collections.abc import Iterator, Mapping
from pathlib import Path

from ravatard.config.document import LIMIT_BYTES, Node, Scalar, Sequence
from ravatard.config.document import Mapping as Tree
from ravatard.config.loading import DEFAULT_PATH
from ravatard.config.merging import written
from ravatard.config.migrations import HISTORY
from ravatard.config.problems import SettingOrigin, shown
from ravatard.config.saved.description import STRONGER
from ravatard.config.schema import Key, Schema
from ravatard.config.version import KEY
from ravatard.installation import owners_command
from ravatard.ports.settings import Changes, SettingProblem

_HEAD = """\
# Settings saved by the page, or by `ravatard config set`. They override /etc/ravatard; environment variables
# and credentials override them. `ravatard config unset KEY` takes one away.
"""
#: Names of settings that are ``local_only`` and name nothing themselves.
_WAYS = frozenset(
    {"insecure", "kind", "listen", "names", "plain_key", "port", "private_addresses", "tls", "users"}
)
#: More items than any list of settings has.
_LONGEST_LIST = 100


def rendered(nodes: Mapping[str, Node]) -> str:
    """Return the text of the file with these settings: ``section.key`` -> value as written."""
    lines = [_HEAD, f"{KEY}: {HISTORY.current}\n"]
    for section in dict.fromkeys(dotted.partition(".")[0] for dotted in nodes):
        lines.append(f"\n{section}:\n")
        for dotted, node in nodes.items():
            if dotted.partition(".")[0] == section:
                lines.append(f"  {dotted.partition('.')[2]}: {written(node)}\n")
    return "".join(lines)


def too_large(text: str) -> bool:
    """Return True if ``text`` could not be read again."""
    return len(text.encode(errors="surrogatepass")) > LIMIT_BYTES


def node_of(value: object) -> Node | None:
    """Return a JSON value as it is written in a file; None for one that no setting has.

    A node is one already: `ravatard config set` has the user's own words.
    """
    match value:
        case Scalar() | Sequence():
            return value
        case bool():
            return Scalar(str(value).lower(), plain=True, line=1)
        case int() | float() if math.isfinite(value):
            return Scalar(repr(value), plain=True, line=1)
        case "":
            return Scalar("", plain=True, line=1)
        case str():
            return Scalar(value, plain=False, line=1)
        case list() | tuple() if len(value) <= _LONGEST_LIST:
            items = [node_of(item) for item in value]
            if any(item is None or isinstance(item, Sequence | Tree) for item in items):
                return None
            return Sequence(tuple(item for item in items if item is not None), 1)
    return None


def nodes_of(changes: Changes) -> tuple[dict[str, Node | None], list[SettingProblem]]:
    """Return the ``changes`` of known keys as nodes, and what no file could express."""
    schema = Schema()
    nodes: dict[str, Node | None] = {}
    problems = []
    for name, value in changes.items():
        section, _, key = name.partition(".")
        node = None if value is None else node_of(value)
        if name not in schema.keys:
            known = section in schema.sections
            about = schema.about_unknown_key(section, key) if known else schema.about_unknown_section(section)
            problems.append(SettingProblem(shown(name), about))
        elif value is not None and node is None:
            problems.append(SettingProblem(name, "found no boolean, number, text or list of these"))
        else:
            nodes[name] = node
    return nodes, problems


def _why_local(key: Key) -> str:
    """Return why a setting that is ``local_only`` is."""
    if key.secret:
        return "it is a secret that lets others reach this appliance, or this appliance reach others"
    if key.name in _WAYS:
        return "it says how this appliance is reached, or whom it trusts"
    return "it names a program, a path or an address"


def _editing(main: Path) -> str:
    if main == DEFAULT_PATH:
        return f"`{owners_command('ravatard config edit', service=True)}`"
    return f"`ravatard config edit --config {shlex.quote(str(main))}`"


def refusals(
    nodes: Mapping[str, Node | None], origins: Mapping[str, SettingOrigin], main: Path
) -> Iterator[SettingProblem]:
    """Yield the settings that cannot be saved, whatever their value.

    Args:
        nodes: the changes; to take one away is always possible.
        origins: ``section.key`` -> the origin of its value in effect, as far as known.
        main: the owner's file.
    """
    schema = Schema()
    for dotted, node in nodes.items():
        origin = origins.get(dotted, SettingOrigin())
        if node is None:
            continue
        if schema.keys[dotted].setting.local_only:
            theirs = origin.kind == "file" and Path(origin.name).is_relative_to(main.parent)
            yield SettingProblem(
                dotted,
                f"{_why_local(schema.keys[dotted])}, and is set on the appliance itself: write it in "
                f"{origin.name if theirs else main} ({_editing(main)})",
            )
        elif origin.kind in STRONGER:
            yield SettingProblem(
                dotted, f"the {origin} sets it, and overrides what is saved here; change it there"
            )

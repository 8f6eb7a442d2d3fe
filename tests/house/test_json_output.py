"""JSON that a command prints is versioned: one module writes it."""

from __future__ import annotations

import ast

from tests.house.source import MODULES, named, tree

WRITES = "cli/json_output.py"
#: A name in quotes, as in a file of settings, or a value in a line for people: no document.
IN_QUOTES = {"cli/devices.py", "cli/doctor/find_mic.py", "cli/config/diff.py"}


def writers() -> dict[str, int]:
    """Return the modules of commands that call ``json.dumps``, and how often."""
    found: dict[str, int] = {}
    for module in MODULES:
        name = named(module)
        if name.startswith("cli/") and name != WRITES:
            calls = sum(
                isinstance(node, ast.Attribute) and node.attr == "dumps" for node in ast.walk(tree(module))
            )
            found |= {name: calls} if calls else {}
    return found


def test_one_module_writes_the_documents_of_commands() -> None:
    assert writers() == dict.fromkeys(IN_QUOTES, 1)

"""The package and its tests as the house tests read them: files, syntax trees, docstrings, words."""

from __future__ import annotations

import ast
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "ravatard"
MODULES = sorted(PACKAGE.rglob("*.py"))
TESTS = sorted((ROOT / "tests").rglob("test_*.py"))

Function = ast.FunctionDef | ast.AsyncFunctionDef


def named(path: Path) -> str:
    """Return the path of a module inside the package, of any other file inside the repository."""
    return path.relative_to(PACKAGE if path.is_relative_to(PACKAGE) else ROOT).as_posix()


@cache
def tree(path: Path) -> ast.Module:
    """Return the syntax tree of a file; callers must not change it."""
    return ast.parse(path.read_text(encoding="utf-8"))


@cache
def tracked() -> tuple[Path, ...]:
    """Files of the repository, those not yet added included."""
    git = [
        "git",
        "-c",
        f"safe.directory={ROOT}",
        "ls-files",
        "-z",
        "--cached",
        "--others",
        "--exclude-standard",
    ]
    listed = subprocess.run(git, cwd=ROOT, capture_output=True, check=False)
    if listed.returncode != 0:
        pytest.skip("not a git clone")
    paths = [ROOT / name for name in listed.stdout.decode().split("\0") if name]
    return tuple(path for path in paths if path.is_file())


def functions(node: ast.AST) -> Iterator[Function]:
    """Yield every function and method inside ``node``, nested ones included."""
    for one in ast.walk(node):
        if isinstance(one, ast.FunctionDef | ast.AsyncFunctionDef):
            yield one


def docstrings(node: ast.AST) -> Iterator[tuple[int, str]]:
    """Yield the line and text of every docstring, those below a field or an enum's member included."""
    for one in ast.walk(node):
        if isinstance(one, ast.Expr) and isinstance(one.value, ast.Constant):
            if isinstance(one.value.value, str):
                yield one.lineno, one.value.value


@cache
def code_of(module: Path) -> str:
    """Return the module without its docstrings and comments."""
    copy = ast.parse(module.read_text(encoding="utf-8"))
    for node in ast.walk(copy):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            node.value = ast.Constant(value=None)
    return ast.unparse(copy)


def is_protocol(node: ast.ClassDef) -> bool:
    """Return True for a Protocol: the bodies of its methods are declarations."""
    return any("Protocol" in ast.unparse(base) for base in node.bases)

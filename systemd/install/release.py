"""Prepare a release, or check that one can be built: ``release.py TREE [NUMBER [DAY]]``.

With a number it writes that into pyproject.toml, the package and the collection for Ansible, and dates
what is unreleased in CHANGELOG.md; a person commits and tags that. Without one it checks that all of them,
the READMEs and the tag agree. It needs nothing but the standard library, and git.
"""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

_NUMBER = r"\d+\.\d+\.\d+"
_PYPROJECT, _PACKAGE, _CHANGELOG = "pyproject.toml", "ravatard/__init__.py", "CHANGELOG.md"
_COLLECTION = "config/fleet/galaxy.yml"
_READMES = ("README.md", "systemd/README.md")
#: Where each of them says it. Of a collection of a number that it has, ansible-galaxy installs nothing.
_SAID = {
    _PYPROJECT: re.compile(rf'^version = "({_NUMBER})"$', re.M),
    _PACKAGE: re.compile(rf'^__version__ = "({_NUMBER})"$', re.M),
    _COLLECTION: re.compile(rf"^version: ({_NUMBER})$", re.M),
}
_UNRELEASED = "## [Unreleased]\n"
#: In a README: of a package's file, or after the name.
_NAMED = re.compile(rf"\bravatard[_ ]v?({_NUMBER})\b")


class ReleaseError(Exception):
    """There is nothing to release; says why."""


def prepare(tree: Path, number: str, day: str) -> None:
    """Write ``number`` where it belongs, and ``day`` beside it in the changelog.

    Raises:
        ReleaseError: it is no number, is not higher than the last one, or nothing is unreleased.
    """
    if not re.fullmatch(_NUMBER, number):
        raise ReleaseError(f"VERSION={number} is not of the form 0.2.0")
    changelog = (tree / _CHANGELOG).read_text(encoding="utf-8")
    before, found, after = changelog.partition(_UNRELEASED)
    if not found or not _unreleased(changelog):
        raise ReleaseError(f"{_CHANGELOG} has nothing unreleased")
    last = re.search(rf"^## \[({_NUMBER})\]", after, re.M)
    if last and _order(last[1]) >= _order(number):
        raise ReleaseError(f"{last[1]} is released already; VERSION={number} must be higher")
    texts = {_CHANGELOG: f"{before}{found}\n## [{number}] - {day}\n{after}"}
    for name, pattern in _SAID.items():
        text = (tree / name).read_text(encoding="utf-8")
        said = pattern.search(text)
        if said is None:
            raise ReleaseError(f"{name} says no version")
        texts[name] = text[: said.start(1)] + number + text[said.end(1) :]
    for name, text in texts.items():
        _write(tree / name, text)


def problems(tree: Path) -> Iterator[str]:
    """Yield a sentence for each reason why the tree is not a release."""
    numbers = {name: _said(tree, name) for name in _SAID}
    changelog = (tree / _CHANGELOG).read_text(encoding="utf-8")
    newest = re.search(rf"^## \[({_NUMBER})\]", changelog, re.M)
    numbers[_CHANGELOG] = newest[1] if newest else "none"
    if len(set(numbers.values())) > 1:
        yield f"different versions: {', '.join(f'{name} {said}' for name, said in numbers.items())}"
    number = numbers[_PYPROJECT]
    if _unreleased(changelog):
        yield f"{_CHANGELOG} still has something unreleased"
    for name in _READMES:
        for other in sorted({*_NAMED.findall((tree / name).read_text(encoding="utf-8"))} - {number}):
            yield f"{name} names version {other}"
    if _git(tree, "status", "--porcelain", "--untracked-files=no"):
        yield "files are changed and not committed"
    if f"v{number}" not in _git(tree, "tag", "--points-at", "HEAD").split():
        yield f"the commit has no tag v{number}"


def _said(tree: Path, name: str) -> str:
    found = _SAID[name].search((tree / name).read_text(encoding="utf-8"))
    return found[1] if found else "none"


def _unreleased(changelog: str) -> bool:
    text = changelog.partition(_UNRELEASED)[2].partition("\n## [")[0]
    return re.search(r"^- \S", text, re.M) is not None


def _order(number: str) -> tuple[int, ...]:
    return tuple(map(int, number.split(".")))


def _write(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8")


def _git(tree: Path, *words: str) -> str:
    done = subprocess.run(  # noqa: S603 - words of this file
        ["git", "-C", tree, *words],  # noqa: S607 - the user's git
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    return done.stdout.strip()


def main(tree: Path, number: str, day: str) -> int:
    """Do it; return the exit status."""
    if not number:
        found = list(problems(tree))
        sys.stderr.writelines(f"no release: {one}\n" for one in found)
        return 1 if found else 0
    try:
        prepare(tree, number, day)
    except ReleaseError as error:
        sys.stderr.write(f"no release: {error}\n")
        return 1
    sys.stdout.write(
        f"Prepared {number}. Look at `git diff`, then:\n"
        f"  git commit -am 'Release {number}' && git tag v{number} && sudo make release\n"
    )
    return 0


if __name__ == "__main__":
    given = dict(enumerate(sys.argv))
    sys.exit(main(Path(given[1]), given.get(2, ""), given.get(3) or datetime.now(UTC).date().isoformat()))

"""Which Python modules of an environment were compiled where it was made, and which README says are."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from email import message_from_string
from pathlib import Path

#: How README's paragraph about it begins.
_PARAGRAPH = "Nothing is compiled"
#: ``PyAudio (`portaudio19-dev`)``: a module, and beside it what Debian calls that which it is compiled with.
_MODULE = re.compile(r"([\w-]+) \([^()]*`[^()]*\)")


@dataclass(frozen=True, slots=True)
class Origins:
    """Where the modules of an environment came from; names in small letters.

    Attributes:
        debian: from Debian's packages, linked.
        compiled: here, from source.
        wheels: ready for this kind of machine.
        pure: for any machine, without compiled parts.
    """

    debian: frozenset[str]
    compiled: frozenset[str]
    wheels: frozenset[str]
    pure: frozenset[str]


def origin(tags: Iterable[str]) -> str:
    """What the tags of a wheel tell: the name of a field of `Origins`.

    A wheel that pip builds has the platform ``linux_*``, which no index takes for this processor: one that is
    downloaded says with which C libraries it works (``manylinux*``), or needs none (``any``).
    """
    platforms = {one for tag in tags for one in tag.rsplit("-", 1)[-1].split(".")}
    if platforms == {"any"}:
        return "pure"
    return "compiled" if any(one.startswith("linux_") for one in platforms) else "wheels"


def origins(site_packages: Path) -> Origins:
    """The origins of everything in ``site_packages``."""
    found: dict[str, set[str]] = {"debian": set(), "compiled": set(), "wheels": set(), "pure": set()}
    for entry in site_packages.iterdir():
        if entry.is_symlink() and entry.suffix in (".egg-info", ".dist-info"):
            found["debian"].add(entry.name.partition("-")[0].replace("_", "-").lower())
    for wheel in site_packages.glob("*.dist-info/WHEEL"):
        if wheel.parent.is_symlink():
            continue
        name = message_from_string((wheel.parent / "METADATA").read_text())["Name"]
        tags = message_from_string(wheel.read_text()).get_all("Tag", [])
        found[origin(tags)].add(name.lower())
    return Origins(**{kind: frozenset(names) for kind, names in found.items()})


def compiled_by_readme(text: str, suite: str) -> frozenset[str]:
    """The modules that README says are compiled on ``suite``, in small letters.

    A sentence that begins with the name of a suite (``On trixie``) counts for that one only.

    Args:
        text: the whole of README.md.
        suite: Debian's code name.

    Raises:
        AssertionError: README has no paragraph about it.
    """
    paragraphs = [" ".join(one.split()) for one in text.split("\n\n")]
    about = [one for one in paragraphs if one.startswith(_PARAGRAPH)]
    assert len(about) == 1, f"README needs one paragraph that begins with {_PARAGRAPH!r}; it has {len(about)}"
    names: set[str] = set()
    for sentence in about[0].split(". "):
        only = re.match(r"On ([a-z]+)\b", sentence)
        if only is None or only[1] == suite:
            names |= {name.lower() for name in _MODULE.findall(sentence)}
    return frozenset(names)

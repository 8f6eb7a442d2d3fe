"""Folders are subjects of a readable size, names are used once, and one module knows the clouds."""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path

import pytest

from tests.house.source import MODULES, PACKAGE, code_of, named, tree

MOST_MODULES = 16

#: Public classes whose name is used in more than one module, each with the reason.
SHARED_NAMES: dict[str, str] = {}
MOST_SHARED_NAMES = 8

#: The one place outside a cloud's own folder that may name it; its options are named apart, because reading
#: the configuration must not load the network.
KNOWS_THE_CLOUDS = "cloud/factory.py"
KNOWS_THE_OPTIONS = "cloud/option_groups.py"
NAMES_A_CLOUD = re.compile(
    r"\b(?:Ra|A)vatarCloud\b|\bcloud[./](?:rav|av)atar\b"
    r"|\bfrom ravatard\.cloud import\b.*\b(?:rav|av)atar\b"
)


def crowded(modules: Iterable[Path]) -> dict[str, int]:
    """Return each folder with too many modules directly in it, and how many."""
    counts: dict[str, int] = defaultdict(int)
    for module in modules:
        if module.name != "__init__.py":
            counts[module.parent.as_posix()] += 1
    return {folder: count for folder, count in counts.items() if count > MOST_MODULES}


def test_no_folder_is_a_heap() -> None:
    assert crowded(module.relative_to(PACKAGE) for module in MODULES) == {}


def test_a_heap_is_found() -> None:
    modules = [Path(f"sim/part_{number}.py") for number in range(17)]

    assert crowded(modules) == {"sim": 17}
    assert crowded([*modules[:16], Path("sim/__init__.py")]) == {}


def shared_names(modules: dict[str, ast.Module]) -> dict[str, list[str]]:
    """Return each public class name that more than one module defines, with those modules."""
    places: dict[str, list[str]] = defaultdict(list)
    for name, module in modules.items():
        for node in module.body:
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                places[node.name].append(name)
    return {name: found for name, found in places.items() if len(found) > 1}


def test_one_name_means_one_class() -> None:
    shared = shared_names({named(module): tree(module) for module in MODULES})

    assert {name: found for name, found in shared.items() if name not in SHARED_NAMES} == {}
    assert SHARED_NAMES.keys() <= shared.keys(), "an exception is not needed any more"
    assert len(SHARED_NAMES) <= MOST_SHARED_NAMES


def test_a_name_used_twice_is_found() -> None:
    talk, other = ast.parse("class Talk: ..."), ast.parse("class Talk: ...\nclass _Own: ...\nclass Own: ...")

    assert shared_names({"a.py": talk, "b.py": other}) == {"Talk": ["a.py", "b.py"]}


def may_name_a_cloud(name: str) -> bool:
    """Return True for a cloud's own folder and SDK, the place that knows the clouds, and the simulator."""
    return name.startswith(("cloud/ravatar/", "cloud/avatar/", "avatar_sdk/", "sim/")) or name in (
        KNOWS_THE_CLOUDS,
        KNOWS_THE_OPTIONS,
    )


def test_a_cloud_is_named_in_one_place() -> None:
    others = {named(module): code_of(module) for module in MODULES if not may_name_a_cloud(named(module))}
    found = {name: NAMES_A_CLOUD.findall(code) for name, code in others.items()}

    assert {name: names for name, names in found.items() if names} == {}


def test_the_place_that_knows_the_clouds_names_them() -> None:
    assert NAMES_A_CLOUD.search(code_of(PACKAGE / KNOWS_THE_CLOUDS))


@pytest.mark.parametrize(
    "source",
    [
        "from ravatard.cloud.ravatar.service import RavatarCloud as Service",
        "import ravatard.cloud.ravatar",
        "from ravatard.cloud.avatar.service import AvatarCloud",
        "from ravatard.cloud import options, ravatar",
        "import_module('ravatard.cloud.ravatar.options')",
    ],
)
def test_a_cloud_that_is_named_is_found(source: str) -> None:
    assert NAMES_A_CLOUD.search(source)

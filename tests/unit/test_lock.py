"""The locks: what they admit, what they ask for, and that they keep up with pyproject.toml."""

from __future__ import annotations

import re
import tomllib

import pytest

from tests.packaging.lock import (
    APPLIANCE,
    COMPILED,
    ROOT,
    TESTS,
    LockError,
    entries,
    fits,
    pins,
    render,
    without,
)
from tests.packaging.newer import newer

LOCKS = (APPLIANCE, TESTS)


def package(name: str, *wheels: str, marker: str = "") -> str:
    listed = ", ".join(
        f'{{ url = "https://files.example/a%2Bb/{wheel}", hashes = {{ sha256 = "{number:064x}" }} }}'
        for number, wheel in enumerate(wheels, 1)
    )
    said = f'marker = "{marker}"\n' if marker else ""
    source = (
        f'sdist = {{ url = "https://files.example/{name}.tar.gz", hashes = {{ sha256 = "{0:064x}" }} }}\n'
    )
    return f'[[packages]]\nname = "{name}"\nversion = "1.2"\n{said}{source}wheels = [{listed}]\n'


@pytest.mark.parametrize(
    ("wheel", "python", "processor", "taken"),
    [
        ("a-1-py3-none-any.whl", (3, 11), "aarch64", True),
        ("a-1-py2.py3-none-any.whl", (3, 13), "x86_64", True),
        ("a-1-cp311-cp311-manylinux_2_17_x86_64.manylinux2014_x86_64.whl", (3, 11), "x86_64", True),
        ("a-1-cp311-cp311-manylinux_2_17_x86_64.manylinux2014_x86_64.whl", (3, 12), "x86_64", False),
        ("a-1-cp311-cp311-manylinux_2_17_x86_64.whl", (3, 11), "aarch64", False),
        ("a-1-cp39-abi3-manylinux_2_28_aarch64.whl", (3, 13), "aarch64", True),
        ("a-1-cp312-abi3-manylinux_2_28_aarch64.whl", (3, 11), "aarch64", False),
        ("a-1-cp313-cp313t-manylinux_2_28_x86_64.whl", (3, 13), "x86_64", False),
        ("a-1-cp311-cp311-musllinux_1_2_x86_64.whl", (3, 11), "x86_64", False),
        ("a-1-cp311-cp311-macosx_11_0_arm64.whl", (3, 11), "aarch64", False),
        ("a-1-cp311-cp311-win_amd64.whl", (3, 11), "x86_64", False),
        ("a-1-pp311-pypy311_pp73-manylinux_2_28_x86_64.whl", (3, 11), "x86_64", False),
    ],
)
def test_a_wheel_is_listed_for_what_can_use_it(
    wheel: str, python: tuple[int, int], processor: str, taken: bool
) -> None:
    assert fits(wheel, python, processor) is taken


def test_only_wheels_that_can_be_used_are_listed_and_their_source_is_not() -> None:
    (found,) = entries(package("pure", "pure-1.2-py3-none-any.whl", "pure-1.2-cp311-cp311-win_amd64.whl"))

    assert found.hashes == (f"{1:064x}",)
    assert str(found) == f"--only-binary pure\npure==1.2 \\\n    --hash=sha256:{1:064x}\n"


def test_what_is_needed_by_what_no_test_uses_is_left_out() -> None:
    found = entries(package("playwright") + package("pure", "pure-1.2-py3-none-any.whl"))

    assert [one.name for one in found] == ["pure"]


def test_a_package_without_a_wheel_for_every_machine_is_refused() -> None:
    with pytest.raises(LockError, match=r"fast 1\.2 has no wheel for .*aarch64"):
        entries(package("fast", "fast-1.2-cp311-abi3-manylinux_2_28_x86_64.whl"))


@pytest.mark.parametrize(
    "marker", ["python_full_version >= '3.13'", "python_full_version == '3.13.*'", "python_version > '3.12'"]
)
def test_a_package_for_some_pythons_needs_wheels_for_those_only(marker: str) -> None:
    wheels = [f"new-1.2-cp313-abi3-manylinux_2_28_{one}.whl" for one in ("x86_64", "aarch64")]

    (found,) = entries(package("new", *wheels, marker=marker))

    assert found.marker == marker
    with pytest.raises(LockError):
        entries(package("new", *wheels))


def test_a_compiled_package_is_listed_with_its_source_and_may_be_compiled() -> None:
    (found,) = entries(package("spidev"))

    assert str(found) == f"spidev==1.2 \\\n    --hash=sha256:{0:064x}\n"


def test_packages_can_be_left_out_of_a_lock() -> None:
    lock = render(entries(package("spidev") + package("pure", "pure-1.2-py3-none-any.whl")))

    assert pins(without(lock, ["pure", "spi"])) == {"spidev": "1.2"}
    assert "only-binary" not in without(lock, ["pure"])
    assert pins(without(lock, ["spidev"])) == {"pure": "1.2"}


@pytest.mark.parametrize("path", LOCKS, ids=lambda path: path.name)
def test_each_pin_has_a_hash_and_is_a_wheel_but_for_what_is_compiled(path: object) -> None:
    text = (APPLIANCE if path == APPLIANCE else TESTS).read_text(encoding="utf-8")

    assert "\n--require-hashes\n" in text
    assert "://" not in text, "a lock names no place to download from"
    blocks = re.findall(r"^([a-z0-9._-]+)==\S+(.*(?:\n    .*)*)", text, flags=re.M)
    assert blocks
    assert [name for name, rest in blocks if not re.search(r"--hash=sha256:[0-9a-f]{64}", rest)] == []
    compiled = {name for name, _ in blocks} - set(re.findall(r"^--only-binary (\S+)$", text, flags=re.M))
    assert compiled <= COMPILED


def test_what_pyproject_asks_for_is_pinned_and_each_package_in_one_lock() -> None:
    """After a change of dependencies: ``make lock``."""
    appliance, tests = (pins(path.read_text(encoding="utf-8")) for path in LOCKS)
    said = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    extras = said["project"]["optional-dependencies"]
    asked = [*said["build-system"]["requires"], *said["project"]["dependencies"]]
    asked += [one for extra, wanted in extras.items() if extra != "test" for one in wanted]

    def names(requirements: list[str]) -> set[str]:
        found = (re.match(r"[A-Za-z0-9._-]+", one) for one in requirements)
        return {one[0].lower().replace("_", "-") for one in found if one}

    assert names(asked) - appliance.keys() == set()
    assert names(extras["test"]) - appliance.keys() - tests.keys() == set()
    assert appliance.keys() & tests.keys() == set()
    exact = dict(re.findall(r"([a-z]+)==([0-9.]+)", " ".join(asked)))
    assert {name: appliance[name] for name in exact} == exact


def test_what_is_not_as_pinned_is_listed() -> None:
    assert newer({"a": "2", "b": "1", "new": "3"}, {"a": "1", "b": "1", "gone": "1"}) == [
        "a 2, pinned 1",
        "new 3, pinned not at all",
    ]

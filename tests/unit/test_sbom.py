"""The list of what an environment contains, and Debian's copyright file: read from a few files of wheels."""

from __future__ import annotations

import importlib.util
import json
import sys
import sysconfig
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parents[2]
LOCK = f"--require-hashes\nav==18.1 ; python_full_version == '3.11.*' \\\n    --hash=sha256:{7:064x}\n"


@pytest.fixture
def sbom() -> Iterator[ModuleType]:
    """The script, which is no part of a package."""
    spec = importlib.util.spec_from_file_location("ravatard_sbom", ROOT / "systemd/install/sbom.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    # dataclasses look their module up.
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    yield module
    del sys.modules[spec.name]


def wheel(site: Path, name: str, version: str, *lines: str) -> None:
    folder = site / f"{name}-{version}.dist-info"
    folder.mkdir(parents=True)
    (folder / "METADATA").write_text("\n".join((f"Name: {name}", f"Version: {version}", *lines, "", "text")))


@pytest.fixture
def made(tmp_path: Path, sbom: ModuleType) -> Path:
    site = tmp_path / "site"
    wheel(site, "ravatard", "0.1", "License-Expression: Apache-2.0")
    wheel(site, "av", "18.1", "License-Expression: BSD-3-Clause")
    wheel(site, "old_one", "3", "Classifier: License :: OSI Approved :: MIT License")
    wheel(site, "silent", "4")
    wheel(site, "pip", "23")
    wheel(tmp_path / "debian", "linked", "1")
    (site / "linked-1.dist-info").symlink_to(tmp_path / "debian/linked-1.dist-info")
    (site / "av.libs").mkdir()
    for file in ("libx264-d6533a8d.so.165", "libavcodec-5e6b81c2.so.62.28", "libnew-00000000.so"):
        (site / "av.libs" / file).touch()
    (tmp_path / "debian-modules").write_text("python3-none-such\n")
    (tmp_path / "lock").write_text(LOCK)
    sbom.main(site, tmp_path, tmp_path / "lock")
    return tmp_path


def test_everything_that_is_packed_is_listed_with_version_licence_and_hashes(made: Path) -> None:
    bill = json.loads((made / "sbom.cdx.json").read_text(encoding="utf-8"))

    assert (bill["bomFormat"], bill["specVersion"], bill["metadata"]["component"]["version"]) == (
        "CycloneDX",
        "1.5",
        "0.1",
    )
    listed = {one["name"]: one for one in bill["components"]}
    assert listed.keys() == {"av", "htm", "old-one", "python3-none-such", "ravatard", "silent"}
    assert listed["av"]["purl"] == "pkg:pypi/av@18.1"
    assert listed["av"]["properties"] == [{"name": "ravatard:sha256", "value": f"{7:064x}"}]
    assert listed["old-one"]["licenses"] == [{"license": {"name": "MIT License"}}]
    assert listed["silent"]["licenses"] == [{"license": {"name": "NOASSERTION"}}]
    inside = {one["name"]: (one["version"], one["licenses"]) for one in listed["av"]["components"]}
    assert inside["libx264"] == ("165", [{"license": {"name": "GPL-2.0-or-later"}}])
    assert inside["libavcodec"][0] == "62.28"
    assert inside["libnew"] == ("", [{"license": {"name": "NOASSERTION"}}])


def test_the_same_contents_give_the_same_files(made: Path, sbom: ModuleType) -> None:
    before = [(made / name).read_bytes() for name in ("sbom.cdx.json", "copyright")]

    sbom.main(made / "site", made, made / "lock")

    assert [(made / name).read_bytes() for name in ("sbom.cdx.json", "copyright")] == before


def test_the_copyright_file_says_what_the_gpl_means_for_a_copy(made: Path) -> None:
    text = (made / "copyright").read_text(encoding="utf-8")

    assert text.startswith("Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/\n")
    assert "GNU General Public License, version 3" in text
    assert "This copy also holds libx264," in text
    for words in ("License: GPL-2.0-or-later", "License: LGPL-3.0-or-later", "License: BSD-3-Clause"):
        assert words in text


def test_without_copyleft_nothing_is_said_of_it(made: Path, sbom: ModuleType) -> None:
    (made / "site/av.libs/libx264-d6533a8d.so.165").unlink()

    sbom.main(made / "site", made, made / "lock")

    assert "GNU General Public License" not in (made / "copyright").read_text(encoding="utf-8")


def test_everything_that_is_packed_from_here_has_a_licence_that_is_known(sbom: ModuleType) -> None:
    site = Path(sysconfig.get_paths()["platlib"])
    # Tools of the tests are not packed.
    lock = (ROOT / "systemd/install/appliance.lock").read_text(encoding="utf-8")
    packed = [one for one in sbom.wheels(site, lock) if f"\n{one.name}==" in lock]

    unknown = [
        f"{part.name} (in {whole.name})"
        for whole in packed
        for part in (whole, *whole.parts)
        if part.licence == "NOASSERTION"
    ]

    assert len(packed) > 10

    assert unknown == []


def test_the_library_of_the_owners_page_is_listed_with_what_is_inside(made: Path) -> None:
    listed = {one["name"]: one for one in json.loads((made / "sbom.cdx.json").read_text())["components"]}
    version = (
        (ROOT / "ravatard/web/page/static/vendor/LICENSES.txt").read_text().split(" of htm ")[1].split(",")[0]
    )

    assert listed["htm"]["version"] == version
    assert [part["name"] for part in listed["htm"]["components"]] == ["preact"]
    assert "License: MIT" in (made / "copyright").read_text(encoding="utf-8")

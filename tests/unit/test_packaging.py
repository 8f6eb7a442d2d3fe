"""The package run's own parts that need no root: sources, pip's settings, origins of modules, archives."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.packaging.debian import SUITES, Debian, of_suite
from tests.packaging.fresh_root import Contents, FreshRoot, archive_of
from tests.packaging.origins import Origins, compiled_by_readme, origin, origins
from tests.packaging.pip_settings import as_environment, local_places

ROOT = Path(__file__).parents[2]
README = """# A program

Nothing is compiled but what Debian
has not: Tone-Lib (`libtone-dev`) and bus (headers of `kernel-dev`). On trixie so is
pins (`swig`), with its C library (in C). All others (av included) come as wheels from `somewhere`.

On another subject, other (`other-dev`).
"""


@pytest.mark.parametrize(
    ("release", "wanted"),
    [
        ("bookworm", "trixie"),
        ("bookworm-updates", "trixie-updates"),
        ("bookworm-security", "trixie-security"),
    ],
)
def test_a_source_of_this_machine_becomes_one_of_another_suite(release: str, wanted: str) -> None:
    line = f"deb [signed-by=/k.gpg] http://mirror.example/bookworm/ {release} main"

    changed = of_suite(line, "bookworm", "trixie")

    assert changed == f"deb [signed-by=/k.gpg] http://mirror.example/bookworm/ {wanted} main"


def test_pips_settings_become_variables_and_those_nearer_to_the_command_win() -> None:
    listing = (
        ":env:.find-links='/wheels'\nglobal.find-links='/old'\nglobal.extra-index-url='file:///a\\nfile:///b'\n"
        "global.index-url='https://user:word@index.example/simple?a=b'\ninstall.index-url='https://other.example/'"
    )

    found = as_environment(listing)

    assert found == {
        "PIP_FIND_LINKS": "/wheels",
        "PIP_EXTRA_INDEX_URL": "file:///a\nfile:///b",
        "PIP_INDEX_URL": "https://other.example/",
    }


def test_pips_settings_that_do_not_say_where_packages_are_stay_here() -> None:
    assert as_environment("global.target='/somewhere'\ninstall.user='true'\n:env:.cache-dir='/c'\n") == {}


def test_places_of_this_machine_that_pip_reads_are_lent_and_an_index_with_what_lies_beside_it(
    tmp_path: Path,
) -> None:
    for name in ("wheels", "index/simple", "index/files"):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / "authority.pem").touch()
    settings = {
        "PIP_FIND_LINKS": f"{tmp_path}/wheels https://links.example/ {tmp_path}/missing",
        "PIP_EXTRA_INDEX_URL": f"file://{tmp_path}/index/simple\nhttps://index.example/simple",
        "PIP_CERT": f"{tmp_path}/authority.pem",
    }

    places = local_places(settings)

    assert places == [tmp_path / "wheels", tmp_path / "index", tmp_path / "authority.pem"]


def test_the_whole_machine_is_never_lent() -> None:
    assert local_places({"PIP_INDEX_URL": "file:///usr", "PIP_FIND_LINKS": "/"}) == []


def test_a_root_does_not_show_the_variables_it_gives_to_programs() -> None:
    root = FreshRoot(Path("/r"), environ={"PIP_INDEX_URL": "https://user:password@index.example/"})

    assert "password" not in repr(root)


@pytest.mark.parametrize(
    ("tags", "wanted"),
    [
        (["cp313-cp313-linux_aarch64"], "compiled"),
        (["cp313-cp313-manylinux_2_17_aarch64", "cp313-cp313-manylinux2014_aarch64"], "wheels"),
        (["cp312-abi3-manylinux_2_28_x86_64.manylinux2014_x86_64"], "wheels"),
        (["py2-none-any", "py3-none-any"], "pure"),
    ],
)
def test_the_tags_of_a_wheel_tell_where_it_was_made(tags: list[str], wanted: str) -> None:
    assert origin(tags) == wanted


def test_every_module_of_an_environment_has_an_origin(tmp_path: Path) -> None:
    for name, tag in (("PyAudio", "cp313-cp313-linux_aarch64"), ("av", "cp312-abi3-manylinux_2_28_aarch64")):
        folder = tmp_path / f"{name}-1.0.dist-info"
        folder.mkdir()
        (folder / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\n\nName: not this\n")
        (folder / "WHEEL").write_text(f"Wheel-Version: 1.0\nTag: {tag}\n")

    for name in ("Bus_Lib-2.1.egg-info", "tone-3.dist-info"):
        (tmp_path / "elsewhere" / name).mkdir(parents=True)
        (tmp_path / name).symlink_to(tmp_path / "elsewhere" / name)
    (tmp_path / "tone-3.dist-info" / "WHEEL").write_text(
        "Wheel-Version: 1.0\nTag: cp313-cp313-linux_aarch64\n"
    )

    found = origins(tmp_path)

    assert found == Origins(
        debian=frozenset(("bus-lib", "tone")),
        compiled=frozenset(("pyaudio",)),
        wheels=frozenset(("av",)),
        pure=frozenset(),
    )


@pytest.mark.parametrize(
    ("suite", "wanted"), [("bookworm", {"tone-lib", "bus"}), ("trixie", {"tone-lib", "bus", "pins"})]
)
def test_readme_says_what_is_compiled_for_each_suite(suite: str, wanted: set[str]) -> None:
    assert compiled_by_readme(README, suite) == wanted


def test_a_readme_that_does_not_say_what_is_compiled_is_an_error() -> None:
    with pytest.raises(AssertionError, match="README needs one paragraph"):
        compiled_by_readme("# A program\n\nIt is good.\n", "trixie")


def test_the_readme_of_the_house_says_it_for_every_suite_we_name() -> None:
    readme = (ROOT / "systemd/README.md").read_text(encoding="utf-8")

    assert {suite: compiled_by_readme(readme, suite) for suite in SUITES} == {
        "bookworm": frozenset(),
        "trixie": frozenset(("lgpio",)),
    }


def test_one_debian_and_purpose_differ_in_the_end_of_their_archives_name_only() -> None:
    debian = Debian("trixie", "arm64")

    one = archive_of(debian, Contents("build", ("gcc", "make")))
    same = archive_of(debian, Contents("build", ("make", "gcc")))
    other = archive_of(debian, Contents("build", ("make", "gcc", "swig")))

    assert one == same != other
    assert re.fullmatch(r"debian-trixie-arm64-build-[0-9a-f]{12}\.tar", one)
    assert one.rpartition("-")[0] == other.rpartition("-")[0]
    assert archive_of(Debian("trixie", "amd64"), Contents("build", ("gcc", "make"))) != one
    assert "-bare-" in archive_of(debian, Contents("bare", satisfying="a | b, c (>= 2)"))


def test_apt_in_the_root_chooses_among_alternatives_as_it_does_for_an_owner() -> None:
    (option,) = Contents("bare", satisfying="a | b, c (>= 2)").options()

    assert option == "--chrooted-customize-hook=apt-get -q -y satisfy 'a | b, c (>= 2)'"


def test_a_root_that_the_makefile_prepares_is_another_when_the_makefile_is(tmp_path: Path) -> None:
    making = (tmp_path, ("Makefile",))
    (tmp_path / "Makefile").write_text("install-packages:\n")
    contents = Contents("build", ("make",), making=making)
    before = contents.digest()
    (tmp_path / "Makefile").write_text("install-packages:\n\ttrue\n")

    assert contents.digest() != before
    assert contents.options()[-1] == "--chrooted-customize-hook=make -C /opt/preparing install-packages"

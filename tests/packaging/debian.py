"""Which Debian is meant: a suite and an architecture, and where its packages come from."""

from __future__ import annotations

import platform
from dataclasses import dataclass

from tests.appliance.apt import acquire_options, sources
from tests.appliance.commands import output

#: Those that README names, and that Raspberry Pi OS has under the same names.
SUITES = ("bookworm", "trixie")
ARCHITECTURES = ("amd64", "arm64")


@dataclass(frozen=True, slots=True)
class Debian:
    """One Debian among those the installation must work on.

    Attributes:
        suite: its code name, for example ``trixie``.
        architecture: as dpkg names it.
    """

    suite: str
    architecture: str

    def __str__(self) -> str:
        return f"{self.suite} {self.architecture}"

    def sources(self) -> list[str]:
        """Lines for sources.list: this machine's own, for this suite.

        Raises:
            BuildError: apt knows no Debian here.
        """
        mine = this_machine().suite
        return [of_suite(line, mine, self.suite) for line in sources(mine).splitlines()]


def of_suite(line: str, old: str, new: str) -> str:
    """A line of sources.list for another suite; security and updates have it at the front of their name."""
    head, release, component = line.rsplit(" ", 2)
    return f"{head} {new}{release.removeprefix(old)} {component}"


def this_machine() -> Debian:
    """The Debian this program runs on.

    Raises:
        BuildError: it is none.
    """
    suite = platform.freedesktop_os_release().get("VERSION_CODENAME", "")
    return Debian(suite, output("dpkg", "--print-architecture").strip())


def download_options() -> list[str]:
    """Options for mmdebstrap: this machine's way to Debian, and only packages that are asked for."""
    return [f"--aptopt={line}" for line in (*acquire_options(), 'APT::Install-Recommends "false";')]

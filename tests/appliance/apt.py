"""Where the building machine's apt gets Debian from, for the image to get it from the same place."""

from __future__ import annotations

from pathlib import Path

from tests.appliance.commands import BuildError, output

#: Settings that decide whether and how something can be downloaded here.
_TAKEN_OVER = ("Acquire::Check", "Acquire::http", "Acquire::https", "Acquire::Retries", "Acquire::proxy")
_ARCHIVE_KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")


def sources(suite: str) -> str:
    """This machine's sources of Debian's ``suite``, as lines for sources.list.

    Raises:
        BuildError: apt knows none.
    """
    found = output(
        *("apt-get", "indextargets", "--format", "$(REPO_URI) $(RELEASE)", "--"),
        *("Created-By: Packages", "Origin: Debian", "Component: main"),
    )
    lines = [
        f"deb [signed-by={_ARCHIVE_KEYRING}] {uri} {release} main"
        for uri, release in (line.split() for line in dict.fromkeys(found.splitlines()))
        if release == suite or release.startswith(f"{suite}-")
    ]
    if not lines:
        raise BuildError(
            f"apt knows no source of Debian {suite} here; try `apt-get update` on a {suite} machine"
        )
    return "\n".join(lines)


def acquire_options() -> list[str]:
    """This machine's settings for downloading, as lines of apt.conf."""
    return [
        line
        for line in output("apt-config", "dump").splitlines()
        if line.startswith(_TAKEN_OVER) and not line.endswith('"";')
    ]


def kernel_release() -> str:
    """The release of Debian's kernel for this kind of machine, for example ``6.1.0-56-amd64``.

    Raises:
        BuildError: apt does not know it.
    """
    architecture = output("dpkg", "--print-architecture").strip()
    for line in output("apt-cache", "depends", f"linux-image-{architecture}").splitlines():
        word, _, package = line.strip().partition(": ")
        if word == "Depends" and package.startswith("linux-image-"):
            return package.removeprefix("linux-image-")
    raise BuildError(f"apt cannot say what linux-image-{architecture} is; run `apt-get update`")

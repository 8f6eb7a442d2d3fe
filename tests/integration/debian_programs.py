"""Programs of Debian packages that tests run for real: without them a developer's run skips, and CI fails."""

from __future__ import annotations

import os
import shutil

import pytest

#: Brokers and other services lie where only root's PATH leads.
_FOLDERS = os.pathsep.join((os.environ.get("PATH", os.defpath), "/usr/local/sbin", "/usr/sbin"))


def found(name: str) -> str:
    """The path of a program; its name if it is not installed, so that starting it says so."""
    return shutil.which(name, path=_FOLDERS) or name


def needs(*names: str) -> pytest.MarkDecorator:
    """A mark for tests that run these programs."""
    missing = [name for name in names if shutil.which(name, path=_FOLDERS) is None]
    # The list of packages that CI installs has them: one that is missing there hides a test for ever.
    skips = bool(missing) and "CI" not in os.environ
    return pytest.mark.skipif(skips, reason=f"needs Debian's {', '.join(missing or names)}")

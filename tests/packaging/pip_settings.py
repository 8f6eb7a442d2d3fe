"""How this machine's pip reaches its packages, for the pip inside a fresh root to do the same.

The values may hold a password, so they are handed on in the environment and shown nowhere.
"""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import unquote, urlsplit

#: Settings that decide whence and how; others are this machine's own affair.
_HANDED_ON = frozenset(
    "index-url extra-index-url find-links no-index trusted-host cert client-cert proxy "
    "default-timeout timeout retries".split()
)
_OF_THE_NETWORK = frozenset(
    ("http_proxy", "https_proxy", "all_proxy", "no_proxy", "ssl_cert_file", "requests_ca_bundle")
)
#: The later of them wins.
_SECTIONS = ("global", "install", ":env:")


def as_environment(listing: str) -> dict[str, str]:
    """What ``pip config list`` prints, as the variables that say the same to another pip.

    Args:
        listing: lines such as ``global.timeout='60'``.
    """
    found = {}
    for section in _SECTIONS:
        for line in listing.splitlines():
            name, _, value = line.partition("=")
            key = name.removeprefix(f"{section}.")
            if key != name and key in _HANDED_ON:
                found[f"PIP_{key.upper().replace('-', '_')}"] = str(ast.literal_eval(value))
    return found


def local_places(settings: Mapping[str, str]) -> list[Path]:
    """Files and directories of this machine that ``settings`` name, without those that are not there.

    An index in a directory links to files beside it, so the directory around it is the place.
    """
    places = []
    for name, value in settings.items():
        for word in value.split():
            if word.startswith("file:"):
                path = Path(unquote(urlsplit(word).path))
                places.append(path.parent if name.endswith("INDEX_URL") else path)
            elif word.startswith("/"):
                places.append(Path(word))
    return [place for place in dict.fromkeys(places) if place.exists() and place != Path("/")]


def settings_here() -> dict[str, str]:
    """This machine's settings as variables of the environment, its proxies included."""
    words = [sys.executable, "-m", "pip", "--disable-pip-version-check", "config", "list"]
    listing = subprocess.run(words, capture_output=True, text=True, check=True, timeout=60).stdout
    network = {name: value for name, value in os.environ.items() if name.lower() in _OF_THE_NETWORK}
    return network | as_environment(listing)

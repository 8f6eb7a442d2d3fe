"""Lists what is installed here in another version than the locks pin: ``python -m tests.packaging.newer``."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from importlib.metadata import distributions

from tests.packaging.lock import APPLIANCE, TESTS, pins


def newer(installed: Mapping[str, str], pinned: Mapping[str, str]) -> list[str]:
    """Return a line for each package whose version is not the pinned one, by name."""
    return [
        f"{name} {version}, pinned {pinned.get(name, 'not at all')}"
        for name, version in sorted(installed.items())
        if version != pinned.get(name)
    ]


def main() -> None:
    """Print them."""
    found = {str(one.metadata["Name"]).lower().replace("_", "-"): one.version for one in distributions()}
    ours = {name: version for name, version in found.items() if name not in ("pip", "ravatard")}
    lines = newer(ours, pins(APPLIANCE.read_text(encoding="utf-8")) | pins(TESTS.read_text(encoding="utf-8")))
    sys.stdout.write("".join(f"{line}\n" for line in lines) or "none\n")


if __name__ == "__main__":
    main()

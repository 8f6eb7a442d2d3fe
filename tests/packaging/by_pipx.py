"""``pipx install`` of the wheel in a fresh Debian that has pipx, and what PyAudio is compiled with."""

from __future__ import annotations

from pathlib import Path

from tests.packaging.building import lay_out_source, online_root
from tests.packaging.debian import Debian
from tests.packaging.fresh_root import Contents, unpack_root

#: README says what pip needs for PyAudio.
_PACKAGES = ("pipx", "gcc", "libc6-dev", "python3-dev", "portaudio19-dev")
_SOURCE = "/opt/source"
_COMMAND = "$HOME/.local/bin/ravatard"


def installed_by_pipx(debian: Debian, cache: Path, into: Path, patience: float) -> str:
    """Install the wheel as a user does, run the command and a conversation, and uninstall it.

    Raises:
        BuildError: there is no such root.
        AssertionError: a command failed in it.
    """
    unpack_root(debian, Contents("pipx", _PACKAGES), cache, into)
    lay_out_source(into / _SOURCE[1:])
    root = online_root(debian, cache, into, patience)
    root.good("python3 -m venv /opt/maker")
    root.good(f"/opt/maker/bin/pip wheel --no-deps --wheel-dir /opt/wheel {_SOURCE}", within_s=300)
    said = root.good("pipx install /opt/wheel/ravatard-*.whl", within_s=600)
    assert "installed package ravatard" in said, said
    version = root.good(f"{_COMMAND} --version")
    reference = root.good(f"{_COMMAND} config reference")
    assert reference == (into / _SOURCE[1:] / "config/ravatard.yaml").read_text().strip()
    root.good(f"cd /tmp && {_COMMAND} demo", within_s=300)
    root.good("pipx uninstall ravatard")
    assert root.run(f"test -e {_COMMAND}").status != 0
    return f"{version}, and a conversation in the demo"

"""The way of README, typed by a person who is not root."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import yaml

from tests.appliance import listening
from tests.appliance.house import CONFIG, SERVICE, House

_README = Path(__file__).parents[2] / "README.md"
_PERSON = "maker"
#: What this machine needs beside the lines of README: the simulated service, and its own sound card.
_MACHINE = "/etc/ravatard/ravatard.d/10-machine.yaml"


def sample(readme: str) -> str:
    """The settings that README shows.

    Raises:
        ValueError: it shows none with a board.
    """
    for block in re.findall(r"^```yaml\n(.*?)^```$", readme, re.M | re.S):
        if "board:" in block:
            return str(block)
    raise ValueError("README shows no settings with a board")


async def readme(house: House) -> str:
    """Follow README as a person with sudo: settings of a board, status with and without the group."""
    settings = sample(_README.read_text(encoding="utf-8"))
    await house.write(CONFIG, settings)
    checked = await house.run("ravatard config check 2>&1")
    # As printed, but with the board that is wired here.
    wired = re.sub(r"^board: .*$", "board: button-led", settings, flags=re.M)
    await house.write(CONFIG, wired.replace("avatar: Assistant", "avatar: Ada"))
    machine: dict[str, Any] = yaml.safe_load(house.config())
    for brought_by_the_board in ("button", "lights"):
        del machine[brought_by_the_board]
    await house.run(f"mkdir -p {_MACHINE.rpartition('/')[0]}")
    await house.write(_MACHINE, yaml.safe_dump(machine))
    await house.run(f"systemctl restart {SERVICE}", within_s=130)
    await house.showing("ready")
    pressed = await listening.press(house)
    refused, status = await _asks(house)
    await house.run(f"rm {_MACHINE}")
    await house.configure()
    await house.showing("ready")
    return f"{checked.splitlines()[-1]!r}; {pressed}; without the group: {refused!r}, in it: {status!r}"


async def _asks(house: House) -> tuple[str, str]:
    """Ask for the status as an ordinary user, before and after joining the group."""
    await house.run(f"id {_PERSON} >/dev/null 2>&1 || useradd --create-home {_PERSON}")
    ask = f"runuser -u {_PERSON} -- ravatard status 2>&1"
    refused = await house.machine.ask(ask)
    assert refused.status == 1, refused.output
    assert f"adduser {_PERSON} ravatard" in refused.output, refused.output
    await house.run(f"usermod --append --groups ravatard {_PERSON}")
    status = await house.run(ask)
    assert status.startswith(("ready", "listening", "thinking", "speaking")), status
    return refused.output.strip(), status.splitlines()[0]

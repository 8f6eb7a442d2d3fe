"""The appliance in its house: the virtual machine with the service in it, and the simulated cloud beside."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Any

import yaml

from tests.appliance.guest_link import GuestError, until
from tests.appliance.machine import HOST, Machine
from tests.integration.simulate import Simulator

BUTTON, LIGHT = 17, 27
SERVICE = "ravatard.service"
CONFIG = "/etc/ravatard/ravatard.yaml"
DROP_INS = f"/etc/systemd/system/{SERVICE}.d"
CREDENTIAL = "/etc/credstore/ravatard.service.project_id"
HARDWARE = "/opt/appliance/hardware.sh"
SOURCE = "/opt/source"
#: The other end of the loopback card: what is played there is what the microphone hears.
ROOM = "plughw:UsbMic,1,0"
SPEECH = f"{SOURCE}/ravatard/sim/data/demo.wav"
#: The first sentence of the recording ends before this.
SPEECH_S = 4
#: How long anything may take in there that is not itself the point; the processor is an emulated one.
PATIENCE_S = 90.0


@dataclass
class House:
    """What the scenarios act on.

    Attributes:
        machine: the virtual machine.
        cloud: ``ravatard simulate`` on the building machine, which outlives power cuts.
    """

    machine: Machine
    cloud: Simulator

    async def run(self, command: str, within_s: float = 60) -> str:
        """Run a command in the guest; see :meth:`Machine.run`."""
        return await self.machine.run(command, within_s)

    def config(self, **more: dict[str, object]) -> str:
        """The appliance's configuration file; the project id is in the credential store alone."""
        port = self.cloud.base_url.rpartition(":")[2]
        options: dict[str, dict[str, object]] = {
            "service": {"base_url": f"http://{HOST}:{port}"},
            # By its number: while another program has the first PCM, the card alone means the second.
            "microphone": {"device": "card:UsbMic,DEV=0"},
            "speaker": {"device": "card:UsbMic,DEV=0"},
            "button": {"pin": BUTTON},
            "lights": {"kind": "led", "pin": LIGHT},
            "gate": {"mode": "both", "toggle": True},
            # Longer than an installation on an emulated processor: what ends a session is what is looked at.
            "session": {"idle_s": 1_800},
            # The cable of a loopback card delivers exact zeros while nobody speaks.
            "capture": {"zeros_s": 0},
            # Its packets would have to come through the virtual machine's address translation.
            "live_audio": {"enabled": "off"},
        }
        for section, settings in more.items():
            options.setdefault(section, {}).update(settings)
        return yaml.safe_dump(options)

    async def configure(self, **more: dict[str, object]) -> None:
        """Give the service another configuration, with ``more`` on top, and restart it."""
        await self.write(CONFIG, self.config(**more))
        await self.run(f"systemctl restart {SERVICE}", within_s=130)

    async def write(self, path: str, text: str) -> None:
        """Write a file of the guest."""
        await self.run(f"cat >{path} <<'END_OF_FILE'\n{text}\nEND_OF_FILE")

    # ------------------------------------------------------------------ the service

    async def shown(self) -> dict[str, str]:
        """What systemd knows about the service."""
        names = "ActiveState,SubState,StatusText,MainPID,NRestarts,Result,WatchdogUSec,User"
        text = await self.run(f"systemctl show --property={names} {SERVICE}")
        return dict(line.split("=", 1) for line in text.splitlines())

    async def showing(self, words: str, within_s: float = PATIENCE_S) -> str:
        """Wait until the status text begins with ``words``; returns the text."""

        async def look() -> str:
            shown = await self.shown()
            alive = shown["ActiveState"] == "active"
            return shown["StatusText"] if alive and shown["StatusText"].startswith(words) else ""

        try:
            return str(await until(look, f"status {words!r}", within_s))
        except GuestError as error:
            raise GuestError(f"{error}; it is {await self.shown()}") from None

    async def settled(self, for_s: float = 4.0) -> None:
        """Wait until it has been ready for a while: an emulated processor cannot keep up with a start."""
        loop = asyncio.get_running_loop()
        since = loop.time()

        async def look() -> bool:
            nonlocal since
            shown = await self.shown()
            if shown["ActiveState"] != "active" or not shown["StatusText"].startswith("ready"):
                since = loop.time()
            return loop.time() - since >= for_s

        await until(look, f"ready for {for_s:g} s", PATIENCE_S)

    async def pid(self) -> str:
        """The daemon's process."""
        return (await self.shown())["MainPID"]

    async def cursor(self) -> str:
        """Where the journal ends now."""
        return await self.run("journalctl -n 0 --show-cursor --quiet | sed -n 's/^-- cursor: //p'")

    async def said(self, cursor: str) -> str:
        """What the service's unit wrote since ``cursor``."""
        return await self.run(
            f"journalctl --unit {SERVICE} --output short-monotonic --after-cursor '{cursor}'"
        )

    async def heard_of(self, words: str, cursor: str, within_s: float = PATIENCE_S) -> str:
        """Wait for a line of the journal with ``words``; returns it without the time."""

        async def look() -> str:
            lines = [line for line in (await self.said(cursor)).splitlines() if words in line]
            return lines[0].partition(": ")[2] if lines else ""

        return str(await until(look, f"the journal says {words!r}", within_s))

    # ------------------------------------------------------------------ people

    async def speak(self) -> None:
        """Say one sentence into the microphone; returns when it was said."""
        await self.run(f"timeout 60 aplay -q -D {ROOM} -d {SPEECH_S} {SPEECH}", within_s=70)

    async def press(self, seconds: float = 0.3) -> None:
        """Press the button and let go of it."""
        await self.run(f"sh {HARDWARE} press {BUTTON} {seconds}")

    async def converse(self) -> dict[str, Any]:
        """Speak until the service has answered once more; returns its session."""
        before = sum(len(answered(one)) for one in await self.sessions())
        for _ in range(2):
            await self.speak()
            try:
                return dict(await until(lambda: self._answered_since(before), "an answer", 30))
            except GuestError:
                # An emulated processor may lose the beginning of a sentence.
                continue
        raise GuestError(f"no answer to two sentences; the service has {await self.sessions()}")

    async def _answered_since(self, before: int) -> dict[str, Any] | None:
        sessions = await self.sessions()
        return sessions[-1] if sum(len(answered(one)) for one in sessions) > before else None

    # ------------------------------------------------------------------ the cloud

    async def sessions(self) -> list[dict[str, Any]]:
        """The sessions the service has had, oldest first."""
        return list((await self.cloud.state())["sessions"])

    async def open_sessions(self) -> list[str]:
        """The licences that are being paid for."""
        return list((await self.cloud.state())["licences"]["open"])

    async def ended(self, session: dict[str, Any]) -> dict[str, Any]:
        """What became of ``session``; AssertionError while it is still open."""
        now = next(one for one in await self.sessions() if one["licence"] == session["licence"])
        assert now["ended_at"] is not None, f"the session was left open: {now}"
        return now

    async def all_ended(self, within_s: float = PATIENCE_S) -> dict[str, Any]:
        """Wait until nothing is paid for; returns the session that was last."""

        async def look() -> bool:
            return not await self.open_sessions()

        await until(look, "every session is ended", within_s)
        return (await self.sessions())[-1]


def answered(session: dict[str, Any]) -> list[Any]:
    """The turns of a session that were answered."""
    return [turn for turn in session["turns"] if turn["answered_at"] is not None]

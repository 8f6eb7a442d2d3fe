"""Two network namespaces, a service in one and a player in the other, between which UDP passes nowhere.

Run in a network namespace of its own, it prints the relayed candidates that were offered, a line each, or the
reason why nothing was heard. Arguments: a folder, and the ICE servers as JSON with {plain} and {tls} for the
ports of the TURN server that it starts.
"""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from ravatard.cloud.media.address_rule import AddressRule
from ravatard.cloud.media.options import MediaOptions
from ravatard.cloud.media.routes import Routes
from ravatard.cloud.network.trust import issuers_in
from ravatard.cloud.pixelstreaming.player import PixelStreamingPlayer
from ravatard.cloud.proxy import Proxies
from ravatard.errors import RavatardError
from ravatard.secret import Secret
from tests.integration.firm import Firm
from tests.integration.pixelstreamer import TOKEN, Behaviour, melody, service
from tests.integration.test_pixelstreaming_player import PATIENT, Listener
from tests.integration.turn_server import turn_server

SERVICE, PLAYER = "10.77.0.1", "10.77.0.2"
_ME = "tests.integration.udp_closed"
_RULES = """
table inet closed {
    chain outgoing {
        type filter hook output priority 0; policy accept;
        meta l4proto udp drop
    }
    chain incoming {
        type filter hook input priority 0; policy accept;
        meta l4proto udp drop
    }
}
"""


@contextmanager
def apart() -> Iterator[tuple[str, ...]]:
    """Make the player's namespace, joined to this one; gives the words that run a program in it."""
    _run("ip", "link", "set", "lo", "up")
    holder = subprocess.Popen(["unshare", "-n", "sleep", "60"])
    try:
        while Path(f"/proc/{holder.pid}/comm").read_text().strip() != "sleep":
            time.sleep(0.02)
        inside = ("nsenter", "-t", str(holder.pid), "-n")
        _run("ip", "link", "add", "left", "type", "veth", "peer", "name", "right", "netns", str(holder.pid))
        ends: list[tuple[tuple[str, ...], str, str]] = [((), SERVICE, "left"), (inside, PLAYER, "right")]
        for words, address, name in ends:
            _run(*words, "ip", "address", "add", f"{address}/24", "dev", name)
            _run(*words, "ip", "link", "set", name, "up")
            _run(*words, "ip", "link", "set", "lo", "up")
        subprocess.run([*inside, "nft", "-f", "-"], input=_RULES.encode(), check=True, timeout=20)
        yield inside
    finally:
        holder.kill()
        holder.wait()


async def serve(folder: Path, urls: list[str], inside: tuple[str, ...]) -> int:
    """Serve a stream to a player in the other namespace; returns its exit status."""
    firm = Firm.in_folder(folder / "firm")
    async with turn_server(folder, firm, place=SERVICE) as turn:
        behaviour = Behaviour(servers=(turn.servers(*urls),))
        async with service(behaviour, melody(4.0), SERVICE) as running:
            words = (sys.executable, "-m", _ME, "--play", running.url.reveal(), str(firm.ca))
            player = await asyncio.create_subprocess_exec(*inside, *words)
            status = await player.wait()
            lines = [line for answer in running.answers for line in answer.splitlines()]
            sys.stdout.writelines(f"{line}\n" for line in lines if line.startswith("a=candidate"))
            return status


async def play(url: str, ca: str) -> int:
    """Hear half a second of a stream."""
    rule = AddressRule(replace(MediaOptions(), private_addresses="always"), url)
    player = PixelStreamingPlayer(PATIENT, Routes(rule, Proxies("none", {}), issuers_in(ca)))
    listener, trouble = Listener(), ""
    try:
        async with asyncio.timeout(20.0), asyncio.TaskGroup() as group:
            task = group.create_task(player.play(Secret(url), Secret(TOKEN), listener))
            await listener.until(0.5)
            task.cancel()
    except* (RavatardError, TimeoutError) as errors:
        trouble = f"not heard: {errors.exceptions[0]}"
    sys.stdout.write(f"{trouble or 'heard'}\n")
    return 1 if trouble else 0


def _run(*words: str) -> None:
    subprocess.run(words, check=True, timeout=20)


if __name__ == "__main__":
    if sys.argv[1] == "--play":
        sys.exit(asyncio.run(play(sys.argv[2], sys.argv[3])))
    with apart() as player_words:
        sys.exit(asyncio.run(serve(Path(sys.argv[1]), json.loads(sys.argv[2]), player_words)))

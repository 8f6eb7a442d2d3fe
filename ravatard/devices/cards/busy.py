"""A sound card that another program has: PortAudio does not list what it cannot open, and says nothing."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from ravatard.devices.cards.identity import Card, SoundDevice, entries, first_line, named_card

#: How the kernel calls the PCMs of a card: number, then capture or playback.
_PCM = {"microphone": re.compile(r"pcm(\d+)c"), "speaker": re.compile(r"pcm(\d+)p")}


def taken(
    wanted: str | None,
    among: Sequence[SoundDevice],
    cards: Mapping[int, Card],
    root: str = "/",
    *,
    kind: str,
) -> str | None:
    """A sentence when the device that is ``wanted`` is in use, and so not in the list; else None.

    Without it the next PCM of the same card would be taken for it, which may be one that nobody speaks into.

    Args:
        wanted: the name in the configuration; None is the only USB card.
        among: the devices that can do it, as PortAudio lists them.
        cards: what the kernel knows.
        root: where ``proc`` is, so that a test can bring its own.
        kind: "microphone" or "speaker".
    """
    for card, pcm in _meant(wanted, cards):
        listed = {device.pcm for device in among if device.card == card}
        in_use = _in_use(root, card.number, kind) - listed
        if pcm is None:
            # The first one is meant.
            in_use = {number for number in in_use if not listed or number < min(listed)}
        elif pcm not in in_use:
            continue
        if in_use:
            return (
                f"{kind} 'card:{card.id}' is in use by another program; `fuser -v /dev/snd/*` names it, "
                "and it is opened when that lets go"
            )
    return None


def _meant(wanted: str | None, cards: Mapping[int, Card]) -> list[tuple[Card, int | None]]:
    if wanted is not None:
        return named_card(wanted, cards.values())
    usb = [card for card in cards.values() if card.usb is not None]
    return [(usb[0], None)] if len(usb) == 1 else []


def _in_use(root: str, card: int, kind: str) -> set[int]:
    """Numbers of the card's PCMs whose substreams are all open, as ``/proc/asound`` shows them."""
    folder = f"{root}/proc/asound/card{card}"
    found = set()
    for name in entries(folder):
        if (pcm := _PCM[kind].fullmatch(name)) is None:
            continue
        states = [
            first_line(f"{folder}/{name}/{sub}/status")
            for sub in entries(f"{folder}/{name}")
            if sub.startswith("sub")
        ]
        if states and all(state not in ("", "closed") for state in states):
            found.add(int(pcm[1]))
    return found

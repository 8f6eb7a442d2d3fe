"""Detection of a sound card that another program uses: PortAudio silently leaves it out of its list."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from ravatard.devices.cards.identity import Card, SoundDevice, entries, first_line, named_card

#: Kernel names of a card's PCMs: number, then capture or playback.
_PCM = {"microphone": re.compile(r"pcm(\d+)c"), "speaker": re.compile(r"pcm(\d+)p")}


def busy_message(
    wanted: str | None,
    among: Sequence[SoundDevice],
    cards: Mapping[int, Card],
    root: str = "/",
    *,
    kind: str,
) -> str | None:
    """Return a sentence if the ``wanted`` device is in use, and so not in the list; else None.

    Without it the next PCM of the same card would be taken instead, perhaps an input without a microphone.

    Args:
        wanted: name in the configuration; None is the only USB card.
        among: devices that can record, or play, as PortAudio lists them.
        cards: the kernel's cards.
        root: folder of ``proc``; tests bring their own.
        kind: "microphone" or "speaker".
    """
    for card, pcm in _wanted_cards(wanted, cards):
        listed = {device.pcm for device in among if device.card == card}
        in_use = _in_use(root, card.number, kind) - listed
        if pcm is None:
            # The first PCM is wanted.
            in_use = {number for number in in_use if not listed or number < min(listed)}
        elif pcm not in in_use:
            continue
        if in_use:
            return (
                f"{kind} 'card:{card.id}' is in use by another program; `fuser -v /dev/snd/*` names it, "
                "and it is opened when that program closes it"
            )
    return None


def _wanted_cards(wanted: str | None, cards: Mapping[int, Card]) -> list[tuple[Card, int | None]]:
    if wanted is not None:
        return named_card(wanted, cards.values())
    usb = [card for card in cards.values() if card.usb is not None]
    return [(usb[0], None)] if len(usb) == 1 else []


def _in_use(root: str, card: int, kind: str) -> set[int]:
    """Return the numbers of the card's PCMs whose substreams are all open, as ``/proc/asound`` shows them."""
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

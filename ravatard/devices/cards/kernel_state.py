"""What the kernel shows of the machine's sound cards, so that PortAudio is not started for nothing."""

from __future__ import annotations

from collections.abc import Hashable
from pathlib import Path

from ravatard.devices.cards.identity import read_cards


def capture_state(root: str = "/") -> Hashable:
    """Which cards there are, and which of their microphones somebody has open; comparable, nothing else.

    Changes when a card comes or goes, and when another program lets go of one. Reads a few lines of
    ``/proc/asound``: 0.1 ms a card, where starting PortAudio takes a process and seconds on a small board.

    Args:
        root: where ``proc`` and ``sys`` are, so that a test can bring its own.
    """
    return frozenset(
        (card.number, card.id, card.usb, card.port, _in_use(root, card.number, "c"))
        for card in read_cards(root).values()
    )


def playback_state(root: str = "/") -> Hashable:
    """The same of the machine's speakers."""
    return frozenset(
        (card.number, card.id, card.usb, card.port, _in_use(root, card.number, "p"))
        for card in read_cards(root).values()
    )


def _in_use(root: str, card: int, direction: str) -> frozenset[str]:
    """The substreams of one card that are in use; the kernel says ``closed`` of the others.

    Args:
        root: as above.
        card: its number.
        direction: "c" for capture, "p" for playback.
    """
    folder = Path(root, f"proc/asound/card{card}")
    return frozenset(
        str(status.relative_to(folder))
        for status in folder.glob(f"pcm*{direction}/sub*/status")
        if not _text(status).startswith("closed")
    )


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        # Gone between being listed and being read.
        return "closed"

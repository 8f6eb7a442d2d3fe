"""What the kernel shows of the machine's microphones, so that PortAudio is not started for nothing."""

from __future__ import annotations

from collections.abc import Hashable
from pathlib import Path

from ravatard.devices.identity import read_cards


def capture_state(root: str = "/") -> Hashable:
    """Which cards there are, and which of their microphones somebody has open; comparable, nothing else.

    Changes when a card comes or goes, and when another program lets go of one. Reads a few lines of
    ``/proc/asound``: 0.1 ms a card, where starting PortAudio takes a process and seconds on a small board.

    Args:
        root: where ``proc`` and ``sys`` are, so that a test can bring its own.
    """
    return frozenset(
        (card.number, card.id, card.usb, card.port, _open_microphones(root, card.number))
        for card in read_cards(root).values()
    )


def _open_microphones(root: str, card: int) -> frozenset[str]:
    """The capture substreams of one card that are in use; the kernel says ``closed`` of the others."""
    folder = Path(root, f"proc/asound/card{card}")
    return frozenset(
        str(status.relative_to(folder))
        for status in folder.glob("pcm*c/sub*/status")
        if not _text(status).startswith("closed")
    )


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        # Gone between being listed and being read.
        return "closed"

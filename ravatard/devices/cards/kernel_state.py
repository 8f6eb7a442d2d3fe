"""State of the sound cards in the kernel, so that PortAudio is started only after a change."""

from __future__ import annotations

from collections.abc import Hashable
from pathlib import Path

from ravatard.devices.cards.identity import read_cards


def capture_state(root: str = "/") -> Hashable:
    """Return the cards and their microphones in use, as a value that can only be compared.

    It changes when a card comes or goes, and when a program opens or closes one. Reads a few lines of
    ``/proc/asound``: 0.1 ms a card, while PortAudio takes a process and seconds on a small board.

    Args:
        root: folder of ``proc`` and ``sys``; tests bring their own.
    """
    return _state(root, "c")


def playback_state(root: str = "/") -> Hashable:
    """Return the cards and their speakers in use; see :func:`capture_state`."""
    return _state(root, "p")


def _state(root: str, direction: str) -> Hashable:
    return frozenset(
        (card.number, card.id, card.usb, card.port, _in_use(root, card.number, direction))
        for card in read_cards(root).values()
    )


def _in_use(root: str, card: int, direction: str) -> frozenset[str]:
    """Return the substreams of a card that are in use; the kernel says ``closed`` of the others.

    Args:
        root: folder of ``proc``.
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
        # Gone since it was listed.
        return "closed"

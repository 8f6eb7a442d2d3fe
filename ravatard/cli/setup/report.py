"""Report at the end of the set-up: what is in effect, and where each value comes from."""

from __future__ import annotations

from collections.abc import Iterator

from ravatard.cli.terminal import visible
from ravatard.config import Loaded
from ravatard.config.candidate import Wishes
from ravatard.config.sources import BOARD


def in_effect(loaded: Loaded) -> Iterator[str]:
    """Yield a line each for board, microphone, speaker, button and lights."""
    board = loaded.board
    yield f"  board: {'none' if board is None else visible(board.about.title or board.name)}"
    options = loaded.options
    yield f"  microphone: {_source(loaded, 'microphone', ('command', 'fifo', 'wav', 'device'))}"
    if not options.speaker.enabled:
        yield f"  speaker: none ({_from(loaded, 'speaker.enabled')})"
    else:
        yield f"  speaker: {_source(loaded, 'speaker', ('command', 'wav', 'device'))}"
    pin = options.button.pin
    yield f"  button: {'none' if pin is None else f'GPIO {pin}'} ({_from(loaded, 'button.pin')})"
    yield f"  lights: {options.lights.kind} ({_from(loaded, 'lights.kind')})"


def overruled(loaded: Loaded, wishes: Wishes) -> Iterator[str]:
    """Yield a line for each answer that is not in effect, because something stronger sets it."""
    for dotted in wishes.nodes:
        if dotted == BOARD:
            continue
        origin = loaded.origins[dotted]
        if origin.kind in ("environment", "credential"):
            yield f"  {dotted} is not as you answered: {origin} is stronger; remove it there"


def _source(loaded: Loaded, section: str, names: tuple[str, ...]) -> str:
    """Return the device or its substitute in words, with the origin."""
    group = getattr(loaded.options, section)
    for name in names:
        value = getattr(group, name)
        if value is not None:
            words = value if name == "device" else f"{name} {value}"
            return f"{visible(words)} ({_from(loaded, f'{section}.{name}')})"
    return (
        f"automatic: the only USB {section}, else the system's default ({_from(loaded, f'{section}.device')})"
    )


def _from(loaded: Loaded, dotted: str) -> str:
    """Return the origin of a setting; a board by its name."""
    origin = loaded.origins[dotted]
    if loaded.board is not None and origin.name == str(loaded.board.path):
        return f"from the board {loaded.board.name}"
    return "default" if origin.kind == "default" else f"from {origin}"

"""Boards: files of settings that apply where the owner wrote none, with the wiring.

``board: NAME`` names ``boards/NAME.yaml`` beside the configuration, else a board that comes with ravatard;
``board: path/to/file.yaml`` names a file, relative to the configuration.
"""

from __future__ import annotations

import sysconfig
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from ravatard.config.board_file import Board, read_board
from ravatard.config.document import Scalar
from ravatard.config.problems import SettingOrigin, either, near, shown
from ravatard.config.sources import SettingSources

#: The folder of the owner's own boards, beside the configuration.
OWN = "boards"

#: A board's sound card -> the settings with which an owner chooses another source or sink of sound.
_INSTEAD_OF = {
    "microphone.device": ("microphone.command", "microphone.fifo", "microphone.wav"),
    "speaker.device": ("speaker.command", "speaker.wav"),
}


@dataclass(frozen=True, slots=True)
class Boards:
    """Folders of board files.

    Attributes:
        own: the owner's folder; it need not exist.
        shipped: the folder that comes with ravatard; None when the installation lost it.
    """

    own: Path
    shipped: Path | None

    def files(self) -> dict[str, Path]:
        """Return name -> file of every board, sorted by name; the owner's own take precedence."""
        found: dict[str, Path] = {}
        for folder in (self.shipped, self.own):
            if folder is not None:
                found |= {file.stem: file for file in folder.glob("*.yaml")}
        return dict(sorted(found.items()))

    def find(self, name: str) -> Path | None:
        """Return the file of a board; None when there is none."""
        if "/" in name or name.endswith((".yaml", ".yml")):
            path = self.own.parent / Path(name).expanduser()
            return path if path.is_file() else None
        return self.files().get(name)


def boards_beside(config: Path) -> Boards:
    """Return the boards that the configuration at ``config`` may name."""
    return Boards(config.parent / OWN, shipped_boards())


def shipped_boards(package: Path = Path(__file__).parents[1]) -> Path | None:
    """Return the folder of the boards that come with ravatard.

    In the source tree it is ``hardware/boards``. An installation has ``share/ravatard/boards``: beside the
    package with ``pip install --target``, else in the data directory of this Python, or of its user.
    """
    return next((folder for folder in _candidates(package.parent) if folder.is_dir()), None)


def _candidates(around: Path) -> Iterator[Path]:
    if (around / "pyproject.toml").is_file():
        yield around / "hardware" / "boards"
    roots = [around, Path(sysconfig.get_path("data")), Path(sysconfig.get_path("data", "posix_user"))]
    for root in roots:
        yield root / "share" / "ravatard" / "boards"


def fill_in(sources: SettingSources, boards: Boards) -> Board | None:
    """Add the board's settings that no other source has set; None without a usable board."""
    if sources.board is None:
        return None
    named, origin = sources.board
    if not isinstance(named, Scalar) or not named.text.strip():
        sources.report(origin, "board", f"found no name; {_choices(boards)}")
        return None
    path = boards.find(named.text)
    if path is None:
        sources.report(origin, "board", about_unknown(named.text, boards))
        return None
    board = read_board(path, sources)
    written = set(sources.origins) | sources.refused
    written |= {device for device, others in _INSTEAD_OF.items() if any(other in written for other in others)}
    for key, node, line in board.settings if board else ():
        if key.dotted not in written:
            sources.put(key, node, SettingOrigin("file", str(path), line))
    return board


def about_unknown(name: str, boards: Boards) -> str:
    """Return the message about a board that does not exist, with the likely intended name."""
    if "/" in name:
        return f"there is no file {shown(name)} relative to {boards.own.parent}; {_choices(boards)}"
    close = near(name, boards.files())
    hint = f"; did you mean {either(close)}?" if close else ";"
    return f"unknown board {shown(name)}{hint} {_choices(boards)}"


def _choices(boards: Boards) -> str:
    names = ", ".join(boards.files()) or "none (the installation lost them)"
    return f"there are: {names}; a board of your own is a file {boards.own}/NAME.yaml"


def reserved_pins(board: Board | None) -> Mapping[int, str]:
    """Return GPIO number -> use, for the pins of the board's sound, which no setting names."""
    wires = board.wires if board else ()
    return {wire.gpio: wire.to for wire in wires if wire.gpio is not None and wire.use == "sound"}

"""What is known of a board: a file of settings that hold where the owner wrote none, and how it is wired.

``board: NAME`` names ``boards/NAME.yaml`` beside the configuration, else a board that comes with ravatard;
``board: path/to/file.yaml`` names a file, from where the configuration lies.
"""

from __future__ import annotations

import difflib
import sysconfig
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from ravatard.config.board_file import Board, read_board
from ravatard.config.document import Scalar
from ravatard.config.problems import SettingOrigin, shown
from ravatard.config.sources import SettingSources

#: The folder of the owner's own boards, beside the configuration.
OWN = "boards"

#: A board's sound card -> what an owner may have written to have the sound from or to somewhere else.
_INSTEAD_OF = {
    "microphone.device": ("microphone.command", "microphone.fifo", "microphone.wav"),
    "speaker.device": ("speaker.command", "speaker.wav"),
}


@dataclass(frozen=True, slots=True)
class Boards:
    """Where boards are looked for.

    Attributes:
        own: the owner's folder; it need not exist.
        shipped: the folder of those that come with ravatard; None when the installation lost it.
    """

    own: Path
    shipped: Path | None

    def files(self) -> dict[str, Path]:
        """Name -> file of every board there is, by name; the owner's own are stronger."""
        found: dict[str, Path] = {}
        for folder in (self.shipped, self.own):
            if folder is not None:
                found |= {file.stem: file for file in folder.glob("*.yaml")}
        return dict(sorted(found.items()))

    def find(self, name: str) -> Path | None:
        """The file of a board; None when there is none."""
        if "/" in name or name.endswith((".yaml", ".yml")):
            path = self.own.parent / Path(name).expanduser()
            return path if path.is_file() else None
        return self.files().get(name)


def boards_beside(config: Path) -> Boards:
    """The boards that the configuration at ``config`` may name."""
    return Boards(config.parent / OWN, shipped_boards())


def shipped_boards(package: Path = Path(__file__).parents[1]) -> Path | None:
    """The folder of the boards that come with ravatard.

    It is ``hardware/boards`` of the source tree, or what an installation made of that, ``share/ravatard/
    boards``: beside the package with ``pip install --target``, else where the scheme of this Python, or of
    its user, keeps data.
    """
    return next((folder for folder in _candidates(package.parent) if folder.is_dir()), None)


def _candidates(around: Path) -> Iterator[Path]:
    if (around / "pyproject.toml").is_file():
        yield around / "hardware" / "boards"
    roots = [around, Path(sysconfig.get_path("data")), Path(sysconfig.get_path("data", "posix_user"))]
    for root in roots:
        yield root / "share" / "ravatard" / "boards"


def fill_in(gathering: SettingSources, boards: Boards) -> Board | None:
    """Gather what the board says where nobody else said anything; None without a (good) board."""
    if gathering.board is None:
        return None
    named, origin = gathering.board
    if not isinstance(named, Scalar) or not named.text.strip():
        gathering.complain(origin, "board", f"found no name; {_choices(boards)}")
        return None
    path = boards.find(named.text)
    if path is None:
        gathering.complain(origin, "board", about_unknown(named.text, boards))
        return None
    board = read_board(path, gathering)
    written = set(gathering.origins) | gathering.refused
    written |= {device for device, others in _INSTEAD_OF.items() if any(other in written for other in others)}
    for key, node, line in board.settings if board else ():
        if key.dotted not in written:
            gathering.put(key, node, SettingOrigin("file", str(path), line))
    return board


def about_unknown(name: str, boards: Boards) -> str:
    """What to tell somebody who named a board that does not exist."""
    if "/" in name:
        return f"there is no file {shown(name)}, seen from {boards.own.parent}; {_choices(boards)}"
    near = difflib.get_close_matches(name, boards.files(), n=1)
    hint = f"; did you mean {near[0]}?" if near else ";"
    return f"unknown board {shown(name)}{hint} {_choices(boards)}"


def _choices(boards: Boards) -> str:
    names = ", ".join(boards.files()) or "none (the installation lost them)"
    return f"there are: {names}; a board of your own is a file {boards.own}/NAME.yaml"


def reserved_pins(board: Board | None) -> Mapping[int, str]:
    """GPIO number -> what the board itself uses it for, of those that no setting names."""
    wires = board.wires if board else ()
    return {wire.gpio: wire.to for wire in wires if wire.gpio is not None and wire.use == "sound"}

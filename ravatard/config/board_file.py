"""Read a board's file: its settings, each checked like any other, and its description."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import msgspec

from ravatard.config.document import DocumentError, Mapping, Node, Scalar, Sequence, parse, read
from ravatard.config.problems import SettingOrigin, shown
from ravatard.config.schema import Key, Schema
from ravatard.config.sources import SettingSources
from ravatard.config.values import InvalidValue, convert
from ravatard.devices.panel.header import CARRIES, PIN_OF

#: The sections a board may set; all others, secrets included, belong to the owner's configuration.
SECTIONS = ("button", "lights", "pixels", "microphone", "speaker", "capture")

Use = Literal["button", "lights", "sound", "power"]


class Citation(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Document about a board.

    Attributes:
        url: its address.
        says: the facts in it that matter here.
    """

    url: str
    says: str


class Wiring(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One pin of the header that the board uses.

    Attributes:
        to: the part connected to it, in words.
        use: its purpose.
        gpio: its GPIO number; exactly one of this and ``pin`` is given.
        pin: its number on the header, for a pin without GPIO.
        part: the part drawn at the end of its wire.
    """

    to: str
    use: Use
    gpio: int | None = None
    pin: int | None = None
    part: Literal["none", "button", "led"] = "none"

    @property
    def place(self) -> int:
        """Number of the pin on the header."""
        return PIN_OF[self.gpio] if self.gpio is not None else self.pin or 0


class About(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Description of a board for its owner; an owner's own board may leave all of it out.

    Attributes:
        title: the product's name.
        sources: documents about its pins.
        config_txt: lines for ``/boot/firmware/config.txt``.
        driver: the driver its sound needs.
        pi5: differences on a Raspberry Pi 5.
        notes: further facts, a sentence or two each.
        wires: the pins it uses.
    """

    title: str = ""
    sources: tuple[Citation, ...] = ()
    config_txt: tuple[str, ...] = ()
    driver: str = ""
    pi5: str = ""
    notes: tuple[str, ...] = ()
    wires: tuple[Wiring, ...] = ()


@dataclass(frozen=True, slots=True)
class Board:
    """A board as its file describes it.

    Attributes:
        name: the file's name without ``.yaml``.
        path: the file.
        about: its description.
        settings: key, value as written and line of every setting.
    """

    name: str
    path: Path
    about: About
    settings: tuple[tuple[Key, Node, int], ...]

    @property
    def wires(self) -> tuple[Wiring, ...]:
        """Pins of the header that the board uses."""
        return self.about.wires


def read_board(path: Path, sources: SettingSources) -> Board | None:
    """Read one board; None when it cannot be used, with the problems in ``sources``."""
    try:
        root = parse(read(path))
        if not isinstance(root, Mapping):
            raise DocumentError("found no board; write settings: and sections below it")  # noqa: TRY301
    except (DocumentError, OSError) as error:
        sources.report_unreadable(path, error)
        return None
    reading = _Reading(path, sources)
    about: dict[str, object] = {}
    settings: tuple[tuple[Key, Node, int], ...] = ()
    for name, value in root.entries:
        text = name.text if isinstance(name, Scalar) else ""
        if text == "settings":
            settings = reading.settings(value)
        else:
            about[text] = reading.plain(value)
    described = reading.about(about, root.line)
    return Board(path.stem, path, described, settings) if reading.good else None


class _Reading:
    """One pass over a board's file."""

    def __init__(self, path: Path, sources: SettingSources) -> None:
        self._path = path
        self._sources = sources
        self.good = True

    def _report(self, line: int, key: str, text: str) -> None:
        self.good = False
        self._sources.report(SettingOrigin("file", str(self._path), line), key, text)

    def settings(self, node: Node) -> tuple[tuple[Key, Node, int], ...]:
        """Return the checked settings of the board."""
        if not isinstance(node, Mapping):
            self._report(node.line, "settings", "found no sections, such as button:, indented below it")
            return ()
        found = []
        for section, group in node.entries:
            name = section.text if isinstance(section, Scalar) else ""
            if name not in SECTIONS:
                text = f"a board may set {', '.join(SECTIONS)}; move it to the configuration"
                self._report(section.line, f"settings.{shown(name)}", text)
            elif isinstance(group, Mapping):
                found += self._section(self._sources.schema, name, group)
            else:
                self._report(group.line, f"settings.{name}", "found no keys, indented below it")
        return tuple(found)

    def _section(self, schema: Schema, section: str, group: Mapping) -> list[tuple[Key, Node, int]]:
        found = []
        for name, node in group.entries:
            text = name.text if isinstance(name, Scalar) else ""
            key = schema.keys.get(f"{section}.{text}")
            if key is None:
                self._report(name.line, f"{section}.{text}", schema.about_unknown_key(section, text))
                continue
            try:
                convert(node, key)
            except InvalidValue as invalid:
                self._report(name.line, key.dotted, str(invalid))
            else:
                found.append((key, node, name.line))
        return found

    def plain(self, node: Node) -> object:
        """Return a node of the description as lists, mappings and texts."""
        if isinstance(node, Sequence):
            return [self.plain(item) for item in node.items]
        if isinstance(node, Mapping):
            return {key.text: self.plain(value) for key, value in node.entries if isinstance(key, Scalar)}
        return " ".join(node.text.split())

    def about(self, described: dict[str, object], line: int) -> About:
        """Return the checked description."""
        try:
            about = msgspec.convert(described, About, strict=False)
        except msgspec.ValidationError as error:
            # msgspec names the field and the expected type, and does not quote the value.
            self._report(
                line,
                "",
                f"{str(error)[:1].lower()}{str(error)[1:]}; a board has settings, "
                f"{', '.join(About.__struct_fields__)}",
            )
            return About()
        for wire in about.wires:
            if (wire.gpio is None) == (wire.pin is None):
                self._report(line, "wires", f"{shown(wire.to)} needs gpio or pin, and only one of them")
            elif wire.gpio is not None and wire.gpio not in PIN_OF:
                self._report(line, "wires", f"GPIO {wire.gpio} is not on the header; there are 0 to 27")
            elif wire.pin is not None and wire.pin not in CARRIES:
                self._report(line, "wires", f"pin {wire.pin} is not on the header; there are 1 to 40")
        return about

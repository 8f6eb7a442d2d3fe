"""One board's file: its settings, each checked like any other, and what a person should know of it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import msgspec

from ravatard.config.document import DocumentError, Mapping, Node, Scalar, Sequence, parse, read
from ravatard.config.problems import SettingOrigin, shown
from ravatard.config.schema import Key, Schema
from ravatard.config.sources import SettingSources
from ravatard.config.values import Unfit, convert
from ravatard.devices.panel.header import CARRIES, PIN_OF

#: The sections a board may say something about; the rest is the owner's business, secrets included.
SECTIONS = ("button", "lights", "pixels", "microphone", "speaker", "capture")

Use = Literal["button", "lights", "sound", "power"]


class SettingSource(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where something about a board is written.

    Attributes:
        url: the document.
        says: what it says of use here.
    """

    url: str
    says: str


class Wiring(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One pin of the header that the board uses.

    Attributes:
        to: what hangs on it, in words.
        use: what it is for.
        gpio: its GPIO number; exactly one of this and ``pin`` is given.
        pin: its number on the header, of a pin that is no GPIO.
        part: what is drawn at the end of it.
    """

    to: str
    use: Use
    gpio: int | None = None
    pin: int | None = None
    part: Literal["none", "button", "led"] = "none"

    @property
    def place(self) -> int:
        """Its number on the header."""
        return PIN_OF[self.gpio] if self.gpio is not None else self.pin or 0


class About(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a person should know of a board; a board of one's own may leave all of it out.

    Attributes:
        title: its name on the box.
        sources: where its pins are documented.
        config_txt: lines for ``/boot/firmware/config.txt``.
        driver: what its sound needs.
        pi5: what is different on a Raspberry Pi 5.
        notes: what else to know, a sentence or two each.
        wires: the pins it uses.
    """

    title: str = ""
    sources: tuple[SettingSource, ...] = ()
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
        about: what a person should know.
        settings: key, value as written and line of everything it sets.
    """

    name: str
    path: Path
    about: About
    settings: tuple[tuple[Key, Node, int], ...]

    @property
    def wires(self) -> tuple[Wiring, ...]:
        """The pins it uses."""
        return self.about.wires


def read_board(path: Path, gathering: SettingSources) -> Board | None:
    """Read one board; None, with everything that is wrong in ``gathering``, when it cannot be used."""
    try:
        root = parse(read(path))
    except DocumentError as error:
        gathering.lose(SettingOrigin("file", str(path), error.line), str(error))
        return None
    except OSError as error:
        gathering.lose(SettingOrigin("file", str(path)), f"cannot be read: {error.strerror}")
        return None
    if not isinstance(root, Mapping):
        gathering.lose(
            SettingOrigin("file", str(path)), "found no board; write settings: and sections below it"
        )
        return None
    reading = _Reading(path, gathering)
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

    def __init__(self, path: Path, gathering: SettingSources) -> None:
        self._path = path
        self._gathering = gathering
        self.good = True

    def _complain(self, line: int, key: str, text: str) -> None:
        self.good = False
        self._gathering.complain(SettingOrigin("file", str(self._path), line), key, text)

    def settings(self, node: Node) -> tuple[tuple[Key, Node, int], ...]:
        """What the board sets, checked."""
        if not isinstance(node, Mapping):
            self._complain(node.line, "settings", "found no sections, such as button:, indented below it")
            return ()
        found = []
        for section, group in node.entries:
            name = section.text if isinstance(section, Scalar) else ""
            if name not in SECTIONS:
                text = f"a board may set {', '.join(SECTIONS)}; move it to the configuration"
                self._complain(section.line, f"settings.{shown(name)}", text)
            elif isinstance(group, Mapping):
                found += self._section(self._gathering.schema, name, group)
            else:
                self._complain(group.line, f"settings.{name}", "found no keys, indented below it")
        return tuple(found)

    def _section(self, schema: Schema, section: str, group: Mapping) -> list[tuple[Key, Node, int]]:
        found = []
        for name, node in group.entries:
            text = name.text if isinstance(name, Scalar) else ""
            key = schema.keys.get(f"{section}.{text}")
            if key is None:
                self._complain(name.line, f"{section}.{text}", schema.about_unknown_key(section, text))
                continue
            try:
                convert(node, key)
            except Unfit as unfit:
                self._complain(name.line, key.dotted, str(unfit))
            else:
                found.append((key, node, name.line))
        return found

    def plain(self, node: Node) -> object:
        """A node of the description as lists, mappings and texts."""
        if isinstance(node, Sequence):
            return [self.plain(item) for item in node.items]
        if isinstance(node, Mapping):
            return {key.text: self.plain(value) for key, value in node.entries if isinstance(key, Scalar)}
        return " ".join(node.text.split())

    def about(self, described: dict[str, object], line: int) -> About:
        """The description, checked."""
        try:
            about = msgspec.convert(described, About, strict=False)
        except msgspec.ValidationError as error:
            # Its own words name the field and what was expected, and nothing of the value.
            self._complain(
                line,
                "",
                f"{str(error)[:1].lower()}{str(error)[1:]}; a board has settings, "
                f"{', '.join(About.__struct_fields__)}",
            )
            return About()
        for wire in about.wires:
            if (wire.gpio is None) == (wire.pin is None):
                self._complain(line, "wires", f"{shown(wire.to)} needs gpio or pin, and only one of them")
            elif wire.gpio is not None and wire.gpio not in PIN_OF:
                self._complain(line, "wires", f"GPIO {wire.gpio} is not on the header; there are 0 to 27")
            elif wire.pin is not None and wire.pin not in CARRIES:
                self._complain(line, "wires", f"pin {wire.pin} is not on the header; there are 1 to 40")
        return about

"""Logo and colours of the owner for the page, from a folder: one picture, and names with colours; no code."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType

from ravatard.errors import ConfigError
from ravatard.web.kiosk.owner_file import content_of, folder_of, known_names, texts_in

COLOURS_FILE = "colours.yaml"
#: Name of a logo without its ending.
LOGO = "logo"
#: Colours that the page lets an owner choose, as in kiosk.css: red, green and blue in hexadecimal digits.
SHIPPED: Mapping[str, str] = MappingProxyType(
    {
        "ground": "#0b0f14",
        "panel": "#121a23",
        "ink": "#f3f6fa",
        "quiet": "#9fb0c3",
        "open": "#1ba74b",
        "muted": "#e0383e",
        "wait": "#f5901f",
        "think": "#4d8dff",
        "money": "#a66bff",
    }
)
#: Text on what it stands on. WCAG 2.2, 1.4.3: contrast of small text.
_READ = (("ink", "ground"), ("quiet", "ground"), ("ink", "panel"), ("quiet", "panel"))
LEAST_CONTRAST = 4.5
_LOGO_BYTES = 1 << 20
_COLOURS_BYTES = 8 * 1024
_COLOUR = re.compile(r"#?([0-9A-Fa-f]{6})")
#: Content type -> beginning of the file. A file is what its bytes say. No SVG: it may hold scripts.
_PICTURES = {
    "image/png": re.compile(rb"\x89PNG\r\n\x1a\n"),
    "image/jpeg": re.compile(rb"\xff\xd8\xff"),
    "image/webp": re.compile(rb"RIFF....WEBP", re.DOTALL),
}
_ENDINGS = (".png", ".jpg", ".jpeg", ".webp")


@dataclass(frozen=True, slots=True)
class Design:
    """Logo and colours.

    Attributes:
        logo: picture; b"" for none.
        logo_type: its content type.
        colours: colours that differ from the shipped ones, by name.
    """

    logo: bytes = field(default=b"", repr=False)
    logo_type: str = ""
    colours: Mapping[str, str] = field(default_factory=dict)

    def style(self) -> bytes:
        """Return the colours as a style sheet, for behind that of the page."""
        rules = "".join(f"  --{name}: {colour};\n" for name, colour in self.colours.items())
        return f":root {{\n{rules}}}\n".encode() if rules else b""


def read_design(folder: str | None) -> Design:
    """Return the design in ``folder``; the shipped one for None. Reads files.

    Raises:
        ConfigError: there is no such folder that may be read, or a file in it is unusable; every mistake in
            the colours at once.
    """
    if folder is None:
        return Design()
    own = folder_of(folder, "kiosk.design")
    logo, logo_type = _read_logo(own)
    return Design(logo, logo_type, _read_colours(own / COLOURS_FILE))


def _read_logo(folder: Path) -> tuple[bytes, str]:
    """Return picture and content type of the logo; b"" and "" if there is none."""
    found = sorted(path for path in folder.iterdir() if path.stem.casefold() == LOGO)
    if not found:
        return b"", ""
    if len(found) > 1:
        names = " and ".join(path.name for path in found)
        raise ConfigError(f"kiosk.design: {names} in {folder} are two logos; keep one")
    (path,) = found
    picture = content_of(path, _LOGO_BYTES, "the logo")
    for content_type, beginning in _PICTURES.items():
        if path.suffix.casefold() in _ENDINGS and beginning.match(picture):
            return picture, content_type
    raise ConfigError(f"the logo {path} is no PNG, JPEG or WebP picture; save it as {LOGO}.png")


def _read_colours(path: Path) -> dict[str, str]:
    if not path.exists():
        return {}
    named = texts_in(path, _COLOURS_BYTES, "the colours")
    if named in (None, ""):
        return {}
    if not isinstance(named, dict):
        raise ConfigError(f'the colours {path} have to be lines such as ground: "{SHIPPED["ground"]}"')
    problems = list(_problems(named))
    if problems:
        raise ConfigError("\n".join(f"the colours {path}: {problem}" for problem in problems))
    return {name: _hexadecimal(colour) for name, colour in named.items()}


def _problems(named: Mapping[object, object]) -> Iterator[str]:
    """Yield every mistake in the colours of a file."""
    sound = dict(SHIPPED)
    for name, colour in named.items():
        if name not in SHIPPED:
            yield f"{name!s:.40}: unknown colour; {known_names(str(name), SHIPPED)}"
        elif not isinstance(colour, str) or not _COLOUR.fullmatch(colour):
            comment = ", in quotes, because # begins a comment" if colour == "" else ""
            yield f'{name}: write it as "{SHIPPED[str(name)]}"{comment}'
        else:
            sound[str(name)] = _hexadecimal(colour)
    for text, ground in _READ:
        if (text in named or ground in named) and contrast(sound[text], sound[ground]) < LEAST_CONTRAST:
            yield (
                f"{text} on {ground} cannot be read across a room: the contrast is "
                f"{contrast(sound[text], sound[ground]):.1f}, and {LEAST_CONTRAST:g} is needed"
            )


def contrast(one: str, other: str) -> float:
    """Return the contrast of two colours, 1 to 21 (WCAG 2.2, "contrast ratio")."""
    darker, lighter = sorted((_luminance(one), _luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def _luminance(colour: str) -> float:
    """Return the relative luminance of a colour, 0 to 1 (WCAG 2.2)."""
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _hexadecimal(colour: str) -> str:
    return f"#{colour.removeprefix('#').lower()}"

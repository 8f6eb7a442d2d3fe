"""An owner's logo and colours: what is taken, and every kind of file that is not."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from ravatard.errors import ConfigError
from ravatard.web.kiosk.assets import Assets
from ravatard.web.kiosk.design import COLOURS_FILE, LEAST_CONTRAST, SHIPPED, Design, contrast, read_design
from ravatard.web.kiosk.texts import read_texts

PNG = b"\x89PNG\r\n\x1a\n" + bytes(20)
STYLE = Path(__file__).parents[4] / "ravatard/web/kiosk/static/kiosk.css"


def refused(folder: Path) -> str:
    with pytest.raises(ConfigError) as caught:
        read_design(str(folder))
    return str(caught.value)


def test_without_a_folder_nothing_differs() -> None:
    assert read_design(None) == Design()
    assert Design().style() == b""


def test_an_empty_folder_changes_nothing(tmp_path: Path) -> None:
    (tmp_path / COLOURS_FILE).write_text("# none yet\n")

    assert read_design(str(tmp_path)) == Design()


@pytest.mark.parametrize(
    ("name", "content", "content_type"),
    [
        ("logo.png", PNG, "image/png"),
        ("Logo.JPG", b"\xff\xd8\xff\xe0" + bytes(20), "image/jpeg"),
        ("logo.webp", b"RIFF\x10\x00\x00\x00WEBPVP8 ", "image/webp"),
        # A file is what its bytes say.
        ("logo.png", b"\xff\xd8\xff\xe0" + bytes(20), "image/jpeg"),
    ],
)
def test_a_picture_is_taken(tmp_path: Path, name: str, content: bytes, content_type: str) -> None:
    (tmp_path / name).write_bytes(content)

    design = read_design(str(tmp_path))

    assert (design.logo, design.logo_type) == (content, content_type)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("logo.svg", b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>"),
        ("logo.png", b"<svg xmlns='http://www.w3.org/2000/svg'/>"),
        ("logo.png", b""),
        ("logo.html", PNG),
        ("logo", PNG),
    ],
)
def test_what_is_no_picture_is_refused(tmp_path: Path, name: str, content: bytes) -> None:
    (tmp_path / name).write_bytes(content)

    assert refused(tmp_path).endswith(f"{name} is no PNG, JPEG or WebP picture; save it as logo.png")


def test_a_logo_is_bounded(tmp_path: Path) -> None:
    (tmp_path / "logo.png").write_bytes(PNG + bytes(1 << 20))

    assert "longer than 1024 kB" in refused(tmp_path)


def test_two_logos_are_refused(tmp_path: Path) -> None:
    for name in ("logo.png", "logo.jpg"):
        (tmp_path / name).write_bytes(PNG)

    assert "logo.jpg and logo.png" in refused(tmp_path)


def test_what_is_no_file_holds_nothing_up(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "logo.png")

    assert "is no file" in refused(tmp_path)
    (tmp_path / "logo.png").unlink()
    (tmp_path / COLOURS_FILE).mkdir()
    assert "is no file" in refused(tmp_path)


def test_a_folder_that_is_none_is_told(tmp_path: Path) -> None:
    assert "create it, or unset kiosk.design" in refused(tmp_path / "none")


def test_colours_become_a_style_sheet_that_can_hold_nothing_else(tmp_path: Path) -> None:
    (tmp_path / COLOURS_FILE).write_text('ground: "#FFFFFF"\nink: 101010\npanel: eeeeee\nquiet: 444444\n')

    design = read_design(str(tmp_path))

    assert design.style() == (
        b":root {\n  --ground: #ffffff;\n  --ink: #101010;\n  --panel: #eeeeee;\n  --quiet: #444444;\n}\n"
    )


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("grund: 000000", "grund: unknown colour; did you mean ground?"),
        ("x: 000000", "x: unknown colour; there are: ground, panel"),
        ("ground: #000000", 'ground: write it as "#0b0f14", in quotes, because # begins a comment'),
        ("ground: red", 'ground: write it as "#0b0f14"'),
        ("ground: '#000; } body { background: url(//evil)'", 'ground: write it as "#0b0f14"'),
        ("ground: [1]", 'ground: write it as "#0b0f14"'),
        ("ink: 222222", "ink on ground cannot be read across a room"),
        ("ground: ffffff", "ink on ground cannot be read across a room"),
        ("- ground", "have to be lines such as"),
        ("ground: [", "not valid YAML in line"),
        ("\x00", "not valid YAML"),
    ],
)
def test_colours_that_are_none_are_told(tmp_path: Path, content: str, words: str) -> None:
    (tmp_path / COLOURS_FILE).write_text(content)

    assert words in refused(tmp_path)


def test_all_mistakes_are_told_at_once(tmp_path: Path) -> None:
    (tmp_path / COLOURS_FILE).write_text("grund: 000000\nink: red\n")

    assert len(refused(tmp_path).splitlines()) == 2


def test_a_file_of_colours_is_bounded(tmp_path: Path) -> None:
    (tmp_path / COLOURS_FILE).write_text("#" * 9_000)

    assert "longer than 8 kB" in refused(tmp_path)


def test_the_shipped_colours_are_those_of_the_page_and_can_be_read() -> None:
    written = dict(re.findall(r"--([a-z]+): (#[0-9a-f]{6});", STYLE.read_text()))

    assert written == dict(SHIPPED)
    assert contrast("#000000", "#ffffff") == pytest.approx(21.0)
    assert min(contrast(SHIPPED[text], SHIPPED["panel"]) for text in ("ink", "quiet")) >= LEAST_CONTRAST


def test_the_page_has_a_logo_only_where_there_is_one() -> None:
    with_logo = Assets(read_texts(), Design(PNG, "image/png", {"ground": "#000000"}))
    without = Assets(read_texts())

    page, logo, style = (with_logo.get(path, ()) for path in ("/", "/logo", "/colours.css"))
    plain = without.get("/", ())

    assert page is not None
    assert b'<img id="logo" src="/logo" alt="">' in page.body
    assert logo is not None
    assert (logo.body, logo.content_type) == (PNG, "image/png")
    assert "script-src 'self'" in logo.headers["Content-Security-Policy"]
    assert style is not None
    assert b"--ground: #000000" in style.body
    assert plain is not None
    assert b"logo" not in plain.body
    assert without.get("/logo", ()) is None

"""Files of the page: which are served, and how."""

from __future__ import annotations

import re
from pathlib import Path

from ravatard.web.page.browser.static_files import StaticFiles


def folder(tmp_path: Path) -> Path:
    static = tmp_path / "static"
    (static / "lib").mkdir(parents=True)
    (static / "index.html").write_text('<!doctype html><script src="/lib/app.mjs"></script><a href="/other">')
    (static / "lib" / "app.mjs").write_text("export {}")
    (static / "secret.key").write_text("no")
    (static / ".hidden.js").write_text("no")
    (static / "big.js").write_bytes(bytes(300_000))
    (static / "bad name.js").write_text("no")
    (tmp_path / "outside.js").write_text("no")
    return static


def test_files_of_known_types_are_served_with_strict_headers(tmp_path: Path) -> None:
    files = StaticFiles(folder(tmp_path))

    index, module = files.get("/index.html"), files.get("/lib/app.mjs")
    assert index is not None
    assert module is not None
    assert index.headers["Content-Type"] == "text/html; charset=utf-8"
    assert "script-src 'self'" in index.headers["Content-Security-Policy"]
    assert module.headers["Content-Type"].startswith("text/javascript")
    assert module.headers["ETag"] == module.tag != index.tag


def test_nothing_else_is_served(tmp_path: Path) -> None:
    files = StaticFiles(folder(tmp_path))

    for path in (
        "/secret.key",
        "/.hidden.js",
        "/big.js",
        "/bad name.js",
        "/../outside.js",
        "/lib",
        "/lib/",
        "",
        "/v/0/lib/app.mjs",
    ):
        assert files.get(path) is None


def test_a_folder_without_an_index_has_no_page(tmp_path: Path) -> None:
    assert StaticFiles(tmp_path).index is None
    assert StaticFiles(tmp_path).languages == ()
    assert "de" in StaticFiles().languages


def test_a_program_is_served_without_indentation_and_lines_of_comments(tmp_path: Path) -> None:
    static = folder(tmp_path)
    (static / "vendor").mkdir()
    program = "// Why.\nif (one) {\n  two(`http://x`); // kept\n}\n\n"
    for name in ("own.js", "vendor/other.js"):
        (static / name).write_text(program)

    files = StaticFiles(static)

    assert files.body("/own.js") == b"if (one) {\ntwo(`http://x`); // kept\n}"
    assert files.body("/vendor/other.js") == program.encode()


def test_texts_are_served_without_indentation(tmp_path: Path) -> None:
    static = folder(tmp_path)
    (static / "texts.json").write_text('{\n  "a.b": "// not a  comment",\n  "c": ""\n}\n')

    assert StaticFiles(static).body("/texts.json") == b'{\n"a.b": "// not a  comment",\n"c": ""\n}'


def test_a_style_sheet_is_served_without_indentation_and_lines_of_comments(tmp_path: Path) -> None:
    static = folder(tmp_path)
    (static / "own.css").write_text(
        "/* Why. */\na {\n  color: red; /* kept */\n}\n/* a */ b { top: 0; } /* c */\n"
    )

    assert StaticFiles(static).body("/own.css") == (
        b"a {\ncolor: red; /* kept */\n}\n/* a */ b { top: 0; } /* c */"
    )


def test_a_file_is_kept_for_good_at_an_address_that_another_content_does_not_have(tmp_path: Path) -> None:
    static = folder(tmp_path)

    def address() -> str:
        index = StaticFiles(static).index or b""
        (found,) = re.findall(r'src="([^"]+)"', index.decode())
        assert b'href="/other"' in index
        return str(found)

    before = address()
    found = StaticFiles(static).get(before)
    assert found is not None
    assert found.body == b"export {}"
    assert "immutable" in found.headers["Cache-Control"]
    (static / "lib" / "app.mjs").write_text("export default 1")
    assert address() != before
    assert StaticFiles(static).get(before) is None

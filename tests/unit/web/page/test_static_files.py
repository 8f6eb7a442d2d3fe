"""Files of the page: which are served, and how."""

from __future__ import annotations

from pathlib import Path

from ravatard.web.page.static_files import StaticFiles


def folder(tmp_path: Path) -> Path:
    static = tmp_path / "static"
    (static / "lib").mkdir(parents=True)
    (static / "index.html").write_text("<!doctype html>")
    (static / "lib" / "app.mjs").write_text("export {}")
    (static / "secret.key").write_text("no")
    (static / ".hidden.js").write_text("no")
    (static / "big.js").write_bytes(bytes(300_000))
    (static / "bad name.js").write_text("no")
    (tmp_path / "outside.js").write_text("no")
    return static


def test_files_of_known_types_are_served_with_strict_headers(tmp_path: Path) -> None:
    files = StaticFiles(folder(tmp_path))

    index, module = files.get("/"), files.get("/lib/app.mjs")
    assert index is not None
    assert module is not None
    assert index == files.get("/index.html")
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
    ):
        assert files.get(path) is None


def test_a_folder_without_an_index_has_no_page(tmp_path: Path) -> None:
    assert StaticFiles(tmp_path).get("/") is None
    assert StaticFiles().get("/") is not None

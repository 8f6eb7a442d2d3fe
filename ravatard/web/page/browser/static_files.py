"""Files of the page for browsers, with their response headers."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from ravatard.web.headers import STRICT, policy

FOLDER = Path(__file__).parents[1] / "static"
#: Types of the files that are served; a file of another one is not.
TYPES: Mapping[str, str] = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".mjs": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".ico": "image/x-icon",
    ".woff2": "font/woff2",
    ".txt": "text/plain; charset=utf-8",
    ".webmanifest": "application/manifest+json",
}
INDEX = "index.html"
LANGUAGES = "/languages/"
#: Folder of programs that others wrote: their licences are in them.
VENDOR = "vendor"
#: Folder of addresses that name the content, so that a browser need not ask again for what is behind them.
VERSIONED = "/v/"
_NAME = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9_.-]*")
_LARGEST_BYTES = 256 * 1024
#: Files that are served without indentation and comments.
_LEAN = frozenset({".js", ".css", ".json"})
#: A comment that has a line of its own: of a program, of a style sheet.
_COMMENT = re.compile(rb"// .*|/\*(?:(?!\*/).)*\*/")


@dataclass(frozen=True, slots=True)
class StaticFile:
    """Body and headers of one file; ``tag``: its ETag."""

    body: bytes = field(repr=False)
    tag: str
    headers: Mapping[str, str]


class StaticFiles:
    """Every file below a folder, read once: no address of a request becomes a path.

    Attributes:
        index: the page itself, with addresses that name the content of its files; None without a page.
    """

    def __init__(self, folder: Path = FOLDER) -> None:
        found: dict[str, tuple[bytes, str]] = {}
        for path in sorted(folder.rglob("*")):
            parts = path.relative_to(folder).parts
            known = path.suffix in TYPES and all(_NAME.fullmatch(part) for part in parts)
            if known and path.is_file() and path.stat().st_size <= _LARGEST_BYTES:
                body = path.read_bytes()
                own = path.suffix in _LEAN and parts[0] != VENDOR
                found["/" + "/".join(parts)] = _lean(body) if own else body, TYPES[path.suffix]
        version = VERSIONED + _digest(b"".join(body for body, _ in found.values()))
        self._files = {path: _served(*one) for path, one in found.items()}
        # Below one folder: modules import each other by relative addresses.
        self._files |= {version + path: _served(*one, _FOR_GOOD) for path, one in found.items()}
        index = found.pop(f"/{INDEX}", (None, ""))[0]
        self.index = None if index is None else _with_versions(index, version, found)

    def get(self, path: str) -> StaticFile | None:
        """Return the file at ``path``; None: there is none."""
        return self._files.get(path)

    def body(self, path: str) -> bytes:
        """Return the content of the file at ``path``; an empty object of JSON without one."""
        found = self._files.get(path)
        return b"{}" if found is None else found.body

    @property
    def languages(self) -> Sequence[str]:
        """Tags of the languages that there are texts in."""
        names: dict[str, str] = msgspec.json.decode(self.body(f"{LANGUAGES}names.json"))
        return tuple(names)


def _lean(body: bytes) -> bytes:
    """Return a program, a style sheet or texts without indentation and comments: less for a phone to load.

    No text of the page's programs depends on the indentation of a line.
    """
    lines = (line.strip() for line in body.splitlines())
    return b"\n".join(line for line in lines if line and not _COMMENT.fullmatch(line))


def _with_versions(index: bytes, version: str, files: Container[str]) -> bytes:
    """Return ``index`` with the addresses of ``files`` below ``version``."""

    def versioned(found: re.Match[bytes]) -> bytes:
        path = found[2].decode()
        return found[1] + (version.encode() if path in files else b"") + found[2]

    return re.sub(rb'((?:href|src)=")(/[^"]*)', versioned, index)


def _digest(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()[:20]


#: A page is asked for again each time, and sent again only when it is another one.
_AGAIN = "no-cache"
_FOR_GOOD = "private, max-age=31536000, immutable"


def _served(body: bytes, content_type: str, kept: str = _AGAIN) -> StaticFile:
    tag = f'"{_digest(body)}"'
    headers = STRICT | {
        "Cache-Control": kept,
        "Content-Security-Policy": policy(),
        "Content-Type": content_type,
        "ETag": tag,
    }
    return StaticFile(body, tag, headers)

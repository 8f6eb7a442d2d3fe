"""Files of the page for browsers, with their response headers."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from ravatard.web.headers import STRICT, policy

FOLDER = Path(__file__).with_name("static")
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
_NAME = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9_.-]*")
_LARGEST_BYTES = 256 * 1024


@dataclass(frozen=True, slots=True)
class StaticFile:
    """Body and headers of one file; ``tag``: its ETag."""

    body: bytes = field(repr=False)
    tag: str
    headers: Mapping[str, str]


class StaticFiles:
    """Every file below a folder, read once: no address of a request becomes a path."""

    def __init__(self, folder: Path = FOLDER) -> None:
        self._files: dict[str, StaticFile] = {}
        for path in sorted(folder.rglob("*")):
            parts = path.relative_to(folder).parts
            known = path.suffix in TYPES and all(_NAME.fullmatch(part) for part in parts)
            if known and path.is_file() and path.stat().st_size <= _LARGEST_BYTES:
                self._files["/" + "/".join(parts)] = _served(path.read_bytes(), TYPES[path.suffix])
        if f"/{INDEX}" in self._files:
            self._files["/"] = self._files[f"/{INDEX}"]

    def get(self, path: str) -> StaticFile | None:
        """Return the file at ``path``; None: there is none."""
        return self._files.get(path)


def _served(body: bytes, content_type: str) -> StaticFile:
    tag = f'"{hashlib.sha256(body).hexdigest()[:20]}"'
    # Asked for again each time, and sent again only when it is another one.
    headers = STRICT | {
        "Cache-Control": "no-cache",
        "Content-Security-Policy": policy(),
        "Content-Type": content_type,
        "ETag": tag,
        "Server": "ravatard",
    }
    return StaticFile(body, tag, headers)

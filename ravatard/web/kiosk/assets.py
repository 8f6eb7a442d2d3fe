"""Files of the page, with their response headers."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from html import escape
from importlib import resources

from ravatard.web.headers import STRICT, policy
from ravatard.web.kiosk.design import Design
from ravatard.web.kiosk.origin import Origin
from ravatard.web.kiosk.texts import PageTexts

_FILES = {
    "/": ("kiosk.html", "text/html"),
    "/kiosk.css": ("kiosk.css", "text/css"),
    "/kiosk.js": ("kiosk.js", "text/javascript"),
}
#: Files of the owner's design.
_COLOURS, _LOGO = "/colours.css", "/logo"
_LOGO_MARK, _LOGO_ELEMENT = b"<!-- logo -->", b'<img id="logo" src="/logo" alt="">'
_ORIGINS_MARK = b"{{origins}}"
_TEXT_MARK = re.compile(r"\{\{([a-z.-]+)\}\}")


@dataclass(frozen=True, slots=True)
class Asset:
    """Body, type and headers of one file."""

    body: bytes = field(repr=False)
    content_type: str
    headers: dict[str, str]


def content_security_policy(origins: Iterable[Origin]) -> str:
    """Return a policy that allows this server's files, and ``origins`` alone in the iframe."""
    return policy(" ".join(str(origin) for origin in origins) or "'none'")


class Assets:
    """Files of the page, read once."""

    def __init__(self, texts: PageTexts, design: Design | None = None) -> None:
        folder = resources.files("ravatard.web.kiosk") / "static"
        self._files = {
            path: ((folder / name).read_bytes(), content_type)
            for path, (name, content_type) in _FILES.items()
        }
        page, content_type = self._files["/"]
        design = design or Design()
        logo = _LOGO_ELEMENT if design.logo else b""
        page = page.replace(_LOGO_MARK, logo)
        self._files["/"] = (_filled(page.decode(), texts).encode(), content_type)
        self._files[_COLOURS] = (design.style(), "text/css")
        if design.logo:
            self._files[_LOGO] = (design.logo, design.logo_type)

    def get(self, path: str, origins: Iterable[Origin]) -> Asset | None:
        """Return the file at ``path``, or None. The page gets ``origins``, to know its own policy."""
        if path not in self._files:
            return None
        allowed = tuple(origins)
        body, content_type = self._files[path]
        if path == "/":
            body = body.replace(_ORIGINS_MARK, " ".join(str(origin) for origin in allowed).encode())
        return Asset(
            body, content_type, STRICT | {"Content-Security-Policy": content_security_policy(allowed)}
        )


def _filled(page: str, texts: PageTexts) -> str:
    """Return the page with its texts in the places of their keys."""
    values = {"lang": texts.language, "texts": texts.as_json(), **texts.values}

    def value(mark: re.Match[str]) -> str:
        return escape(values[mark[1]]) if mark[1] in values else mark[0]

    return _TEXT_MARK.sub(value, page)

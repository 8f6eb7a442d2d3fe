"""List what an environment contains: a bill of materials (CycloneDX) and Debian's copyright file.

``sbom.py SITE_PACKAGES DIRECTORY LOCK`` writes ``sbom.cdx.json`` and ``copyright`` into DIRECTORY. It needs
nothing but the standard library; the same contents give the same files.
"""

from __future__ import annotations

import json
import platform
import re
import subprocess
import sys
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from email import message_from_string
from email.message import Message
from pathlib import Path
from typing import Any

#: Licences of the C libraries that wheels bring along, by the beginning of the file's name.
_LIBRARIES = {
    "libSvtAv1Enc": "BSD-3-Clause-Clear",
    "libX": "MIT",
    "libasound": "LGPL-2.1-or-later",
    "libavcodec": "LGPL-3.0-or-later",
    "libavdevice": "LGPL-3.0-or-later",
    "libavfilter": "LGPL-3.0-or-later",
    "libavformat": "LGPL-3.0-or-later",
    "libavutil": "LGPL-3.0-or-later",
    "libcrc32c": "BSD-3-Clause",
    "libdav1d": "BSD-2-Clause",
    "libdrm": "MIT",
    "libgfortran": "GPL-3.0-or-later WITH GCC-exception-3.1",
    "libgomp": "GPL-3.0-or-later WITH GCC-exception-3.1",
    "libgmp": "LGPL-3.0-or-later OR GPL-2.0-or-later",
    "libgnutls": "LGPL-2.1-or-later",
    "libhogweed": "LGPL-3.0-or-later OR GPL-2.0-or-later",
    "libmp3lame": "LGPL-2.0-or-later",
    "libnettle": "LGPL-3.0-or-later OR GPL-2.0-or-later",
    "libopencore": "Apache-2.0",
    "libopus": "BSD-3-Clause",
    "libquadmath": "LGPL-2.1-or-later",
    "libscipy_openblas": "BSD-3-Clause",
    "libsharpyuv": "BSD-3-Clause",
    "libswresample": "LGPL-3.0-or-later",
    "libswscale": "LGPL-3.0-or-later",
    "libunistring": "LGPL-3.0-or-later OR GPL-2.0-or-later",
    "libva": "MIT",
    "libvmaf": "BSD-2-Clause-Patent",
    "libvpl": "MIT",
    "libvpx": "BSD-3-Clause",
    "libwebp": "BSD-3-Clause",
    "libx264": "GPL-2.0-or-later",
    "libx265": "GPL-2.0-or-later",
    "libxcb": "MIT",
}
_UNKNOWN = "NOASSERTION"
_CLASSIFIER = "License :: OSI Approved :: "
#: Debian's machine-readable form, and a licence that makes the whole the GPL's.
_FORMAT = "https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/"
_COPYLEFT = "GPL-2.0-or-later"


@dataclass(frozen=True, slots=True)
class Component:
    """One piece of software.

    Attributes:
        name: as its project calls it.
        version: empty when it is not known.
        licence: an SPDX expression, or the project's own words.
        purl: package URL; empty for a library inside a wheel.
        digests: SHA-256 of the files it may have come from.
        parts: C libraries that it brings along.
    """

    name: str
    version: str
    licence: str
    purl: str = ""
    digests: tuple[str, ...] = ()
    parts: tuple[Component, ...] = field(default=())


def wheels(site: Path, lock: str) -> Iterator[Component]:
    """Yield what pip installed in ``site``, by name; Debian's modules are links and are left out."""
    hashes = _hashes(lock)
    for entry in sorted(site.glob("*.dist-info"), key=lambda one: one.name.lower()):
        if entry.is_symlink():
            continue
        metadata = message_from_string((entry / "METADATA").read_text(encoding="utf-8", errors="replace"))
        name, version = _normal(metadata["Name"]), metadata["Version"]
        if name in ("pip", "setuptools"):  # not installed in the end
            continue
        # A wheel's libraries are in a folder of its import name or its own.
        folders = {f"{entry.name.partition('-')[0]}.libs", f"{name}.libs", f"{metadata['Name']}.libs"}
        parts = [part for folder in sorted(folders) for part in _libraries(site / folder)]
        purl = f"pkg:pypi/{name}@{version}"
        yield Component(
            name, version, licence_of(metadata), purl, hashes.get((name, version), ()), tuple(parts)
        )


def debian_modules(packages: list[str]) -> Iterator[Component]:
    """Yield the Debian packages whose modules are linked into the environment."""
    for package in packages:
        asked = ["dpkg-query", "-W", "-f", "${Version}", package]
        said = subprocess.run(asked, capture_output=True, text=True, check=False)  # noqa: S603
        version = said.stdout.strip()
        words = f"see /usr/share/doc/{package}/copyright"
        yield Component(package, version, words, f"pkg:deb/debian/{package}@{version}")


def vendored() -> Component:
    """Return the browser's library that is part of ravatard; its ``LICENSES.txt`` has the texts."""
    return Component(
        "htm",
        "3.1.1",
        "Apache-2.0",
        "pkg:npm/htm@3.1.1",
        parts=(Component("preact", "", "MIT"),),
    )


def licence_of(metadata: Message) -> str:
    """Return the licence that a wheel names."""
    if expression := metadata.get("License-Expression"):
        return str(expression)
    words = str(metadata.get("License") or "")
    if words and len(words) < 80 and "\n" not in words:
        return words
    found = [one for one in metadata.get_all("Classifier", []) if one.startswith(_CLASSIFIER)]
    return " OR ".join(one.removeprefix(_CLASSIFIER) for one in found) or _UNKNOWN


def _libraries(folder: Path) -> Iterator[Component]:
    for file in sorted(folder.glob("*.so*")) if folder.is_dir() else ():
        # libavcodec-5e6b81c2.so.62.28.102: the hash tells two builds apart.
        stem, _, version = file.name.partition(".so")
        name = re.sub(r"(-[0-9a-f]{8})+$", "", stem)
        licences = [words for start, words in _LIBRARIES.items() if name.startswith(start)]
        yield Component(name, version.lstrip("."), licences[0] if licences else _UNKNOWN)


def _hashes(lock: str) -> dict[tuple[str, str], tuple[str, ...]]:
    found: dict[tuple[str, str], tuple[str, ...]] = {}
    for name, version, rest in re.findall(r"^([a-z0-9._-]+)==(\S+)(.*(?:\n    .*)*)", lock, flags=re.M):
        found[name, version] = tuple(re.findall(r"sha256:([0-9a-f]{64})", rest))
    return found


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def bill(components: list[Component], version: str) -> dict[str, Any]:
    """Return the bill of materials, CycloneDX 1.5."""
    listed = [_as_json(one) for one in components]
    # One environment, one number: no time and no chance is in it.
    number = uuid.uuid5(uuid.NAMESPACE_URL, json.dumps(listed, sort_keys=True))
    subject = Component("ravatard", version, "Apache-2.0", f"pkg:pypi/ravatard@{version}")
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "serialNumber": f"urn:uuid:{number}",
        "version": 1,
        "metadata": {
            "component": {**_as_json(subject), "type": "application"},
            "properties": [
                {"name": "ravatard:python", "value": platform.python_version()},
                {"name": "ravatard:machine", "value": platform.machine()},
            ],
        },
        "components": listed,
    }


def _as_json(component: Component) -> dict[str, Any]:
    shown: dict[str, Any] = {"type": "library", "name": component.name, "version": component.version}
    # Also the project's own words: only an SPDX expression may stand under `expression`.
    shown["licenses"] = [{"license": {"name": component.licence}}]
    if component.purl:
        shown |= {"purl": component.purl, "bom-ref": component.purl}
    if component.digests:
        # Of the files that the lock admits; the installed one is among them.
        shown["properties"] = [{"name": "ravatard:sha256", "value": one} for one in component.digests]
    if component.parts:
        shown["components"] = [_as_json(one) for one in component.parts]
    return shown


def copyright_text(components: list[Component]) -> str:
    """Return Debian's copyright file: ravatard's own licence, and that of everything packed with it."""
    bundled = [(one, part) for one in components for part in (one, *one.parts) if one.name != "ravatard"]
    copyleft = sorted({part.name for _, part in bundled if part.licence == _COPYLEFT})
    lines = [
        f"Format: {_FORMAT}",
        "Upstream-Name: ravatard",
        "",
        "Files: *",
        "Copyright: 2026 The ravatard maintainers",
        "License: Apache-2.0",
        *(_comment(copyleft) if copyleft else []),
    ]
    for whole, part in bundled:
        inside = f" (inside {whole.name})" if part is not whole else ""
        lines += [
            "",
            f"Files: {_place(whole, part)}",
            f"Copyright: The authors of {part.name} {part.version}{inside}".rstrip(),
            f"License: {part.licence}",
        ]
    lines += ["", "License: Apache-2.0", " On Debian: /usr/share/common-licenses/Apache-2.0."]
    return "\n".join(lines) + "\n"


def _place(whole: Component, part: Component) -> str:
    site = "/opt/ravatard/lib/python3*/site-packages"
    if whole.purl.startswith("pkg:deb/"):
        return f"/usr/lib/python3/dist-packages/* (linked, from {whole.name})"
    if whole.purl.startswith("pkg:npm/"):
        return f"{site}/ravatard/web/page/static/vendor/*"
    folder = whole.name.replace("-", "_")
    return f"{site}/{folder}.libs/{part.name}*" if part is not whole else f"{site}/{folder}*"


def _comment(copyleft: list[str]) -> list[str]:
    names = " and ".join(copyleft)
    return [
        "Comment:",
        f" ravatard itself is under the Apache License 2.0. This copy also holds {names},",
        " in the wheel of PyAV, beside FFmpeg, under the GNU General Public License, version 2 or later.",
        " FFmpeg is under the LGPL, version 3 or later, and is linked to them. A copy of the whole",
        " may therefore be passed on only under the GNU General Public License, version 3, with which the",
        " Apache License is compatible, and together with the source of these libraries or an offer of it;",
        " their projects publish it: FFmpeg, VideoLAN (x264), MulticoreWare (x265) and PyAV (its builds).",
        " ravatard decodes sound and encodes nothing with them.",
        " .",
        " The texts: /usr/share/common-licenses (GPL-2, GPL-3, LGPL-2.1, LGPL-3, Apache-2.0), and beside",
        " each module, in its folder NAME.dist-info. The list, with versions and hashes: sbom.cdx.json.",
    ]


def main(site: Path, directory: Path, lock: Path) -> None:
    """Write both files."""
    modules = (directory / "debian-modules").read_text().split()
    components = [*wheels(site, lock.read_text()), *debian_modules(modules), vendored()]
    version = next((one.version for one in components if one.name == "ravatard"), "")
    text = json.dumps(bill(components, version), indent=1) + "\n"
    (directory / "sbom.cdx.json").write_text(text)
    (directory / "copyright").write_text(copyright_text(components), encoding="utf-8")


if __name__ == "__main__":
    main(*(Path(word) for word in sys.argv[1:4]))

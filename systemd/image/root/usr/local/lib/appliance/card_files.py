"""Files for cloud-init on the boot partition: mended where a PC's editor changed them, and examined.

Runs before cloud-init reads them, at a first start. cloud-init passes over what it cannot read, in a log on a
machine that cannot be reached then; here the mistakes are written beside the files, for an owner who has only
the card.
"""

import os
import re
import shutil
import sys
from pathlib import Path

import yaml

NOTE = "first-start-errors.txt"
#: An empty file of this name, or with .txt, makes the next start a first one; once.conf has the names, too.
AGAIN = "first-start"
FILES = {"user-data": "#cloud-config\n", "network-config": "", "meta-data": "instance-id: first-start\n"}
#: What cloud-init keeps of an earlier first start; `cloud-init clean` removes the same.
KEPT = ("instance", "instances", "data", "sem")
#: A script, a list of addresses, a MIME message: kinds of user-data with which cloud-init deals itself.
_OTHER_KINDS = re.compile(
    r"#!|#include|#part-handler|#cloud-boothook|## template|content-type|mime-version|from ", re.I
)
_HINTS = {
    "'\\t'": "a tab; YAML allows only spaces there",
    "cannot start any token": "put the value in quotes",
    "undefined alias": "put the value in quotes",
    "constructor for the tag": "put the value in quotes",
    "unknown escape": "a backslash in a text in double quotes; put it in single ones",
    "but found": "a text with a quote in it, or lines that are not indented alike",
}
_CURLED = re.compile("[\u201c\u201d\u201e\u2018\u2019\u201a].*[\u201c\u201d\u2018\u2019]")


def main(boot: Path, state: Path) -> None:
    """Prepare the partition ``boot`` for cloud-init, whose state is in ``state``."""
    if again := [path for path in (boot / AGAIN, boot / f"{AGAIN}.txt") if path.is_file()]:
        for name in KEPT:
            place = state / name
            if place.is_dir() and not place.is_symlink():
                shutil.rmtree(place)
            else:
                place.unlink(missing_ok=True)
        for path in again:
            path.unlink()
    mistakes = [line for name in FILES for line in _examine(boot, name)]
    note = boot / NOTE
    if not mistakes:
        note.unlink(missing_ok=True)
        return
    foot = f"Mend it, put an empty file named {AGAIN} beside it, and start again: the files are read anew."
    note.write_bytes("".join(f"{line}\r\n" for line in (*mistakes, "", foot)).encode())


def _examine(boot: Path, name: str) -> list[str]:
    path = boot / name
    mistakes = _renamed(path)
    if not path.exists():
        # Without one of them cloud-init reads none of them.
        path.write_text(FILES[name])
    content = path.read_bytes()
    text, told = _decoded(content)
    mistakes += [f"{name}: {one}" for one in told]
    if text.encode() != content:
        _replace(path, text.encode())
    if name == "user-data" and not text.lstrip().startswith("#cloud-config"):
        if text.strip() and not _OTHER_KINDS.match(text.lstrip()):
            mistakes.append(f"{name} is not read: its first line must be #cloud-config.")
        return mistakes
    try:
        tree = yaml.safe_load(text)
    except yaml.YAMLError as error:
        return [*mistakes, f"{name} is not read:{_reason(error)}."]
    if not isinstance(tree, dict | None):
        return [*mistakes, f"{name} is not read: it has no lines NAME: VALUE."]
    if name == "network-config":
        mistakes += [f"{name}: {one}" for one in _wifi(tree or {})]
    return mistakes


def _renamed(path: Path) -> list[str]:
    """Take off an ending that a PC added; return what is to be told where both files are there."""
    mistakes = []
    for other in (
        path.with_name(f"{path.name}{ending}") for ending in (".txt", ".yaml", ".yml", ".yaml.txt")
    ):
        if other.is_file() and not path.exists():
            other.rename(path)
        elif other.is_file():
            mistakes.append(f"{other.name} is not read: the name must be {path.name}, without an ending.")
    return mistakes


def _replace(path: Path, content: bytes) -> None:
    fresh = path.with_name(f"{path.name}.new")
    with fresh.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)


def _reason(error: yaml.YAMLError) -> str:
    """Return the line and the reason, without what stands there: it may be a password."""
    mark, problem = getattr(error, "problem_mark", None), getattr(error, "problem", None) or "not valid YAML"
    why = next((hint for words, hint in _HINTS.items() if words in problem), problem.partition(" '")[0])
    return f" line {mark.line + 1}: {why}" if mark else f" {why}"


def _decoded(content: bytes) -> tuple[str, list[str]]:
    """Return the text without a byte order mark, and what is to be told about its encoding."""
    encoding = "utf-16" if content.startswith((b"\xff\xfe", b"\xfe\xff")) else "utf-8-sig"
    try:
        return content.decode(encoding), []
    except UnicodeDecodeError:
        told = "it is not UTF-8, and was read as Windows-1252; save it as UTF-8 if a letter is wrong."
        return content.decode("cp1252", "replace"), [told]


def _wifi(tree: dict) -> list[str]:
    network = tree.get("network", tree)
    wifis = network.get("wifis") if isinstance(network, dict) else None
    if wifis is None:
        return []
    mistakes = []
    for device in wifis.values() if isinstance(wifis, dict) else [None]:
        points = device.get("access-points") if isinstance(device, dict) else None
        if not isinstance(points, dict) or not points:
            mistakes.append("wifis has no access-points with the name of a network; mind the indentation.")
            continue
        for ssid, point in points.items():
            mistakes += _point(str(ssid), point if isinstance(point, dict) else {})
    return mistakes


def _point(ssid: str, point: dict) -> list[str]:
    """Return what is wrong with one network; never its password."""
    mistakes = []
    if _CURLED.fullmatch(ssid):
        mistakes.append(f'the name {ssid} is in typographic quotes; write straight ones (").')
    if "auth" in point or "password" not in point:
        return mistakes
    password = point["password"]
    if not isinstance(password, str):
        return [*mistakes, f'the password of {ssid} needs quotes: "...".']
    if _CURLED.fullmatch(password):
        mistakes.append(f'the password of {ssid} is in typographic quotes; write straight ones (").')
    elif not 8 <= len(password.encode()) <= 63 and not re.fullmatch("[0-9a-fA-F]{64}", password):
        mistakes.append(f"the password of {ssid} must have 8 to 63 characters.")
    return mistakes


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))

"""Files of the owner for the page of a display: read once, within a size, and as texts alone."""

from __future__ import annotations

import difflib
import os
import stat
from collections.abc import Collection
from pathlib import Path

import yaml

from ravatard.errors import ConfigError


def folder_of(path: str, key: str) -> Path:
    """Return the owner's folder at ``path``, which may be read.

    Args:
        path: the folder.
        key: of the setting that names it.

    Raises:
        ConfigError: there is none, or we may not read what is in it.
    """
    own = Path(path)
    try:
        is_folder = stat.S_ISDIR(own.stat().st_mode)
        if is_folder:
            # One right is to list it, another one to pass through it to what is there.
            any(own.iterdir())
            (own / "..").stat()
    except (FileNotFoundError, NotADirectoryError):
        is_folder = False
    except OSError as error:
        raise ConfigError(
            f"{key} {own} cannot be read ({error.strerror}); let every user read it, and pass through the "
            f"folders above: `sudo chmod -R a+rX {own}`"
        ) from error
    if not is_folder:
        raise ConfigError(f"{key} {own} is not a folder; create it, or unset {key}")
    return own


def content_of(path: Path, limit_bytes: int, what: str) -> bytes:
    """Return the content of a file.

    Args:
        path: the file.
        limit_bytes: the largest that is read.
        what: it is, in the plural or singular, such as "the texts".

    Raises:
        ConfigError: it cannot be read, is no file, or is longer.
    """
    try:
        # Without O_NONBLOCK a FIFO would block for ever.
        file = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        try:
            if not stat.S_ISREG(os.fstat(file).st_mode):
                raise ConfigError(f"{what} {path} cannot be read: it is no file; put one in its place")
            content = os.read(file, limit_bytes + 1)
        finally:
            os.close(file)
    except OSError as error:
        raise ConfigError(f"{what} {path} cannot be read: {error.strerror}") from error
    if len(content) > limit_bytes:
        raise ConfigError(f"{what} {path}: longer than {limit_bytes // 1024} kB; make it smaller")
    return content


def texts_in(path: Path, limit_bytes: int, what: str, hint: str = "") -> object:
    """Return what a file of YAML holds, in which every value is a text: 000000 and "off" are words.

    Args:
        path: the file.
        limit_bytes: the largest that is read.
        what: it holds, such as "the colours".
        hint: a remedy for the likeliest mistake.

    Raises:
        ConfigError: it cannot be read, or is no YAML.
    """
    content = content_of(path, limit_bytes, what)
    try:
        return yaml.load(content, Loader=yaml.BaseLoader)  # noqa: S506 - fewer types than SafeLoader
    except (yaml.YAMLError, UnicodeError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)
        where = f" in line {mark.line + 1}" if mark is not None else ""
        raise ConfigError(f"{what} {path} are not valid YAML{where}{hint}") from None


def known_names(name: str, known: Collection[str]) -> str:
    """Return which known name an unknown one was meant to be, or all of them."""
    near = difflib.get_close_matches(name, known, n=1)
    return f"did you mean {near[0]}?" if near else f"there are: {', '.join(known)}"

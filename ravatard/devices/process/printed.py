"""Output of a sound process, for people: its own lines, and those of the sound libraries in it."""

from __future__ import annotations

import re
from collections.abc import Iterable

#: How much is kept of the libraries' output: enough for the lines around a failure.
_TAIL_BYTES = 2_000
_TAIL_LINES = 3
_POSITION = re.compile(r"^ALSA lib \S+?:\d+:\(\w+\) ")
#: What ALSA and PortAudio print of their insides, four lines for an empty USB port.
_INSIDES = re.compile(r"ALSA lib |Expression '.*' failed in ")
#: PortAudio also tries JACK, whose library prints this on every machine without a JACK server.
_CHATTER = re.compile(
    r"jack|cannot connect to server|cannot create (thread res|message buffer)", re.IGNORECASE
)

#: A line with a smaller share of printable signs is sound, or another thing that is no message.
_LEAST_TEXT = 0.75
NO_TEXT = "it printed what is no text"


def tail_of(printed: bytes) -> bytes:
    """Return the last whole lines ``printed``, :data:`_TAIL_BYTES` at most; of one endless line, its end.

    Half a line of the sound libraries would be taken for one of ours.
    """
    if len(printed) <= _TAIL_BYTES:
        return printed
    kept = printed[-_TAIL_BYTES - 1 :]
    return kept[kept.find(b"\n", 0, -1) + 1 :][-_TAIL_BYTES:]


def last_lines(printed: bytes) -> str:
    """Return the last lines ``printed``, as one, each once, without those of the sound libraries."""
    return _joined(line for line in _lines(printed) if not _INSIDES.match(line))


def library_lines(printed: bytes) -> str:
    """Return the last lines that ALSA and PortAudio ``printed``, as one, each once, without positions."""
    return _joined(_POSITION.sub("ALSA: ", line) for line in _lines(printed) if _INSIDES.match(line))


def _lines(printed: bytes) -> list[str]:
    # Not str.splitlines, which takes more bytes of sound for ends of lines.
    lines = [_clean(line.strip()) for line in re.split(r"[\r\n]+", printed.decode(errors="replace"))]
    return [line for line in lines if line and not _CHATTER.match(line)]


def _clean(line: str) -> str:
    """Return ``line`` without signs that are not printable, or :data:`NO_TEXT`: a program may print sound."""
    text = "".join(sign for sign in line if sign.isprintable())
    good = len(text) - text.count("\ufffd") + line.count("\t")
    return text if good >= _LEAST_TEXT * len(line) else NO_TEXT


def _joined(lines: Iterable[str]) -> str:
    return "; ".join(list(dict.fromkeys(lines))[-_TAIL_LINES:])

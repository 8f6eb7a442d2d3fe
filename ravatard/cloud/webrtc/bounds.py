"""Bounds of a session description, counted before anything of a stranger's offer is copied. Pure."""

from __future__ import annotations

from collections import Counter

from ravatard.cloud.webrtc.ice import MOST_CANDIDATES
from ravatard.errors import LinkError

#: Limits of an offer. A browser's with every codec has 10 kB, 250 lines, and lines of some 300 characters.
LARGEST_OFFER = 64_000
MOST_LINES = 2_000
LONGEST_LINE = 2_000
MOST_SECTIONS = 16
#: Attributes that may be repeated in a section, and how often; of any other the first one counts.
_REPEATED = {"group": 4, "candidate": MOST_CANDIDATES, "extmap": 32, "rtpmap": 64, "fmtp": 64}


def refuse_large(sdp: str) -> None:
    """Refuse an offer by its size alone.

    Raises:
        LinkError: it is larger than any streamer's.
    """
    if len(sdp) > LARGEST_OFFER:
        raise too_much(f"{len(sdp)} characters, more than {LARGEST_OFFER}")
    if sdp.count("\n") > MOST_LINES:
        raise too_much(f"{sdp.count(chr(10))} lines, more than {MOST_LINES}")
    if sdp.count("\nm=") > MOST_SECTIONS:
        raise too_much(f"more than {MOST_SECTIONS} sections")


def too_much(what: str) -> LinkError:
    """Return the error for a description that has too much of something."""
    return LinkError(f"the stream's description cannot be read (it has {what})")


def bounded(lines: list[str]) -> list[str]:
    """Return the lines of reasonable length, and of each attribute as many as there may be."""
    counts: Counter[str] = Counter()
    kept = []
    for line in lines:
        if len(line) > LONGEST_LINE:
            continue
        name = attribute(line)[0] or line[:2]
        counts[name] += 1
        if counts[name] <= _REPEATED.get(name, 1):
            kept.append(line)
    return kept


def attribute(line: str) -> tuple[str, str]:
    """Return name and value of an ``a=`` line; ("", "") for any other."""
    if not line.startswith("a="):
        return "", ""
    name, _, value = line[2:].partition(":")
    return name, value.strip()

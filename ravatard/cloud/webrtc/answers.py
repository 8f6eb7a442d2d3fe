"""Answers to our own offers: the direction of their sound. Pure."""

from __future__ import annotations

from ravatard.cloud.webrtc.bounds import attribute, refuse_large

_DIRECTIONS = frozenset({"sendrecv", "sendonly", "recvonly", "inactive"})


def direction_of(answer: str) -> str:
    """Return the direction of the sound in an answer, as the answering side sees it; "" when it is declined.

    Raises:
        LinkError: it is larger than any answer.
    """
    refuse_large(answer)
    session, found, in_audio = "", "", False
    sections = 0
    for line in answer.splitlines():
        if line.startswith("m="):
            sections += 1
            words = line[2:].split()
            if in_audio:
                break
            in_audio = words[:1] == ["audio"] and words[1:2] != ["0"]
            found = session or "sendrecv" if in_audio else ""
        elif (name := attribute(line)[0]) in _DIRECTIONS:
            if in_audio:
                found = name
            elif not sections:
                session = name
    return found if in_audio else ""

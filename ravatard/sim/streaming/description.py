"""Session descriptions as text: offers rewritten for other codecs, answers checked as in a browser.

aiortc offers only VP8 and H.264, and accepts answers that a browser's stack refuses. Both are corrected
here, line by line (RFC 8866; bundling: RFC 9143), without any use of aiortc.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Self

from ravatard.sim.streaming.options import VideoCodec

#: Codecs as browsers offer them: payload type, name, parameters.
_REWRITES = {
    "vp9": ("98", "VP9/90000", "profile-id=0"),
    "av1": ("45", "AV1/90000", "level-idx=5;profile=0;tier=0"),
}
_RTPMAP = re.compile(r"a=rtpmap:(\d+) (.+)")
_BY_TYPE = re.compile(r"a=(?:rtpmap|fmtp|rtcp-fb):(\d+|\*) ")


class AnswerRefused(ValueError):
    """An answer that a browser's stack refuses; the message says why."""


@dataclass(slots=True)
class Section:
    """One ``m=`` section: its lines, the first of them ``m=``."""

    lines: list[str]

    @property
    def kind(self) -> str:
        """Media kind: "audio", "video" or "application"."""
        return self.lines[0][2:].partition(" ")[0]

    @property
    def port(self) -> str:
        """Port; "0" declines the section, or marks it as bundled."""
        return self.lines[0].split(" ")[1]

    @port.setter
    def port(self, port: str) -> None:
        words = self.lines[0].split(" ")
        self.lines[0] = " ".join([words[0], port, *words[2:]])

    @property
    def formats(self) -> list[str]:
        """Payload types."""
        return self.lines[0].split(" ")[3:]

    @formats.setter
    def formats(self, formats: list[str]) -> None:
        self.lines[0] = " ".join(self.lines[0].split(" ")[:3] + formats)

    @property
    def mid(self) -> str:
        """Media identification (mid)."""
        return self.value("mid")

    def value(self, name: str) -> str:
        """Return the value of ``a=name:``, "" without one."""
        return next((line[len(name) + 3 :] for line in self.lines if line.startswith(f"a={name}:")), "")

    def codecs(self) -> dict[str, str]:
        """Return payload type to codec name, in lower case."""
        found = (_RTPMAP.fullmatch(line) for line in self.lines)
        return {one[1]: one[2].lower() for one in found if one}

    def keep(self, formats: list[str]) -> None:
        """Drop every payload type but these."""
        self.formats = formats
        self.lines = [
            line for line in self.lines if not (one := _BY_TYPE.match(line)) or one[1] in {*formats, "*"}
        ]


@dataclass(slots=True)
class Description:
    """A session description: the lines before the first section, and the sections."""

    head: list[str]
    sections: list[Section]

    @classmethod
    def of(cls, sdp: str) -> Self:
        """Parse the description in ``sdp``.

        Raises:
            AnswerRefused: it has a section without port, protocol or format.
        """
        parts = re.split(r"\r?\n(?=m=)", sdp.strip())
        sections = [Section(part.splitlines()) for part in parts[1:]]
        for section in sections:
            if len(section.lines[0].split(" ")) < 4:
                raise AnswerRefused(f"no section begins with {section.lines[0][:40]!r}")
        return cls(parts[0].splitlines(), sections)

    def text(self) -> str:
        """Return the description as text."""
        lines = self.head + [line for section in self.sections for line in section.lines]
        return "\r\n".join(lines) + "\r\n"

    def bundle(self, mids: list[str]) -> None:
        """Set the sections that share the first one's transport."""
        head = [line for line in self.head if not line.startswith("a=group:BUNDLE")]
        self.head = [*head, " ".join(["a=group:BUNDLE", *mids])]

    def bundled(self) -> list[str]:
        """Return the sections that share a transport, its owner first."""
        groups = [line.split(" ")[1:] for line in self.head if line.startswith("a=group:BUNDLE")]
        return groups[0] if groups else []


class RewrittenOffer:
    """An offer rewritten for the player, and the reverse for its answer."""

    def __init__(self, sdp: str, *, video: VideoCodec, max_bundle: bool, trickle: bool) -> None:
        """``sdp`` is the streamer's own offer, complete with candidates."""
        made = Description.of(sdp)
        self._own_video: tuple[list[str], list[str]] | None = None
        self.candidates: list[tuple[str, str, int]] = []
        for number, section in enumerate(made.sections):
            if section.kind == "video" and video in _REWRITES:
                self._rewrite_video(section, *_REWRITES[video])
            if trickle:
                self._take_candidates(section, number)
            if max_bundle and number:
                section.port = "0"
                section.lines.insert(1, "a=bundle-only")
        self._max_bundle = max_bundle
        self._offer = made

    @property
    def offer(self) -> str:
        """Offer for the player."""
        return self._offer.text()

    @property
    def fragment(self) -> str:
        """User name fragment of the first section, carried by the candidates."""
        return self._offer.sections[0].value("ice-ufrag")

    def own(self, answer: str) -> str:
        """Translate the player's answer for the streamer's own offer.

        Raises:
            AnswerRefused: a browser's stack would refuse it.
        """
        found = Description.of(answer)
        self._check(found)
        accepted = [one for one in found.sections if one.port != "0" or one.mid in found.bundled()]
        for offered, section in zip(self._offer.sections, found.sections, strict=True):
            if section not in accepted:
                self._inactive(section, offered, accepted[0])
            if section.kind == "video" and self._own_video is not None:
                self._restore_video(section)
        declined = [one.mid for one in found.sections if one not in accepted]
        if bundled := [one for one in found.bundled() if one not in declined]:
            found.bundle(bundled + declined)
        return found.text()

    def _rewrite_video(self, section: Section, payload_type: str, name: str, parameters: str) -> None:
        section.keep(section.formats[:1])
        own = [line for line in section.lines if _BY_TYPE.match(line)]
        self._own_video = (section.formats, own)
        feedback = [f"a=rtcp-fb:{payload_type} {line.split(' ', 1)[1]}" for line in own if "rtcp-fb" in line]
        section.lines = [line for line in section.lines if line not in own]
        section.formats = [payload_type]
        section.lines += [f"a=rtpmap:{payload_type} {name}", *feedback, f"a=fmtp:{payload_type} {parameters}"]

    def _restore_video(self, section: Section) -> None:
        formats, lines = self._own_video or ([], [])
        section.lines = [line for line in section.lines if not _BY_TYPE.match(line)] + lines
        section.formats = formats

    def _take_candidates(self, section: Section, number: int) -> None:
        mine = [line for line in section.lines if line.startswith("a=candidate:")]
        self.candidates += [(line[2:], section.mid, number) for line in mine]
        gone = {*mine, "a=end-of-candidates"}
        section.lines = [line for line in section.lines if line not in gone]

    def _check(self, answer: Description) -> None:
        """Refuse answers that a browser's stack refuses.

        Raises:
            AnswerRefused: with the first defect.
        """
        offered = self._offer.sections
        shape = [(one.kind, one.mid) for one in answer.sections]
        if shape != [(one.kind, one.mid) for one in offered]:
            raise AnswerRefused(f"the sections are {shape}, not those of the offer")
        for mine, theirs in zip(offered, answer.sections, strict=True):
            if theirs.port == "0" and theirs.mid not in answer.bundled():
                if self._max_bundle and mine is offered[0]:
                    raise AnswerRefused("the section that owns the one transport is declined")
                continue
            codecs = mine.codecs()
            for payload_type, name in theirs.codecs().items():
                if codecs.get(payload_type) != name:
                    raise AnswerRefused(f"payload type {payload_type} was not offered as {name}")
            if mine.kind != "application" and not set(theirs.formats) <= set(mine.formats):
                raise AnswerRefused(f"the {mine.kind} formats {theirs.formats} were not offered")
        if all(one.port == "0" and one.mid not in answer.bundled() for one in answer.sections):
            raise AnswerRefused("everything is declined")

    @staticmethod
    def _inactive(section: Section, offered: Section, model: Section) -> None:
        """Turn a declined section into an inactive one on the transport of ``model``, as aiortc needs."""
        transport = ("a=ice-", "a=fingerprint", "a=setup")
        section.lines = [
            offered.lines[0],
            "c=IN IP4 0.0.0.0",
            "a=inactive",
            f"a=mid:{offered.mid}",
            "a=rtcp-mux",
            *(line for line in model.lines if line.startswith(transport)),
            *(line for line in offered.lines if _BY_TYPE.match(line) or line.startswith("a=sctp-port")),
        ]
        section.port = "9"

"""Session descriptions: accept only the sound of an offer, whatever the video in it is. Pure.

aiortc refuses an offer whose video codecs it does not know, and a streamer that bundles everything on the
video section (``max-bundle``) refuses an answer that rejects it. So an unwanted section is shown to aiortc
with one payload type under the name of a codec it knows, aiortc answers ``a=inactive``, and the offer's own
names are put back into that answer (PROTOCOL.md in pixelstreaming, "Sound without the picture"). Attributes
aiortc does not need, and candidates other than UDP, are left out, as it could fail on them.

An offer is a stranger's text: its size, its sections, and the number of each attribute are bounded before
anything of it is copied, because aiortc's own work grows with the square of what it gets.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from ravatard.cloud.webrtc.bounds import (
    LONGEST_LINE,
    MOST_SECTIONS,
    attribute,
    bounded,
    refuse_large,
    too_much,
)
from ravatard.cloud.webrtc.ice import RemoteAddress, parse_candidate
from ravatard.errors import LinkError

#: Request to the encoder: mono, and the copy of the last packet with which :mod:`jitter` fills gaps.
_OPUS_PARAMETERS = "minptime=10;useinbandfec=1;stereo=0"
#: Payload types aiortc leaves alone.
_DYNAMIC = range(96, 128)
_STAND_IN_TYPE = "127"
_STAND_IN = {"video": "VP8/90000", "audio": "opus/48000/2"}
#: Payload formats that only carry or repair another one.
_AUXILIARY = frozenset({"rtx", "red", "ulpfec", "flexfec-03", "telephone-event", "cn"})
_DIRECTIONS = frozenset({"sendrecv", "sendonly", "recvonly", "inactive"})
#: Attributes of a whole transport; a section bundled with another may leave them to that one.
_TRANSPORT = ("ice-ufrag", "ice-pwd", "fingerprint", "setup", "rtcp-mux")
_SHOWN_SESSION = frozenset({"group", "msid-semantic", "ice-lite", "ice-options", *_TRANSPORT})
_SHOWN = frozenset(
    {"mid", "rtcp", "ice-options", "extmap", "candidate", "sctp-port", "sctpmap", "max-message-size"}
    | _DIRECTIONS
    | set(_TRANSPORT)
)
_TIED_TO_FORMAT = frozenset({"rtpmap", "fmtp", "rtcp-fb"})
_TIED_TO_SENDER = frozenset({"ssrc", "ssrc-group", "msid"})


@dataclass(frozen=True, slots=True)
class AudioOffer:
    """Offer, ready for aiortc.

    Attributes:
        shown: the offer as aiortc gets it.
        transport: identity of the streamer's transport (its ICE user name); renegotiation keeps it.
        audio_mid: the section whose sound is wanted.
        first_mid: the section that candidates are for, or None when sections are not bundled.
        declined: for the number of each unwanted section: the payload type and the attribute lines to put
            back.
        candidates: hosts and ports of the candidates in it.
    """

    shown: str = field(repr=False)
    transport: str = field(repr=False)
    audio_mid: str
    first_mid: str | None
    declined: dict[int, tuple[str, tuple[str, ...]]] = field(repr=False)
    candidates: frozenset[tuple[str, int]] = frozenset()


@dataclass(slots=True)
class _Section:
    kind: str
    port: str
    profile: str
    formats: list[str]
    lines: list[str]

    def values(self, name: str) -> list[str]:
        return [value for found, value in map(attribute, self.lines) if found == name]

    def format_named(self, *names: str, exclude: frozenset[str] = frozenset()) -> str | None:
        """Return the first payload type with an encoding in ``names`` (any, if empty), not in ``exclude``."""
        encodings = {}
        for value in self.values("rtpmap"):
            number, _, encoding = value.partition(" ")
            encodings[number] = encoding.partition("/")[0].strip().lower()
        for number in self.formats:
            encoding = encodings.get(number, "")
            if encoding not in exclude and (not names or encoding in names):
                return number
        return None

    def head(self, formats: list[str]) -> str:
        return f"m={self.kind} {self.port} {self.profile} {' '.join(formats)}"


def prepare(sdp: str, admitted: Callable[[RemoteAddress], bool] = lambda _address: True) -> AudioOffer:
    """Read an offer.

    Args:
        sdp: the offer.
        admitted: True for a candidate that may be connected to; others are left out.

    Raises:
        LinkError: it has no Opus sound, is too large, or is no offer at all.
    """
    refuse_large(sdp)
    session, sections = _split(sdp)
    if len(sections) > MOST_SECTIONS:
        raise too_much(f"{len(sections)} sections, more than {MOST_SECTIONS}")
    session = bounded(session)
    for section in sections:
        section.lines = [one for one in bounded(section.lines) if _is_admitted(one, admitted)]
    wanted = next(
        (number for number, one in enumerate(sections) if one.kind == "audio" and _opus_type(one)), None
    )
    if wanted is None:
        kinds = ", ".join(one.kind[:20] for one in sections[:8]) or "nothing"
        raise LinkError(f"the stream offers no sound that can be played (it offers {kinds}; Opus is needed)")
    bundle = _bundle(session)
    lender = next((one for one in sections if one.values("mid")[:1] == bundle[:1]), None) if bundle else None
    lines = [line for line in session if _shown_in_session(line)]
    declined = {}
    for number, section in enumerate(sections):
        shown, put_back = _shown_section(section, wanted=number == wanted)
        if put_back is not None:
            declined[number] = put_back
        lines += shown + _missing(section, session, lender)
    return AudioOffer(
        shown=_joined(lines),
        transport=" ".join(_ufrags(session, sections)),
        audio_mid=_mid(sections[wanted]),
        first_mid=bundle[0] if bundle else None,
        declined=declined,
        candidates=frozenset(
            (address.host, address.port)
            for section in sections
            for value in section.values("candidate")
            if (address := parse_candidate(value)) is not None
        ),
    )


def finish(offer: AudioOffer, answer: str) -> str:
    """Turn aiortc's answer to ``offer.shown`` into the answer for the streamer."""
    session, sections = _split(answer)
    lines = list(session)
    for number, section in enumerate(sections):
        if number in offer.declined:
            kept, attributes = offer.declined[number]
            gone = _TIED_TO_FORMAT | _TIED_TO_SENDER | _DIRECTIONS
            rest = [line for line in section.lines if attribute(line)[0] not in gone]
            lines += [section.head([kept]), *rest, "a=inactive", *attributes]
        elif section.kind == "audio":
            rest = [line for line in section.lines if attribute(line)[0] != "fmtp"]
            parameters = [f"a=fmtp:{kind} {_OPUS_PARAMETERS}" for kind in section.formats]
            lines += [section.head(section.formats), *rest, *parameters]
        else:
            lines += [section.head(section.formats), *section.lines]
    return _joined(lines)


def candidates(answer: str) -> list[tuple[str, str, int, str]]:
    """Return our addresses in an answer: candidate, mid, number of the section, ICE user name; each once."""
    _, sections = _split(answer)
    found: dict[str, tuple[str, str, int, str]] = {}
    for number, section in enumerate(sections):
        name = next(iter(section.values("ice-ufrag")), "")
        for value in section.values("candidate"):
            found.setdefault(value, (f"candidate:{value}", _mid(section), number, name))
    return list(found.values())


def without_passwords(sdp: str) -> str:
    """Return ``sdp`` on one line for the log, its ICE passwords masked."""
    lines = ["a=ice-pwd:…" if attribute(line)[0] == "ice-pwd" else line for line in sdp.splitlines()]
    return " | ".join(line for line in lines if line)


def _is_admitted(line: str, admitted: Callable[[RemoteAddress], bool]) -> bool:
    name, value = attribute(line)
    if name != "candidate":
        return True
    address = parse_candidate(value)
    return address is not None and admitted(address)


def _split(sdp: str) -> tuple[list[str], list[_Section]]:
    session: list[str] = []
    sections: list[_Section] = []
    for line in (one.rstrip() for one in sdp.replace("\r\n", "\n").split("\n")):
        if line.startswith("m="):
            if len(line) > LONGEST_LINE:
                raise too_much(f"a media line of {len(line)} characters")
            words = line[2:].split()
            if len(words) < 4:
                raise LinkError("the stream's description cannot be read (a media line is cut short)")
            sections.append(_Section(words[0], words[1], words[2], words[3:], []))
        elif line:
            (sections[-1].lines if sections else session).append(line)
    return session, sections


def _bundle(session: list[str]) -> list[str]:
    for line in session:
        name, value = attribute(line)
        words = value.split()
        if name == "group" and words[:1] == ["BUNDLE"]:
            return words[1:]
    return []


def _mid(section: _Section) -> str:
    return next(iter(section.values("mid")), "")


def _ufrags(session: list[str], sections: list[_Section]) -> list[str]:
    found = [value for name, value in map(attribute, session) if name == "ice-ufrag"]
    return sorted({*found, *(value for section in sections for value in section.values("ice-ufrag"))})


def _opus_type(section: _Section) -> str | None:
    kind = section.format_named("opus")
    return kind if kind is not None and kind.isdecimal() and int(kind) in _DYNAMIC else None


def _shown_in_session(line: str) -> bool:
    return line[:2] in ("v=", "o=", "s=", "t=") or attribute(line)[0] in _SHOWN_SESSION


def _shown_section(
    section: _Section, *, wanted: bool
) -> tuple[list[str], tuple[str, tuple[str, ...]] | None]:
    """Return the lines for aiortc, and for an unwanted section the values to put back into its answer."""
    rest = [line for line in section.lines if _is_shown(line)]
    if section.kind not in _STAND_IN:
        return [section.head(section.formats), *rest], None
    if wanted:
        kind = _opus_type(section) or _STAND_IN_TYPE
        sender = [line for line in section.lines if attribute(line)[0] == "msid"]
        return [section.head([kind]), *rest, *sender, f"a=rtpmap:{kind} {_STAND_IN['audio']}"], None
    kept = section.format_named(exclude=_AUXILIARY) or section.formats[0]
    attributes = tuple(
        line
        for line in section.lines
        if attribute(line)[0] in ("rtpmap", "fmtp") and attribute(line)[1].split(" ")[0] == kept
    )
    stand_in = f"a=rtpmap:{_STAND_IN_TYPE} {_STAND_IN[section.kind]}"
    return [section.head([_STAND_IN_TYPE]), *rest, stand_in], (kept, attributes)


def _is_shown(line: str) -> bool:
    name, value = attribute(line)
    if name == "extmap":
        return len(value.split()) == 2
    return name in _SHOWN


def _missing(section: _Section, session: list[str], lender: _Section | None) -> list[str]:
    """Return the transport's attributes that ``section`` leaves to the section it is bundled with."""
    if lender is None or lender is section:
        return []
    general = {attribute(line)[0] for line in session}
    names = [name for name in _TRANSPORT if name not in general and not section.values(name)]
    if section.kind not in _STAND_IN:
        names = [name for name in names if name != "rtcp-mux"]
    return [line for line in lender.lines if attribute(line)[0] in names]


def _joined(lines: list[str]) -> str:
    return "".join(f"{line}\r\n" for line in lines)

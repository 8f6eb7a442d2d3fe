"""Control protocol: requests to a running appliance and replies, as lines of JSON; independent of sockets.

One request a line, at most :data:`LINE_LIMIT_BYTES`; one reply a line. A request is an object whose ``do`` is

==================  ================  ==========================================================
``do``              with              effect
==================  ================  ==========================================================
``status``                            one reply with ``status``
``watch``                             such a reply now and at every change, until the client leaves
``mute``                              the capture device closed; answered when it is
``unmute``                            the capture device open; answered when it is
``toggle-mute``                       the other of both
``say``             ``text``          something said in writing
``press``           ``ms`` (0)        the button pressed, and released after ``ms`` milliseconds
``volume``          ``percent``       the answers at this loudness, in percent of full
``volume``          ``by``            the answers louder (``by`` > 0) or softer by so many percent of full
``upload``          ``upload``,       the next part of a file to play, in base64, under a name of the client's
                    ``data``
``play``            ``url``           something played to the room, from its address
``play``            ``upload``        something played to the room that was uploaded;
                                      both: with ``volume``, in percent of full
``restart-session``                   the live session ended; the next words start a new one
``reload``                            the configuration read anew
``restart``                           the daemon ended, for its service manager to start it again; refused
                                      where nothing would
==================  ================  ==========================================================

A reply has ``ok``: with true, ``says`` is a sentence for people; with false, ``error`` is one.
"""

from __future__ import annotations

import base64
import json
import math
import re
import unicodedata
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Any, Protocol

from ravatard.core.control.lines import line_of
from ravatard.core.events import MuteAsked, RestartSessionAsked, TextGiven, VolumeAsked
from ravatard.errors import RavatardError

#: A line that is longer is refused; the longest text allowed fits in several times.
LINE_LIMIT_BYTES = 65_536
#: Longest text; a service's own limit may be lower.
TEXT_LIMIT = 4_000
#: The longest utterance allowed is shorter than that.
PRESS_LIMIT_MS = 120_000
#: As loud as it can be, in percent.
FULL_VOLUME = 100

#: Why a daemon that no service manager started is not restarted.
STARTED_BY_HAND = "ravatard was started by hand: end it and start it again there"

#: Longest address of something to play.
URL_LIMIT = 2_048
_URL = re.compile(r"(?i:https?)://[^\s\x00-\x1f\x7f\ud800-\udfff]+")
_UPLOAD = re.compile(r"[A-Za-z0-9]{16,64}")

#: Control characters; halves of surrogate pairs, which JSON can express but UTF-8 cannot.
_UNSPEAKABLE = ("Cc", "Cs")


class BadRequest(RavatardError):
    """A request cannot be understood; the message says what is wrong with it."""


@dataclass(frozen=True, slots=True)
class StatusRequest:
    """Request for the status."""


@dataclass(frozen=True, slots=True)
class WatchRequest:
    """Request for the status, now and at every change."""


@dataclass(frozen=True, slots=True)
class PressRequest:
    """Request to press the button and release it ``ms`` milliseconds later."""

    ms: float


@dataclass(frozen=True, slots=True)
class ReloadRequest:
    """Request to read the configuration anew."""


@dataclass(frozen=True, slots=True)
class RestartRequest:
    """Request to end the daemon, for its service manager to start it again."""


@dataclass(frozen=True, slots=True)
class UploadRequest:
    """Request to keep the next part of a file that is to be played.

    Attributes:
        name: the client's name for the file.
        data: the part.
    """

    name: str
    data: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class PlayRequest:
    """Request to play something to the room.

    Attributes:
        url: its address; "" when it was uploaded.
        upload: name under which it was uploaded; "" when it has an address.
        volume: percent of full; None: as loud as answers.
    """

    url: str = field(default="", repr=False)
    upload: str = ""
    volume: int | None = None


Request = (
    StatusRequest
    | UploadRequest
    | PlayRequest
    | WatchRequest
    | PressRequest
    | ReloadRequest
    | RestartRequest
    | MuteAsked
    | TextGiven
    | VolumeAsked
    | RestartSessionAsked
)


class ControlHandler(Protocol):
    """Handler of control requests."""

    def answers(self, line: bytes) -> AsyncGenerator[bytes, None]:
        """Yield the replies to the request in ``line``, each a whole line; endless for a watch request.

        Cancelling is safe at any time.
        """
        ...


async def first_reply(handler: ControlHandler, line: bytes) -> dict[str, Any] | None:
    """Return the first reply to the request in ``line`` as plain data; None when there is none."""
    async with aclosing(handler.answers(line)) as replies:
        async for reply in replies:
            found: dict[str, Any] = json.loads(reply)
            return found
    return None


Fields = Mapping[str, Any]


def _text(fields: Fields) -> Request:
    text = fields.get("text")
    if not isinstance(text, str):
        raise BadRequest("say needs a string as its text")
    words = " ".join(text.split())
    if not words:
        raise BadRequest("say needs a text that is not empty")
    if len(words) > TEXT_LIMIT:
        raise BadRequest(f"say takes at most {TEXT_LIMIT} characters, not {len(words)}")
    if any(unicodedata.category(one) in _UNSPEAKABLE for one in words):
        raise BadRequest("say takes no control characters and no halves of surrogate pairs")
    return TextGiven(words)


def _press(fields: Fields) -> Request:
    ms = fields.get("ms", 0)
    if isinstance(ms, bool) or not isinstance(ms, int | float):
        raise BadRequest("press needs a number as its ms")
    if not 0 <= ms <= PRESS_LIMIT_MS or math.isnan(ms):
        raise BadRequest(f"press takes ms from 0 to {PRESS_LIMIT_MS}")
    return PressRequest(ms)


def _percent(do: str, name: str, number: object, lowest: int = 0) -> int:
    """Return the field ``name`` of a request ``do``, in percent of full.

    Raises:
        BadRequest: it is no whole number from ``lowest`` to full.
    """
    if isinstance(number, bool) or not isinstance(number, int):
        raise BadRequest(f"{do} needs a whole number as its {name}")
    if not lowest <= number <= FULL_VOLUME:
        raise BadRequest(f"{do} takes {name} from {lowest} to {FULL_VOLUME}")
    return number


def _volume(fields: Fields) -> Request:
    if len(fields) != 1:
        raise BadRequest("volume needs either percent or by")
    ((name, number),) = fields.items()
    relative = name == "by"
    lowest = -FULL_VOLUME if relative else 0
    return VolumeAsked(_percent("volume", name, number, lowest), relative=relative)


def _upload(fields: Fields) -> Request:
    name, data = fields.get("upload"), fields.get("data")
    if not isinstance(name, str) or _UPLOAD.fullmatch(name) is None:
        raise BadRequest("upload needs 16 to 64 letters and digits as its name")
    try:
        part = base64.b64decode(data, validate=True) if isinstance(data, str) else b""
    except ValueError:
        part = b""
    if not part:
        raise BadRequest("upload needs base64 as its data")
    return UploadRequest(name, part)


def _play(fields: Fields) -> Request:
    url, upload, volume = fields.get("url"), fields.get("upload"), fields.get("volume")
    if (url is None) is (upload is None):
        raise BadRequest("play needs either a url or an upload")
    if volume is not None:
        volume = _percent("play", "volume", volume)
    if upload is not None:
        if not isinstance(upload, str) or _UPLOAD.fullmatch(upload) is None:
            raise BadRequest("play needs the name of an upload")
        return PlayRequest(upload=upload, volume=volume)
    if not isinstance(url, str) or len(url) > URL_LIMIT or _URL.fullmatch(url) is None:
        raise BadRequest(f"play needs an http or https address of at most {URL_LIMIT} characters")
    return PlayRequest(url, volume=volume)


#: For each ``do``: the names of its other fields, and how they become a request.
_FORMS: Mapping[str, tuple[frozenset[str], Callable[[Fields], Request]]] = {
    "status": (frozenset(), lambda _: StatusRequest()),
    "watch": (frozenset(), lambda _: WatchRequest()),
    "mute": (frozenset(), lambda _: MuteAsked(True)),
    "unmute": (frozenset(), lambda _: MuteAsked(False)),
    "toggle-mute": (frozenset(), lambda _: MuteAsked(None)),
    "say": (frozenset({"text"}), _text),
    "press": (frozenset({"ms"}), _press),
    "volume": (frozenset({"percent", "by"}), _volume),
    "upload": (frozenset({"upload", "data"}), _upload),
    "play": (frozenset({"url", "upload", "volume"}), _play),
    "restart-session": (frozenset(), lambda _: RestartSessionAsked()),
    "reload": (frozenset(), lambda _: ReloadRequest()),
    "restart": (frozenset(), lambda _: RestartRequest()),
}


def decode(line: bytes) -> Request:
    """Return the request in one line. An error repeats nothing of it: it may be speech.

    Raises:
        BadRequest: it is no request.
    """
    if len(line) > LINE_LIMIT_BYTES:
        raise BadRequest(f"a request is at most {LINE_LIMIT_BYTES} bytes long")
    try:
        asked = json.loads(line)
    except (ValueError, RecursionError):
        raise BadRequest('a request is one line of JSON, for example {"do": "status"}') from None
    if not isinstance(asked, dict) or not isinstance(asked.get("do"), str):
        raise BadRequest('a request is an object with a "do", for example {"do": "status"}')
    form = _FORMS.get(asked.pop("do"))
    if form is None:
        raise BadRequest(f'"do" is one of {", ".join(_FORMS)}')
    names, made = form
    if not asked.keys() <= names:
        wanted = f"takes only {', '.join(sorted(names))}" if names else "takes nothing"
        raise BadRequest(f'this request {wanted} besides "do"')
    return made(asked)


def agreed(says: str, **more: Any) -> bytes:
    """Return the reply to a request that was carried out."""
    return line_of({"ok": True, "says": says, **more})


def refused(error: str, **more: Any) -> bytes:
    """Return the reply to a request that was not carried out."""
    return line_of({"ok": False, "error": error, **more})

"""Commands that come by MQTT, as requests of the control protocol, which has the one validator."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from ravatard.core.control.lines import line_of
from ravatard.core.control.protocol import BadRequest

#: Bytes; the longest text allowed has 4,000 characters of at most four bytes.
PAYLOAD_LIMIT = 16_384
#: The words of a switch.
_SWITCH = {"on": "mute", "off": "unmute", "toggle": "toggle-mute"}


@dataclass(frozen=True, slots=True)
class HostCommand:
    """Command that no request of the control protocol is for: ``update``."""


def _mute(payload: str) -> bytes:
    do = _SWITCH.get(payload.strip().lower())
    if do is None:
        raise BadRequest("mute takes ON, OFF or TOGGLE")
    return line_of({"do": do})


def _volume(payload: str) -> bytes:
    try:
        # Home Assistant writes 55 or 55.0.
        percent = float(payload)
        whole = int(percent)
    except (ValueError, OverflowError):
        raise BadRequest("volume takes a whole number from 0 to 100") from None
    if whole != percent:
        raise BadRequest("volume takes a whole number from 0 to 100")
    return line_of({"do": "volume", "percent": whole})


def _say(payload: str) -> bytes:
    return line_of({"do": "say", "text": payload})


def _press(payload: str) -> bytes:
    fields: Any = {}
    if payload.strip().startswith("{"):
        try:
            fields = json.loads(payload)
        except (ValueError, RecursionError):
            raise BadRequest('press takes {"ms": 0} or a word') from None
    if not fields.keys() <= {"ms"}:
        raise BadRequest("press takes only ms")
    if not all(isinstance(one, int | float) for one in fields.values()):
        # Also lists within lists, so deep that they can be read and not written.
        raise BadRequest("press takes a number as its ms")
    try:
        return line_of({"do": "press", **fields})
    except ValueError:
        raise BadRequest("press takes a number as its ms") from None


_FORMS: Mapping[str, Callable[[str], bytes | HostCommand]] = {
    "mute": _mute,
    "volume": _volume,
    "say": _say,
    "press": _press,
    "restart-session": lambda _: line_of({"do": "restart-session"}),
    "restart": lambda _: line_of({"do": "restart"}),
    "update": lambda _: HostCommand(),
}


def command_of(name: str, payload: bytes) -> bytes | HostCommand:
    """Return the line of the control protocol for a command, or what is the host's.

    The line may still be refused: what it says is not looked at here. An error repeats nothing of the
    payload, which may be speech.

    Args:
        name: level of the topic before ``set``.
        payload: as it came.

    Raises:
        BadRequest: it is no command.
    """
    form = _FORMS.get(name)
    if form is None:
        raise BadRequest(f"there are the commands {', '.join(_FORMS)}")
    if not payload:
        # A broker passes it on to its present subscribers without the mark of a retained message.
        raise BadRequest(
            "an empty command is refused: it clears a retained one; write any word, such as PRESS"
        )
    if len(payload) > PAYLOAD_LIMIT:
        raise BadRequest(f"a command has at most {PAYLOAD_LIMIT} bytes")
    try:
        text = payload.decode()
    except UnicodeDecodeError:
        raise BadRequest("a command is text in UTF-8") from None
    return form(text)

"""Messages between the appliances of a room: one line of JSON each."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from enum import Enum, unique

#: Bytes; what is longer is none of ours.
LONGEST = 256
_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")


@unique
class RoomVerb(Enum):
    """Statement of a message."""

    HELLO = "hello"
    """I have come; who is here?"""
    HERE = "here"
    """I am."""
    CLAIM = "claim"
    """I heard words, and answer them."""
    RENEW = "renew"
    """I still do."""
    RELEASE = "release"
    """I am done."""


@unique
class Opener(Enum):
    """Reason for a claim."""

    VOICE = "voice"
    """A voice, or a wake word, that the others may hear as well."""
    BUTTON = "button"
    """A press: a person has chosen this appliance."""
    TEXT = "text"
    """A written text, or an answer that was not asked for: the others hear the answer alone."""


@dataclass(frozen=True, slots=True)
class RoomMessage:
    """One message.

    Attributes:
        id: of the appliance that sent it.
        verb: its statement.
        by: why, of a claim.
    """

    id: str
    verb: RoomVerb
    by: Opener = Opener.VOICE

    def encoded(self) -> bytes:
        """Return it as it is sent."""
        fields = {"id": self.id, "do": self.verb.value, "by": self.by.value}
        return json.dumps(fields, separators=(",", ":")).encode()


def room_message(data: bytes) -> RoomMessage | None:
    """Return the message in ``data``; None if it is none."""
    if len(data) > LONGEST:
        return None
    try:
        fields = json.loads(data)
        sender, verb, by = fields["id"], RoomVerb(fields["do"]), Opener(fields.get("by", "voice"))
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
        return None
    if not isinstance(sender, str) or not _ID.fullmatch(sender):
        return None
    return RoomMessage(sender, verb, by)

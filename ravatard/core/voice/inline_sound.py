"""Sound that comes as base64 inside a message."""

from __future__ import annotations

import binascii
import string
from urllib.parse import unquote

#: RFC 4648 section 5: the URL-safe alphabet means the same bytes.
_STANDARD_ALPHABET = bytes.maketrans(b"-_", b"+/")
_DIGITS = (string.ascii_letters + string.digits + "+/=").encode()
_EITHER_ALPHABET = _DIGITS.decode() + "-_"
_BLANKS = b" \t\r\n\v\f\x1c\x1d\x1e\x1f"
#: Characters of base64 that are decoded at once.
_PIECE = 1 << 16


def inline_sound(value: str) -> bytes:
    """Decode base64 sound, in either alphabet; it may be a ``data:`` URI, have blanks, or lack its padding.

    Raises:
        ValueError: it is something else; the text is for people.
    """
    if value[:100].lstrip()[:5].casefold() == "data:":
        value = unquote(value.partition(",")[2])
    made, held, ended = bytearray(), b"", False
    # In pieces: other threads run between them, the event loop's among them.
    for at in range(0, len(value), _PIECE):
        digits, padding, rest = _base64_digits(value[at : at + _PIECE]).partition(b"=")
        if rest.strip(b"=") or (ended and digits):
            raise ValueError("'=' is no character of base64")
        held += digits
        ended = ended or bool(padding)
        whole = len(held) - len(held) % 4
        made += binascii.a2b_base64(held[:whole])
        held = held[whole:]
    if len(held) == 1:
        raise ValueError("its base64 lacks its end")
    return bytes(made + binascii.a2b_base64(held + b"=" * (-len(held) % 4)))


def _base64_digits(text: str) -> bytes:
    """Return the digits in ``text`` and its padding, in the standard alphabet.

    Raises:
        ValueError: there is another character in it.
    """
    if not text.isascii():
        text = "".join(text.split())
    if text.isascii():
        digits = text.encode().translate(_STANDARD_ALPHABET, _BLANKS)
        if not digits.translate(None, _DIGITS):
            return digits
    foreign = next(one for one in text if not one.isspace() and one not in _EITHER_ALPHABET)
    raise ValueError(f"{foreign!a} is no character of base64")

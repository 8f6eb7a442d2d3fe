"""Recognition of text among answers' files: a web page or JSON in place of the sound; no I/O."""

from __future__ import annotations

import codecs
import re

#: A document type, a comment, an element or an XML declaration.
_MARKUP = re.compile(rb"<(?:[A-Za-z!?/])")
_CONTROL = re.compile(rb"[\x00-\x08\x0b\x0e-\x1a\x1c-\x1f\x7f]")
#: Beginnings of sound that could be text, in a file that is cut off right after them.
_SOUND = (b"OggS", b"fLaC", b"ID3", b"RIFF", b"FORM", b"ADIF", b"#!AMR")
_UTF_16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


def text_kind(head: bytes) -> str | None:
    """Return in words what a text file that begins with ``head`` is; None if it is no text.

    No format of sound begins with a dozen bytes of text: each has zeros, other control characters, or bytes
    that are no UTF-8, in its first few.
    """
    if head.startswith(_UTF_16):
        # Also the beginning of rare MPEG frames: text only if every other byte of it is zero.
        half = head[2:][int(head.startswith(_UTF_16[0])) :: 2]
        if half and not any(half):
            head = bytes(byte for byte in head[2:] if byte)
    written = head.removeprefix(codecs.BOM_UTF8).lstrip()
    if not written or head.startswith(_SOUND) or _CONTROL.search(written):
        return None
    if _MARKUP.match(written):
        return "a web page"
    if written[:1] in (b"{", b"["):
        return "JSON"
    return "text" if _is_utf_8(written) else None


def _is_utf_8(head: bytes) -> bool:
    try:
        # A character that is cut off at the end is no mistake.
        codecs.getincrementaldecoder("utf-8")().decode(head)
    except UnicodeDecodeError:
        return False
    return True

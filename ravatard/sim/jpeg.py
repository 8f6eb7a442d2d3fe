"""Pictures of the avatar: one grey JPEG (ITU-T T.81, baseline), padded to a size with comments."""

from __future__ import annotations

import struct

_BLOCK = 8
_WIDTH, _HEIGHT = 160, 90
#: Quantiser of the DC coefficient: one step is one grey level.
_STEP = 8
#: Bits of the first block's difference from 128: it is 64 to 127, up or down.
_CATEGORY = 7
_LONGEST_COMMENT = 65_533
_COMMENT = 0xFE


def grey_jpeg(level: int, size_bytes: int) -> bytes:
    """Return a JPEG of one grey ``level``: 1 to 64 (dark) or 192 to 255 (bright).

    It has ``size_bytes``, or up to four fewer, and never fewer than some 300.
    """
    quantisers = bytes([_STEP]) + bytes([1]) * 63
    blocks = -(-_WIDTH // _BLOCK) * -(-_HEIGHT // _BLOCK)
    head = _segment(0xE0, b"JFIF\0\1\1\0" + struct.pack(">HHBB", 1, 1, 0, 0)) + _segment(
        0xDB, b"\0" + quantisers
    )
    head += _segment(0xC0, struct.pack(">BHHB", 8, _HEIGHT, _WIDTH, 1) + b"\1\x11\0")
    # Two DC codes: "0" for no difference, "10" for the first. One AC code: "0", end of block.
    head += _segment(0xC4, b"\0" + bytes([1, 1] + [0] * 14) + bytes([0, _CATEGORY]))
    head += _segment(0xC4, b"\x10" + bytes([1] + [0] * 15) + b"\0")
    scan = _segment(0xDA, b"\1\1\0\0\x3f\0") + _scan(level - 128, blocks)
    missing = size_bytes - len(head) - len(scan) - 4
    return b"\xff\xd8" + head + _padding(missing) + scan + b"\xff\xd9"


def _scan(difference: int, blocks: int) -> bytes:
    size = difference if difference > 0 else difference + (1 << _CATEGORY) - 1
    bits = "10" + format(size, f"0{_CATEGORY}b") + "0" + "00" * (blocks - 1)
    bits += "1" * (-len(bits) % 8)
    raw = int(bits, 2).to_bytes(len(bits) // 8, "big")
    return raw.replace(b"\xff", b"\xff\0")


def _padding(missing: int) -> bytes:
    segments: list[bytes] = []
    while missing > 4:
        length = min(missing - 4, _LONGEST_COMMENT)
        segments.append(_segment(_COMMENT, bytes(length)))
        missing -= length + 4
    return b"".join(segments)


def _segment(marker: int, content: bytes) -> bytes:
    return struct.pack(">BBH", 0xFF, marker, len(content) + 2) + content

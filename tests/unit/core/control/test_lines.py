"""Lines of the control protocol, and the parts of a file that is sent by it."""

from __future__ import annotations

import base64

from ravatard.core.control.lines import PART_BYTES, line_of, upload_parts
from ravatard.core.control.protocol import decode


def test_a_file_is_sent_in_parts_that_fit_a_request() -> None:
    sound = bytes(range(256)) * 400

    parts = list(upload_parts("0123456789abcdef", sound))

    assert b"".join(base64.b64decode(one["data"]) for one in parts) == sound
    assert len(parts) == -(-len(sound) // PART_BYTES)
    for one in parts:
        line = line_of({"do": "upload", **one})
        assert len(line) <= 64 * 1024
        decode(line)

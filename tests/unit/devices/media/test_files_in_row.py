"""Files in a row on one descriptor: MP4 files are taken apart, everything else is left whole."""

from __future__ import annotations

import os
import struct
from io import BytesIO
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ravatard.devices.media.files_in_row import files_on


def box(name: bytes, body: bytes = b"", size: int | None = None) -> bytes:
    return struct.pack(">I4s", len(body) + 8 if size is None else size, name) + body


FTYP = box(b"ftyp", b"isom\0\0\0\0isom")
INDEX_FIRST = FTYP + box(b"moov", bytes(19)) + box(b"mdat", b"s" * 300)
INDEX_LAST = FTYP + box(b"free") + box(b"mdat", b"p" * 300) + box(b"moov", bytes(19))
LONG_BOX = FTYP + box(b"moov") + struct.pack(">I4sQ", 1, b"mdat", 16 + 40) + b"l" * 40
FRAGMENTS = (
    FTYP + box(b"moov") + box(b"moof", bytes(9)) + box(b"mdat", b"f" * 50) + box(b"moof") + box(b"mdat")
)
WITHOUT_END = FTYP + box(b"moov") + box(b"mdat", b"ftyp" * 40, size=0)


WAV = b"RIFF\xff\xff\xff\xffWAVEfmt " + b"RIFF\x1aR" * 50
WEBM = (
    b"\x1aE\xdf\xa3\x9fB\x86\x81\x01B\xf7\x81\x01B\xf2\x81\x04B\xf3\x81\x08B\x82\x84webm"
    + (b"\x1aE\xdf\xa3" + bytes(60)) * 9
)


def files(content: bytes, tmp_path: Path, count: int) -> list[bytes]:
    """Return the files in ``content``, each read in pieces of ``count`` bytes."""
    path = tmp_path / "answer"
    path.write_bytes(content)
    fd = os.open(path, os.O_RDONLY)
    try:
        read = []
        for file in files_on(fd):
            pieces = []
            while piece := file.read(count):
                assert len(piece) <= count
                pieces.append(piece)
            read.append(b"".join(pieces))
        return read
    finally:
        os.close(fd)


@pytest.mark.parametrize("count", [1, 7, 64, 8_192])
def test_mp4_files_in_a_row_are_taken_apart(tmp_path: Path, count: int) -> None:
    row = [INDEX_FIRST, INDEX_LAST, LONG_BOX, FRAGMENTS, INDEX_LAST, INDEX_FIRST]

    assert files(b"".join(row), tmp_path, count) == row


@pytest.mark.parametrize("count", [1, 7, 64, 8_192])
@pytest.mark.parametrize("one", [WAV, WEBM])
def test_other_files_in_a_row_are_taken_apart_at_their_first_bytes(
    tmp_path: Path, one: bytes, count: int
) -> None:
    # Of every length, so that a beginning stands across the border of two pieces that were read.
    row = [one + bytes(length) for length in (0, 1, 5, 8_192 - len(one) - 6, 30, 8_192 * 2)]

    assert files(b"".join(row), tmp_path, count) == row


@pytest.mark.parametrize(
    "one",
    [
        WAV + WEBM,
        WAV + WAV[:11],
        WEBM + WEBM[:20],
        b"OggS" + bytes(40) + b"OggS" + bytes(40),
        b"ID3\x04" + INDEX_FIRST + INDEX_LAST,
        WITHOUT_END + INDEX_FIRST,
        INDEX_FIRST + box(b"free", size=7) + INDEX_LAST,
        INDEX_FIRST + b"\0\0",
        FTYP[:5],
        FTYP,
        INDEX_FIRST[:-100],
        FTYP + box(b"moov") + struct.pack(">I4s", 1, b"mdat") + b"cut",
    ],
)
def test_what_is_one_file_stays_one(tmp_path: Path, one: bytes) -> None:
    assert files(one, tmp_path, 64) == [one]


def test_nothing_holds_no_file(tmp_path: Path) -> None:
    assert files(b"", tmp_path, 64) == []


def test_the_rest_of_a_file_is_skipped_before_the_next(tmp_path: Path) -> None:
    path = tmp_path / "answer"
    path.write_bytes(INDEX_FIRST + FRAGMENTS)
    fd = os.open(path, os.O_RDONLY)
    row = files_on(fd)

    assert next(row).read(10) == INDEX_FIRST[:8]
    assert next(row).read(10) == FRAGMENTS[:8]

    os.close(fd)


def test_a_file_with_its_index_at_the_end_can_be_searched(tmp_path: Path) -> None:
    path = tmp_path / "answer"
    path.write_bytes(INDEX_LAST + INDEX_LAST)
    fd = os.open(path, os.O_RDONLY)

    assert [isinstance(file, BytesIO) for file in files_on(fd)] == [True, True]

    os.close(fd)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(st.sampled_from([INDEX_FIRST, INDEX_LAST, LONG_BOX, FRAGMENTS, WAV, WEBM]), max_size=4),
    st.binary(max_size=99),
)
def test_no_byte_of_a_row_is_lost(tmp_path: Path, row: list[bytes], behind: bytes) -> None:
    content = b"".join(row) + behind

    assert b"".join(files(content, tmp_path, 97)) == content

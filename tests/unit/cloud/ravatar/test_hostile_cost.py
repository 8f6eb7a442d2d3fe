"""Replies and messages that are meant to cost time: none holds the loop, and costs grow linearly."""

from __future__ import annotations

import json
import random
import time
from collections.abc import Callable, Mapping

import pytest

from ravatard.cloud.foreign_json import each_field
from ravatard.cloud.ravatar import rest
from ravatard.cloud.ravatar.endings import check_ended
from ravatard.cloud.ravatar.history import history_reply
from ravatard.cloud.ravatar.licences import licences_in
from ravatard.cloud.ravatar.wire import received
from ravatard.cloud.reply_stream import BODY_LIMIT_BYTES
from ravatard.errors import RavatardError
from tests.assertions import assert_raises_only
from tests.growth import assert_linear
from tests.hostile.bodies import DAMAGED, FOREIGN, WHOLE

pytestmark = pytest.mark.usefixtures("uncollected")

#: Nothing from outside may hold the loop for longer, in the processor's time of this thread.
CEILING_S = 0.05

READERS: Mapping[str, Callable[[bytes], object]] = {
    "token": lambda body: rest.token_reply(200, body),
    "connection": lambda body: rest.connection_reply(200, body),
    "connection refused": lambda body: rest.connection_reply(404, body),
    "start": lambda body: rest.start_reply(200, body),
    "start refused": lambda body: rest.start_reply(503, body),
    "licences": licences_in,
    "end": lambda body: check_ended(200, body),
    "end refused": lambda body: check_ended(404, body),
    "history": lambda body: history_reply(200, body, None, ""),
    "socket": received,
    "socket, as text": lambda body: received(body.decode("utf-8", "replace")),
    "fields": lambda body: each_field(body, lambda _name, _value: None),
}

#: Beginning, what is repeated, and end.
REPEATED: Mapping[str, tuple[bytes, bytes, bytes]] = {
    "escaped quotes of a string without end": (b'"', b'\\"', b""),
    "escaped quotes in an object": (b'{"a":"', b'\\"', b""),
    "quotes": (b'{"a":NaN', b'"', b""),
    "empty strings": (b'["a"', b'"" ', b""),
    "backslashes": (b'{"a":', b"\\", b""),
    "unknown escapes": (b'{"a":"', b"\\x", b'"}'),
    "commas and blanks": (b'{"a":NaN', b"," + b" " * 40, b""),
    "blanks": (b'{"a":NaN,', b" ", b""),
    "commas": (b"[", b",", b""),
    "brackets": (b"", b"[", b""),
    "lists": (b"[", b"[],", b"0]"),
    "objects": (b"[", b"{},", b"NaN]"),
    "fractions": (b"[", b"1.5e1,", b"NaN]"),
    "long numbers": (b"[", b"9" * 300 + b",", b"0]"),
    "digits": (b'{"a":', b"9", b"}"),
    "an exponent": (b'{"a":1e', b"9", b"}"),
    "latin-1": (b'{"a":"', b"\xe9", b'"}'),
    "cut characters": (b'{"a":"', b"\xf0\x9f", b'"}'),
    "halves of surrogate pairs": (b'{"a":"', b"\\ud83d", b'"}'),
    "UTF-16": (b"\xff\xfe{\x00", b" \x00", b""),
    "NULs": (b"", b"\x00", b"{}"),
    "names of licences": (b"", b"LicenseId:", b""),
    "names and quotes": (b"", b'LicenseId:"', b""),
    "names and blanks": (b"", b"LicenseId" + b" " * 20, b""),
    "names and backslashes": (b"", b"LicenseId" + b"\\" * 4 + b'":', b""),
    "ids": (b"", b"LicenseId=a,", b""),
    "an id without end": (b"LicenseId=", b"a", b""),
    "ids of a list": (b'{"LicenseId":[', b"1,", b"1]}"),
    "ids of lists": (b"", b'LicenseIds:["a","b",', b""),
    "names in strings": (b'["', b'LicenseId=1","', b'"]'),
    "addresses of streams": (b"", b'streamingUrl:"https:' + b"a" * 4_000, b""),
    "characters that grow in lower case": (b"", "İLicenseId:a ".encode(), b""),
    "not found": (b'{"error":"', b"licence session expired ", b'"}'),
    "keys": (b'{"a":1', b',"k":NaN', b"}"),
    "markup": (b"", b"<", b""),
}


def repeated(kind: str, size: int) -> bytes:
    begin, piece, end = REPEATED[kind]
    return begin + piece * (size // len(piece)) + end


def read(reader: Callable[[bytes], object], body: bytes) -> None:
    with assert_raises_only(RavatardError):
        reader(body)


def cost_s(reader: Callable[[bytes], object], body: bytes) -> float:
    """The least processor time of three readings, each of a body that was not seen before."""
    times = []
    for number in range(3):
        fresh = body + b" " * number
        before = time.thread_time()
        read(reader, fresh)
        times.append(time.thread_time() - before)
        if times[-1] < CEILING_S / 2:
            break
    return min(times)


@pytest.mark.parametrize("kind", REPEATED)
def test_no_reply_holds_the_loop(kind: str) -> None:
    # The worst size may be somewhere below the limits.
    for size in (4_000, 16_000, 60_000, 250_000, BODY_LIMIT_BYTES):
        body = repeated(kind, size)
        for name, reader in READERS.items():
            assert cost_s(reader, body) < CEILING_S, f"{name}, {size} bytes"


@pytest.mark.parametrize("family", [*WHOLE, *DAMAGED, *FOREIGN])
def test_no_family_of_replies_holds_the_loop(family: str) -> None:
    families = {**WHOLE, **DAMAGED, **FOREIGN}
    chance = random.Random(7)
    for _ in range(3):
        fields = {"status": 200, "LicenseId": "lic-1", "jwt": "a.b.c", "answer": "Hello", "payload": []}
        body = families[family](chance, fields)[:BODY_LIMIT_BYTES]
        for name, reader in READERS.items():
            assert cost_s(reader, body) < CEILING_S, f"{name}: {body[:100]!r}"


@pytest.mark.parametrize("kind", REPEATED)
def test_the_cost_of_a_reply_grows_with_its_size(kind: str) -> None:
    # Beyond the limits costs fall; below them nothing may take quadratic time.
    assert_linear(
        lambda text: licences_in(text.encode("latin-1")), lambda size: repeated(kind, size).decode("latin-1")
    )


def test_an_answer_with_much_sound_and_an_odd_character_is_read() -> None:
    sound = "QUJD" * 300_000
    text = json.dumps({"answer": "it is", "file_base64_data": sound})

    for odd in (r"it\'s", r"\ud83d", "o\nk", r"\x41"):
        message = received(text.replace("it is", odd))

        assert len(getattr(message, "sound", b"")) == 900_000


def test_an_answer_without_end_is_cut() -> None:
    answer = received(json.dumps({"answer": "word " * 50_000, "request": "what " * 50_000}))

    assert 4_000 < len(getattr(answer, "text", "")) <= 20_000
    assert 4_000 < len(getattr(answer, "heard", "")) <= 20_000

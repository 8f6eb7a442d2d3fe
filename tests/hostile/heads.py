"""Status lines and headers that a service, or anything in front of it, may send."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence

Header = tuple[bytes, bytes]

RETRY_AFTER: Sequence[bytes] = (
    b"0",
    b"1",
    b"2",
    b"0.5",
    b"-1",
    b"1e999",
    b"NaN",
    b"",
    b" ",
    b"\xb2",
    b"soon",
    b"9" * 300,
    b"1, 2",
    b"Wed, 21 Oct 2015 07:28:00 GMT",
    b"Fri, 31 Feb 2031 25:61:61 GMT",
    b"1 Jan 2024 00:00:00 +99999999999999",
    b"Sun, 06 Nov 99999999999 08:49:37 GMT",
    b"Sunday, 06-Nov-94 08:49:37 GMT",
    b"\xff\xfe",
)

#: Name -> the headers of this family.
HEADERS: Mapping[str, Sequence[Header]] = {
    **{f"retry-after {value[:20]!r}": [(b"Retry-After", value)] for value in RETRY_AFTER},
    "two retry-afters": [(b"Retry-After", b"1"), (b"Retry-After", b"0")],
    "an old date": [(b"Date", b"Thu, 01 Jan 1970 00:00:00 GMT")],
    "a date that is none": [(b"Date", b"\xe9" * 90)],
    "cookies": [
        (b"Set-Cookie", b"c%d=%s; Path=/; Max-Age=99999999999" % (one, b"v" * 200)) for one in range(30)
    ],
    "cookies that are none": [
        (b"Set-Cookie", odd) for odd in (b"", b"=", b";;;", b"\xff=\xfe", b'a="b', b"a b=c")
    ],
    "cookies of no name": [(b"Set-Cookie", b"[]{}=1; expires=never; domain=.; samesite=what")],
    "a location": [(b"Location", b"/")],
    "a location in a loop": [(b"Location", b"?again=1")],
    "a location that is none": [(b"Location", b"http://[::1")],
    "a location elsewhere": [(b"Location", b"file:///etc/passwd")],
    "a long value": [(b"X-Long", b"x" * 7_000)],
    "many headers": [(b"X-%d" % number, b"1") for number in range(90)],
    "the same many times": [(b"Content-Type", b"text/html")] * 20,
    "a type that is none": [(b"Content-Type", b"/;=\xff; charset=\xfe")],
    "a charset of no meaning": [(b"Content-Type", b"application/json; charset=klingon")],
    "a charset of UTF-7": [(b"Content-Type", b"application/json; charset=utf-7")],
    "an encoding of no meaning": [(b"Content-Encoding", b"klingon")],
    "an encoding twice": [(b"Content-Encoding", b"gzip, gzip")],
    "gzip that is none": [(b"Content-Encoding", b"gzip")],
    "deflate that is none": [(b"Content-Encoding", b"deflate")],
    "br that is none": [(b"Content-Encoding", b"br")],
    "zstd that is none": [(b"Content-Encoding", b"zstd")],
    "identity": [(b"Content-Encoding", b"identity")],
    "an upgrade": [(b"Upgrade", b"h2c"), (b"Connection", b"Upgrade")],
    "keep-alive of no meaning": [
        (b"Keep-Alive", b"timeout=-1, max=zero"),
        (b"Connection", b"keep-alive, close"),
    ],
    "a server": [(b"Server", b"cloudflare")],
    "a server of many words": [(b"Server", b"\xe9\x1b[2J" + b"s" * 3_000)],
    "a challenge": [(b"WWW-Authenticate", b'Basic realm="\xff'), (b"Proxy-Authenticate", b"Negotiate")],
    "hsts and the rest": [
        (b"Strict-Transport-Security", b"max-age=x"),
        (b"Alt-Svc", b'h3=":443"'),
        (b"Age", b"-1"),
    ],
    "a link": [(b"Link", b"<" * 500 + b">; rel=next"), (b"Refresh", b"0; url=/")],
    "a trailer": [(b"Trailer", b"LicenseId, Content-Length")],
    "a range": [(b"Content-Range", b"bytes 5-2/1"), (b"Accept-Ranges", b"none")],
    "an empty value": [(b"X-Empty", b"")],
    "latin-1": [(b"X-Name", "Zoë".encode("latin-1"))],
    "a disposition": [(b"Content-Disposition", b"attachment; filename*=UTF-8''%ff%fe; filename=\"")],
}

#: Headers with which a message can perhaps not be read at all.
BROKEN: Mapping[str, bytes] = {
    "no colon": b"HTTP/1.1 200 OK\r\nthis is no header\r\n\r\n",
    "a blank in the name": b"HTTP/1.1 200 OK\r\nContent Length: 2\r\n\r\n{}",
    "a folded header": b"HTTP/1.1 200 OK\r\nX-A: 1\r\n 2\r\n\t3\r\nContent-Length: 2\r\n\r\n{}",
    "a NUL": b"HTTP/1.1 200 OK\r\nX-A: a\x00b\r\nContent-Length: 2\r\n\r\n{}",
    "two lengths": b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{}",
    "a length that is none": b"HTTP/1.1 200 OK\r\nContent-Length: two\r\n\r\n{}",
    "a negative length": b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n{}",
    "a length beyond every range": b"HTTP/1.1 200 OK\r\nContent-Length: " + b"9" * 60 + b"\r\n\r\n{}",
    "length and chunks": b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n"
    b"2\r\n{}\r\n0\r\n\r\n",
    "a transfer of no meaning": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: klingon\r\n\r\n{}",
    "a chunk that is none": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n",
    "a chunk beyond every range": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    + b"f" * 40
    + b"\r\n{}",
    "an endless chunk size": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + b"0" * 200_000,
    "a header without end": b"HTTP/1.1 200 OK\r\nX-Long: " + b"x" * 300_000,
    "headers without end": b"HTTP/1.1 200 OK\r\n" + b"X-A: 1\r\n" * 60_000,
    "cookies without end": b"HTTP/1.1 200 OK\r\n" + b"Set-Cookie: a=b\r\n" * 30_000,
    "no status": b"HTTP/1.1\r\n\r\n",
    "a status that is none": b"HTTP/1.1 abc OK\r\n\r\n",
    "a status of four digits": b"HTTP/1.1 2000 OK\r\nContent-Length: 0\r\n\r\n",
    "a negative status": b"HTTP/1.1 -1 No\r\nContent-Length: 0\r\n\r\n",
    "status 0": b"HTTP/1.1 000 \r\nContent-Length: 0\r\n\r\n",
    "status 999": b"HTTP/1.1 999 Request denied\r\nContent-Length: 0\r\n\r\n",
    "another version": b"HTTP/9.9 200 OK\r\nContent-Length: 0\r\n\r\n",
    "an old version": b"HTTP/0.9 200 OK\r\n\r\nhi",
    "no HTTP": b"SSH-2.0-OpenSSH_9.2\r\n",
    "an alert of TLS": b"\x15\x03\x01\x00\x02\x02\x46",
    "SMTP": b"220 mail.example ESMTP\r\n500 what?\r\n" * 50,
    "a long reason": b"HTTP/1.1 200 " + b"r" * 100_000 + b"\r\nContent-Length: 0\r\n\r\n",
    "informational replies without end": b"HTTP/1.1 102 Processing\r\n\r\n" * 5_000,
    "another answer behind it": b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
    + b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}" * 20,
    "switching unasked": b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
    b"Connection: Upgrade\r\n\r\n",
    "line feeds alone": b"HTTP/1.1 200 OK\nContent-Length: 2\n\n{}",
    "nothing": b"",
    "NULs": b"\x00" * 70_000,
}

#: Statuses that mean trouble, each as likely; the others come, too.
TROUBLE = (
    400,
    404,
    405,
    406,
    407,
    408,
    409,
    410,
    413,
    418,
    421,
    422,
    425,
    426,
    429,
    431,
    451,
    500,
    501,
    502,
    503,
    504,
    505,
    507,
    511,
    520,
    522,
    524,
    525,
    530,
    599,
)
NO_BODY = (100, 101, 102, 103, 199, 204, 205, 304)


def head(status: int, headers: Sequence[Header], reason: bytes = b"Because") -> bytes:
    """The head of a reply, with its empty line."""
    lines = [b"HTTP/1.1 %d %s" % (status, reason), *(name + b": " + value for name, value in headers)]
    return b"\r\n".join(lines) + b"\r\n\r\n"


def some_headers(chance: random.Random) -> list[Header]:
    """Headers of up to three families."""
    names = chance.sample(sorted(HEADERS), chance.choice((0, 0, 1, 1, 2, 3)))
    return [header for name in names for header in HEADERS[name]]

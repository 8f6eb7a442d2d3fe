"""Expiry of certificates in files, read from their DER: a library for one date would cost megabytes."""

from __future__ import annotations

import ssl
import stat
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path

from ravatard.core.certificate_fields import SEQUENCE, certificate_fields, elements

_BEGIN, _END = "-----BEGIN CERTIFICATE-----", "-----END CERTIFICATE-----"
#: Bytes; a chain of certificates has some ten thousand.
_LONGEST_FILE = 1 << 20
#: ITU-T X.690, 8.1.2: identifiers of times.
_UTC_TIME, _GENERALIZED_TIME = 0x17, 0x18


def expires_at(certificate: bytes) -> float:
    """Return when a certificate expires, in seconds since the epoch. Source: RFC 5280, 4.1.

    Args:
        certificate: DER.

    Raises:
        ValueError: it is no certificate.
    """
    fields = certificate_fields(certificate)
    # Serial number, algorithm, issuer, validity.
    if len(fields) < 4 or fields[3][0] != SEQUENCE:
        raise ValueError("no certificate: it has no validity")
    times = list(elements(fields[3][1]))
    if len(times) != 2:
        raise ValueError("no certificate: its validity has no end")
    return _seconds(*times[1])


def _seconds(kind: int, text: bytes) -> float:
    """Return a time of RFC 5280, 4.1.2.5, in seconds since the epoch.

    Raises:
        ValueError: it is none.
    """
    digits = text.decode("ascii")
    if kind == _UTC_TIME:
        # Of two digits those from 50 on are of the last century.
        digits = ("19" if digits[:2] >= "50" else "20") + digits
    elif kind != _GENERALIZED_TIME:
        raise ValueError("no certificate: its end is no time")
    return datetime.strptime(digits, "%Y%m%d%H%M%SZ").replace(tzinfo=UTC).timestamp()


class CertificateExpiry:
    """Expiry of the first certificate in a file, read again when the file has changed."""

    def __init__(self, path: Path) -> None:
        """``path``: the file, PEM; it may come later."""
        self._path = path
        self._seen: tuple[int, int, int] | None = None
        self._found: float | None = None

    def look(self) -> float | None:
        """Return seconds since the epoch; None while there is no certificate to be read. Never raises."""
        try:
            state = self._path.stat()
            seen = (state.st_ino, state.st_size, state.st_mtime_ns)
            if seen != self._seen:
                self._seen, self._found = seen, _read(self._path)
        except (OSError, ValueError):
            # The same file may come back, as one does that is moved away and again into its place.
            self._seen = self._found = None
        return self._found


def _read(path: Path) -> float:
    """Return the expiry of the first certificate in a file.

    Raises:
        OSError: it cannot be read.
        ValueError: there is none in it.
    """
    if not stat.S_ISREG(path.stat().st_mode):
        # A pipe or a device is read for ever.
        raise ValueError(f"{path} is no file")
    with path.open("rb") as file:
        text = file.read(_LONGEST_FILE).decode("ascii", "replace")
    begin = text.find(_BEGIN)
    end = text.find(_END, begin)
    if begin < 0 or end < 0:
        raise ValueError(f"there is no certificate in {path}")
    return expires_at(ssl.PEM_cert_to_DER_cert(f"{text[begin:end]}{_END}\n"))


def expiries(files: Mapping[str, Path]) -> Callable[[], Mapping[str, float]]:
    """Return a function that gives the expiry of each certificate that can be read, by its name.

    Args:
        files: name of each certificate, and its file.
    """
    kept = {name: CertificateExpiry(path) for name, path in files.items()}

    def look() -> Mapping[str, float]:
        found = {name: one.look() for name, one in kept.items()}
        return {name: at for name, at in found.items() if at is not None}

    return look

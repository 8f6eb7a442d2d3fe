"""Issuers that an administrator added to this machine, as for a firm's inspection of TLS."""

from __future__ import annotations

import re
import ssl
from itertools import islice
from pathlib import Path

from ravatard.cloud.border import plain
from ravatard.core.certificate_fields import subject_of
from ravatard.doctor.machine import Machine

#: update-ca-certificates(8): its folder of local issuers.
_FOLDER = "usr/local/share/ca-certificates"
_MOST_FILES = 64
#: Bytes; a certificate has some two thousand.
_LONGEST_FILE = 1 << 18
_CERTIFICATE = re.compile(r"-----BEGIN CERTIFICATE-----[A-Za-z0-9+/=\s]+?-----END CERTIFICATE-----")
LONGEST_ISSUER = 80


def added_issuers(machine: Machine, own: str | None = None) -> frozenset[str]:
    """Return the names of the issuers that were added, for people.

    Args:
        machine: the machine, with its folder of local issuers.
        own: the file of ``network.ca``; None without one.
    """
    files = [Path(own)] if own is not None else []
    files += islice(sorted(machine.root.glob(f"{_FOLDER}/**/*.crt")), _MOST_FILES)
    return frozenset().union(*map(_names_in, files))


def _names_in(path: Path) -> set[str]:
    """Return the names of the certificates in a file, PEM or DER."""
    found: set[str] = set()
    try:
        if not path.is_file():
            return found
        with path.open("rb") as file:
            data = file.read(_LONGEST_FILE)
        pems = _CERTIFICATE.findall(data.decode("ascii", "replace"))
        for der in map(ssl.PEM_cert_to_DER_cert, pems) if pems else (data,):
            found.add(plain(subject_of(der), LONGEST_ISSUER))
    except (OSError, ValueError):
        # A file that cannot be read adds no issuer that could be told from others.
        return found
    return found

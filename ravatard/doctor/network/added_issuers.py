"""Issuers that an administrator added to this machine, as for a firm's inspection of TLS."""

from __future__ import annotations

import re
import ssl
from itertools import islice
from pathlib import Path

from ravatard.cloud.border import plain
from ravatard.doctor.machine import Machine
from ravatard.host.metrics.certificate_fields import subject_of

#: update-ca-certificates(8): its folder of local issuers.
_FOLDER = "usr/local/share/ca-certificates"
_MOST_FILES = 64
#: Bytes; a certificate has some two thousand.
_LONGEST_FILE = 1 << 18
_CERTIFICATE = re.compile(r"-----BEGIN CERTIFICATE-----[A-Za-z0-9+/=\s]+?-----END CERTIFICATE-----")
LONGEST_ISSUER = 80


def added_issuers(machine: Machine) -> frozenset[str]:
    """Return the names of the issuers that were added to this machine, for people."""
    found: set[str] = set()
    for path in islice(sorted(machine.root.glob(f"{_FOLDER}/**/*.crt")), _MOST_FILES):
        found |= _names_in(path)
    return frozenset(found)


def _names_in(path: Path) -> set[str]:
    found = set()
    try:
        with path.open("rb") as file:
            text = file.read(_LONGEST_FILE).decode("ascii", "replace")
        for pem in _CERTIFICATE.findall(text):
            found.add(plain(subject_of(ssl.PEM_cert_to_DER_cert(pem)), LONGEST_ISSUER))
    except (OSError, ValueError):
        # A file that cannot be read adds no issuer that could be told from others.
        return found
    return found

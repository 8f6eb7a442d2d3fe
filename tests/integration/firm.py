"""A firm's certificate authority, and the certificates that it signs, made with the ``openssl`` command."""

from __future__ import annotations

import shutil
import ssl
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

#: Name of the authority, as it stands in its certificate.
AUTHORITY = "Example Firm Root"
_KEY = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")


@dataclass(frozen=True)
class Firm:
    """An authority in a folder of its own.

    Attributes:
        folder: its files.
    """

    folder: Path

    @classmethod
    def in_folder(cls, folder: Path) -> Firm:
        """Make an authority; skips the test without openssl."""
        if shutil.which("openssl") is None:
            pytest.skip("needs the openssl command")
        folder.mkdir(parents=True, exist_ok=True)
        subject = ("-subj", f"/O=Example Firm/CN={AUTHORITY}", "-days", "30")
        _openssl(folder, "req", "-x509", *_KEY, *subject, "-keyout", "ca.key", "-out", "ca.pem")
        return cls(folder)

    @property
    def ca(self) -> Path:
        """The authority's certificate, PEM."""
        return self.folder / "ca.pem"

    def trusting(self) -> ssl.SSLContext:
        """What a client trusts that knows this authority alone."""
        return ssl.create_default_context(cafile=str(self.ca))

    def serving(self, *names: str) -> ssl.SSLContext:
        """The context of a server with a certificate for ``names``, which may be addresses."""
        one = names[0].replace(":", "_")
        kinds = ("IP" if name.replace(".", "").isdigit() or ":" in name else "DNS" for name in names)
        listed = ",".join(f"{kind}:{name}" for kind, name in zip(kinds, names, strict=True))
        (self.folder / f"{one}.ext").write_text(f"subjectAltName={listed}\n")
        request = ("-keyout", f"{one}.key", "-out", f"{one}.csr", "-subj", f"/CN={names[0]}")
        _openssl(self.folder, "req", "-new", *_KEY, *request)
        signer = ("-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-days", "30")
        files = ("-in", f"{one}.csr", "-extfile", f"{one}.ext", "-out", f"{one}.pem")
        _openssl(self.folder, "x509", "-req", *signer, *files)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.folder / f"{one}.pem", self.folder / f"{one}.key")
        return context


def _openssl(folder: Path, *words: str) -> None:
    subprocess.run(["openssl", *words], cwd=folder, check=True, capture_output=True, timeout=60)

"""Certificates of the simulator's listener, made when needed with the ``openssl`` command."""

from __future__ import annotations

import shutil
import ssl
import subprocess
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from ravatard.errors import ConfigError
from ravatard.sim.faults.scenario import Certificate

_DAYS: dict[Certificate, tuple[int, int]] = {
    "self-signed": (-1, 365),
    "not-yet-valid": (365, 730),
    "expired": (-730, -365),
}
_SETTINGS = """
[ca]
default_ca = here
[here]
database = index.txt
serial = serial.txt
new_certs_dir = .
default_md = sha256
policy = any
x509_extensions = names
[any]
commonName = supplied
[names]
subjectAltName = DNS:localhost,IP:127.0.0.1,IP:::1
"""


@dataclass(frozen=True, slots=True)
class BadCertificate:
    """A certificate that no client should trust.

    Attributes:
        context: TLS context of the server.
        pem: the certificate, for a client that is to trust its signer and check its dates only.
    """

    context: ssl.SSLContext
    pem: bytes


def make_certificate(
    kind: Certificate, *, subject: str = "localhost", now: datetime | None = None
) -> BadCertificate:
    """Make a certificate for ``localhost``.

    Args:
        kind: its defect, beside the unknown signer.
        subject: its common name, which no client checks.
        now: date taken as today.

    Raises:
        ConfigError: ``openssl`` is not installed, or fails.
    """
    program = shutil.which("openssl")
    if program is None:
        raise ConfigError("a scenario with 'tls' needs the openssl command; install it (apt install openssl)")
    today = now or datetime.now(UTC)
    first, last = ((today + timedelta(days=days)).strftime("%Y%m%d%H%M%SZ") for days in _DAYS[kind])
    with TemporaryDirectory(prefix="ravatard-tls-") as name:
        folder = Path(name)
        (folder / "ca.conf").write_text(_SETTINGS)
        (folder / "index.txt").touch()
        (folder / "serial.txt").write_text("01\n")
        request = f"req -new -newkey rsa:2048 -nodes -subj /CN={subject} -keyout key.pem -out request.pem"
        sign = "ca -batch -config ca.conf -selfsign -keyfile key.pem -in request.pem -out certificate.pem"
        for words in (request, f"{sign} -notext -startdate {first} -enddate {last}"):
            done = subprocess.run(  # noqa: S603 - fixed words, no shell
                [program, *words.split()], cwd=folder, capture_output=True, text=True, check=False, timeout=60
            )
            if done.returncode != 0:
                reason = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
                raise ConfigError(f"openssl could not make a certificate: {reason}")
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(folder / "certificate.pem", folder / "key.pem")
        return BadCertificate(context, (folder / "certificate.pem").read_bytes())


class ListenerCertificates:
    """A usual certificate, and the defective ones that are presented instead at times.

    Attributes:
        pem: certificates for a client that is to trust the listener: the usual one, and those whose defect is
            their dates. A client that trusts them meets every defect of a scenario.
    """

    def __init__(self, kinds: Iterable[Certificate]) -> None:
        """Make the usual certificate and the defective ones of these kinds.

        Raises:
            ConfigError: see :func:`make_certificate`.
        """
        # Each has a name of its own: OpenSSL finds a trusted certificate by its name.
        self._usual = make_certificate("self-signed", subject="usual")
        self._defective = {kind: make_certificate(kind, subject=kind) for kind in kinds}
        dated = (made.pem for kind, made in self._defective.items() if kind != "self-signed")
        self.pem = b"".join([self._usual.pem, *dated])

    def context(self, defect: Callable[[], Certificate | None]) -> ssl.SSLContext:
        """Return a context that asks ``defect`` at every handshake; None: the usual certificate."""

        def choose(connection: ssl.SSLObject, name: str | None, context: ssl.SSLContext) -> None:
            # OpenSSL calls it for clients that send no name, too.
            del name, context
            kind = defect()
            if kind is not None:
                connection.context = self._defective[kind].context

        usual = self._usual.context
        # A resumed session would show no certificate.
        usual.options |= ssl.OP_NO_TICKET
        usual.num_tickets = 0
        usual.sni_callback = choose
        return usual

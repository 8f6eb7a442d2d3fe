"""Certificate of the owner's page, made on this machine with the ``openssl`` command and kept.

Each appliance signs its own: a browser asks once whether it is trusted, and its fingerprint answers that.
"""

from __future__ import annotations

import hashlib
import logging
import ssl
import stat
import subprocess
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from ravatard.errors import ConfigError
from ravatard.host.page.file_stamp import file_stamp
from ravatard.host.state_file import make_state_directory, read_state, replace_state

log = logging.getLogger(__name__)

#: Certificate and private key in one file, so that they are never of two makings.
NAME = "page-certificate.pem"
DAYS = 3_650
_MAKE_S = 60
_SETTINGS = """
[req]
distinguished_name = name
x509_extensions = extensions
prompt = no
[name]
CN = {name}
[extensions]
subjectAltName = {names}
basicConstraints = critical, CA:FALSE
extendedKeyUsage = serverAuth
"""


def self_made(directory: Path, names: Sequence[str], program: str = "openssl") -> Path:
    """Return the file with certificate and key of this appliance; made when there is none. Blocks.

    One that is damaged is made anew: it is of no use to anyone.

    Args:
        directory: the state directory.
        names: names of the machine, the usual one first.
        program: the command.

    Raises:
        ConfigError: it cannot be made or kept.
    """
    path = directory / NAME
    try:
        if not _is_usable(path):
            made = _made(names, program)
            make_state_directory(directory)
            replace_state(path, made, mode=0o600)
    except OSError as error:
        why = error.strerror or error
        raise ConfigError(
            f"the page's certificate cannot be kept at {path} ({why}); make room for it, or let this user "
            "write there"
        ) from error
    return path


def _is_usable(path: Path) -> bool:
    """Return False if there is no certificate at ``path``, or a damaged one.

    Raises:
        OSError: it cannot be read.
    """
    try:
        pem = read_state(path)
        fingerprint(pem.decode())
        context(path, None)
    except FileNotFoundError:
        return False
    except ValueError:
        is_damaged = True
    except ConfigError as error:
        # Whatever else keeps it from being used is told with its first use, and may pass.
        is_damaged = isinstance(error.__cause__, ssl.SSLError)
    else:
        is_damaged = False
    if is_damaged:
        log.warning("the page's certificate %s is damaged, and is made anew", path)
    return not is_damaged


def context(certificate: Path, key: Path | None) -> ssl.SSLContext:
    """Return the context of a server with this certificate; ``key``: None if it is in the same file. Blocks.

    Raises:
        ConfigError: they cannot be used.
    """
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    made.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        for one in (certificate, key or certificate):
            # A pipe or a device is read for ever, in a thread that a daemon which ends would wait for.
            if not stat.S_ISREG(one.stat().st_mode):
                raise ConfigError(f"{one} is no file; correct page.certificate and page.key")
        # Without a password of ours OpenSSL asks for one at the terminal, and waits.
        made.load_cert_chain(certificate, key, password="")
    except (OSError, ssl.SSLError) as error:
        reason = error.reason if isinstance(error, ssl.SSLError) else error.strerror
        raise ConfigError(
            f"the page's certificate {certificate} cannot be used ({reason}); see page.tls"
        ) from error
    return made


def stamp(files: Sequence[Path]) -> object:
    """Return a value that differs whenever one of ``files`` was replaced; also for those that are missing."""
    return tuple(file_stamp(one) for one in files)


def fingerprint(pem: str) -> str:
    """Return the SHA-256 fingerprint of the first certificate in ``pem``, as browsers show it.

    Raises:
        ValueError: there is none.
    """
    begin, end = pem.find("-----BEGIN CERTIFICATE-----"), pem.find("-----END CERTIFICATE-----")
    digest = hashlib.sha256(ssl.PEM_cert_to_DER_cert(f"{pem[begin:end]}-----END CERTIFICATE-----\n"))
    return ":".join(f"{byte:02X}" for byte in digest.digest())


def _made(names: Sequence[str], program: str) -> bytes:
    """Return a new key and certificate.

    Raises:
        ConfigError: ``program`` is missing, or failed.
    """
    listed = ", ".join([*(f"DNS:{name}" for name in dict.fromkeys(names)), "IP:127.0.0.1", "IP:::1"])
    with TemporaryDirectory(prefix="ravatard-page-") as name:
        folder = Path(name)
        (folder / "page.conf").write_text(_SETTINGS.format(name=names[0][:64], names=listed))
        words = (
            f"req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -sha256 -days {DAYS} "
            "-config page.conf -keyout key.pem -out certificate.pem"
        )
        try:
            done = subprocess.run(  # noqa: S603 - fixed words, no shell
                [program, *words.split()],
                cwd=folder,
                capture_output=True,
                text=True,
                check=False,
                timeout=_MAKE_S,
            )
        except FileNotFoundError:
            raise ConfigError(
                "page.tls: self-made needs the openssl command; install it (apt install openssl)"
            ) from None
        except subprocess.TimeoutExpired:
            raise ConfigError(f"openssl did not make a certificate within {_MAKE_S} s") from None
        if done.returncode != 0:
            reason = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
            raise ConfigError(f"openssl could not make a certificate: {reason}")
        return (folder / "certificate.pem").read_bytes() + (folder / "key.pem").read_bytes()

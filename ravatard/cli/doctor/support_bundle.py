"""``ravatard support-bundle``: writes one file with everything a bug report needs, without secrets."""

from __future__ import annotations

import argparse
import io
import os
import sys
import tarfile
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

from ravatard import logs
from ravatard.assembly import runner
from ravatard.cli.doctor.command import findings_of, for_programs
from ravatard.cli.options import add_config, add_socket, add_state
from ravatard.cli.terminal import visible
from ravatard.doctor.bundle import contents, find_secrets
from ravatard.doctor.catalog import CHECKS
from ravatard.doctor.check import Case, DoctorRequest
from ravatard.doctor.examination import chosen
from ravatard.doctor.machine import Machine, this_machine
from ravatard.doctor.redaction import Redactor
from ravatard.errors import RavatardError


class Unwritten(RavatardError):
    """The bundle cannot be written."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of ``support-bundle``."""
    parser.epilog = (
        "Tokens, keys, project ids and session ids are removed; speech and texts are never recorded."
    )
    parser.add_argument(
        "file",
        type=Path,
        nargs="?",
        metavar="FILE",
        help="the file to write, - for standard output (default: ravatard-support-TIME.tar.gz)",
    )
    add_config(parser)
    add_state(parser)
    add_socket(parser)
    parser.add_argument(
        "--silent", action="store_true", help="skip the checks that open the microphone and the speaker"
    )


def run(arguments: argparse.Namespace) -> int:
    """Gather and write the bundle, and list its contents.

    Raises:
        Unwritten: the file cannot be written.
    """
    logs.configure(logs.LogOptions(level="error"), under_systemd=False)
    now = datetime.now(UTC)
    file: Path = arguments.file or Path(f"ravatard-support-{now:%Y%m%d-%H%M%S}.tar.gz")
    asked = DoctorRequest(config=arguments.config, state=arguments.state, socket=arguments.socket)
    texts = runner.run(gather(this_machine(os.environ), asked, sound=not arguments.silent))
    if file == Path("-"):
        sys.stdout.buffer.write(packed(texts, now))
        return 0
    try:
        write(file, texts, now)
    except OSError as error:
        raise Unwritten(f"{file} cannot be written: {error.strerror}; name another file") from error
    width = max(map(len, texts))
    for name, text in texts.items():
        print(f"  {visible(name):{width}}  {len(text.encode()):>9,} bytes")
    print(f"\n{file}: {len(texts)} files, {file.stat().st_size:,} bytes, secrets removed. List it with:")
    print(f"  tar -tzf {file}")
    return 0


async def gather(machine: Machine, asked: DoctorRequest, *, sound: bool) -> dict[str, str]:
    """Return name in the bundle -> text, secrets removed.

    Args:
        machine: the machine to check.
        asked: places of settings and state.
        sound: open microphone and speaker for the findings.
    """
    wanted = chosen(CHECKS, [])
    if not sound:
        wanted = frozenset(
            one for one in wanted if one.partition(".")[0] not in ("microphone", "speaker", "echo")
        )
    findings = for_programs(await findings_of(machine, asked, wanted, None))
    case = Case(machine, asked)
    redactor = Redactor(find_secrets(case))
    texts = await contents(case, findings, redactor)
    if sound:
        texts["sound-libraries.txt"] = redactor.clean(await machine.bench.library_messages())
    return texts


def packed(texts: Mapping[str, str], now: datetime) -> bytes:
    """Return ``texts`` as a compressed archive."""
    folder = f"ravatard-support-{now:%Y%m%d-%H%M%S}"
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w:gz") as archive:
        for name, text in texts.items():
            content = text.encode()
            entry = tarfile.TarInfo(f"{folder}/{name.lstrip('/')}")
            entry.size, entry.mtime, entry.mode = len(content), int(now.timestamp()), 0o600
            archive.addfile(entry, io.BytesIO(content))
    return file.getvalue()


def write(file: Path, texts: Mapping[str, str], now: datetime) -> None:
    """Write ``texts`` as a compressed archive that only its owner may read.

    Raises:
        OSError: it cannot be written; no partial file stays.
    """
    new = file.with_name(f".{file.name}.new")
    try:
        # Another user may have put a file of this name here, to be able to read ours.
        new.unlink(missing_ok=True)
        handle = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
        with os.fdopen(handle, "wb") as opened:
            opened.write(packed(texts, now))
        new.replace(file)
    finally:
        new.unlink(missing_ok=True)

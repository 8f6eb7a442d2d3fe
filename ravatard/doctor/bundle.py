"""Contents of a support bundle: settings, findings, recent events, the kernel's report on sound cards.

Everything passes a :class:`ravatard.doctor.redaction.Redactor`. The ledger of live sessions, the
credentials and the microphone's sound are never included.
"""

from __future__ import annotations

import asyncio
import json
import platform
from collections.abc import Callable, Iterator
from importlib.metadata import distributions
from pathlib import Path
from typing import Any

from ravatard import __version__
from ravatard.config import DEFAULT_PATH, ConfigErrors, Schema, load, secrets_of
from ravatard.config.saved.layer import BAD
from ravatard.config.schema import value_of
from ravatard.doctor.check import Case
from ravatard.doctor.checks.settings import credential_files
from ravatard.doctor.machine import Machine
from ravatard.doctor.redaction import Redactor
from ravatard.doctor.result import CheckResult
from ravatard.host.control.client import NoDaemonError
from ravatard.host.ledger import NAME as LEDGER
from ravatard.host.ledger import parse
from ravatard.host.ring import parts
from ravatard.host.state import RECORDER, SETTINGS
from ravatard.host.state_file import read_state
from ravatard.secret import MASK, Secret

#: Longest part of a file that is included.
_LARGEST_BYTES = 1 << 20
_MOST_SESSIONS = 256
_JOURNAL_LINES = "2000"
_JOURNAL_S = 10.0
_SECRET_VARIABLES = ("PROJECT_ID", "TOKEN", "SECRET", "PASSWORD", "KEY")
_FILES = (
    "/etc/os-release",
    "/proc/device-tree/model",
    "/proc/mounts",
    "/boot/firmware/config.txt",
    "/boot/config.txt",
    "/proc/loadavg",
    "/proc/meminfo",
    "/etc/asound.conf",
)


def find_secrets(case: Case) -> list[Secret]:
    """Return every secret the caller can read: from configuration, credentials, units and sessions."""
    found = [Secret(value) for value in _of_environment(dict(case.machine.environ))]
    if case.unit is not None:
        found += [Secret(value) for value in _of_environment(case.unit.environment)]
    for file in credential_files(case):
        if text := _read(file):
            found.append(Secret(text.strip()))
    try:
        loaded = _loaded(case)
    except ConfigErrors:
        # An unreadable configuration is masked by the names of its keys.
        pass
    else:
        found += secrets_of(loaded.options)
    sessions, _ = parse((_read_state(case.state / LEDGER) or "").encode())
    # Each is looked for in every file: a list of thousands, which no daemon writes, would take minutes.
    return found + [session.id for session in sessions[-_MOST_SESSIONS:]]


def hiding(case: Case) -> Callable[[CheckResult], CheckResult]:
    """Return a function that masks every secret of ``case`` in a result: a service may repeat its key."""
    known = Redactor(find_secrets(case)).known

    def hide(result: CheckResult) -> CheckResult:
        measured = {
            name: known(value) if isinstance(value, str) else value for name, value in result.measured.items()
        }
        return CheckResult(result.verdict, known(result.text), known(result.remedy), measured)

    return hide


def _of_environment(environ: dict[str, str]) -> list[str]:
    return [
        value
        for name, value in environ.items()
        if name.startswith("RAVATARD_") and any(word in name.upper() for word in _SECRET_VARIABLES)
    ]


def _loaded(case: Case) -> Any:
    default = case.machine.path(str(DEFAULT_PATH))
    return load(case.asked.config, case.machine.environ, default_path=default, saved=case.state / SETTINGS)


async def contents(case: Case, findings: object, redactor: Redactor) -> dict[str, str]:
    """Return each file of the bundle, name to text, without secrets; an unreadable one says so."""
    machine = case.machine
    files = {
        "doctor.json": json.dumps(findings, indent=2),
        "status.json": _status(case),
        "versions.txt": _versions(),
        "journal.txt": await _journal(machine),
        **dict(_config(case)),
        **dict(_recorder(case)),
        **dict(_units(case)),
        **dict(_system(machine)),
    }
    return {name: redactor.clean(text) for name, text in sorted(files.items())}


def _status(case: Case) -> str:
    try:
        return json.dumps(dict(case.machine.ask(case.socket, {"do": "status"})), indent=2)
    except NoDaemonError as error:
        return f"{error}\n"


def _config(case: Case) -> Iterator[tuple[str, str]]:
    """Yield every configuration file as written, and the settings in effect."""
    first = case.asked.config or case.machine.path(str(DEFAULT_PATH))
    for file in (first, *sorted((first.parent / "ravatard.d").glob("*.yaml"))):
        yield f"config/{file.name}", _or_why(file)
    for name in (SETTINGS, f"{SETTINGS}{BAD}"):
        if (text := _read_state(case.state / name)) is not None:
            yield f"config/saved/{name}", text
    try:
        loaded = _loaded(case)
    except ConfigErrors as errors:
        yield "config/errors.txt", f"{errors}\n"
        return
    lines = []
    for key in Schema().keys.values():
        value = value_of(loaded.options, key)
        shown = MASK if key.secret and value is not None else value
        lines.append(f"{key.dotted} is {shown!r} ({loaded.origins[key.dotted]})")
    yield "config/effective.txt", "\n".join([*lines, ""])


def _recorder(case: Case) -> Iterator[tuple[str, str]]:
    folder = case.state / RECORDER
    try:
        for _, file in parts(folder):
            yield f"recorder/{file.name}", _or_why(file, _read_state)
    except OSError as error:
        yield "recorder/why-empty.txt", f"{case.machine.shown(folder)}: {error.strerror}\n"


def _units(case: Case) -> Iterator[tuple[str, str]]:
    for file in case.unit.files if case.unit is not None else ():
        yield f"units{file}", _or_why(case.machine.path(file))


def _system(machine: Machine) -> Iterator[tuple[str, str]]:
    asound = machine.path("/proc/asound")
    files = [path for pattern in ("*", "card*/*", "card*/pcm*/info") for path in asound.glob(pattern)]
    for path in sorted(files):
        if path.is_file() and not path.is_symlink():
            yield f"system{machine.shown(path)}", _or_why(path)
    for name in _FILES:
        if machine.text(name) is not None:
            yield f"system{name}", _or_why(machine.path(name))


async def _journal(machine: Machine) -> str:
    command = (
        "journalctl",
        "--unit=ravatard",
        f"--lines={_JOURNAL_LINES}",
        "--no-pager",
        "--output=short-iso",
    )
    try:
        async with asyncio.timeout(_JOURNAL_S):
            ran = await machine.run(*command)
    except TimeoutError:
        return f"journalctl did not answer within {_JOURNAL_S:g} s\n"
    return "there is no journalctl\n" if ran is None else ran.out


def _versions() -> str:
    packages = sorted({f"{one.metadata['Name']} {one.version}" for one in distributions()}, key=str.lower)
    head = [f"ravatard {__version__}", f"Python {platform.python_version()}", platform.platform(), ""]
    return "\n".join([*head, *packages, ""])


def _read(file: Path) -> str | None:
    try:
        if not file.is_file():
            return None
        with file.open("rb") as opened:
            return opened.read(_LARGEST_BYTES).decode(errors="replace")
    except OSError:
        return None


def _read_state(file: Path) -> str | None:
    """Return the text of a file of the service's own directory, whose user may have put a link there."""
    try:
        return read_state(file, _LARGEST_BYTES).decode(errors="replace")
    except OSError:
        return None


def _or_why(file: Path, read: Callable[[Path], str | None] = _read) -> str:
    text = read(file)
    return f"{file.name} cannot be read\n" if text is None else text

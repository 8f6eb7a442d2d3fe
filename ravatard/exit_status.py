"""Exit statuses of the command: one table, for the code, the help texts and the administrators' page."""

from __future__ import annotations

from collections.abc import Mapping
from enum import IntEnum


class ExitStatus(IntEnum):
    """Exit status of a command. Numbers keep their meaning from version to version."""

    DONE = 0
    #: Refused, failed, or no daemon answered; one sentence on stderr says which.
    FAILED = 1
    #: As argparse ends. Nothing was tried.
    MISUSED = 2
    #: The same number where a command has tried, and cannot tell: `doctor`, `replay`.
    UNDECIDED = 2
    DEGRADED = 3
    #: sysexits.h: EX_SOFTWARE. systemd starts the daemon again.
    BUG = 70
    #: sysexits.h: EX_CONFIG. systemd does not start the daemon again (RestartPreventExitStatus).
    CONFIG = 78
    #: As a shell reports SIGINT.
    INTERRUPTED = 130


#: Meanings that hold for every command without an entry in :data:`OWN_MEANINGS`, and beside one that has.
MEANINGS: Mapping[ExitStatus, str] = {
    ExitStatus.DONE: "done",
    ExitStatus.FAILED: "not done: refused, failed, or no daemon answers",
    ExitStatus.MISUSED: "wrong use; nothing was tried",
    ExitStatus.BUG: "a fault of ravatard; systemd starts the service again",
    ExitStatus.CONFIG: "the settings must be corrected; systemd does not start the service again",
    ExitStatus.INTERRUPTED: "interrupted with Ctrl-C",
}

#: Command -> its statuses that mean something of their own.
OWN_MEANINGS: Mapping[str, Mapping[ExitStatus, str]] = {
    "status": {
        ExitStatus.DONE: "you can talk to it, also while a page or a broker is away",
        ExitStatus.DEGRADED: "it runs and cannot work now, or --timeout ends before what --wait waits for",
        ExitStatus.FAILED: "it does not run, or cannot be asked",
    },
    "doctor": {
        ExitStatus.DONE: "all is fine, perhaps with warnings",
        ExitStatus.FAILED: "something is broken",
        ExitStatus.UNDECIDED: "a check was not possible",
    },
    "doctor network": {
        ExitStatus.DONE: "all that can be tried from here is open",
        ExitStatus.FAILED: "something is closed, or intercepted",
        ExitStatus.UNDECIDED: "nothing is closed, but something could not be read or proven",
    },
    "config check": {
        ExitStatus.DONE: "it can be used, also with warnings",
        ExitStatus.CONFIG: "there is a mistake",
    },
    "config diff": {
        ExitStatus.DONE: "compared",
        ExitStatus.FAILED: "OLD is missing, or cannot be compared with",
        ExitStatus.CONFIG: "there is a mistake in the settings of now",
    },
    "config edit": {
        ExitStatus.DONE: "written, or nothing was changed",
        ExitStatus.CONFIG: "mistakes were left, and the change was discarded",
    },
    "config set": {
        ExitStatus.DONE: "saved",
        ExitStatus.FAILED: "not saved: `config check` would refuse it, or it cannot be written",
    },
    "find-mic": {
        ExitStatus.DONE: "a microphone picked up speech",
        ExitStatus.FAILED: "none did",
    },
    "chat": {ExitStatus.FAILED: "without a terminal: a line was not answered"},
    "end-sessions": {
        ExitStatus.DONE: "no live session is left open",
        ExitStatus.FAILED: "one is, or may be",
    },
    "replay": {
        ExitStatus.DONE: "the same states are reached",
        ExitStatus.FAILED: "others are",
        ExitStatus.UNDECIDED: "there is nothing to replay",
    },
    "run": {ExitStatus.DONE: "stopped"},
}


def in_help(command: str) -> str:
    """Return the sentence about the exit statuses of ``command``, for its help."""
    meanings = OWN_MEANINGS[command]
    return f"Exit status: {'; '.join(f'{status:d}: {text}' for status, text in meanings.items())}."


def as_markdown() -> str:
    """Return the table for the administrators' page."""
    rows = [("any", MEANINGS), *((f"`ravatard {name}`", own) for name, own in OWN_MEANINGS.items())]
    lines = ["| Command | Exit status |", "| --- | --- |"]
    lines += [
        f"| {name} | {'; '.join(f'{status:d}: {text}' for status, text in meanings.items())} |"
        for name, meanings in rows
    ]
    return "\n".join(lines) + "\n"

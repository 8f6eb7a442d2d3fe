"""``ravatard status``: shows the state of the running appliance, for people and for programs."""

from __future__ import annotations

import argparse
import sys
import time
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

from ravatard.cli.control import reason, socket_of
from ravatard.cli.json_output import json_document, json_line
from ravatard.cli.options import add_json, add_socket
from ravatard.cli.status.waiting import is_idle, is_working, wait_until
from ravatard.cli.status.words import Report, changes, in_words, one_line
from ravatard.cli.terminal import columns_of, visible
from ravatard.exit_status import ExitStatus, in_help
from ravatard.host.control.client import NoDaemonError, Reply, ask, watch

#: Value of ``--wait`` -> what it waits for.
_WAITED_FOR = {"working": is_working, "idle": is_idle}
#: Longest wait of ``--wait`` by default, s.
_WAIT_S = 60.0


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of ``status``."""
    add_json(parser)
    kinds = parser.add_mutually_exclusive_group()
    kinds.add_argument(
        "--watch",
        action="store_true",
        help="keep printing a line at every change, until Ctrl-C",
    )
    kinds.add_argument(
        "--wait",
        choices=list(_WAITED_FOR),
        help="wait until everything works, also for a daemon that is not running yet, or until no "
        "conversation goes on; then print its state in one line",
    )
    parser.add_argument(
        "--timeout",
        type=_seconds,
        default=_WAIT_S,
        metavar="S",
        help="end --wait after S seconds (default: %(default)g)",
    )
    add_socket(parser)
    parser.epilog = in_help("status")


def _seconds(text: str) -> float:
    """Return a length of time.

    Raises:
        argparse.ArgumentTypeError: ``text`` is none.
    """
    try:
        seconds = float(text)
    except ValueError:
        seconds = -1.0
    if not 0.0 <= seconds <= 86_400.0:
        raise argparse.ArgumentTypeError(f"{text!r} is no number of seconds from 0 to 86400")
    return seconds


def run(arguments: argparse.Namespace) -> int:
    """Return exit status 0 when it works, 3 when something is degraded, 1 when no daemon runs.

    Raises:
        NoDaemonError: no daemon runs, or it does not answer.
    """
    path = socket_of(arguments)
    if arguments.watch:
        reports = map(_report, watch(path))
        for line in map(json_line, reports) if arguments.json else changes(reports, _clock):
            print(line, flush=True)
        return 0
    reached = _WAITED_FOR[arguments.wait or "working"]
    if arguments.wait:
        report = wait_until(
            reached, partial(_asked, path), arguments.timeout, clock=time.monotonic, sleep=time.sleep
        )
        print(json_document(report) if arguments.json else one_line(report))
    else:
        report = _asked(path)
        print(
            json_document(report) if arguments.json else "\n".join(in_words(report, columns_of(sys.stdout)))
        )
    return ExitStatus.DONE if reached(report) else ExitStatus.DEGRADED


def _clock() -> str:
    return f"{datetime.now().astimezone():%H:%M:%S}"


def _asked(path: Path) -> Report:
    return _report(ask(path, {"do": "status"}))


def _report(reply: Reply) -> Report:
    report = reply.get("status")
    if reply.get("ok") is not True or not isinstance(report, dict):
        raise NoDaemonError(reason(reply))
    return {**_visible(report), "pid": reply.get("pid")}


def _visible(value: Any) -> Any:
    """Return ``value`` with every text in it fit for a terminal: the service has named the avatar."""
    match value:
        case str(text):
            return visible(text)
        case dict():
            return {visible(str(name)): _visible(one) for name, one in value.items()}
        case list():
            return [_visible(one) for one in value]
        case _:
            return value

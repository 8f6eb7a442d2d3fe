"""``ravatard status``: shows the state of the running appliance, for people and for programs."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any

from ravatard.cli.control import reason, socket_of
from ravatard.cli.options import add_json, add_socket
from ravatard.cli.terminal import visible
from ravatard.host.control.client import NoDaemonError, Reply, ask, watch

#: It runs, but something is missing, or a person must act.
EXIT_DEGRADED = 3
_TURNS_SHOWN = 5
#: Plural words in the names of the counters, and what one of each is called.
_SINGULAR = {
    "answers": "answer",
    "losses": "loss",
    "messages": "message",
    "misses": "miss",
    "overruns": "overrun",
    "presses": "press",
    "reconnects": "reconnect",
    "sessions": "session",
    "underruns": "underrun",
    "utterances": "utterance",
    "wakes": "wake",
}
_DAY_S, _HOUR_S, _MINUTE_S = 86_400, 3_600, 60

Report = Mapping[str, Any]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of ``status``."""
    add_json(parser)
    parser.add_argument(
        "--watch",
        action="store_true",
        help="keep printing a line at every change, until Ctrl-C",
    )
    add_socket(parser)
    parser.epilog = (
        "Exit status: 0 if everything works; 1 if no daemon answers; 3 if something is missing or needs "
        "attention."
    )


def run(arguments: argparse.Namespace) -> int:
    """Return exit status 0 when it works, 3 when something is degraded, 1 when no daemon runs.

    Raises:
        NoDaemonError: no daemon runs, or it does not answer.
    """
    path = socket_of(arguments)
    if not arguments.watch:
        report = _report(ask(path, {"do": "status"}))
        print(json.dumps(report, indent=2) if arguments.json else "\n".join(in_words(report)))
        return 0 if report["working"] else EXIT_DEGRADED
    reports = map(_report, watch(path))
    for line in map(json.dumps, reports) if arguments.json else changes(reports, _clock):
        print(line, flush=True)
    return 0


def _clock() -> str:
    return f"{datetime.now().astimezone():%H:%M:%S}"


def changes(reports: Iterable[Report], clock: Callable[[], str]) -> Iterator[str]:
    """Yield each report as one line after the time of day; nothing for one that reads like the last."""
    last = ""
    for report in reports:
        line = one_line(report)
        if line != last:
            yield f"{clock()}  {line}"
        last = line


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


def one_line(report: Report) -> str:
    """Return the report as one line."""
    parts = [report["status"], f"session {report['session']['state']}", *report["degraded"]]
    return "; ".join(dict.fromkeys(parts))


def in_words(report: Report) -> Iterator[str]:
    """Yield the report as lines for people."""
    # The reason of a trouble may be a sentence with its full stop.
    yield f"{report['status'].removesuffix('.')}, for {_age(report['since_s'])}"
    for trouble in report["degraded"]:
        yield f"  ! {trouble}"
    yield ""
    for name, text in _rows(report):
        yield f"  {name:<12} {text}"
    turns = report["turns"][-_TURNS_SHOWN:]
    if turns:
        yield ""
        yield from (_turn(turn) for turn in reversed(turns))


def _rows(report: Report) -> Iterator[tuple[str, str]]:
    microphone, link, session = report["microphone"], report["link"], report["session"]
    # A service may have no say in the language.
    language = f" ({report['language']})" if report["language"] else ""
    yield "avatar", f"{report['avatar']}{language}" if report["avatar"] else "not known yet"
    yield "link", _since(link)
    yield "live session", _since(session)
    hearing = microphone["state"] + (f", {microphone['device']}" if microphone["device"] else "")
    if microphone["level_db"] is not None:
        hearing += f", {microphone['level_db']:.0f} dB (quiet room {microphone['floor_db']:.0f} dB)"
    if report["muted"] and microphone["state"] != "muted":
        hearing += ", being closed"
    yield "microphone", hearing
    if speaker := report.get("speaker"):
        yield "speaker", speaker["state"] + (f", {speaker['device']}" if speaker["device"] else "")
    yield "gate", f"{report['gate']}, {report['talk']}"
    if word := report.get("wakeword"):
        scores = " ".join(f"{one['score']:.2f}{'' if one['hit'] else '?'}" for one in word["last_scores"])
        yield "wake word", f"{word['word']}, last scores (? nearly): {scores or 'none yet'}"
    yield from report.get("service", {}).items()
    yield "running", f"{_age(report['uptime_s'])}, process {report['pid']}"
    counters = report["counters"]
    ended = {name: count for name, count in counters["turns"].items() if count}
    yield "turns", ", ".join(f"{count} {name}" for name, count in ended.items()) or "none yet"
    counted = {name: count for name, count in counters.items() if name != "turns" and count}
    yield "counted", ", ".join(_counted(name, count) for name, count in counted.items()) or "-"


def _counted(name: str, count: int) -> str:
    """Return a counter in words: ``speaker_losses`` and 1 make "1 speaker loss"."""
    words = name.split("_")
    return f"{count} {' '.join(_SINGULAR.get(word, word) if count == 1 else word for word in words)}"


def _since(state: Mapping[str, Any]) -> str:
    reason = f": {state['reason']}" if state["reason"] else ""
    return f"{state['state']} for {_age(state['since_s'])}{reason}"


def _turn(turn: Mapping[str, Any]) -> str:
    answer = "" if turn["answer_ms"] is None else f" after {turn['answer_ms'] / 1000:.1f} s"
    sent = "" if turn["slowest_send_ms"] is None else f", sent within {turn['slowest_send_ms']:.0f} ms"
    spoken = (
        "in writing" if turn["cause"] == "text" else f"{turn['spoken_ms'] / 1000:.1f} s by {turn['cause']}"
    )
    return (
        f"  turn {turn['turn']}, {_age(turn['ended_s_ago'])} ago: {spoken}, {turn['outcome']}{answer}{sent}"
    )


def _age(seconds: float) -> str:
    """Return a length of time in words, two units at most."""
    whole = int(seconds)
    if whole < _MINUTE_S:
        return f"{whole} s"
    if whole < _HOUR_S:
        return f"{whole // _MINUTE_S} min {whole % _MINUTE_S} s"
    if whole < _DAY_S:
        return f"{whole // _HOUR_S} h {whole % _HOUR_S // _MINUTE_S} min"
    return f"{whole // _DAY_S} d {whole % _DAY_S // _HOUR_S} h"

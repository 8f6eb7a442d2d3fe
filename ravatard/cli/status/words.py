"""Words of ``ravatard status``: a report as lines for people, no wider than their terminal."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from ravatard.cli.page.address import addresses
from ravatard.cli.terminal import typeable, wrapped

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


def changes(reports: Iterable[Report], clock: Callable[[], str]) -> Iterator[str]:
    """Yield each report as one line after the time of day; nothing for one that reads like the last."""
    last = ""
    for report in reports:
        line = one_line(report)
        if line != last:
            yield f"{clock()}  {line}"
        last = line


def one_line(report: Report) -> str:
    """Return the report as one line."""
    parts = [report["status"], f"session {report['session']['state']}", *_other_troubles(report)]
    return "; ".join(dict.fromkeys(parts))


def _other_troubles(report: Report) -> list[str]:
    """Return the troubles that the first line does not tell; of a daemon before schema 1, all."""
    troubles: list[str] = report.get("other_troubles", report["degraded"])
    return troubles


def in_words(report: Report, columns: int = 0) -> Iterator[str]:
    """Yield the report as lines for people, wrapped at ``columns`` (0: not at all)."""
    # The reason of a trouble may be a sentence with its full stop.
    yield wrapped("", f"{report['status'].removesuffix('.')}, for {_age(report['since_s'])}", columns)
    for trouble in _other_troubles(report):
        yield wrapped("  ! ", typeable(trouble), columns)
    yield ""
    for name, text in _rows(report):
        yield wrapped(f"  {name:<12} ", text, columns)
    turns = report["turns"][-_TURNS_SHOWN:]
    if turns:
        yield ""
        yield from (wrapped("  ", _turn(turn), columns) for turn in reversed(turns))


def _rows(report: Report) -> Iterator[tuple[str, str]]:
    link = report["link"]
    # A service may have no say in the language.
    language = f" ({report['language']})" if report["language"] else ""
    yield "avatar", f"{report['avatar']}{language}" if report["avatar"] else "not known yet"
    yield "link", _since(link)
    yield "live session", _session(report["session"])
    yield "microphone", _microphone(report)
    if speaker := report.get("speaker"):
        yield "speaker", speaker["state"] + (f", {speaker['device']}" if speaker["device"] else "")
    if volume := ", ".join(_loudness(report)):
        yield "volume", volume
    silence_ms = report["microphone"].get("silence_ms")
    silence = f", ends after {silence_ms} ms of silence" if silence_ms else ""
    yield "gate", f"{report['gate']}, {report['talk']}{silence}"
    if word := report.get("wakeword"):
        yield "wake word", f"{word['word']}, {_scores(word['last_scores'])}"
    yield from report.get("service", {}).items()
    if (waits := report.get("first_sound")) and waits["turns"]:
        median_s, most_s = waits["median_ms"] / 1000, waits["p95_ms"] / 1000
        yield "first sound", f"median {median_s:.1f} s after speech, 95 % within {most_s:.1f} s"
    if (waits := report.get("press_to_silence")) and waits["turns"]:
        median_ms, most_ms = waits["median_ms"], waits["p95_ms"]
        yield "silence", f"median {median_ms} ms after a press that interrupts, 95 % within {most_ms} ms"
    if near := ", ".join(f"{count} {name}" for name, count in _near_misses(report)):
        yield "near misses", near
    if board := ", ".join(_board(report)):
        yield "board", board
    if page := report.get("page"):
        yield "page", _page(page)
    version = f"ravatard {report['version']}, " if "version" in report else ""
    yield "running", f"{version}{_age(report['uptime_s'])}, process {report['pid']}"
    if "id" in report:
        yield "id", report["id"]
    counters = report["counters"]
    ended = {name: count for name, count in counters["turns"].items() if count}
    yield "turns", ", ".join(f"{count} {name}" for name, count in ended.items()) or "none yet"
    counted = {name: count for name, count in counters.items() if name != "turns" and count}
    yield "counted", ", ".join(_counted(name, count) for name, count in counted.items()) or "-"


def _scores(scores: Sequence[Mapping[str, Any]]) -> str:
    """Return the last scores of the wake word, a near miss with a question mark."""
    if not scores:
        return "not heard yet"
    listed = " ".join(f"{one['score']:.2f}{'' if one['hit'] else '?'}" for one in scores)
    return f"last scores {listed}" + ("" if all(one["hit"] for one in scores) else " (? is a near miss)")


def _loudness(report: Report) -> Iterator[str]:
    """Yield the volume of the answers, and the quiet hours; an older daemon told neither."""
    if "volume" in report:
        yield f"{report['volume']} %"
    if hours := report.get("quiet_hours"):
        now = "now" if report["quiet"] else "not now"
        yield f"quiet hours from {hours['from']} to {hours['to']}, {now}"


def _page(page: Mapping[str, Any]) -> str:
    if page["port"] is None:
        return "not served"
    return ", ".join(addresses(page["scheme"], page["port"], page["listen"], page["names"]))


def _session(session: Mapping[str, Any]) -> str:
    used, left = session.get("minutes"), session.get("minutes_left")
    parts = [_since(session)]
    if used is not None:
        parts.append(f"{used:g} min paid")
    if left is not None:
        parts.append(f"{left:g} min left")
    return ", ".join(parts)


def _microphone(report: Report) -> str:
    microphone = report["microphone"]
    hearing: str = microphone["state"] + (f", {microphone['device']}" if microphone["device"] else "")
    if microphone["level_db"] is not None:
        hearing += f", {microphone['level_db']:.0f} dB (quiet room {microphone['floor_db']:.0f} dB)"
    if report["muted"] and microphone["state"] != "muted":
        hearing += ", being closed"
    return hearing


def _near_misses(report: Report) -> Iterator[tuple[str, int]]:
    """Yield what nearly woke or opened it, and how often; presses are among the counters."""
    near = report.get("near_misses", {})
    for name, words in (("wake_word", "of the wake word"), ("gate", "with hardly any speech")):
        if near.get(name):
            yield words, near[name]


def _board(report: Report) -> Iterator[str]:
    """Yield what is known of the board: its name, its model, how warm it is, what slows it down."""
    health = report.get("health", {})
    yield from filter(None, (report.get("board"), report.get("model")))
    if (temperature := health.get("temperature_c")) is not None:
        yield f"{temperature:.0f} °C"
    now = health.get("throttled") or ()
    yield from now
    if past := [one for one in health.get("throttled_since_boot") or () if one not in now]:
        yield f"since its start {' and '.join(past)}"


def _counted(name: str, count: int) -> str:
    """Return a counter in words: ``speaker_losses`` and 1 make "1 speaker loss"."""
    words = name.split("_")
    return f"{count} {' '.join(_SINGULAR.get(word, word) if count == 1 else word for word in words)}"


def _since(state: Mapping[str, Any]) -> str:
    reason = f": {state['reason']}" if state["reason"] else ""
    return f"{state['state']} for {_age(state['since_s'])}{reason}"


def _turn(turn: Mapping[str, Any]) -> str:
    answer = "" if turn["answer_ms"] is None else f" after {turn['answer_ms'] / 1000:.1f} s"
    first_ms = turn.get("first_sound_ms")
    heard = "" if first_ms is None else f", heard {first_ms / 1000:.1f} s after speech"
    sent = "" if turn["slowest_send_ms"] is None else f", sent within {turn['slowest_send_ms']:.0f} ms"
    spoken = (
        "in writing" if turn["cause"] == "text" else f"{turn['spoken_ms'] / 1000:.1f} s by {turn['cause']}"
    )
    how = f"{spoken}, {turn['outcome']}{answer}{heard}{sent}"
    return f"turn {turn['turn']}, {_age(turn['ended_s_ago'])} ago: {how}"


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

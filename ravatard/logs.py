"""Logging: destination and format of log lines, and the filters that mask secrets and limit their number."""

from __future__ import annotations

import copy
import logging
import os
import re
import sys
import threading
import types
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Literal, TextIO, cast

from ravatard.log_rate import RateLimit, ReportingHandler, shortened, shortened_traceback
from ravatard.secret import MASK, SHORTEST_MASKED, Secret, cut, living_secrets
from ravatard.setting import setting

#: Sends one journal entry, as ``systemd.journal.send`` does: the message, then fields by name.
JournalSend = Callable[..., object]

_IDENTIFIER = "ravatard"
#: Loggers that log every request or event loop at info, of no use to an owner.
_QUIET_AT_INFO = ("aiohttp.access", "asyncio")
#: Loggers that log each bad request with a traceback: any web page can send those to the kiosk. What is wrong
#: with the answer to a good one is logged by the kiosk itself.
_QUIET_UNLESS_DEBUG = ("aiohttp.server", "aiohttp.web", "aiohttp.websocket")
#: Characters of a text that are searched for secrets: many times what is shown of it.
_LONGEST = 64_000
#: The shortest that is masked of those that the program has met, such as a session's id: a shorter one may be
#: any word.
_SHORTEST_MET = 8

# A value that follows token= or LicenseId in a URL, a header, JSON or a repr.
_NAMED = re.compile(
    r"""(
        token(?:=|%3d)                                             # ?token=… &access_token=…
      | (?:token|jwt|licen[cs]e_?id)\\*["']\s*[:,=]\s*b?\\*["']     # "token": "…"  ('LicenseId', '…')
      | licen[cs]e_?id(?:\\*["'])?\s*(?:[:=]|%3d)\s*(?:b?\\*["'])?  # LicenseId: …  "LicenseId": 7
      | bearer(?:\s|%20)+                                          # Authorization: Bearer …
    )[^\s"'&,;<>(){}\[\]\\]+""",
    re.IGNORECASE | re.VERBOSE,
)
# User and password in an address. One class of characters at a time, so that it takes time in proportion.
_USERINFO = re.compile(r"(\w://)[^\s/?#]+@")
# A JSON Web Token anywhere: its header always begins with {" in base64 (RFC 7515 section 3.1).
_JWT = re.compile(r"eyJ[A-Za-z0-9_-]{4,}(?:\.[A-Za-z0-9_-]*){0,4}")
_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")
_FIELD_NAME = re.compile(r"[A-Z][A-Z0-9_]{0,63}")


@dataclass(frozen=True, slots=True)
class LogOptions:
    """Section ``logging``: level and format of the log."""

    level: Literal["debug", "info", "warning", "error"] = setting(
        "info", "Lowest level that is logged; info has everything an owner should know.", restart=False
    )
    style: Literal["auto", "journal", "plain"] = setting(
        "auto",
        "journal: entries with fields for systemd's journal; plain: lines of text on standard error; "
        "auto: journal when systemd runs the daemon, else plain.",
        restart=False,
    )


def redact(text: str, secrets: Iterable[Secret] = ()) -> str:
    """Return ``text`` with everything masked that is, or looks like, a secret.

    Args:
        text: text about to be shown or written.
        secrets: known secrets, masked anywhere in the text; those of less than four characters are not,
            since they occur in too many words.
    """
    for secret in secrets:
        if len(secret.reveal()) >= SHORTEST_MASKED:
            text = text.replace(secret.reveal(), MASK)
    return _JWT.sub(MASK, _NAMED.sub(rf"\1{MASK}", _USERINFO.sub(rf"\1{MASK}@", text)))


class Redaction(logging.Filter):
    """Masks secrets in message, arguments, exception text and stack of every record.

    An exception or a stack may contain any value of the program, so every existing :class:`Secret` is masked
    there, whether or not it looks like one.

    The record is changed in place: its message is formatted and its arguments are removed, so that no later
    handler, nor ``logging``'s own report of a broken handler, can show them.
    """

    def __init__(self, secrets: Iterable[Secret] = ()) -> None:
        super().__init__()
        self._secrets = tuple(secrets)
        self._formatter = logging.Formatter()

    def clean(self, text: str, more: Iterable[Secret] = ()) -> str:
        """Return ``text`` without secrets, and without control characters that could repaint a terminal.

        ``more``: secrets to mask besides those given at creation.
        """
        visible = _CONTROL.sub(lambda found: ascii(found.group())[1:-1], text)
        met = [secret for secret in living_secrets() if len(secret.reveal()) >= _SHORTEST_MET]
        return redact(visible, (*self._secrets, *more, *met))

    def filter(self, record: logging.LogRecord) -> bool:
        """Clean ``record``; return True, as every record passes."""
        try:
            message = record.getMessage()
        except Exception as error:  # noqa: BLE001 - an argument with a broken repr must not end the daemon
            message = f"{record.msg} (its arguments cannot be shown: {type(error).__name__})"
        crash = record.exc_info or record.exc_text or record.stack_info
        alive = living_secrets() if crash else []
        record.msg = shortened(self.clean(cut(message, _LONGEST), alive))
        record.args = None
        if record.exc_info and not record.exc_text:
            record.exc_text = self._formatter.formatException(record.exc_info)
        if record.exc_text:
            record.exc_text = self._traceback(record.exc_text, alive)
        if record.stack_info:
            record.stack_info = self._traceback(record.stack_info, alive)
        return True

    def _traceback(self, text: str, alive: Iterable[Secret]) -> str:
        if len(text) > _LONGEST:
            # Whole lines, since a secret may be cut in half.
            text = text[-_LONGEST:].partition("\n")[2]
        return shortened_traceback(self.clean(text, alive))


class PlainHandler(ReportingHandler, logging.StreamHandler[TextIO]):
    """Writes lines of text to a stream."""


class PlainFormatter(logging.Formatter):
    """``HH:MM:SS level name: message``; further lines are indented, so that none looks like a record."""

    def __init__(self, wording: Callable[[str], str] = str) -> None:
        """``wording``: makes the last change to a text."""
        super().__init__("%(asctime)s %(levelname)s %(name)s: %(message)s", "%H:%M:%S")
        self._wording = wording

    def format(self, record: logging.LogRecord) -> str:
        """Return the lines of one record."""
        shown = copy.copy(record)
        shown.levelname = record.levelname.lower()
        return self._wording(super().format(shown)).replace("\n", "\n  ")


class PrefixFormatter(logging.Formatter):
    """``<N>name: message``, with a priority for the journal on each line (sd-daemon(3))."""

    def __init__(self) -> None:
        super().__init__("%(name)s: %(message)s")

    def format(self, record: logging.LogRecord) -> str:
        """Return the lines of one record."""
        prefix = f"<{priority(record.levelno)}>"
        return prefix + super().format(record).replace("\n", f"\n{prefix}  ")


class JournalHandler(ReportingHandler):
    """Sends records to systemd's journal, ``extra`` as fields of their own in upper case.

    Used instead of systemd-python's handler, which sends arguments and attributes uncleaned.

    Args:
        send: ``systemd.journal.send``.
        redaction: cleans the record and its fields.
    """

    def __init__(self, send: JournalSend, redaction: Redaction) -> None:
        super().__init__()
        self._send = send
        self._clean = redaction.clean
        self._usual = {*vars(logging.makeLogRecord({})), "message", "asctime", "taskName"}
        self.addFilter(RateLimit(self.handle))
        self.addFilter(redaction)

    def emit(self, record: logging.LogRecord) -> None:
        """Send one record; a failure is reported as ``logging`` does."""
        try:
            alive = living_secrets() if record.exc_text else []
            fields = {
                name.upper(): shortened(self._clean(cut(str(value), _LONGEST), alive))
                for name, value in vars(record).items()
                if name not in self._usual and _FIELD_NAME.fullmatch(name.upper())
            }
            fields |= {
                "PRIORITY": str(priority(record.levelno)),
                "SYSLOG_IDENTIFIER": _IDENTIFIER,
                "LOGGER": record.name,
                "CODE_FILE": record.pathname,
                "CODE_FUNC": record.funcName,
            }
            fields.pop("MESSAGE", None)
            self._send(self.format(record), **fields | {"CODE_LINE": record.lineno})
        except Exception:  # noqa: BLE001 - what logging.Handler asks of every emit
            self.handleError(record)


def install_hooks() -> None:
    """Log the errors that Python itself would print on standard error, so that they pass the filter.

    These are uncaught errors, those in threads, and those that cannot be caught (in ``__del__``, in callbacks
    of C code). Hooks that are already set are left alone.
    """
    if sys.excepthook is sys.__excepthook__:
        sys.excepthook = _uncaught
    if threading.excepthook is threading.__excepthook__:
        threading.excepthook = _in_thread
    if sys.unraisablehook is sys.__unraisablehook__:
        sys.unraisablehook = _unraisable


def _uncaught(kind: type[BaseException], error: BaseException, traceback: types.TracebackType | None) -> None:
    logging.getLogger(_IDENTIFIER).critical("ends because of an error", exc_info=(kind, error, traceback))


def _in_thread(failed: threading.ExceptHookArgs) -> None:
    error = failed.exc_value
    # As Python does: SystemExit is how a thread ends itself.
    if error is not None and not isinstance(error, SystemExit):
        name = failed.thread.name if failed.thread is not None else "unknown"
        logging.getLogger(_IDENTIFIER).error("the thread %s ended because of an error", name, exc_info=error)


def _unraisable(failed: sys.UnraisableHookArgs) -> None:
    # Not the object itself: its repr may be anything, and it may be half gone.
    logging.getLogger(_IDENTIFIER).error(
        "%s a %s",
        failed.err_msg or "exception ignored in",
        type(failed.object).__name__,
        exc_info=failed.exc_value,
    )


def priority(level: int) -> int:
    """Return the syslog priority (RFC 5424 section 6.2.1) of a logging level."""
    steps = ((logging.CRITICAL, 2), (logging.ERROR, 3), (logging.WARNING, 4), (logging.INFO, 6))
    return next((number for least, number in steps if level >= least), 7)


def is_journal(stream: TextIO, environ: Mapping[str, str]) -> bool:
    """Return True if ``stream`` leads to systemd's journal.

    systemd names the journal's device and inode in ``JOURNAL_STREAM`` (systemd.exec(5)).
    """
    try:
        status = os.fstat(stream.fileno())
    except (OSError, ValueError):
        return False
    return environ.get("JOURNAL_STREAM") == f"{status.st_dev}:{status.st_ino}"


def systemd_journal() -> JournalSend | None:
    """Return ``systemd.journal.send``, or None if systemd-python is not installed."""
    try:
        from systemd.journal import send
    except ImportError:
        return None
    return cast(JournalSend, send)


def report_omissions() -> None:
    """Log how many lines were left out, if it is time for that."""
    for handler in logging.getLogger().handlers:
        for one in handler.filters:
            if isinstance(one, RateLimit):
                one.report_if_due()


def configure(
    options: LogOptions,
    *,
    under_systemd: bool,
    stream: TextIO | None = None,
    secrets: Iterable[Secret] = (),
    find_journal: Callable[[], JournalSend | None] = systemd_journal,
) -> logging.Handler:
    """Set up logging as ``options`` say. A further call replaces the earlier one.

    Args:
        options: level and style.
        under_systemd: True if standard error leads to the journal, see :func:`is_journal`.
        stream: destination of lines of text; None for standard error.
        secrets: values to mask wherever they appear.
        find_journal: returns the function that sends to the journal, or None.

    Returns:
        The handler now in use.
    """
    redaction = Redaction(secrets)
    in_journal = options.style == "journal" or (options.style == "auto" and under_systemd)
    send = find_journal() if in_journal else None
    handler: logging.Handler
    if send is not None:
        handler = JournalHandler(send, redaction)
    else:
        handler = PlainHandler(stream or sys.stderr)
        handler.setFormatter(PrefixFormatter() if in_journal else PlainFormatter())
        handler.addFilter(RateLimit(handler.handle))
        handler.addFilter(redaction)
    level = logging.getLevelNamesMapping()[options.level.upper()]
    root = logging.getLogger()
    for old in [old for old in root.handlers if any(isinstance(part, Redaction) for part in old.filters)]:
        root.removeHandler(old)
        old.close()
    root.addHandler(handler)
    root.setLevel(level)
    install_hooks()
    for name in _QUIET_AT_INFO:
        logging.getLogger(name).setLevel(level if level != logging.INFO else logging.WARNING)
    for name in _QUIET_UNLESS_DEBUG:
        logging.getLogger(name).setLevel(level if level == logging.DEBUG else logging.CRITICAL)
    return handler

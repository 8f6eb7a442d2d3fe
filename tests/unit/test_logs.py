"""Where log lines go, what they look like, and that no secret is among them."""

from __future__ import annotations

import io
import json
import logging
import os
import re
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ravatard.logs import (
    JournalHandler,
    JournalSend,
    LogOptions,
    PlainFormatter,
    Redaction,
    configure,
    install_hooks,
    is_journal,
    priority,
    redact,
    systemd_journal,
)
from ravatard.secret import MASK, Secret
from tests.growth import HOSTILE, assert_linear

_JWT = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhYmMifQ.c2lnbmF0dXJl-_x"
log = logging.getLogger("ravatard.part")


class _Journal:
    """A journal that keeps its entries."""

    def __init__(self) -> None:
        self.entries: list[dict[str, object]] = []
        self.broken = False

    def send(self, message: str, **fields: object) -> None:
        if self.broken:
            raise OSError("no journal")
        self.entries.append({"MESSAGE": message, **fields})

    def find(self) -> JournalSend:
        return self.send

    @property
    def last(self) -> dict[str, object]:
        return self.entries[-1]


@pytest.fixture(autouse=True)
def _logging_as_it_was() -> Iterator[None]:
    loggers = [logging.getLogger(name) for name in (None, "aiohttp.access", "asyncio")]
    before = [(logger, logger.level, logger.handlers[:]) for logger in loggers]
    hooks = sys.excepthook, sys.unraisablehook, threading.excepthook
    yield
    sys.excepthook, sys.unraisablehook, threading.excepthook = hooks
    for logger, level, handlers in before:
        logger.setLevel(level)
        logger.handlers[:] = handlers


@pytest.fixture
def journal() -> _Journal:
    journal = _Journal()
    configure(LogOptions(level="debug"), under_systemd=True, find_journal=journal.find)
    return journal


def _plain(**options: str) -> io.StringIO:
    stream = io.StringIO()
    configure(LogOptions(**options), under_systemd=False, stream=stream)  # type: ignore[arg-type]
    return stream


def _crash_saying(text: str) -> None:
    def crash() -> None:
        raise OSError(text)

    try:
        crash()
    except OSError:
        log.exception("it broke")


def _alone() -> None:
    """Take pytest's own handlers away for the rest of the test: they fail on records that cannot be shown."""
    root = logging.getLogger()
    root.handlers[:] = [handler for handler in root.handlers if "pytest" not in type(handler).__module__]


def test_a_plain_line_has_time_level_name_and_message() -> None:
    stream = _plain()

    log.warning("link %s", "down")

    assert re.fullmatch(r"\d\d:\d\d:\d\d warning ravatard\.part: link down\n", stream.getvalue())


def test_plain_lines_go_to_standard_error_by_default(capsys: pytest.CaptureFixture[str]) -> None:
    configure(LogOptions(), under_systemd=False)

    log.info("ready")

    captured = capsys.readouterr()
    assert captured.err.endswith("info ravatard.part: ready\n")
    assert captured.out == ""


def test_further_lines_are_indented_so_that_none_passes_for_a_record() -> None:
    stream = _plain()

    log.info("they said: %s", "x\n12:00:00 info ravatard: all is well")

    assert stream.getvalue().splitlines()[1] == "  12:00:00 info ravatard: all is well"


def test_control_characters_do_not_reach_the_terminal() -> None:
    stream = _plain()

    log.info("they said: %s", "\x1b[2J\r\x07\x9b\udcff")

    assert r"they said: \x1b[2J\r\x07\x9b\udcff" in stream.getvalue()


@pytest.mark.parametrize(
    ("level", "logged"),
    [
        ("debug", ["debug", "info", "warning", "error"]),
        ("info", ["info", "warning", "error"]),
        ("warning", ["warning", "error"]),
        ("error", ["error"]),
    ],
)
def test_the_level_is_the_least_that_is_logged(level: str, logged: list[str]) -> None:
    stream = _plain(level=level)

    for name in ("debug", "info", "warning", "error"):
        log.log(logging.getLevelNamesMapping()[name.upper()], "said")

    assert [line.split()[1] for line in stream.getvalue().splitlines()] == logged


@pytest.mark.parametrize("name", ["aiohttp.access", "asyncio"])
def test_libraries_are_quiet_at_info_and_heard_at_debug(name: str) -> None:
    stream = _plain(level="info")
    logging.getLogger(name).info("GET /")
    quiet = stream.getvalue()
    stream = _plain(level="debug")
    logging.getLogger(name).info("GET /")

    assert quiet == ""
    assert "GET /" in stream.getvalue()


def test_configuring_again_takes_the_place_of_the_first_time() -> None:
    first = _plain()
    second = _plain(level="error")

    log.info("lost")
    log.error("kept")

    assert first.getvalue() == ""
    assert second.getvalue().count("\n") == 1


def test_handlers_of_others_are_left_alone() -> None:
    other = logging.NullHandler()
    logging.getLogger().addHandler(other)

    _plain()

    assert other in logging.getLogger().handlers


@pytest.mark.parametrize(
    ("style", "under_systemd", "in_journal"),
    [
        ("auto", True, True),
        ("auto", False, False),
        ("journal", False, True),
        ("journal", True, True),
        ("plain", True, False),
        ("plain", False, False),
    ],
)
def test_the_style_and_systemd_decide_where_lines_go(
    style: str, under_systemd: bool, in_journal: bool
) -> None:
    journal, stream = _Journal(), io.StringIO()
    options = LogOptions(style=style)  # type: ignore[arg-type]
    configure(options, under_systemd=under_systemd, stream=stream, find_journal=journal.find)

    log.info("ready")

    assert bool(journal.entries) is in_journal
    assert bool(stream.getvalue()) is not in_journal


def test_without_systemd_python_every_line_carries_its_priority() -> None:
    stream = io.StringIO()
    configure(LogOptions(), under_systemd=True, stream=stream, find_journal=lambda: None)

    log.warning("two\nlines")
    log.info("one")

    assert stream.getvalue().splitlines() == [
        "<4>ravatard.part: two",
        "<4>  lines",
        "<6>ravatard.part: one",
    ]


def test_a_journal_entry_has_the_usual_fields(journal: _Journal) -> None:
    log.warning("link %s", "down")

    assert journal.last["MESSAGE"] == "link down"
    assert journal.last["PRIORITY"] == "4"
    assert journal.last["SYSLOG_IDENTIFIER"] == "ravatard"
    assert journal.last["LOGGER"] == "ravatard.part"
    assert journal.last["CODE_FILE"] == __file__
    assert journal.last["CODE_FUNC"] == "test_a_journal_entry_has_the_usual_fields"
    assert isinstance(journal.last["CODE_LINE"], int)


def test_extra_becomes_fields_in_upper_case(journal: _Journal) -> None:
    log.info("turn", extra={"ravatard_turn": 7, "RAVATARD_OUTCOME": "answered", "not a field": 1, "_own": 2})

    assert journal.last["RAVATARD_TURN"] == "7"
    assert journal.last["RAVATARD_OUTCOME"] == "answered"
    assert not {"NOT A FIELD", "_OWN", "ARGS", "MSG", "TASKNAME"} & set(journal.last)


def test_extra_does_not_take_the_place_of_our_own_fields(journal: _Journal) -> None:
    log.info("turn", extra={"priority": "0", "MESSAGE": "forged", "SYSLOG_IDENTIFIER": "sshd"})

    assert journal.last["PRIORITY"] == "6"
    assert journal.last["MESSAGE"] == "turn"
    assert journal.last["SYSLOG_IDENTIFIER"] == "ravatard"


def test_a_traceback_is_part_of_the_journals_message(journal: _Journal) -> None:
    _crash_saying("disk full")

    assert str(journal.last["MESSAGE"]).startswith("it broke\nTraceback")
    assert str(journal.last["MESSAGE"]).endswith("OSError: disk full")


def test_a_journal_that_is_gone_does_not_end_the_daemon(
    journal: _Journal, capsys: pytest.CaptureFixture[str]
) -> None:
    journal.broken = True
    token = "".join("hush")

    log.info("token=%s", token)

    captured = capsys.readouterr().err
    assert "no journal" in captured
    assert f"token={MASK}" in captured
    assert f"token={token}" not in captured


@pytest.mark.parametrize(
    ("level", "number"), [(10, 7), (20, 6), (25, 6), (30, 4), (40, 3), (50, 2), (60, 2), (0, 7)]
)
def test_levels_have_syslog_priorities(level: int, number: int) -> None:
    assert priority(level) == number


@pytest.mark.parametrize(
    "text",
    [
        "GET /ws/chat?token=hush HTTP/1.1",
        "wss://host/ws?a=1&token=hush&b=2",
        "https://host/?access_token=hush&x=1",
        "https%3A%2F%2Fhost%2F%3Ftoken%3Dhush",
        'they sent {"token": "hush"}',
        "they sent {'jwt': 'hush', 'result': 'success'}",
        '{"result":"success","jwt":"hush"}',
        'body="{\\"token\\": \\"hush\\"}"',
        "Authorization: Bearer hush",
        "authorization: bearer  hush",
        "<CIMultiDict('Authorization': 'Bearer hush')>",
        "(b'LicenseId', b'hush')",
        "LicenseId=hush",
        "LicenseId: hush",
        '{"LicenseId": "hush", "status": 200}',
        '{"licenseId":"hush"}',
        "license_id='hush'",
        "{'LicenseId': b'hush'}",
        "LICENSEID : hush",
        "/end?LicenseId=hush&x=1",
    ],
)
def test_what_stands_where_secrets_stand_is_masked(text: str) -> None:
    assert redact(text) == re.sub("hush", MASK, text)


def test_user_and_password_in_an_address_are_masked() -> None:
    shown = redact("HTTPS_PROXY=http://me:p@ss@proxy.example:3128/, then ftp://you@b.example and a@c.example")

    assert (
        shown == f"HTTPS_PROXY=http://{MASK}@proxy.example:3128/, then ftp://{MASK}@b.example and a@c.example"
    )


def test_a_number_as_licence_is_masked() -> None:
    assert redact('{"LicenseId": 8154711, "status": 200}') == f'{{"LicenseId": {MASK}, "status": 200}}'


@pytest.mark.parametrize("around", ["{}", "x{}", "'{}'", "got {}, kept", "jwt {} expired", "{}\n", "a/{}/b"])
def test_a_json_web_token_is_masked_wherever_it_stands(around: str) -> None:
    assert redact(around.format(_JWT)) == around.format(MASK)


def test_half_a_json_web_token_is_masked() -> None:
    assert redact(_JWT[:20]) == MASK


@pytest.mark.parametrize(
    "text",
    [
        "renewing the token: 23 h left",
        "the service gave no LicenseId",
        "LicenseId, avatar and language",
        "token refused (401)",
        "",
    ],
)
def test_what_is_no_secret_stays(text: str) -> None:
    assert redact(text) == text


def test_known_secrets_are_masked_wherever_they_stand() -> None:
    assert redact("no project 'open sesame'", [Secret("open sesame")]) == f"no project '{MASK}'"


@pytest.mark.parametrize("short", ["", "a", "pro"])
def test_a_secret_too_short_to_be_one_does_not_blank_every_word(short: str) -> None:
    assert redact("no project", [Secret(short)]) == "no project"


def test_a_very_long_text_is_redacted_in_no_time() -> None:
    text = "token" * 100_000 + '" ' * 100_000 + "eyJ" * 100_000

    assert redact(text)


_token_texts = st.text(alphabet="habcdefgIJKL0123456789._~+/-", min_size=12, max_size=40).map("h".__add__)
_other_texts = st.text(alphabet=st.characters(exclude_characters="h"), max_size=20)


@given(_token_texts, _other_texts, _other_texts)
@settings(deadline=None)
def test_no_token_survives_whatever_stands_around_it(token: str, before: str, after: str) -> None:
    for form in (
        f"token={token}",
        json.dumps({"LicenseId": token}),
        f"Bearer {token}",
        json.dumps({"jwt": token}),
    ):
        assert token not in redact(f"{before}{form} {after}")


@pytest.mark.parametrize("style", ["plain", "prefixed", "journal"])
def test_no_secret_passes_by_any_way(style: str, capsys: pytest.CaptureFixture[str]) -> None:
    journal, stream = _Journal(), io.StringIO()
    configure(
        LogOptions(style="plain" if style == "plain" else "journal"),
        under_systemd=False,
        stream=stream,
        secrets=[Secret("open-sesame")],
        find_journal=journal.find if style == "journal" else lambda: None,
    )
    _alone()
    unfit = "too few %s %s", "token=hush"

    log.info("with token=hush in the text")
    log.info("url %s", "wss://host/?token=hush")
    log.info("object %r", {"LicenseId": "hush"})
    log.info("named %(what)s", {"what": "Bearer hush"})
    log.info("known %s", "open-sesame")
    log.info("secret %s", Secret("hush"))
    log.info("field", extra={"url": "?token=hush", "own": Secret("hush"), "known": "open-sesame"})
    log.info("stack token=hush", stack_info=True)
    log.info(*unfit)
    _crash_saying(f"refused {_JWT} and ?token=hush")

    written = stream.getvalue() + json.dumps(journal.entries) + "".join(capsys.readouterr())
    assert written.count("refused") == 1
    # The line of source that _crash_saying shows in its traceback holds no secret either.
    for secret in ("hush", "open-sesame", _JWT[:12]):
        assert secret not in written.replace('log.info("stack token=hush", stack_info=True)', "")


def test_arguments_that_do_not_fit_lose_only_themselves() -> None:
    stream = _plain()
    _alone()

    log.info("%d frames", "many")

    assert "%d frames (its arguments cannot be shown: TypeError)" in stream.getvalue()


def test_an_argument_that_cannot_be_shown_does_not_end_the_daemon() -> None:
    class Sulking:
        def __str__(self) -> str:
            raise RuntimeError("no")

    stream = _plain()
    _alone()

    log.info("it is %s", Sulking())

    assert "RuntimeError" in stream.getvalue()


def test_a_handler_can_be_used_on_its_own() -> None:
    journal = _Journal()
    handler = JournalHandler(journal.send, Redaction())

    handler.handle(logging.makeLogRecord({"msg": "token=hush", "levelno": logging.INFO, "name": "x"}))

    assert journal.last["MESSAGE"] == f"token={MASK}"


def test_an_exception_text_formatted_before_is_cleaned_too() -> None:
    record = logging.makeLogRecord({"msg": "x", "exc_text": "OSError: token=hush"})

    Redaction().filter(record)

    assert record.exc_text == f"OSError: token={MASK}"


def test_the_journal_is_known_by_device_and_inode(tmp_path: Path) -> None:
    with (tmp_path / "log").open("w", encoding="utf-8") as stream:
        status = os.fstat(stream.fileno())
        named = {"JOURNAL_STREAM": f"{status.st_dev}:{status.st_ino}"}

        assert is_journal(stream, named)
        assert not is_journal(stream, {"JOURNAL_STREAM": "1:2"})
        assert not is_journal(stream, {})


@pytest.mark.parametrize("value", ["", "1:2", "nonsense", ":"])
def test_a_stream_that_was_redirected_is_not_the_journal(tmp_path: Path, value: str) -> None:
    with (tmp_path / "log").open("w", encoding="utf-8") as stream:
        assert not is_journal(stream, {"JOURNAL_STREAM": value})


def test_a_closed_file_is_not_the_journal(tmp_path: Path) -> None:
    with (tmp_path / "log").open("w", encoding="utf-8") as stream:
        pass

    assert not is_journal(stream, {"JOURNAL_STREAM": "1:2"})


def test_a_stream_without_a_file_is_no_journal() -> None:
    closed = io.StringIO()
    closed.close()

    assert not is_journal(io.StringIO(), {"JOURNAL_STREAM": "1:2"})
    assert not is_journal(closed, {"JOURNAL_STREAM": "1:2"})


def test_systemd_python_is_used_where_it_is_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    fake = ModuleType("systemd.journal")
    fake.send = _Journal().send  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "systemd", ModuleType("systemd"))
    monkeypatch.setitem(sys.modules, "systemd.journal", fake)

    assert systemd_journal() is fake.send


def test_systemd_python_may_be_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    # None in sys.modules makes an import fail.
    monkeypatch.setitem(sys.modules, "systemd.journal", None)

    assert systemd_journal() is None


# ---------------------------------------------------------------------- crashes


def _raise(text: str) -> None:
    error = ValueError(f"about {text}")
    error.add_note(f"note on {text}")
    raise ExceptionGroup(f"several of {text}", [error]) from OSError(f"cause of {text}")


def test_a_crash_shows_no_secret_the_process_holds_whatever_it_looks_like() -> None:
    held = Secret("license-7-ab12cd")
    stream = _plain()

    try:
        _raise(held.reveal())
    except ExceptionGroup:
        log.critical("crashed with %s", held.reveal(), exc_info=True, stack_info=True)

    assert held.reveal() not in stream.getvalue()
    for words in ("cause of", "about", "note on", "several of", "crashed with"):
        assert f"{words} {MASK}" in stream.getvalue()


def test_a_crash_in_the_journal_shows_none_either(journal: _Journal) -> None:
    held = Secret("license-8-ab12cd")
    configure(LogOptions(style="journal"), under_systemd=True, find_journal=journal.find)

    try:
        _raise(held.reveal())
    except ExceptionGroup:
        log.exception("crashed", extra={"about": held.reveal()})

    assert held.reveal() not in str(journal.entries)


@pytest.fixture
def _hooks_of_python(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "excepthook", sys.__excepthook__)
    monkeypatch.setattr(sys, "unraisablehook", sys.__unraisablehook__)
    monkeypatch.setattr(threading, "excepthook", threading.__excepthook__)


class _Falling:
    """Something whose end fails."""

    def __init__(self, text: str) -> None:
        self._text = text

    def __repr__(self) -> str:
        return self._text

    def __del__(self) -> None:
        raise ValueError(self._text)


@pytest.mark.usefixtures("_hooks_of_python")
def test_what_nobody_caught_is_logged_without_secrets(capsys: pytest.CaptureFixture[str]) -> None:
    held = Secret("license-9-ab12cd")
    configure(LogOptions(), under_systemd=False)
    error = ValueError(held.reveal())

    sys.excepthook(ValueError, error, None)
    failed = threading.Thread(target=_raise, args=(held.reveal(),), name="resolver")
    failed.start()
    failed.join()
    leaving = threading.Thread(target=sys.exit)
    leaving.start()
    leaving.join()
    _Falling(held.reveal())

    captured = capsys.readouterr()
    assert held.reveal() not in captured.err + captured.out
    assert f"ValueError: {MASK}" in captured.err
    assert "the thread resolver ended because of an error" in captured.err
    assert "xception ignored in a function" in captured.err
    assert captured.err.count("ravatard: ") == 3


def test_hooks_of_others_are_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    def ours(*_: object) -> None:
        """Somebody else's."""

    for module, name in ((sys, "excepthook"), (sys, "unraisablehook"), (threading, "excepthook")):
        monkeypatch.setattr(module, name, ours)

    install_hooks()

    assert [sys.excepthook, sys.unraisablehook, threading.excepthook] == [ours, ours, ours]


@pytest.mark.parametrize("family", HOSTILE)
def test_no_text_takes_longer_to_clean_than_its_size(family: str) -> None:
    assert_linear(Redaction([Secret("never-shown")]).clean, HOSTILE[family])


def test_a_secret_that_the_program_has_met_is_masked_in_every_line() -> None:
    met = Secret("okapi-session-of-letters")

    shown = Redaction().clean("the service said AUDIO_okapi-session-of-letters")

    assert met.reveal() not in shown
    assert "the service said AUDIO_" in shown


def test_a_plain_line_has_its_last_change() -> None:
    record = logging.makeLogRecord({"msg": "see `ravatard devices`", "levelname": "INFO", "name": "ravatard"})

    line = PlainFormatter(lambda text: text.replace("ravatard devices", "X devices")).format(record)

    assert line.endswith("info ravatard: see `X devices`")


def test_the_mask_of_many_secrets_does_not_bring_half_of_the_last_into_the_line() -> None:
    held = Secret("okapi-" * 500)
    stream = _plain()
    # Masked, what is searched is shorter than what is shown.
    log.warning("%s", f"{held.reveal()} " * 60)

    assert MASK in stream.getvalue()
    assert "okapi" not in stream.getvalue()

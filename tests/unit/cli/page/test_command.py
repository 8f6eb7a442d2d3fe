"""``ravatard page`` as it is typed."""

from __future__ import annotations

import io
import os
import shutil
import socket
import sys
from pathlib import Path
from typing import Any

import pytest

from ravatard.cli import main
from ravatard.config.saved import layer
from ravatard.host.page.access_file import NAME
from ravatard.host.page.certificate import fingerprint, self_made
from ravatard.web.page.access import password
from ravatard.web.page.access.record import decoded
from tests.unit.cli.test_control import FakeDaemon


@pytest.fixture(autouse=True)
def cheap(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(password, "COST", 16)


def page(tmp_path: Path, *words: str, config: str = "{}") -> int:
    (tmp_path / "ravatard.yaml").write_text(config)
    places = ["--state", str(tmp_path / "state"), "--config", str(tmp_path / "ravatard.yaml")]
    return main(["page", *words, *places])


def test_a_page_that_is_off_says_how_to_switch_it_on(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert page(tmp_path, "--socket", str(tmp_path / "none")) == 0

    assert "page.listen: loopback or lan" in capsys.readouterr().out


def running(tmp_path: Path, place: dict[str, Any] | None, *faults: str) -> FakeDaemon:
    daemon = FakeDaemon(tmp_path / "sock")
    daemon.reply = {"ok": True, "status": {"page": place, "degraded": ["no lights", *faults]}}
    return daemon


PLACE = {"listen": "lan", "scheme": "http", "port": 80, "names": ["avatar.example"]}


def shown(tmp_path: Path, daemon: FakeDaemon, config: str = "{}") -> int:
    try:
        return page(tmp_path, "show", "--socket", str(tmp_path / "sock"), config=config)
    finally:
        daemon.close(tmp_path / "sock")


def test_the_addresses_of_the_running_appliance_are_shown_with_a_code_for_a_phone(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Whatever this configuration says: it may be another one."""
    status = shown(tmp_path, running(tmp_path, PLACE), "page: {listen: loopback, port: 9}")

    out = capsys.readouterr().out
    assert status == 0
    assert out.startswith("http://avatar.example/\nhttp://")
    assert "no lights" not in out
    assert "█" in out


@pytest.mark.parametrize(
    ("listen", "who"),
    [("loopback", "every user and program of this machine"), ("lan", "everyone in the local network")],
)
def test_a_page_without_a_password_says_so_and_who_can_open_it(
    listen: str, who: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    status = shown(tmp_path, running(tmp_path, PLACE | {"listen": listen, "claimed": False}))

    out = capsys.readouterr().out
    assert status == 0
    assert f"It has no password yet: {who} can open it" in out
    assert "page password`" in out


def test_a_page_with_a_password_needs_no_word_about_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shown(tmp_path, running(tmp_path, PLACE | {"claimed": True}))

    assert "password" not in capsys.readouterr().out


def test_a_page_that_is_not_served_has_no_address_but_a_reason(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    fault = "the page is not served: port 80 cannot be had"

    status = shown(tmp_path, running(tmp_path, PLACE | {"port": None}, fault))

    assert (status, capsys.readouterr().out) == (1, f"{fault}\n")


def test_a_page_that_is_locked_is_shown_for_this_machine_with_the_reason(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    fault = "the page is served to this machine only: there is no password yet"

    status = shown(tmp_path, running(tmp_path, PLACE | {"listen": "loopback", "port": 8_480}, fault))

    assert (status, capsys.readouterr().out) == (0, f"{fault}\nhttp://localhost:8480/\n")


def test_without_a_daemon_no_address_is_said_to_work(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    none = ("--socket", str(tmp_path / "none"))

    assert page(tmp_path, "show", *none, config="page: {listen: loopback, tls: self-made}") == 1

    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("ravatard does not run, so that no page is there yet; after ")
    assert lines[1] == "https://localhost:8480/"
    assert "There is no certificate" in lines[2]


def test_a_daemon_that_does_not_answer_is_not_said_to_be_stopped(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ravatard.host.control.client.ANSWER_S", 0.1)
    path = tmp_path / "stuck"
    with socket.socket(socket.AF_UNIX) as stuck:
        stuck.bind(str(path))
        stuck.listen()
        path.chmod(0o600)

        assert page(tmp_path, "show", "--socket", str(path), config="page: {listen: loopback}") == 1

    said = capsys.readouterr().out
    assert "does not answer" in said
    assert "does not run" not in said
    assert said.endswith("http://localhost:8480/\n")


def test_a_page_that_was_switched_on_since_the_start_needs_a_restart(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    status = shown(tmp_path, running(tmp_path, None), "page: {listen: lan}")

    out = capsys.readouterr().out
    assert status == 1
    assert "it was started before page.listen was lan" in out
    assert "a restart of `ravatard run` applies this one" in out


@pytest.mark.skipif(shutil.which("openssl") is None, reason="no openssl command")
def test_the_fingerprint_of_its_certificate_is_shown(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    made = self_made(tmp_path / "state", ["raspi.local"])
    daemon = running(tmp_path, PLACE | {"scheme": "https"})

    assert shown(tmp_path, daemon, "page: {listen: lan, tls: self-made}") == 0

    assert fingerprint(made.read_text()) in capsys.readouterr().out


def test_a_certificate_of_the_owners_own_that_is_missing_or_damaged_is_not_promised(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The daemon makes none in its place."""
    file = tmp_path / "own.pem"
    config = f"page: {{listen: lan, tls: files, certificate: {file}}}"

    def said() -> str:
        shown(tmp_path, running(tmp_path, PLACE | {"scheme": "https"}), config)
        (tmp_path / "sock").unlink(missing_ok=True)
        return capsys.readouterr().out

    assert f"There is no certificate at {file}: correct page.certificate." in said()
    for content in (b"no certificate", b"\x30\x82\xff"):
        file.write_bytes(content)
        assert f"{file} holds no certificate that can be read (PEM)" in said()
    file.unlink()
    os.mkfifo(file)
    assert f"There is no certificate at {file}" in said()


def test_a_code_is_printed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert page(tmp_path, "code") == 0

    assert capsys.readouterr().out.strip()[-6:].isdigit()


def test_a_password_comes_from_standard_input_and_is_not_printed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO("correct horse\n"))

    assert page(tmp_path, "password") == 0

    assert "horse" not in capsys.readouterr().out
    assert b"horse" not in (tmp_path / "state" / NAME).read_bytes()


@pytest.mark.parametrize("line", ["correct horse\r\n", "\ufeffcorrect horse\r\n", "correct horse"])
def test_the_end_of_a_line_is_no_part_of_a_password(
    line: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As a file has it that was written under Windows: no browser sends such an end."""
    monkeypatch.setattr(sys, "stdin", io.StringIO(line, newline=""))

    assert page(tmp_path, "password") == 0

    kept = decoded((tmp_path / "state" / NAME).read_bytes()).password
    assert kept is not None
    assert password.matches("correct horse", kept)


def test_tokens_are_made_listed_and_revoked(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO("correct horse\n"))
    assert page(tmp_path, "password") == 0
    capsys.readouterr()
    assert page(tmp_path, "tokens") == 0
    assert capsys.readouterr().out == "There is no token.\n"
    assert page(tmp_path, "tokens", "add", "lamp", "--scope", "control") == 0
    assert capsys.readouterr().out.startswith("rvp_")
    assert page(tmp_path, "tokens") == 0
    key = capsys.readouterr().out.split()[0]
    assert page(tmp_path, "tokens", "revoke", key) == 0
    assert page(tmp_path, "tokens", "revoke", key) == 1


@pytest.mark.parametrize("words", [("code", "x"), ("tokens", "add"), ("tokens", "drop", "x")])
def test_a_wrong_line_is_refused(
    words: tuple[str, ...], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert page(tmp_path, *words) == 2

    assert "takes" in capsys.readouterr().err


@pytest.mark.parametrize("words", [("password",), ("code",), ("tokens",), ("tokens", "add", "lamp")])
def test_a_user_who_may_not_change_the_services_state_changes_none(
    words: tuple[str, ...],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(layer, "hidden", lambda environ: True)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "own"))

    status = main(["page", *words])

    said = capsys.readouterr()
    assert (status, said.out) == (1, "")
    assert "you may not write to /var/lib/ravatard; repeat the command with sudo" in said.err
    assert f"--state {tmp_path}/own/ravatard" in said.err
    assert not (tmp_path / "own").exists()

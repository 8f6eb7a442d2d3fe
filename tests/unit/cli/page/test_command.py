"""``ravatard page`` as it is typed."""

from __future__ import annotations

import io
import shutil
import sys
from pathlib import Path

import pytest

from ravatard.cli import main
from ravatard.config.saved import layer
from ravatard.host.page.access_file import NAME
from ravatard.host.page.certificate import fingerprint, self_made
from ravatard.web.page.access import password


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
    assert page(tmp_path) == 0

    assert "page.listen: loopback or lan" in capsys.readouterr().out


def test_its_addresses_are_shown_with_a_code_for_a_phone(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert page(tmp_path, config="page: {listen: lan}") == 0
    out = capsys.readouterr().out
    assert out.startswith("http://")
    assert ".local:8480/" in out

    assert page(tmp_path, "show", config="page: {listen: loopback, tls: self-made}") == 0
    out = capsys.readouterr().out
    assert out.startswith("https://localhost:8480/")
    assert "There is no certificate" in out


@pytest.mark.skipif(shutil.which("openssl") is None, reason="no openssl command")
def test_the_fingerprint_of_its_certificate_is_shown(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    made = self_made(tmp_path / "state", ["raspi.local"])

    assert page(tmp_path, config="page: {listen: loopback, tls: self-made}") == 0

    assert fingerprint(made.read_text()) in capsys.readouterr().out


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


def test_tokens_are_made_listed_and_revoked(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
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

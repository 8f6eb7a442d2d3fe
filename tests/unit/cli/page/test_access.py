"""Passwords, codes and tokens from the command line."""

from __future__ import annotations

from pathlib import Path

import pytest

from ravatard.cli.page.access import (
    Inaccessible,
    new_code,
    new_password,
    new_token,
    revoke_token,
    token_rows,
)
from ravatard.host.page.access_file import NAME, StateAccessFile
from ravatard.web.page.access import password
from ravatard.web.page.access.password import matches
from ravatard.web.page.access.record import MOST_TOKENS, decoded, digest_of


@pytest.fixture(autouse=True)
def cheap(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(password, "COST", 16)


def test_a_code_is_kept_as_a_hash_and_refused_once_there_is_a_password(tmp_path: Path) -> None:
    file = StateAccessFile(tmp_path)

    digits = new_code(file, 1_000.0)

    kept = decoded(file.read()).code
    assert kept is not None
    assert kept.matches(digits, 1_001.0)
    assert digits.encode() not in (file.read() or b"")
    new_password(file, lambda: "correct horse")
    with pytest.raises(Inaccessible, match="has a password already"):
        new_code(file, 1_000.0)


def test_a_new_password_replaces_the_old_one_and_keeps_the_tokens(tmp_path: Path) -> None:
    file = StateAccessFile(tmp_path)
    new_password(file, lambda: "correct horse")
    new_token(file, "lamp", ["read"], 1.0)

    new_password(file, lambda: "another horse")

    record = decoded(file.read())
    assert record.password is not None
    assert matches("another horse", record.password)
    assert [one.name for one in record.tokens] == ["lamp"]


def test_a_lost_or_damaged_file_is_mended_by_a_new_password(tmp_path: Path) -> None:
    (tmp_path / NAME).write_bytes(b"{damaged")
    file = StateAccessFile(tmp_path)

    new_password(file, lambda: "correct horse")

    assert decoded(file.read()).password is not None


@pytest.mark.parametrize("word", ["", "short", "x" * 201])
def test_a_password_that_the_page_would_not_take_is_refused(word: str, tmp_path: Path) -> None:
    with pytest.raises(Inaccessible, match="8 to 200 characters"):
        new_password(StateAccessFile(tmp_path), lambda: word)

    assert not (tmp_path / NAME).exists()


def test_a_password_that_is_no_text_or_none_at_all_is_refused(tmp_path: Path) -> None:
    def ended() -> str:
        raise EOFError

    def undecodable() -> str:
        return b"\xff correct horse".decode()

    not_text = b"\xff correct horse".decode(errors="surrogateescape")
    for read, why in ((lambda: not_text, "no UTF-8"), (undecodable, "no UTF-8"), (ended, "typed")):
        with pytest.raises(Inaccessible, match=why):
            new_password(StateAccessFile(tmp_path), read)

    assert not (tmp_path / NAME).exists()


def test_tokens_are_listed_without_their_secret_and_revoked(tmp_path: Path) -> None:
    file = StateAccessFile(tmp_path)
    new_password(file, lambda: "correct horse")
    secret = new_token(file, "prometheus", ["read"], 1.0)
    key = decoded(file.read()).tokens[0].id

    assert token_rows(file) == [f"{key}  prometheus  read  never used"]
    assert decoded(file.read()).tokens[0].digest == digest_of(secret)
    revoke_token(file, key)
    assert token_rows(file) == []
    with pytest.raises(Inaccessible, match="there is no token"):
        revoke_token(file, key)


def test_bad_names_and_too_many_tokens_are_refused(tmp_path: Path) -> None:
    file = StateAccessFile(tmp_path)
    new_password(file, lambda: "correct horse")
    for name in ("", "x" * 61, "two\nlines", "not UTF-8: \udcff"):
        with pytest.raises(Inaccessible, match="the name of a token"):
            new_token(file, name, ["read"], 1.0)
    for at in range(MOST_TOKENS):
        new_token(file, str(at), ["read"], 1.0)

    with pytest.raises(Inaccessible, match="revoke one first"):
        new_token(file, "one more", ["read"], 1.0)


class Denied:
    """A file that belongs to the service."""

    def stamp(self) -> object:
        return None

    def read(self) -> bytes | None:
        raise PermissionError(13, "Permission denied")

    def update(self, change: object) -> None:
        raise PermissionError(13, "Permission denied")


def test_a_user_without_rights_is_told_to_use_sudo(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.geteuid", lambda: 1_000)
    for use in (lambda: new_code(Denied(), 0.0), lambda: token_rows(Denied())):
        with pytest.raises(Inaccessible, match="with sudo"):
            use()

    monkeypatch.setattr("os.geteuid", lambda: 0)
    with pytest.raises(Inaccessible, match="Permission denied"):
        new_code(Denied(), 0.0)


def test_a_token_before_the_first_password_is_refused_because_the_page_takes_none(tmp_path: Path) -> None:
    file = StateAccessFile(tmp_path)

    with pytest.raises(Inaccessible, match=r"there is no password yet.*ravatard page password"):
        new_token(file, "lamp", ["read"], 1.0)

    assert token_rows(file) == []

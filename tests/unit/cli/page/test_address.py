"""Addresses of the page and the QR code of one."""

from __future__ import annotations

import socket

import pytest

from ravatard.cli.page.address import addresses, qr_code


@pytest.fixture(autouse=True)
def named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket, "gethostname", lambda: "Raspi.lan")


def test_on_this_machine_there_is_one() -> None:
    assert addresses("http", 8_480, "loopback") == ["http://localhost:8480/"]


def test_in_the_network_the_owners_names_come_first_and_numbers_last(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ravatard.cli.page.address.own_addresses", lambda: ["192.168.0.7"])

    assert addresses("https", 443, "lan", ["avatar.example"]) == [
        "https://avatar.example/",
        "https://raspi.local/",
        "https://192.168.0.7/",
    ]
    assert addresses("http", 80, "lan")[0] == "http://raspi.local/"


def test_the_code_is_a_square_that_a_camera_can_read() -> None:
    segno = pytest.importorskip("segno")
    picture = qr_code("http://raspi.local:8480/").splitlines()

    size = segno.make("http://raspi.local:8480/", error="m").symbol_size(border=2)[0]
    assert {len(row) for row in picture} == {size}
    assert len(picture) == (size + 1) // 2
    assert set("".join(picture)) <= set(" █▀▄")
    # The quiet zone is light, and the upper left corner of the finder is dark below it.
    assert picture[0] == "█" * size
    assert picture[1][2] == " "

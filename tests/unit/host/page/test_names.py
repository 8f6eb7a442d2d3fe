"""Names and addresses of this machine."""

from __future__ import annotations

import socket

import pytest

from ravatard.host.page.names import own_addresses, own_names, short_name


def test_a_machine_has_its_name_with_and_without_domain_and_local(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket, "gethostname", lambda: "Raspi.lan")

    assert short_name() == "raspi"
    assert own_names() == {"localhost", "raspi.lan", "raspi", "raspi.local"}


def test_a_machine_without_a_network_has_no_number(monkeypatch: pytest.MonkeyPatch) -> None:
    class Unreachable(socket.socket):
        def connect(self, address: object) -> None:
            raise OSError(101, "Network is unreachable")

    monkeypatch.setattr(socket, "socket", Unreachable)

    assert own_addresses() == []

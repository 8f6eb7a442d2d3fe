"""systemd receives notifications over a real datagram socket; a systemd that is gone does no harm."""

from __future__ import annotations

import contextlib
import logging
import os
import socket
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest

from ravatard.host.systemd import (
    NullNotifier,
    SystemdNotifier,
    library_notify,
    open_notifier,
)
from tests.assertions import assert_no_complaint


class Manager:
    """The other end of ``NOTIFY_SOCKET``."""

    def __init__(self, address: str) -> None:
        self.address = address
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind("\0" + address[1:] if address.startswith("@") else address)
        self._socket.setblocking(False)

    def received(self) -> str:
        return self._socket.recv(65536).decode()

    def close(self) -> None:
        self._socket.close()


@contextlib.contextmanager
def listening(address: str) -> Iterator[Manager]:
    manager = Manager(address)
    try:
        yield manager
    finally:
        manager.close()


@pytest.fixture
def socket_of(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Mapping[str, str]]:
    """Return the environment of this process, which systemd-python reads, with a notification socket."""
    pytest.importorskip("systemd.daemon", reason="systemd-python is an extra")

    def environ(address: str) -> Mapping[str, str]:
        monkeypatch.setenv("NOTIFY_SOCKET", address)
        return os.environ

    return environ


@pytest.fixture
def manager(tmp_path: Path, socket_of: Callable[[str], Mapping[str, str]]) -> Iterator[Manager]:
    with listening(str(tmp_path / "notify")) as manager:
        socket_of(manager.address)
        yield manager


def no_library() -> None:
    return None


def test_fields_go_out_as_one_datagram(manager: Manager) -> None:
    notifier = open_notifier(os.environ)

    notifier.notify("READY=1", "STATUS=ready")

    assert manager.received() == "READY=1\nSTATUS=ready"


def test_an_abstract_socket_is_found_by_its_at_sign(socket_of: Callable[[str], Mapping[str, str]]) -> None:
    with listening(f"@ravatard-test-{os.getpid()}") as manager:
        notifier = open_notifier(socket_of(manager.address))

        notifier.notify("WATCHDOG=1")

        assert manager.received() == "WATCHDOG=1"


def test_the_library_is_used_when_it_is_there() -> None:
    sent: list[str] = []

    notifier = open_notifier({"NOTIFY_SOCKET": "/run/notify"}, lambda: sent.append)
    notifier.notify("READY=1")

    assert sent == ["READY=1"]


def test_systemd_python_itself_writes_to_the_socket(manager: Manager) -> None:
    open_notifier(os.environ, library_notify).notify("READY=1", "STATUS=bereit: Gerät gehört, 1 µs")

    assert manager.received() == "READY=1\nSTATUS=bereit: Gerät gehört, 1 µs"


def test_a_missing_library_is_no_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "systemd.daemon", None)

    assert library_notify() is None


def test_a_status_of_several_lines_cannot_smuggle_a_field(manager: Manager) -> None:
    notifier = open_notifier(os.environ)

    notifier.notify("STATUS=microphone lost\nSTOPPING=1")

    assert manager.received() == "STATUS=microphone lost STOPPING=1"


def test_reloading_says_when() -> None:
    sent: list[str] = []
    notifier = SystemdNotifier(sent.append, monotonic_ns=lambda: 1_234_567_890)

    notifier.notify("RELOADING=1", "STATUS=reloading")

    assert sent == ["RELOADING=1\nSTATUS=reloading\nMONOTONIC_USEC=1234567"]


def test_a_manager_that_is_gone_is_logged_once_and_harms_nobody(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, socket_of: Callable[[str], Mapping[str, str]]
) -> None:
    address = str(tmp_path / "notify")
    notifier = open_notifier(socket_of(address))

    notifier.notify("READY=1")
    notifier.notify("WATCHDOG=1")
    with listening(address) as manager:
        notifier.notify("STATUS=back")
        received = manager.received()
    notifier.notify("WATCHDOG=1")

    assert received == "STATUS=back"
    assert [record.levelno for record in caplog.records] == [logging.WARNING] * 2


def test_a_nul_in_a_field_harms_nobody(manager: Manager, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NOTIFY_SOCKET", manager.address)

    with assert_no_complaint():
        open_notifier(os.environ).notify("STATUS=a\0b")


@pytest.mark.parametrize("environ", [{}, {"NOTIFY_SOCKET": ""}])
def test_without_systemd_nothing_is_sent(environ: dict[str, str]) -> None:
    notifier = open_notifier(environ)

    notifier.notify("READY=1")

    assert isinstance(notifier, NullNotifier)
    assert notifier.watchdog_s is None


@pytest.mark.parametrize("address", ["vsock:2:1234", "/run/notify"])
def test_under_systemd_a_missing_library_is_named(address: str, caplog: pytest.LogCaptureFixture) -> None:
    notifier = open_notifier({"NOTIFY_SOCKET": address}, no_library)

    assert isinstance(notifier, NullNotifier)
    assert f"{address} needs systemd-python" in caplog.text
    assert notifier.watchdog_s is None


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        ({"WATCHDOG_USEC": "30000000"}, 30.0),
        ({"WATCHDOG_USEC": "30000000", "WATCHDOG_PID": str(os.getpid())}, 30.0),
        ({"WATCHDOG_USEC": "30000000", "WATCHDOG_PID": "1"}, None),
        ({"WATCHDOG_USEC": "0"}, None),
        ({"WATCHDOG_USEC": "-5"}, None),
        ({"WATCHDOG_USEC": "soon"}, None),
        ({"WATCHDOG_USEC": ""}, None),
        ({}, None),
    ],
)
def test_the_watchdog_counts_only_for_the_process_it_watches(
    environ: dict[str, str], expected: float | None
) -> None:
    ignored: list[str] = []
    notifier = open_notifier({"NOTIFY_SOCKET": "/run/notify", **environ}, lambda: ignored.append)

    assert notifier.watchdog_s == expected

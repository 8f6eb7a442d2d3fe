"""The table for an administrator: at most 100 columns, everything a firewall's rule needs, no secret."""

from __future__ import annotations

from pathlib import Path

import pytest
from yarl import URL

from ravatard.cli.doctor.network_table import WIDTH, Table, heading
from ravatard.cli.doctor.text import Marks
from ravatard.cli.terminal import cells
from ravatard.cloud.proxy import Proxy
from ravatard.doctor.network.destination import Destination, NetworkProtocol, Outcome, State
from tests.unit.doctor.patient import Patient

MARKS = Marks(("+", "!", "x", "?", ".", ">"), colour=False, columns=0)
SERVICE = Destination(
    "service: sign-in, requests", "chat.rvtr.ai", 443, NetworkProtocol.HTTPS, "service.base_url"
)
PROXY = Proxy(URL("http://me:secret@proxy.example:3128"), "service.proxy")


def lines(one: Destination, outcome: Outcome) -> list[str]:
    found = list(Table(MARKS, lambda text: text.replace("hidden", "***")).lines(one, outcome))
    assert all(cells(line) <= WIDTH for line in found), found
    return found


def test_an_open_destination() -> None:
    outcome = Outcome(State.OPEN, "HTTP 404; certificate by R11 (Let's Encrypt)", (4, 6), "R11")

    assert lines(SERVICE, outcome) == [
        "+ chat.rvtr.ai                       TCP 443   direct 4+6  service: sign-in, requests  open",
        "    HTTP 404; certificate by R11 (Let's Encrypt)",
    ]


@pytest.mark.parametrize(
    ("outcome", "sign", "word"),
    [
        (Outcome(State.SILENT), "x", "no answer"),
        (Outcome(State.SILENT, relieved=True), "!", "no answer"),
        (Outcome(State.UNTRUSTED), "x", "intercepted"),
        (Outcome(State.REJECTED), "x", "proxy: no"),
        (Outcome(State.UNKNOWN), "?", "not known"),
        (Outcome(State.UNDECIDED), "?", "undecided"),
        (Outcome(State.UNTRIED), ".", "not tried"),
    ],
)
def test_each_outcome_has_its_sign_and_word(outcome: Outcome, sign: str, word: str) -> None:
    first = lines(SERVICE, outcome)[0]

    assert (first[0], first.endswith(f" {word}")) == (sign, True)


def test_every_word_fits_into_its_column() -> None:
    assert max(len(state.word) for state in State) <= WIDTH - 88


def test_a_long_host_has_a_line_of_its_own() -> None:
    one = Destination("requests", f"{'a' * 60}.{'b' * 60}.example", 443, NetworkProtocol.HTTPS)

    found = lines(one, Outcome(State.OPEN, "answers"))

    assert "".join(line[2:] for line in found[:2]) == one.host
    assert found[2].split() == ["TCP", "443", "direct", "requests", "open"]


def test_a_strangers_words_repaint_no_terminal_and_show_no_secret() -> None:
    found = lines(SERVICE, Outcome(State.FAILED, "\x1b[2J hidden " + "word " * 40))

    assert "\x1b" not in "".join(found)
    assert "hidden" not in "".join(found)


def test_a_proxy_is_named_without_its_password() -> None:
    one = Destination("requests", "chat.rvtr.ai", 443, NetworkProtocol.HTTPS, proxy=PROXY)

    first, second = lines(one, Outcome(State.OPEN, "HTTP 404", (4,)))

    assert " proxy  4 " in first
    assert second.strip() == "HTTP 404; by the proxy http://proxy.example:3128 (service.proxy)"
    refused = Outcome(
        State.REJECTED, "the proxy http proxy.example:3128 (service.proxy) answers with status 403"
    )
    assert len(lines(one, refused)) == 2


def test_what_is_inbound_comes_under_a_heading_of_its_own() -> None:
    page = Destination(
        "owner's page", "127.0.0.1", 8480, NetworkProtocol.TCP, inbound=True, stands_for="browsers"
    )
    here = Destination("requests", "localhost", 8000, NetworkProtocol.HTTP)
    table = Table(MARKS, str)

    assert " local " in next(iter(table.lines(here, Outcome(State.OPEN))))
    assert [line.split()[:4] for line in table.lines(page, Outcome(State.OPEN))] == [
        [],
        ["To", "this", "machine"],
        ["+", "browsers", "TCP", "8480"],
    ]
    assert len(list(table.lines(page, Outcome(State.OPEN)))) == 1


def test_whose_table_it_is(tmp_path: Path) -> None:
    patient = Patient(tmp_path / "root")
    patient.write("etc/hostname", "kiosk-7\n")

    first, *notes = heading(
        patient.machine(), ["a hidden mistake " * 10], lambda text: text.replace("hidden", "*")
    )

    assert first.startswith("Network of kiosk-7")
    assert first.endswith("2026-08-07 12:00 UTC")
    assert "hidden" not in " ".join(notes)
    assert max(map(len, notes)) <= WIDTH


def test_a_port_stays_beside_its_transport() -> None:
    found = list(Table(MARKS, str).end(["x" * 95 + " TCP 443 to chat.rvtr.ai."]))

    assert found == ["", "x" * 95, "  TCP 443 to chat.rvtr.ai."]


def test_head_and_end() -> None:
    table = Table(MARKS, str)

    assert list(table.begin())[1] == "From this machine"
    assert list(table.end(["Open for this machine: TCP 443 to chat.rvtr.ai."])) == [
        "",
        "Open for this machine: TCP 443 to chat.rvtr.ai.",
    ]

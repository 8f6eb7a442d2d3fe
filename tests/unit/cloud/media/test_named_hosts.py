"""Hosts that a service has named: each once, the newest last, and never without end."""

from __future__ import annotations

from ravatard.cloud.media.named_hosts import NamedHosts
from ravatard.ports.network import NamedHost


def test_each_is_listed_once_the_newest_last() -> None:
    named = NamedHosts()

    for host in ("a.example", "b.example", "a.example"):
        named.note("https", host, 443)

    assert named.listed() == (NamedHost("https", "b.example", 443), NamedHost("https", "a.example", 443))


def test_of_many_the_newest_are_kept() -> None:
    named = NamedHosts()

    for number in range(100):
        named.note("https", f"{number}.example", 443)

    assert [one.host for one in named.listed()] == [f"{number}.example" for number in range(84, 100)]


def test_a_host_of_any_length_and_letters_is_one_line() -> None:
    named = NamedHosts()

    named.note("https", "a\n\x1b" + "b" * 10_000, 443)

    host = named.listed()[0].host
    assert len(host) <= 253
    assert host.isprintable()

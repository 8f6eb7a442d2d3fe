"""Hosts that a machine asks by itself: from its files, and from programs that know more."""

from __future__ import annotations

import pytest

from ravatard.doctor.network.machine_hosts import archive_proxies, archives, name_servers, time_servers
from tests.unit.doctor.patient import Patient

POLICY = """\
ravatard:
  Installed: 0.2.0
  Candidate: 0.2.0
  Version table:
 *** 0.2.0 500
        500 https://apt.example/debian stable/main arm64 Packages
        500 http://mirror.example:8080/debian stable/main arm64 Packages
        100 /var/lib/dpkg/status
     0.1.0 500
        500 https://apt.example/debian stable/main arm64 Packages
"""
TIMESYNCD = "[Time]\n#NTP=\n#FallbackNTP=0.debian.pool.ntp.org 1.debian.pool.ntp.org\n"


def test_name_servers_are_those_of_the_resolver_three_at_most(patient: Patient) -> None:
    assert name_servers(patient.machine()) == ()
    lines = "".join(f"nameserver 192.0.2.{n}\n" for n in range(1, 6))
    patient.write("etc/resolv.conf", f"# made\nsearch example\nnameserver\n{lines}")

    assert name_servers(patient.machine()) == ("192.0.2.1", "192.0.2.2", "192.0.2.3")


def test_behind_systemds_resolver_are_others(patient: Patient) -> None:
    patient.write("etc/resolv.conf", "nameserver 127.0.0.53\n")
    assert name_servers(patient.machine()) == ("127.0.0.53",)
    patient.write("run/systemd/resolve/resolv.conf", "nameserver 192.0.2.53\nnameserver fd00::53\n")

    assert name_servers(patient.machine()) == ("192.0.2.53", "fd00::53")


async def test_without_a_file_there_are_no_time_servers(patient: Patient) -> None:
    patient.programs.pop("timedatectl")

    assert await time_servers(patient.machine()) == ()


async def test_the_default_of_timesyncd_stands_in_its_file_as_a_comment(patient: Patient) -> None:
    patient.write("etc/systemd/timesyncd.conf", TIMESYNCD)

    assert await time_servers(patient.machine()) == ("0.debian.pool.ntp.org", "1.debian.pool.ntp.org")


async def test_a_drop_in_of_timesyncd_is_stronger(patient: Patient) -> None:
    patient.write("etc/systemd/timesyncd.conf", TIMESYNCD)
    patient.write("etc/systemd/timesyncd.conf.d/10.conf", "[Time]\nNTP=lost.example\n")
    patient.write("etc/systemd/timesyncd.conf.d/20.conf", "[Time]\nNTP=\nNTP=a.example b.example\n")
    patient.write("etc/systemd/timesyncd.conf.d/30.conf", "[Time]\nNTP=b.example c.example\n")

    assert await time_servers(patient.machine()) == ("a.example", "b.example", "c.example")


async def test_what_timesyncd_says_itself_is_stronger_than_its_files(patient: Patient) -> None:
    patient.write("etc/systemd/timesyncd.conf", TIMESYNCD)
    patient.programs["timedatectl"] = "LinkNTPServers=192.0.2.1\nSystemNTPServers=\nFallbackNTPServers=x\n"
    assert await time_servers(patient.machine()) == ("192.0.2.1",)
    patient.programs["timedatectl"] = "SystemNTPServers=\nFallbackNTPServers=a.example b.example\n"
    assert await time_servers(patient.machine()) == ("a.example", "b.example")


@pytest.mark.parametrize(
    ("file", "text", "servers"),
    [
        (
            "etc/chrony/chrony.conf",
            "pool 2.debian.pool.ntp.org iburst\n# server no\n",
            ("2.debian.pool.ntp.org",),
        ),
        ("etc/chrony/sources.d/firm.sources", "server ntp.example iburst\n", ("ntp.example",)),
        ("etc/ntpsec/ntp.conf", "server a.example\npool b.example\n", ("a.example", "b.example")),
    ],
)
async def test_another_program_may_set_the_clock(
    patient: Patient, file: str, text: str, servers: tuple[str, ...]
) -> None:
    patient.write("etc/systemd/timesyncd.conf", TIMESYNCD)
    patient.write(file, text)

    assert await time_servers(patient.machine()) == servers


async def test_archives_are_those_that_carry_ravatard(patient: Patient) -> None:
    assert await archives(patient.machine()) == ()
    patient.programs["apt-cache"] = POLICY

    assert await archives(patient.machine()) == (
        "https://apt.example/debian",
        "http://mirror.example:8080/debian",
    )


async def test_apt_has_proxies_of_its_own(patient: Patient) -> None:
    urls = ("https://apt.example/debian", "http://mirror.example/debian", "http://here.example/debian")
    patient.programs["apt-config"] = (
        'Acquire "";\nAcquire::http::Proxy "http://cache.example:3142";\n'
        'Acquire::http::Proxy::here.example "DIRECT";\nAcquire::Retries "3";\n'
    )

    found = await archive_proxies(patient.machine(), urls)

    assert [str(one) for one in found.values()] == [
        "http://cache.example:3142 (Acquire::http::Proxy)",
        "http://cache.example:3142 (Acquire::http::Proxy)",
        "None",
    ]


async def test_without_one_apt_takes_the_environments(patient: Patient) -> None:
    patient.environ["https_proxy"] = "http://proxy.example:3128"

    found = await archive_proxies(patient.machine(), ("https://apt.example/", "http://b.example/"))

    assert [str(one) for one in found.values()] == ["http://proxy.example:3128 (https_proxy)", "None"]
    assert await archive_proxies(patient.machine(), ()) == {}


async def test_a_proxy_of_apt_of_another_kind_is_told(patient: Patient) -> None:
    patient.programs["apt-config"] = 'Acquire::http::Proxy "socks5h://proxy.example:1080";\n'

    assert await archive_proxies(patient.machine(), ("http://b.example/",)) == {
        "http://b.example/": "apt's proxy (Acquire::http::Proxy) speaks no HTTP, and is not tried here"
    }


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("https://apt.example/debian", ["https://apt.example/debian"]),
        ("mirror+https://apt.example/list", ["https://apt.example/list"]),
        ("mirror+file:/etc/apt/mirrors.list", ["https://a.example/debian", "http://b.example/debian"]),
        ("mirror+file:/etc/apt/none.list", []),
        ("file:/srv/archive", []),
        ("cdrom:[Debian_12]/", []),
        ("ssh://me:hush@apt.example/", []),
        ("http://[::1", []),
        ("http://apt.example:99999/", []),
        ("http://apt.example:0/", []),
        ("http://a..b/", []),
        ("http:///none", []),
    ],
)
async def test_sources_that_need_no_network_or_name_no_host_are_none(
    patient: Patient, source: str, found: list[str]
) -> None:
    mirrors = "# two\nhttps://a.example/debian\tpriority:1\nhttp://b.example/debian\nfile:/srv/x\nhttp://[\n"
    patient.write("etc/apt/mirrors.list", mirrors)
    patient.programs["apt-cache"] = f"ravatard:\n        500 {source} stable/main arm64 Packages\n"

    urls = await archives(patient.machine())

    assert list(urls) == found
    assert set(await archive_proxies(patient.machine(), urls)) == set(found)

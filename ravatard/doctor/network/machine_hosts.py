"""Hosts that the machine itself talks to: name servers, time servers, and archives of packages."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from urllib.parse import urlsplit

from ravatard.cloud.proxy import NO_PROXY, Proxies, Proxy
from ravatard.cloud.web_address import may_be_host
from ravatard.doctor.machine import Machine, output

#: resolver(5): more name servers are not asked.
_MOST_NAME_SERVERS = 3
_MOST_TIME_SERVERS = 8
_MOST_ARCHIVES = 8
#: systemd-resolved.service(8): its own addresses, and the file with the servers that it asks.
_RESOLVED = frozenset({"127.0.0.53", "127.0.0.54"})
_RESOLVED_FILE = "/run/systemd/resolve/resolv.conf"
_CHRONY = ("/etc/chrony/chrony.conf", "/etc/chrony/conf.d/*.conf", "/etc/chrony/sources.d/*.sources")
_NTPSEC = ("/etc/ntpsec/ntp.conf", "/etc/ntpsec/ntp.d/*.conf")
#: timesyncd.conf(5), from weakest to strongest. Debian's file shows the compiled default as a comment.
_TIMESYNCD = (
    "/usr/lib/systemd/timesyncd.conf",
    "/etc/systemd/timesyncd.conf",
    "/usr/lib/systemd/timesyncd.conf.d/*.conf",
    "/run/systemd/timesyncd.conf.d/*.conf",
    "/etc/systemd/timesyncd.conf.d/*.conf",
)
_SERVER = re.compile(r"^\s*(?:server|pool|peer)\s+(\S+)", re.M)
_TIMESYNCD_LINE = re.compile(r"^(#?)(NTP|FallbackNTP)=(.*)$", re.M)
#: A source in what `apt-cache policy PACKAGE` prints: its priority, its address, its suite.
_SOURCE = re.compile(r"^\s+-?\d+\s+(?:mirror\+)?((?:https?://|file:/)\S+)\s", re.M)
#: apt-transport-mirror(1): a mirror in such a list, one a line.
_MIRROR = re.compile(r"^(https?://\S+)", re.M)
_SETTING = re.compile(r'^(Acquire::(http|https)::Proxy(?:::(\S+))?) "(.*)";$', re.M)
_DIRECT = "DIRECT"


def name_servers(machine: Machine) -> tuple[str, ...]:
    """Return the addresses of the name servers that look-ups go to. Source: resolv.conf(5)."""
    found = _name_servers(machine.text("/etc/resolv.conf") or "")
    if found and _RESOLVED.issuperset(found):
        behind = _name_servers(machine.text(_RESOLVED_FILE) or "")
        return behind or found
    return found


def _name_servers(text: str) -> tuple[str, ...]:
    lines = (line.split() for line in text.splitlines())
    found = [words[1] for words in lines if len(words) > 1 and words[0] == "nameserver"]
    return tuple(dict.fromkeys(found))[:_MOST_NAME_SERVERS]


async def time_servers(machine: Machine) -> tuple[str, ...]:
    """Return the names or addresses of the time servers; none for a machine that asks none.

    Those of chrony or ntpsec, where one is installed, else those of systemd-timesyncd: what it uses now, also
    by DHCP, where it can be asked, else its files.
    """
    for places in (_CHRONY, _NTPSEC):
        if found := [name for text in _texts(machine, places) for name in _SERVER.findall(text)]:
            return tuple(dict.fromkeys(found))[:_MOST_TIME_SERVERS]
    said = await output(machine, "timedatectl", "show-timesync")
    told = dict(line.partition("=")[::2] for line in (said or "").splitlines())
    in_use = " ".join(told.get(f"{kind}NTPServers", "") for kind in ("Link", "System", "Runtime"))
    found = in_use.split() or told.get("FallbackNTPServers", "").split() or _of_files(machine)
    return tuple(dict.fromkeys(found))[:_MOST_TIME_SERVERS]


def _of_files(machine: Machine) -> list[str]:
    """Return the servers of systemd-timesyncd's files; those of the network's DHCP are not there."""
    servers: dict[str, list[str]] = {"NTP": [], "FallbackNTP": []}
    for text in _texts(machine, _TIMESYNCD):
        for comment, key, value in _TIMESYNCD_LINE.findall(text):
            if comment:
                servers[key] = servers[key] or value.split()
            else:
                # An empty value takes back what was set before.
                servers[key] = (
                    [*servers[key], *value.split()] if value.strip() and key == "NTP" else value.split()
                )
    return servers["NTP"] or servers["FallbackNTP"]


def _texts(machine: Machine, places: tuple[str, ...]) -> Iterator[str]:
    for place in places:
        for path in sorted(machine.root.glob(place.lstrip("/"))):
            if (text := machine.text(machine.shown(path))) is not None:
                yield text


async def archives(machine: Machine) -> tuple[str, ...]:
    """Return the addresses of the archives that apt gets ravatard from; none without such a source."""
    said = await output(machine, "apt-cache", "policy", "ravatard")
    found: list[str] = []
    for url in dict.fromkeys(_SOURCE.findall(said or "")):
        found += _mirrors(machine, url) if url.startswith("file:") else [url]
    return tuple(dict.fromkeys(filter(_is_address, found)))[:_MOST_ARCHIVES]


def _mirrors(machine: Machine, url: str) -> list[str]:
    """Return the mirrors in a list of this machine; a folder of packages has none, and needs no network."""
    path = url.removeprefix("file:").replace("//", "/")
    if not machine.path(path).is_file():
        return []
    return _MIRROR.findall(machine.text(path) or "")


def _is_address(url: str) -> bool:
    """Return True unless apt itself cannot use an address."""
    try:
        parts = urlsplit(url)
        return parts.port != 0 and may_be_host(parts.hostname or "")
    except ValueError:
        return False


async def archive_proxies(machine: Machine, urls: tuple[str, ...]) -> Mapping[str, Proxy | str | None]:
    """Return the proxy of apt for each address: its own setting, else the environment's; as a plan takes it.

    Source: apt-transport-http(1) and apt-transport-https(1).
    """
    if not urls:
        return {}
    said = await output(machine, "apt-config", "dump", "Acquire")
    settings = {(kind, host): (key, value) for key, kind, host, value in _SETTING.findall(said or "")}
    found: dict[str, Proxy | str | None] = {}
    for url in urls:
        parts = urlsplit(url)
        kinds = ("https", "http") if parts.scheme == "https" else ("http",)
        keys = [(kind, host) for kind in kinds for host in (parts.hostname or "", "")]
        key, value = next((settings[one] for one in keys if settings.get(one, ("", ""))[1]), ("", ""))
        configured = NO_PROXY if value == _DIRECT else value or None
        proxy = Proxies(configured, machine.environ).named(url)
        if isinstance(proxy, str):
            # apt knows more kinds, such as socks5h.
            found[url] = f"apt's proxy ({key or 'of the environment'}) speaks no HTTP, and is not tried here"
        else:
            found[url] = replace(proxy, origin=key) if proxy is not None and key else proxy
    return found

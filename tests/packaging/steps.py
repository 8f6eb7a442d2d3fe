"""What the package and ``make install`` must do in a fresh Debian, one step after the other."""

from __future__ import annotations

import json
import re
from collections.abc import Callable

from tests.packaging.fresh_root import Done, FreshRoot

#: Where the packages, the environment and the source are in there.
DELIVERY = "/opt/delivery"
CONFIG = "/etc/ravatard/ravatard.yaml"
#: All that is loaded lazily.
MODULES = (
    "pyaudio webrtcvad numpy soxr av lgpio spidev alsaaudio systemd.daemon aiohttp msgspec yaml gpiozero"
)
STATE = "mkdir -p /var/lib/ravatard && echo 1 >/var/lib/ravatard/kept"
#: A program of another package that need not be there.
_ELSEWHERE = "/usr/bin/cage"
#: systemd's own measure, 0 to 10; more is worse.
_EXPOSURE_LIMITS = {
    "ravatard.service": 2.0,
    "ravatard-boot-setup.service": 2.0,
    "ravatard-kiosk.service": 3.0,
}


def refused(root: FreshRoot) -> str:
    """Refused beside an installation by `make install`."""
    units = "/usr/local/lib/systemd/system"
    root.good(f"mkdir -p {units} && touch {units}/ravatard.service")
    done = root.run(f"dpkg -i {DELIVERY}/old.deb")
    root.good("rm -r /usr/local/lib/systemd; dpkg --purge ravatard")
    assert done.status != 0
    assert "make uninstall" in done.output, done.output
    return "says so, and what to do"


def install(root: FreshRoot) -> str:
    """Install; user, groups, enabled unit, configuration."""
    said = root.good(f"dpkg -i {DELIVERY}/old.deb")
    assert "systemctl restart ravatard" in said, said
    assert root.good(f"stat -c %U:%G:%a {CONFIG}") == "root:ravatard:640"
    groups = root.good("id -Gn ravatard").split()
    assert {"ravatard", "audio", "gpio", "spi"} <= set(groups), groups
    assert root.good("systemctl is-enabled ravatard.service") == "enabled"
    return f"groups {' '.join(groups)}; unit enabled"


def works(root: FreshRoot) -> str:
    """Every module loads with the declared packages only."""
    imported = "import " + ", ".join(MODULES.split())
    # From Python 3.12 on, every module made by SWIG, as lgpio is, warns of its own types.
    strictly = "-W error -W 'ignore:builtin type:DeprecationWarning'"
    root.good(f"cd /tmp && /opt/ravatard/bin/python {strictly} -c '{imported}'")
    # aiortc's own warnings are not ours.
    root.good("/opt/ravatard/bin/python -W ignore -c 'import aiortc, av'")
    opus = 'from ravatard.cloud.webrtc import opus; import ctypes; ctypes.CDLL("libopus.so.0")'
    root.good(f"/opt/ravatard/bin/python -c '{opus}'")
    root.good("ravatard config check")
    root.good("ravatard config reference >/dev/null")
    changed = root.good("dpkg --verify ravatard")
    assert not changed, changed
    return root.good("ravatard --version; /opt/ravatard/bin/python --version").replace("\n", ", ")


def listed(root: FreshRoot) -> str:
    """What is packed is listed, with its licences; every installed file is root's alone."""
    documents = "/usr/share/doc/ravatard"
    bill = json.loads(root.good(f"cat {documents}/sbom.cdx.json"))
    names = {one["name"] for one in bill["components"]}
    inside = {one["name"] for whole in bill["components"] for one in whole.get("components", [])}
    assert {"av", "aiohttp", "python3-pyaudio"} <= names, names
    unnamed = [line for line in root.good(f"cat {documents}/copyright").splitlines() if "NOASSERTION" in line]
    assert not unnamed, "a licence is not known"
    said = root.good(f"cat {documents}/copyright")
    assert "libx264" not in inside or "GNU General Public License" in said, "the GPL's parts are not named"
    others = root.good(r"find /opt/ravatard \( ! -user root -o ! -type l -perm /022 \)")
    assert not others, others[:300]
    return f"{len(names)} components and {len(inside)} libraries in them"


def speaks(root: FreshRoot) -> str:
    """A whole conversation, without hardware or account."""
    told = root.good(
        "cd /tmp && ravatard demo --record-speaker /tmp/heard.wav && stat -c %s /tmp/heard.wav", 300
    )
    heard_bytes = int(told.splitlines()[-1])
    assert heard_bytes > 44, told  # more than the head of a WAV file
    return f"{heard_bytes / 1e3:.0f} kB of sound"


def understood(root: FreshRoot) -> str:
    """The units, as this suite's systemd judges them."""
    units = "/usr/lib/systemd/system/ravatard*.service"
    said = root.run(
        f"mkdir /tmp/units && cp {units} /tmp/units && sed -i 's|{_ELSEWHERE}|/bin/true|' /tmp/units/* && "
        "systemd-analyze verify --man=no /tmp/units/*"
    )
    # It also ends with 0 for keys it does not know and values it cannot read; those it only prints.
    assert said == Done(0, ""), said
    levels = []
    for unit, limit in _EXPOSURE_LIMITS.items():
        judged = root.good(
            f"systemd-analyze security --offline=yes --no-pager /usr/lib/systemd/system/{unit}"
        )
        level = re.search(r"Overall exposure level for \S+: ([\d.]+)", judged)
        assert level, judged
        assert float(level[1]) <= limit, level[0]
        levels.append(f"{unit} {level[1]}")
    version = root.good("systemctl --version").splitlines()[0].split()[1]
    return f"systemd {version} has nothing to say; exposure {', '.join(levels)}"


def upgrade(root: FreshRoot) -> str:
    """Upgrade without a question; edited configuration and state stay."""
    root.good(f"echo '# mine' >>{CONFIG}; {STATE}")
    _upgraded(root)
    assert root.good(f"tail -1 {CONFIG}") == "# mine"
    assert root.good(f"stat -c %U:%G:%a {CONFIG}") == "root:ravatard:640"
    assert root.good("cat /var/lib/ravatard/kept") == "1"
    return root.good("dpkg-query -W -f '${Version} ${Status}' ravatard")


def disabled(root: FreshRoot) -> str:
    """Upgrade; a unit somebody disabled stays so."""
    root.good("systemctl disable ravatard.service")
    root.good(f"dpkg -i {DELIVERY}/new.deb")
    assert root.run("systemctl is-enabled ravatard.service").output.strip() == "disabled"
    return "still disabled"


def remove(root: FreshRoot) -> str:
    """Remove; configuration and state stay."""
    root.good(
        f"touch /opt/ravatard/lib/later; dpkg --remove ravatard; test -e {CONFIG}; test ! -e /opt/ravatard"
    )
    assert root.good("cat /var/lib/ravatard/kept") == "1"
    return "the program is gone"


def purge(root: FreshRoot) -> str:
    """Purge; no file, no user."""
    root.good("dpkg --purge ravatard")
    assert root.run("id ravatard").status != 0
    return "nothing left"


def pristine(root: FreshRoot) -> str:
    """Upgrade without a question over a configuration that was never edited."""
    root.good(f"dpkg -i {DELIVERY}/old.deb")
    before = root.good(f"cat {CONFIG}")
    _upgraded(root)
    assert root.good(f"cat {CONFIG}") == before
    root.good("dpkg --purge ravatard")
    return "as it was"


def pre_laid(root: FreshRoot) -> str:
    """Install over a configuration that was there first, and upgrade."""
    root.good(f"mkdir -p /etc/ravatard && echo 'service: {{avatar: Mine}}' >{CONFIG} && chmod 600 {CONFIG}")
    for _ in range(2):
        _upgraded(root)
        assert root.good(f"cat {CONFIG}; stat -c %a {CONFIG}") == "service: {avatar: Mine}\n600"
        assert root.good("ls -A /etc/ravatard") == "ravatard.yaml"
    root.good("dpkg --purge ravatard && test ! -e /etc/ravatard")
    return "as it was"


def _upgraded(root: FreshRoot) -> None:
    """Install the new version as a timer does: nobody answers."""
    said = root.good(f"dpkg -i {DELIVERY}/new.deb")
    assert "***" not in said, said
    assert root.good("dpkg-query -W -f '${db:Status-Status}' ravatard") == "installed"


def by_make(root: FreshRoot) -> str:
    """`make install`, twice; a running systemd is not needed."""
    # Delivered by whoever runs this; an environment of another user's is refused.
    root.good(f"chown -hR root:root {DELIVERY} && chmod -R go-w {DELIVERY}")
    script = f"{DELIVERY}/source/systemd/install/install.sh {DELIVERY}/environment"
    said = root.good(script)
    assert "systemd does not run here" in said, said
    assert "Next" in said, said
    root.good(f"echo '# mine' >>{CONFIG}; {STATE}")
    root.good(script)
    assert root.good(f"tail -1 {CONFIG}") == "# mine"
    assert root.good(f"stat -c %U:%G:%a {CONFIG}") == "root:ravatard:640"
    root.good("ravatard config check")
    return root.good("id -Gn ravatard")


def by_make_again(root: FreshRoot) -> str:
    """`make uninstall`, and with PURGE=1."""
    script = f"{DELIVERY}/source/systemd/install/uninstall.sh"
    said = root.good(script)
    assert "Kept" in said, said
    root.good(f"test -e {CONFIG} && test -e /var/lib/ravatard/kept && test ! -e /opt/ravatard")
    root.good(f"PURGE=1 {script}")
    assert root.run("id ravatard").status != 0
    return "nothing left"


#: After those marked, the root must be as it was.
STEPS: tuple[tuple[Callable[[FreshRoot], str], bool], ...] = (
    (refused, False),
    (install, False),
    (works, False),
    (listed, False),
    (speaks, False),
    (understood, False),
    (upgrade, False),
    (disabled, False),
    (remove, False),
    (purge, True),
    (pristine, True),
    (pre_laid, True),
    (by_make, False),
    (by_make_again, True),
)

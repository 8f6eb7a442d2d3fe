"""``sudo make install`` in the clone of a user who is not root, and what that user may change afterwards."""

from __future__ import annotations

from tests.packaging.building import SOURCE, Built

_USER = "owner"
_CLONE = f"/home/{_USER}/clone"
#: All that root or the service runs, or reads as root.
_INSTALLED = (
    "/opt/ravatard /usr/local/bin/ravatard /usr/local/lib/systemd/system/ravatard*.service "
    "/usr/local/lib/sysusers.d/ravatard.conf /usr/local/lib/udev/rules.d/60-ravatard.rules "
    "/usr/local/share/doc/ravatard /usr/local/share/ravatard"
)
_OTHERS = r"\( ! -user root -o ! -group root -o ! -type l -perm /022 \)"


def installed_from_a_users_clone(built: Built) -> str:
    """Install there as root with an open umask, past a trap in ``build``; then look who owns what."""
    root = built.root
    root.good(f"useradd --create-home {_USER} && cp -r {SOURCE} {_CLONE}")
    # Somewhere that root would be led to.
    root.good(
        f"cd {_CLONE} && rm -rf build dist && mkdir /srv/trap && "
        "touch /srv/trap/kept && ln -s /srv/trap build"
    )
    root.good(f"chown -hR {_USER}: {_CLONE}")
    said = root.good(f"umask 000 && make -C {_CLONE} install", within_s=600)
    assert "Next" in said, said
    others = root.good(f"find {_INSTALLED} {_OTHERS}")
    assert not others, f"installed for others to change: {others[:300]}"
    assert root.good("find /srv/trap -printf '%P %u\\n'").split() == ["root", "kept", "root"]
    left = root.good(f"find {_CLONE} -user root")
    assert not left, f"root's, in the clone: {left[:300]}"
    version = root.good("ravatard --version")
    files = root.good("find /opt/ravatard | wc -l")
    root.good(f"make -C {_CLONE} uninstall PURGE=1 && rm -r /home/{_USER} /srv/trap && userdel {_USER}")
    assert root.run("test -e /var/cache/ravatard").status != 0, "root's build is left"
    return f"{version}; {files} files, all root's, and none of root's in the clone"

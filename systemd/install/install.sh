#!/bin/sh
# `make install`: install.sh ENVIRONMENT. With DESTDIR it only copies files and leaves the system alone.
# With --check instead of ENVIRONMENT it only says whether it may install.
#
# Whatever it has said is on the disk: an appliance may be unplugged right after its last line. The unit is enabled
# last, so that no power cut leaves half of an installation to be started.
set -eu
here=$(dirname "$0")
. "$here/system.sh"
environment=$1
prefix=/usr/local
umask 022

if [ -n "${DESTDIR:-}" ]; then
    if [ "$environment" = --check ]; then exit 0; fi
    "$here/stage.sh" "$environment" "$DESTDIR" "$prefix"
    echo "Files are in $DESTDIR; no user was made, and no service was enabled or started."
    exit 0
fi

need_root "make install"
refuse_beside_package
if [ "$environment" = --check ]; then exit 0; fi
need_private "$environment"
active=no
if running_systemd && systemctl --quiet is-active $unit; then active=yes; fi
"$here/stage.sh" "$environment" "" "$prefix"

if command -v systemd-sysusers >/dev/null; then
    systemd-sysusers $prefix/lib/sysusers.d/ravatard.conf
else
    echo "systemd-sysusers is missing: make the user ravatard as in $prefix/lib/sysusers.d/ravatard.conf." >&2
fi
# The daemon reads the form of an older version; the current one is written beside it, never into the owner's file.
# A failure does not stop the installation: the daemon reports it, too.
/opt/ravatard/bin/ravatard config migrate --beside || true
if getent group ravatard >/dev/null; then
    chown root:ravatard /etc/ravatard/ravatard.yaml
fi
on_disk /etc

if running_systemd; then
    systemctl daemon-reload
    systemctl --quiet enable $unit
    on_disk /etc
    # Without udev there are no devices to give to a group.
    if command -v udevadm >/dev/null; then
        udevadm control --reload || true
        udevadm trigger --subsystem-match=gpio --subsystem-match=spidev || true
    fi
    if [ $active = yes ]; then
        systemctl restart $unit
        echo "ravatard was running and has been restarted."
    fi
else
    echo "systemd does not run here: the service is installed, but not enabled or started."
fi

if [ $active = no ]; then
    cat <<'END'
ravatard is installed. Next:
  1. Give it your project and avatar:   sudo ravatard setup
  2. Start it (it also starts at boot): sudo systemctl start ravatard
  3. See how it is:                     sudo ravatard status
END
fi
if getent group ravatard >/dev/null; then offer_group; fi

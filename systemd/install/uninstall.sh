#!/bin/sh
# `make uninstall`: removes the files of install.sh. Configuration, state and users stay unless PURGE=1.
set -eu
here=$(dirname "$0")
. "$here/system.sh"
prefix=/usr/local
root=${DESTDIR:-}

if [ -z "$root" ]; then
    need_root "make uninstall"
    refuse_beside_package
    if running_systemd; then
        # First, since stopping the service ends the live session with the program.
        systemctl --quiet disable --now ravatard-page.socket 2>/dev/null || true
        systemctl --quiet disable --now ravatard-kiosk.service $unit 2>/dev/null || true
        # Else a power cut could leave the enabled unit without its program.
        on_disk /etc
    fi
fi

rm -rf "$root/opt/ravatard" "$root/opt/ravatard.new" "$root/opt/ravatard.old"
# What root has built: see ROOTS_BUILD in the Makefile.
rm -rf "$root/var/cache/ravatard"
rm -rf "$root$prefix/share/doc/ravatard" "$root$prefix/share/ravatard"
for file in bin/ravatard lib/sysusers.d/ravatard.conf lib/udev/rules.d/60-ravatard.rules \
    lib/systemd/system/ravatard.service lib/systemd/system/ravatard-boot-setup.service \
    lib/systemd/system/ravatard-kiosk.service lib/systemd/system/ravatard-page.socket \
    share/man/man1/ravatard.1.gz share/man/man5/ravatard.yaml.5.gz share/bash-completion/completions/ravatard; do
    # The second name: left by a power cut in mid-installation.
    rm -f "$root$prefix/$file" "$root$prefix/$file.new"
done
for directory in lib/systemd/system lib/systemd lib/sysusers.d lib/udev/rules.d lib/udev share/doc \
    share/bash-completion/completions share/bash-completion share/man/man1 share/man/man5; do
    rmdir "$root$prefix/$directory" 2>/dev/null || true  # only if empty
done
if [ -z "$root" ] && running_systemd; then systemctl daemon-reload; fi

on_disk "${root:-/}"

if [ "${PURGE:-}" != 1 ]; then
    echo "ravatard is removed. Kept: $root/etc/ravatard and $root/var/lib/ravatard (PURGE=1 removes them)."
    exit 0
fi
rm -rf "$root/etc/ravatard" "$root/var/lib/ravatard" "$root/etc/systemd/system/ravatard.service.d"
rm -f "$root"/etc/credstore/ravatard.* "$root"/etc/credstore.encrypted/ravatard.*
# The groups gpio and spi stay: other programs may use them.
if [ -z "$root" ]; then
    for user in ravatard ravatard-kiosk; do
        if getent passwd $user >/dev/null; then userdel $user; fi
    done
fi
echo "ravatard is removed, with its configuration, state and users."

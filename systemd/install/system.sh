# Sourced by install.sh and uninstall.sh: checks of the running system.

unit=ravatard.service

running_systemd() {
    [ -d /run/systemd/system ] && command -v systemctl >/dev/null
}

need_root() {
    [ "$(id -u)" = 0 ] || { echo "This changes the system: run it with sudo." >&2; exit 1; }
}

refuse_beside_package() {
    if dpkg-query -W -f '${Status}' ravatard 2>/dev/null | grep -q 'ok installed'; then
        echo "The Debian package ravatard is installed; use apt, or remove it first: apt-get remove ravatard" >&2
        exit 1
    fi
}

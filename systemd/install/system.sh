# Sourced by the other scripts: checks of the running system, and what makes a change last.

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

# Ends with an error if a user other than root may change or replace the directory.
need_private() {  # DIRECTORY
    place=$(cd "$1" && pwd -P)
    while :; do
        case $(stat -c '%u %A' "$place") in
        # In a directory with the sticky bit, others may not touch what is root's.
        0\ d????-??-?* | 0\ d????????[tT]) ;;
        *)
            echo "$1 can be changed by others than root, through $place: what runs as root must not come from there." >&2
            exit 1
            ;;
        esac
        [ "$place" != / ] || break
        place=$(dirname "$place")
    done
}

# Everything written on the file systems of these paths is on the disk when it returns.
on_disk() {  # PATH...
    sync -f "$@"
}

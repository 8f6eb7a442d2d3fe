# Sourced by the other scripts: checks of the running system, and what makes a change last.

unit=ravatard.service

running_systemd() {
    [ -d /run/systemd/system ] && command -v systemctl >/dev/null
}

need_root() {  # COMMAND
    [ "$(id -u)" = 0 ] || { echo "This changes the system and needs root. Run: sudo $1" >&2; exit 1; }
}

# Says how the user behind sudo may use `ravatard status` and the like; with JOIN=yes, makes it so.
offer_group() {
    person=${SUDO_USER:-}
    if [ -z "$person" ] || [ "$person" = root ] || ! getent passwd "$person" >/dev/null; then
        echo "Users of the group ravatard may use \`ravatard status\`, mute and the like: sudo adduser NAME ravatard"
    elif id -nG "$person" | tr ' ' '\n' | grep -qx ravatard; then
        return 0
    elif [ "${JOIN:-}" = yes ]; then
        usermod -aG ravatard "$person"
        echo "$person is in the group ravatard now: log in again, then \`ravatard status\` works without sudo."
    else
        echo "To use \`ravatard status\`, mute and the like without sudo: sudo adduser $person ravatard, and log in again."
    fi
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

#!/bin/sh
# Watches over upgrades of the package; installed as /usr/lib/ravatard/upgrade.
#
#   upgrade check          judges a new version by its service, and puts the one before it back if it does not work
#   upgrade repair         at boot: finishes what a power cut has interrupted
#   upgrade idle SECONDS   waits for the end of a conversation; fails if it goes on for longer
#
# It uses nothing of /opt/ravatard, which may be what is broken. preinst has kept the version before, as links to its
# files, and dpkg installs that again: so its units and dpkg's list of files belong to it, too.
set -eu

unit=ravatard.service
kept=/var/lib/ravatard-upgrade
previous=/opt/ravatard.previous
pin=/etc/apt/preferences.d/ravatard-rolled-back
state=/var/lib/ravatard
# A service that has run for so long works; one that has not within the limit, or ended so often, does not. A start
# may take 120 s (TimeoutStartSec). Seconds.
proof_s=${RAVATARD_PROOF_S:-60}
limit_s=${RAVATARD_LIMIT_S:-300}
most_ends=5
# apt and dpkg of others may hold their lock for as long as a large upgrade takes.
lock_s=1800

uptime_s() {
    cut -d. -f1 /proc/uptime
}

# dpkg-query fails when a dpkg at work takes away what it is about to read: asked again, and else nothing is known.
installed() {  # FIELD, such as Version
    for _ in 1 2 3 4 5; do
        if dpkg-query --show --showformat="\${$1}" ravatard 2>/dev/null; then return 0; fi
        sleep 1
    done
}

put() {  # FILE, content on standard input; old or new after a power cut
    cat >"$1.new"
    sync "$1.new"
    mv -T "$1.new" "$1"
}

done_with_it() {
    rm -rf "$previous" "$previous.new" "$kept/previous.deb"
    rm -f "$kept/trial" "$kept/begun" "$kept/unfinished" "$kept/state-version"
}

as_service() {  # COMMAND...: what lies in its directory is not for root to follow
    setpriv --reuid=ravatard --regid=ravatard --clear-groups -- "$@"
}

# The version before refuses the state of a newer one, which has kept a copy of what it found.
restore_state() {
    was=$(cat "$kept/state-version" 2>/dev/null || true)
    now=$(as_service head -c 9 "$state/version" 2>/dev/null || true)
    case "$was:$now" in
    *[!0-9:]* | :* | *:) return 0 ;;
    esac
    [ "$now" -gt "$was" ] || return 0
    as_service sh -c '
        cd "$1" && [ -d "$2" ] && cp -R "$2/." . && { [ -e "$2/version" ] || rm -f version; } && rm -rf "$2"
    ' sh "$state" "before-$((was + 1))" || echo "The state in $state is that of the newer version." >&2
}

# dpkg fails at once while another one works; until then nothing has changed.
dpkg_in_turn() {  # ARGUMENT...
    until=$(($(uptime_s) + lock_s))
    while :; do
        status=0
        said=$(LC_ALL=C.UTF-8 DEBIAN_FRONTEND=noninteractive dpkg --force-confold --force-confdef "$@" 2>&1 </dev/null) || status=$?
        case "$status:$said" in
        2:*lock*) [ "$(uptime_s)" -lt $until ] || break ;;
        *) break ;;
        esac
        sleep 5
    done
    [ -z "$said" ] || echo "$said"
    return $status
}

# Removes what dpkg does not know: it was unpacked last when the power failed. Python would find two versions of a module.
tidy() {
    dpkg-query --listfiles ravatard | LC_ALL=C sort >"$kept/listed"
    find /opt/ravatard | LC_ALL=C sort | LC_ALL=C comm -13 "$kept/listed" - | while IFS= read -r path; do
        rm -rf "$path"
    done
    rm -f "$kept/listed"
}

# Installs the version before again. What it says is there before that one starts, and so in its status.
put_back() {  # OLD NEW REASON
    echo "ravatard $2 is taken back to $1: $3" >&2
    printf '{"from": "%s", "to": "%s", "because": "%s"}\n' "$2" "$1" "$3" | put "$kept/rolled-back"
    : >"$kept/unfinished"
    sync -f "$kept"
    [ "$at_boot" = yes ] || systemctl stop $unit || true
    restore_state
    if ! dpkg-deb --root-owner-group -Zzstd -z1 --build "$previous" "$kept/previous.deb" >/dev/null ||
        ! RAVATARD_UPGRADE=back dpkg_in_turn --install "$kept/previous.deb"; then
        rm -f "$kept/rolled-back" "$kept/previous.deb"
        echo "ravatard $1 could not be put back; next: sudo apt install --reinstall ravatard" >&2
        return 1
    fi
    tidy
    done_with_it
    sync -f /opt /usr /etc /var/lib
    echo "ravatard $1 runs again." >&2
    [ "$at_boot" = yes ] || systemctl --no-block start $unit || true
}

# Else the next unattended upgrade would try the same again.
pin_away() {  # VERSION
    mkdir -p "${pin%/*}"
    put "$pin" <<END
Explanation: This version did not start here, and was taken back. The next version is tried as usual; to try this
 one again, remove this file.
Package: ravatard
Pin: version $1
Pin-Priority: -1
END
}

# Sets load, active, main, restarts, result and, unless it is 0, status.
look() {
    while IFS='=' read -r key value; do
        case $key in
        LoadState) load=$value ;;
        ActiveState) active=$value ;;
        MainPID) main=$value ;;
        NRestarts) restarts=$value ;;
        Result) result=$value ;;
        ExecMainStatus) [ "$value" = 0 ] || status=$value ;;
        esac
    done <<END
$(systemctl show --property=LoadState,ActiveState,MainPID,NRestarts,Result,ExecMainStatus $unit)
END
}

# Prints why the version does not work, or nothing if it does. Ends with 1 if that is not known: it was stopped.
verdict() {
    load='' active='' main='' restarts=0 result='' status=0
    process='' since=0 began=$(uptime_s)
    look
    before=$restarts
    while :; do
        now=$(uptime_s)
        case $load in
        loaded) ;;
        masked) return 1 ;;
        *) echo "its unit cannot be loaded" && return 0 ;;
        esac
        # A start by hand begins to count anew.
        if [ "$restarts" -lt "$before" ]; then before=0; fi
        if [ "$active" = active ]; then
            [ "$main" = "$process" ] || { process=$main since=$now; }
            if [ $((now - since)) -ge "$proof_s" ]; then return 0; fi
        else
            process=''
        fi
        if [ "$active" = failed ] && [ "$status" = 78 ]; then
            echo "it refuses the settings"
        elif [ "$active" = failed ]; then
            echo "its service failed ($result)"
        elif [ $((restarts - before)) -ge $most_ends ]; then
            echo "it ended $most_ends times, with status $status"
        elif [ $((now - began)) -lt "$limit_s" ]; then
            sleep 2
            look
            continue
        elif [ "$active" = inactive ]; then
            return 1
        else
            echo "it did not run for $proof_s s within $limit_s s"
        fi
        return 0
    done
}

check() {
    read -r old new <"$kept/trial" || exit 0
    found=$(installed Version)
    [ -n "$found" ] || { echo "dpkg does not tell the version of ravatard." >&2 && exit 1; }
    if [ "$found" != "$new" ]; then
        echo "Not ravatard $new is installed, but $found: there is nothing to judge."
        # Put back already.
        [ -e "$kept/unfinished" ] || done_with_it
        exit 0
    fi
    if ! why=$(verdict); then
        echo "ravatard was stopped; its version $new is judged at the next boot."
        exit 0
    fi
    if [ -z "$why" ]; then
        done_with_it
        rm -f "$kept/rolled-back"
        echo "ravatard $new works."
        exit 0
    fi
    pin_away "$new"
    put_back "$old" "$new" "$why"
}

repair() {
    # Only what the last apt has left: dpkg's own way to finish it. Other packages may fail for reasons of their own.
    RAVATARD_UPGRADE=boot dpkg_in_turn --configure -a || true
    case $(installed db:Status-Status) in
    installed) rm -f "$kept/begun" "$kept/unfinished" ;;
    *)
        if [ -d "$previous/DEBIAN" ] && [ -e "$kept/unfinished" ]; then
            old=$(sed -n 's/^Version: //p' "$previous/DEBIAN/control")
            read -r new _ <"$kept/unfinished"
            put_back "$old" "$new" "its installation was interrupted"
        elif [ -e "$kept/unfinished" ]; then
            echo "ravatard is not whole; next: sudo apt install --reinstall ravatard" >&2
        fi
        ;;
    esac
}

idle() {  # SECONDS
    systemctl --quiet is-active $unit || return 0
    status=0
    timeout "$(($1 + 30))" ravatard status --wait idle --timeout "$1" >/dev/null 2>&1 || status=$?
    # 3: a conversation goes on. Whatever else is wrong does not get better by waiting.
    [ $status -ne 3 ]
}

# The shell has read all of this file before it acts: dpkg may replace it meanwhile.
main() {
    at_boot=no
    case ${1:-} in
    check) check ;;
    repair) at_boot=yes && repair ;;
    idle) idle "$2" ;;
    *) sed -n '2,6s/^# \{0,1\}//p' "$0" >&2 && exit 2 ;;
    esac
}
main "$@"; exit

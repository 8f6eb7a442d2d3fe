#!/bin/sh
# The modules for pins, pixels and the card's volume in a clone's environment, on machines that have pins:
#
#   board-modules.sh packages PYTHON   prints the Debian packages to install, for linking or compiling
#   board-modules.sh link PYTHON       links Debian's modules into PYTHON's environment
#   board-modules.sh left-out PYTHON   prints what pip is not to install, as pip calls it
#   board-modules.sh extras            prints the extras for pip, each after a comma
#
# Debian's modules are linked where PYTHON can load them; pip installs what is left.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
python=${2:-}

has_pins() {
    for device in "${DEVICES:-/dev}"/gpiochip*; do [ ! -e "$device" ] || return 0; done
    return 1
}

# Modules are compiled for one version of Python and one processor: both are in the ending of their names.
fits_debian() {
    ending='import sysconfig; print(sysconfig.get_config_var("EXT_SUFFIX"))'
    command -v dpkg-query >/dev/null && [ "$("$python" -I -c "$ending")" = "$(/usr/bin/python3 -I -c "$ending")" ]
}

# Prints those of the three that Debian has here.
debians() {
    fits_debian || return 0
    for one in $("$here/debian-modules.sh"); do
        case $one in python3-alsaaudio | python3-lgpio | python3-spidev) echo "$one" ;; esac
    done
}

# Prints those of them that are installed.
linked() {
    for one in $(debians); do
        if dpkg-query -W -f '${Status}' "$one" 2>/dev/null | grep -q 'ok installed'; then echo "$one"; fi
    done
}

case ${1:-} in
packages)
    has_pins || exit 0
    found=$(debians)
    echo $found
    case $found in *alsaaudio*) ;; *) echo libasound2-dev ;; esac
    # PyPI's wheels of lgpio end with Python 3.12.
    case $found in *lgpio*) ;; *) "$python" -I -c 'import sys; print("swig" if sys.version_info >= (3, 13) else "")' ;; esac
    ;;
link)
    has_pins || exit 0
    "$here/link-modules.sh" "$python" $(linked) >/dev/null
    ;;
left-out)
    if has_pins; then
        linked | sed 's/^python3-alsaaudio$/pyalsaaudio/; s/^python3-//' | paste -sd ' '
    else
        echo "lgpio pyalsaaudio spidev"
    fi
    ;;
extras)
    if has_pins; then echo ",gpio,leds,mixer"; fi
    ;;
*)
    echo "board-modules.sh: unknown: ${1:-}" >&2
    exit 2
    ;;
esac

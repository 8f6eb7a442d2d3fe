#!/bin/sh
# Prints the Debian packages with compiled Python modules for which PyPI has no wheels: debian-modules.sh
# With `build`: the packages for compiling the rest, if any is left to compile.
#
# Not python3-av: bookworm's is too old, and elsewhere it brings Debian's whole FFmpeg, with the libraries of a desktop.
# The wheel is one tested version on every release; what it contains is listed, with its licences, by sbom.py.
set -eu

known() {
    dpkg-query -W "$1" >/dev/null 2>&1 || apt-cache policy "$1" 2>/dev/null | grep -q 'Candidate: [^(]'
}

modules="python3-alsaaudio python3-pyaudio python3-spidev python3-systemd"
compile=
# Raspberry Pi OS has lgpio, Debian has not; PyPI's wheels of it end with Python 3.12.
if known python3-lgpio; then
    modules="$modules python3-lgpio"
elif /usr/bin/python3 -c 'import sys; sys.exit(sys.version_info < (3, 13))'; then
    compile="gcc libc6-dev python3-dev swig"
fi

case ${1:-modules} in
modules) echo "$modules" ;;
build) echo "$compile" ;;
*) echo "debian-modules.sh: unknown: $1" >&2; exit 2 ;;
esac

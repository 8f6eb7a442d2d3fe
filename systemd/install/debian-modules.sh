#!/bin/sh
# Names the Debian packages whose compiled Python modules the appliance uses: those that PyPI has no wheels of.
set -eu
. /etc/os-release
echo python3-alsaaudio python3-pyaudio python3-spidev python3-systemd
# PyPI's wheels of lgpio end with Python 3.12, which lies between Debian 12 and 13; 12 itself has no lgpio.
if [ "${VERSION_ID:-0}" -ge 13 ]; then echo python3-lgpio; fi

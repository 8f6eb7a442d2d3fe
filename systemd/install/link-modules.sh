#!/bin/sh
# Links Debian's Python modules into a virtual environment, one by one: link-modules.sh PYTHON PACKAGE...
#
# Prints the packages that have any. The environment sees no other module of the system.
set -eu
python=$1
shift
debian=${DEBIAN_MODULES:-/usr/lib/python3/dist-packages}
site=$("$python" -I -c 'import sysconfig; print(sysconfig.get_path("purelib"))')

for package in "$@"; do
    names=$(dpkg-query --listfiles "$package" | sed -n "s|^$debian/\([^/]*\)\$|\1|p")
    [ -n "$names" ] || continue
    for name in $names; do
        # What pip has installed stays.
        if [ -L "$site/$name" ] || [ ! -e "$site/$name" ]; then ln -sfn "$debian/$name" "$site/$name"; fi
    done
    echo "$package"
done

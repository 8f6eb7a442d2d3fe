#!/bin/sh
# Builds the virtual environment of /opt/ravatard in another place: environment.sh PYTHON DIRECTORY [EXTRA...]
#
# Next to nothing is compiled: what PyPI has no wheels of comes from Debian, which compiles for every processor.
#
# A virtual environment knows its path: in pyvenv.cfg, in the first line of its scripts, in compiled modules. Here
# all three get the final one, so that the same tree serves `make install`, DESTDIR and the .deb, whose files
# dpkg then knows one by one.
set -eu
python=$1 directory=$2
shift 2
final=/opt/ravatard
source=$(cd "$(dirname "$0")/../.." && pwd)
extras=$(echo "$*" | tr ' ' ',')

rm -rf "$directory"
mkdir -p "$directory/src" "$directory$final"
directory=$(cd "$directory" && pwd)
target=$directory$final
# A copy: setuptools leaves a build/ where it builds, and would pack again what it finds in an old one.
cp -R "$source/pyproject.toml" "$source/README.md" "$source/LICENSE" "$source/ravatard" "$directory/src/"
find "$directory/src" -name __pycache__ -type d -prune -exec rm -rf {} +

"$python" -m venv "$target"
# Linked one by one: of all else that the system may have, the appliance sees nothing.
site=$("$target/bin/python" -c 'import sysconfig; print(sysconfig.get_path("purelib"))')
debian=/usr/lib/python3/dist-packages
for package in $("$source/systemd/install/debian-modules.sh"); do
    names=$(dpkg-query --listfiles "$package" | sed -n "s|^$debian/\([^/]*\)\$|\1|p")
    [ -n "$names" ] || continue
    for name in $names; do ln -s "$debian/$name" "$site/$name"; done
    echo "$package"
done >"$directory/debian-modules"
pip="$target/bin/python -m pip --disable-pip-version-check --no-input --quiet"
# PYPI: lgpio, where it has to be compiled, takes its C library along; Debian has none.
PYPI=1 $pip install --use-pep517 --prefer-binary --no-compile "$directory/src[$extras]"
$pip uninstall --yes setuptools pip
rm -rf "$directory/src"
# The boards that come with ravatard: where it looks for them in a virtual environment.
mkdir -p "$target/share/ravatard/boards"
cp "$source"/hardware/boards/*.yaml "$target/share/ravatard/boards/"

find "$target" -name direct_url.json -delete
find "$target" -name __pycache__ -type d -prune -exec rm -rf {} +
find "$target/bin" -type f ! -name ravatard -delete
sed -i "s|$target|$final|g" "$target/bin/ravatard" "$target/pyvenv.cfg"
chmod -R u=rwX,go=rX "$target"
# One worker a core; the path told to a traceback is the final one.
"$target/bin/python" -m compileall -q -j 0 -s "$directory" -p / "$target/lib"

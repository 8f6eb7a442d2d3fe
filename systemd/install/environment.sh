#!/bin/sh
# Builds the virtual environment of /opt/ravatard in another directory: environment.sh PYTHON DIRECTORY [EXTRA...]
#
# Almost nothing is compiled: modules without wheels on PyPI come from Debian, which compiles for every processor.
#
# A virtual environment contains its path: in pyvenv.cfg, in the first line of its scripts, in compiled modules. All
# three get the final path here, so that the same tree serves `make install`, DESTDIR and the .deb, whose files dpkg
# then knows one by one.
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
# A copy: setuptools leaves a build/ in its source, and would pack the files of an old one.
cp -R "$source/pyproject.toml" "$source/README.md" "$source/LICENSE" "$source/ravatard" "$directory/src/"
find "$directory/src" -name __pycache__ -type d -prune -exec rm -rf {} +

"$python" -m venv "$target"
# Linked one by one: the appliance sees no other module of the system.
site=$("$target/bin/python" -c 'import sysconfig; print(sysconfig.get_path("purelib"))')
debian=/usr/lib/python3/dist-packages
for package in $("$source/systemd/install/debian-modules.sh"); do
    names=$(dpkg-query --listfiles "$package" | sed -n "s|^$debian/\([^/]*\)\$|\1|p")
    [ -n "$names" ] || continue
    for name in $names; do ln -s "$debian/$name" "$site/$name"; done
    echo "$package"
done >"$directory/debian-modules"
pip="$target/bin/python -m pip --disable-pip-version-check --no-input --quiet"
# PYPI: lgpio, where it must be compiled, includes its C library; Debian has none.
PYPI=1 $pip install --use-pep517 --prefer-binary --no-compile "$directory/src[$extras]"
$pip uninstall --yes setuptools pip
rm -rf "$directory/src"
# The boards that come with ravatard, in the place where it finds them in a virtual environment.
mkdir -p "$target/share/ravatard/boards"
cp "$source"/hardware/boards/*.yaml "$target/share/ravatard/boards/"

find "$target" -name direct_url.json -delete
find "$target" -name __pycache__ -type d -prune -exec rm -rf {} +
find "$target/bin" -type f ! -name ravatard -delete
sed -i "s|$target|$final|g" "$target/bin/ravatard" "$target/pyvenv.cfg"
chmod -R u=rwX,go=rX "$target"
# One worker a core; tracebacks show the final path.
"$target/bin/python" -m compileall -q -j 0 -s "$directory" -p / "$target/lib"

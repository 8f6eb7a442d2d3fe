#!/bin/sh
# Builds the virtual environment of /opt/ravatard in another directory: environment.sh PYTHON DIRECTORY [EXTRA...]
#
# Almost nothing is compiled: modules without wheels on PyPI come from Debian, which compiles for every processor.
# All others are those of appliance.lock, checked by hash; LOCKED=no takes the newest of everything instead.
#
# A virtual environment contains its path: in pyvenv.cfg, in the first line of its scripts, in compiled modules. All
# three get the final path here, so that the same tree serves `make install`, DESTDIR and the .deb, whose files dpkg
# then knows one by one.
set -eu
umask 022
python=$1 directory=$2
shift 2
final=/opt/ravatard
here=$(cd "$(dirname "$0")" && pwd)
source=$(cd "$here/../.." && pwd)
extras=$(echo "$*" | tr ' ' ',')
. "$here/system.sh"

mkdir -p "$directory"
directory=$(cd "$directory" && pwd -P)
target=$directory$final
# Root's build is installed as it is, so no other user may change it meanwhile.
if [ "$(id -u)" = 0 ]; then need_private "$directory"; fi

# What it is made from, by content: clones share root's build, and times say nothing across them.
modules=$("$here/debian-modules.sh")
made_from=$(
    {
        "$python" -I -c 'import sys; print(sys.version)'
        echo "$extras ${LOCKED:-}"
        dpkg-query -W $modules 2>/dev/null || echo "$modules"
        cd "$source"
        find pyproject.toml README.md LICENSE ravatard hardware/boards systemd/install -type f ! -name '*.pyc' \
            -print0 | LC_ALL=C sort -z | xargs -0 sha256sum
    } | sha256sum | cut -d' ' -f1
)
if [ "$(cat "$directory/made-from" 2>/dev/null)" = "$made_from" ]; then exit 0; fi
echo "Building the environment of the appliance in $directory"
step="$here/step.sh"

find "$directory" -mindepth 1 -delete
mkdir -p "$directory/src" "$target"
# A copy: setuptools leaves a build/ in its source, and would pack the files of an old one.
cp -R "$source/pyproject.toml" "$source/README.md" "$source/LICENSE" "$source/ravatard" "$directory/src/"
find "$directory/src" -name __pycache__ -type d -prune -exec rm -rf {} +

# -I: nothing is imported from the current directory, which may be another user's.
"$python" -I -m venv "$target"
site=$("$target/bin/python" -I -c 'import sysconfig; print(sysconfig.get_path("purelib"))')
"$here/link-modules.sh" "$target/bin/python" $modules >"$directory/debian-modules"
# The same modules, as pip calls them.
linked=$("$target/bin/python" -I -c 'import importlib.metadata as installed
print(*(one.metadata["Name"].lower().replace("_", "-") for one in installed.distributions()))')
pip="$target/bin/python -I -m pip --disable-pip-version-check --no-input --quiet"
if [ "${LOCKED:-}" = no ]; then
    # PYPI: lgpio, where it must be compiled, includes its C library; Debian has none.
    export PYPI=1
    "$step" "  Installing Python packages" "1-3 minutes" \
        $pip install --use-pep517 --prefer-binary --no-compile "$directory/src[$extras]"
else
    without=$(for name in $linked; do [ "$name" = setuptools ] || printf '%s ' "$name"; done)
    "$step" "  Installing Python packages" "1-3 minutes" \
        "$here/install-locked.sh" "$target/bin/python" "$without" "$here/appliance.lock"
    "$step" "  Installing ravatard" "half a minute" $pip install --no-deps --no-build-isolation --no-compile "$directory/src"
    # The locks are complete, and Debian's modules are new enough.
    $pip check
fi
"$target/bin/python" -I "$here/sbom.py" "$site" "$directory" "$here/appliance.lock"
"$target/bin/python" -I "$here/manual.py" "$directory"
gzip -9n "$directory/ravatard.1" "$directory/ravatard.yaml.5"
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
"$step" "  Compiling the modules" "up to a minute" \
    "$target/bin/python" -I -m compileall -q -j 0 -s "$directory" -p / "$target/lib"
echo "$made_from" >"$directory/made-from"

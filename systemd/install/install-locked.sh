#!/bin/sh
# Installs what the locks list, checked by hash: install-locked.sh PYTHON "NAMES LEFT OUT" LOCK...
#
# Wheels only, except for packages whose --only-binary line is missing in the lock. Those are built with the lock's
# own setuptools: an isolated build would download one unchecked.
set -eu
# lgpio, where it must be compiled, includes its C library; Debian has none.
export PYPI=1
python=$1 without=$2
shift 2

listed=$(mktemp)
trap 'rm -f "$listed"' EXIT

# Prints the entries of the locks whose name is in the list (`only`) or is not (`but`).
entries() {  # only|but "NAME..." LOCK...
    how=$1 names=$2
    shift 2
    awk -v how="$how" -v names=" $names " '
        /^--require-hashes/ { print; next }
        /^--only-binary / { shown = (index(names, " " $2 " ") > 0) == (how == "only") }
        /^[a-z0-9]/ { split($1, parts, "=="); shown = (index(names, " " parts[1] " ") > 0) == (how == "only") }
        shown && !/^#/' "$@" >"$listed"
}

install() {
    grep -q == "$listed" || return 0
    # -I: nothing is imported from the current directory. --no-deps: the locks are complete.
    "$python" -I -m pip --disable-pip-version-check --no-input install --quiet --use-pep517 \
        --no-deps --no-build-isolation --no-compile --requirement "$listed"
}

entries only setuptools "$@"
install
entries but "setuptools $without" "$@"
install

#!/bin/sh
# Prints the package's version: version.sh [NUMBER]. With `seconds`: its time, in seconds since 1970.
#
#   0.2.0~git20261129143205.7d6f0c4+deb12   a commit on the way to 0.2.0, by its time (UTC)
#   0.2.0+deb12                             the commit with the tag v0.2.0, or a source tree without git
#   0.2.0+git20261130080000.1a2b3c4+deb12   a commit after the tag, until pyproject.toml has the next number
# Each is higher than those before it, also on one day, and lower than the same for the next Debian. NUMBER, such as
# 0.2.0 or 0.2.0~rc1, is taken instead of the first part.
set -eu
source=$(cd "$(dirname "$0")/../.." && pwd -P)

# A repository around a source tree without one says nothing about it.
if [ "$(git -C "$source" rev-parse --show-toplevel 2>/dev/null)" = "$source" ]; then with_git=yes; else with_git=no; fi

if [ "${1:-}" = seconds ]; then
    if [ $with_git = yes ]; then git -C "$source" log -1 --format=%ct; else stat -c %Y "$source/CHANGELOG.md"; fi
    exit 0
fi

number=${1:-$(sed -n 's/^version = "\(.*\)"/\1/p' "$source/pyproject.toml")}
commit=
if [ -z "${1:-}" ] && [ $with_git = yes ]; then
    tag=$(git -C "$source" tag --points-at HEAD | grep -E '^v?[0-9]+(\.[0-9]+)+$' | tail -n 1 || true)
    changed=$(git -C "$source" status --porcelain --untracked-files=no)
    if [ -n "$tag" ] && [ "${tag#v}" != "$number" ]; then
        echo "The tag $tag and pyproject.toml ($number) name different versions; correct one, or give VERSION=." >&2
        exit 1
    fi
    if [ -z "$tag" ] || [ -n "$changed" ]; then
        if git -C "$source" tag --merged HEAD | grep -qxF -e "v$number" -e "$number"; then way=+; else way='~'; fi
        commit=${way}git$(TZ=UTC git -C "$source" log -1 --format=%cd.%h --abbrev=7 --date=format-local:%Y%m%d%H%M%S)
        # Built from files that no commit has.
        [ -z "$changed" ] || commit=$commit.changed
    fi
fi

suite=$(. "${OS_RELEASE:-/etc/os-release}" && case ${ID:-} in
    debian | raspbian) echo "deb${VERSION_ID:-}" ;;
    *) echo "${ID:-}${VERSION_ID:-}" ;;
esac)
case $number in
*+"$suite") suite= ;;
esac
echo "$number$commit${suite:++$suite}"

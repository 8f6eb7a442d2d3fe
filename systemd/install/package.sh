#!/bin/sh
# `make deb`: package.sh ENVIRONMENT DIRECTORY [VERSION] builds the .deb there and prints its path.
#
# Those of earlier commits are removed from the directory. It needs no root.
set -eu
environment=$1 directory=$2
here=$(dirname "$0")
source=$(cd "$here/../.." && pwd)
umask 022

version=$("$here/version.sh" "${3:-}")
if ! wrong=$(dpkg --validate-version "$version" 2>&1); then
    echo "VERSION=${3:-$version} is no version of a Debian package: ${wrong#dpkg: *: }" >&2
    exit 1
fi
architecture=$(dpkg --print-architecture)
python=$("$environment/opt/ravatard/bin/python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
# Modules compiled here may need functions that an older C library lacks.
libc=$(getconf GNU_LIBC_VERSION | cut -d' ' -f2)
# The packages whose modules environment.sh has linked.
modules=$(paste -sd, "$environment/debian-modules" | sed 's/,/, /g')
next=${python%.*}.$((${python#*.} + 1))

if [ "$(readlink "$environment/opt/ravatard/bin/python3")" != /usr/bin/python3 ]; then
    echo "The package needs an environment of Debian's own Python: make deb SYSTEM_PYTHON=/usr/bin/python3" >&2
    exit 1
fi

root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT
chmod 755 "$root"
"$here/stage.sh" "$environment" "$root" /usr

mkdir "$root/DEBIAN"
maintainer=$(sed -n 's/^Maintainer: //p' "$source/systemd/debian/control.in")
"$environment/opt/ravatard/bin/python" -I "$here/changelog.py" "$source/CHANGELOG.md" "$version" \
    "$("$here/version.sh" seconds)" "$maintainer" >"$root/changelog"
gzip -9n "$root/changelog"
install -m 644 "$root/changelog.gz" "$root/usr/share/doc/ravatard/"
rm "$root/changelog.gz"
# Upgrades are the package's business alone: dpkg and apt make them.
upgrade=$source/systemd/upgrade
install -D -m 755 "$upgrade/upgrade.sh" "$root/usr/lib/ravatard/upgrade"
mkdir -p "$root/usr/lib/systemd/system/multi-user.target.wants"
for unit in ravatard-upgrade-check.service ravatard-upgrade-repair.service; do
    install -m 644 "$upgrade/$unit" "$root/usr/lib/systemd/system/"
    # On without being enabled: an administrator masks it.
    ln -s "../$unit" "$root/usr/lib/systemd/system/multi-user.target.wants/$unit"
done
# For owners who switch unattended upgrades on.
for example in unattended-upgrades apt-daily-upgrade.service.conf apt-daily-upgrade.timer.conf; do
    install -m 644 "$upgrade/$example" "$root/usr/share/ravatard/"
done
# For who looks after many: no clone is needed beside the package.
(cd "$source/config/fleet" && find . -type f ! -name '.*' ! -name '*.pyc' -printf '%P\n') | while IFS= read -r file; do
    install -D -m 644 "$source/config/fleet/$file" "$root/usr/share/ravatard/fleet/$file"
done
install -D -m 644 "$source/systemd/debian/lintian-overrides" "$root/usr/share/lintian/overrides/ravatard"
sed -e "s/@VERSION@/$version/" -e "s/@ARCHITECTURE@/$architecture/" -e "s/@PYTHON@/$python/" -e "s/@NEXT@/$next/" -e "s/@LIBC@/$libc/" \
    -e "s/@MODULES@/$modules/" -e "s/@SIZE@/$(du -sk --exclude=DEBIAN "$root" | cut -f1)/" "$source/systemd/debian/control.in" >"$root/DEBIAN/control"
for script in preinst postinst prerm postrm; do
    install -m 755 "$source/systemd/debian/$script" "$root/DEBIAN/"
done
(cd "$root" && find . -path ./DEBIAN -prune -o -type f -printf '%P\0' | sort -z | xargs -0 md5sum) \
    >"$root/DEBIAN/md5sums"

mkdir -p "$directory"
deb=$directory/ravatard_${version}_$architecture.deb
# zstd: Debian 12 and later read it, and packing takes seconds, not minutes.
dpkg-deb --root-owner-group -Zzstd --build "$root" "$deb" >/dev/null
# One is there to install: dist/ravatard_*.deb.
find "$directory" -maxdepth 1 -name "ravatard_*_$architecture.deb" ! -name "${deb##*/}" -delete
echo "$deb"

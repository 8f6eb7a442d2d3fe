#!/bin/sh
# Copies all installed files into place: stage.sh ENVIRONMENT ROOT PREFIX
#
# ENVIRONMENT is the output of environment.sh, ROOT the directory that stands for /, PREFIX /usr for a package and
# /usr/local otherwise. Independent of the running system; install.sh and package.sh do the rest.
#
# A power cut at any moment leaves each file old or new, and never a new name on content that is not on the disk. The
# units come last: what they start is there before them.
set -eu
environment=$1 root=$2 prefix=$3
here=$(cd "$(dirname "$0")" && pwd)
source=$(cd "$here/../.." && pwd)
. "$here/system.sh"
umask 022

put() {  # FILE DIRECTORY [NAME [MODE]]
    mkdir -p "$root$2"
    place=$root$2/${3:-$(basename "$1")}
    rm -f "$place.new"
    install -m "${4:-644}" "$1" "$place.new"
    sync "$place.new"
    mv -fT "$place.new" "$place"
}

mkdir -p "$root/opt" "$root$prefix/bin"
new=$root/opt/ravatard.new installed=$root/opt/ravatard
rm -rf "$new" "$root/opt/ravatard.old"
# Owned by the user that runs this and not by the environment's, and writable to that user alone.
cp -R --no-dereference --preserve=mode,timestamps,links "$environment/opt/ravatard" "$new"
chmod -R go-w,ug-s "$new"
chmod 755 "$new"
on_disk "$new"
# One step: a running daemon never sees a mixture, and no power cut leaves none.
if [ ! -e "$installed" ]; then
    mv -T "$new" "$installed"
elif ! "$environment/opt/ravatard/bin/python" -I "$here/exchange.py" "$new" "$installed" 2>/dev/null; then
    # The file system cannot.
    mv "$installed" "$root/opt/ravatard.old"
    mv -T "$new" "$installed"
fi
on_disk "$root/opt"
rm -rf "$new" "$root/opt/ravatard.old"
ln -sfn /opt/ravatard/bin/ravatard "$root$prefix/bin/ravatard.new"
mv -fT "$root$prefix/bin/ravatard.new" "$root$prefix/bin/ravatard"

put "$source/systemd/ravatard.sysusers" "$prefix/lib/sysusers.d" ravatard.conf
put "$source/hardware/60-ravatard.rules" "$prefix/lib/udev/rules.d"
documents=$prefix/share/doc/ravatard
for document in README.md CHANGELOG.md config/ravatard.yaml; do
    put "$source/$document" "$documents"
done
put "$source/systemd/ravatard.service.d/example.conf" "$documents" ravatard.service.d.conf
# Made beside the environment: they list what is in it.
put "$environment/copyright" "$documents"
put "$environment/sbom.cdx.json" "$documents"
put "$environment/ravatard.1.gz" "$prefix/share/man/man1"
put "$environment/ravatard.yaml.5.gz" "$prefix/share/man/man5"
put "$environment/ravatard.bash" "$prefix/share/bash-completion/completions" ravatard

# For avahi-daemon, if the owner copies it: the page is off by default, and must not be announced then.
put "$source/config/ravatard-page.avahi" "$prefix/share/ravatard"
# The first configuration; once it is there, it is the owner's and never touched. A package copies it when it is set
# up: as a file of the package, dpkg would ask about it at every upgrade.
put "$source/config/first.yaml" "$prefix/share/ravatard" ravatard.yaml
if [ "$prefix" != /usr ] && [ ! -e "$root/etc/ravatard/ravatard.yaml" ]; then
    put "$source/config/first.yaml" /etc/ravatard ravatard.yaml 640
fi

on_disk "$root/opt" "$root$prefix"
[ ! -d "$root/etc" ] || on_disk "$root/etc"
for unit in "$source"/systemd/*.service "$source"/systemd/*.socket; do
    put "$unit" "$prefix/lib/systemd/system"
done
on_disk "$root$prefix"

#!/bin/sh
# Copies all installed files into place: stage.sh ENVIRONMENT ROOT PREFIX
#
# ENVIRONMENT is the output of environment.sh, ROOT the directory that stands for /, PREFIX /usr for a package and
# /usr/local otherwise. Independent of the running system; install.sh and package.sh do the rest.
set -eu
environment=$1 root=$2 prefix=$3
source=$(cd "$(dirname "$0")/../.." && pwd)
umask 022

put() {  # FILE DIRECTORY [NAME]
    install -D -m 644 "$source/$1" "$root$2/${3:-$(basename "$1")}"
}

mkdir -p "$root/opt" "$root$prefix/bin"
rm -rf "$root/opt/ravatard.new"
cp -a "$environment/opt/ravatard" "$root/opt/ravatard.new"
chmod 755 "$root/opt/ravatard.new"
rm -rf "$root/opt/ravatard.old"
# Two renames: a running daemon never sees a mixture of both.
[ ! -e "$root/opt/ravatard" ] || mv "$root/opt/ravatard" "$root/opt/ravatard.old"
mv "$root/opt/ravatard.new" "$root/opt/ravatard"
rm -rf "$root/opt/ravatard.old"
ln -sfn /opt/ravatard/bin/ravatard "$root$prefix/bin/ravatard"

for unit in "$source"/systemd/*.service; do
    put "systemd/$(basename "$unit")" "$prefix/lib/systemd/system"
done
put systemd/ravatard.sysusers "$prefix/lib/sysusers.d" ravatard.conf
put hardware/60-ravatard.rules "$prefix/lib/udev/rules.d"
for document in README.md CHANGELOG.md config/ravatard.yaml; do
    put "$document" "$prefix/share/doc/ravatard"
done
put LICENSE "$prefix/share/doc/ravatard" copyright
put systemd/ravatard.service.d/example.conf "$prefix/share/doc/ravatard" ravatard.service.d.conf

if [ ! -e "$root/etc/ravatard/ravatard.yaml" ]; then
    put config/first.yaml /etc/ravatard ravatard.yaml
    chmod 640 "$root/etc/ravatard/ravatard.yaml"
fi
